"""Take from this process whatever a decoder does not need: memory without end, files, sockets, children.

Called in a fresh child just before it reads a stranger's bytes, with the file already open. Limits are the system's
own (rlimits); on Linux the child also gives up gaining rights and, by a filter in the kernel, every system call
but those that compute, read and answer. What a platform lacks is left out and told by `doctor`. Read next: `helper`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """memory_bytes: on top of what is mapped already. cpu_s: computing time of the process so far and to come."""

    memory_bytes: int
    cpu_s: int
    open_files: int = 32


def confine(limits: Limits) -> tuple[str, ...]:
    """Give up what is not needed; there is no way back. Returns what is in force, in `doctor`'s words."""
    active = [name for name, kind, most in _rlimits(limits) if _limit(kind, most)]
    if sys.platform == "linux":
        if _prctl(_PR_SET_NO_NEW_PRIVS, 1):
            active.append("no new privileges")
        if _filter_calls():
            active.append("system call filter")
    return tuple(active)


def _rlimits(limits: Limits) -> list[tuple[str, int, int]]:
    found = [
        ("computing time", resource.RLIMIT_CPU, limits.cpu_s),
        ("file size", resource.RLIMIT_FSIZE, 0),
        ("open files", resource.RLIMIT_NOFILE, limits.open_files),
        ("processes", resource.RLIMIT_NPROC, 0),
        ("core dumps", resource.RLIMIT_CORE, 0),
    ]
    if mapped_bytes := _mapped_bytes():
        found.append(("memory", resource.RLIMIT_AS, mapped_bytes + limits.memory_bytes))
    return found


def _limit(kind: int, most: int) -> bool:
    with contextlib.suppress(OSError, ValueError):  # a lower hard limit stands already, or the system has none
        resource.setrlimit(kind, (most, most))
    return resource.getrlimit(kind)[1] <= most


def _mapped_bytes() -> int:
    """Address space in use, which a limit has to leave room for; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


# -- the filter: classic BPF over (number, architecture) of each system call --------------------------------------

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_X32 = 0x40000000  # x86-64's second table of calls begins here

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64). No open, no socket, no clone, no exec, no kill.
_NEEDED = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "dup": (32, 23),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "fcntl": (72, 25),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "newfstatat": (262, 79),  # how newer C libraries ask for the size of an open file
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _filter_calls() -> bool:
    machine = platform.machine()
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return False
    program = _instructions(machine)
    array = (_Instruction * len(program))(*program)
    return _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program), array)))


def _instructions(machine: str) -> list[_Instruction]:
    numbers = [pair[0 if machine == "x86_64" else 1] for pair in _NEEDED.values()]
    checks = [
        _Instruction(_EQUALS, len(numbers) - place, 0, number) for place, number in enumerate(numbers)
    ]  # to the last line
    return [
        _Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT),
        _Instruction(_EQUALS, 1, 0, _MACHINES[machine]),
        _Instruction(_RETURN, 0, 0, _KILL),
        _Instruction(_LOAD, 0, 0, _NUMBER_AT),
        _Instruction(_AT_LEAST, len(numbers), 0, _X32),
        *checks,
        _Instruction(_RETURN, 0, 0, _REFUSE),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    ]


def _prctl(option: int, *arguments: object) -> bool:
    try:
        call = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):  # another C library
        return False
    padded = [*(ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments), 0, 0, 0, 0][:4]
    return bool(call(option, *padded) == 0)


def cannot_open() -> bool:
    """Whether the filter really is in force: a file that anybody may read cannot be opened."""
    try:
        os.close(os.open("/dev/null", os.O_RDONLY))
    except OSError as exc:
        return exc.errno == errno.EPERM
    return False
