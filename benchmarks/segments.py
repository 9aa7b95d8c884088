"""One video by one process and by several: wall and CPU seconds, memory, and whether the files are the same.

    python -m benchmarks.segments [--frames 241] [--processes 2] [--rounds 3] [--json FILE]

A plain dolly over the packaged photograph, 1920 x 1088 px, x264 veryfast crf 20 with 4 threads for each section of 48
frames. One process keeps every core busy with threads as it is; several help where there are more cores than threads
of one process can use. Rounds alternate; figures are medians. Memory is the largest sum over all processes of what
each has for itself (PSS), looked at ten times a second; Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.render import PLAIN, SIZE, Clock, timed
from mutoscope.engines.base import Task
from mutoscope.engines.parallax import Parallax


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure one video by several processes.")
    parser.add_argument("--image", type=Path, default=Path("src/mutoscope/assets/mountain-path.jpg"))
    parser.add_argument("--frames", type=int, default=241)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    engine = Parallax(SIZE)
    engine.warm(Clock())
    times: dict[int, list[tuple[float, float]]] = {1: [], options.processes: []}
    memory: dict[int, list[float]] = {count: [] for count in times}
    hashes: set[str] = set()
    for _ in range(options.rounds):
        for count, rounds in times.items():
            with tempfile.TemporaryDirectory() as folder, Memory() as most:
                seconds, _ = timed(partial(_film, engine, options, count, Path(folder)))
                hashes.add(hashlib.sha256((Path(folder) / "video.mp4").read_bytes()).hexdigest())
            rounds.append(seconds)
            memory[count].append(most.mb)
    found: dict[str, Any] = {"frames": options.frames, "same_file": len(hashes) == 1, "cores": os.cpu_count()}
    for count, all_ in times.items():
        wall, cpu = (statistics.median(one[place] for one in all_) for place in (0, 1))
        found[f"processes_{count}"] = {"wall_s": wall, "cpu_s": cpu, "memory_mb": statistics.median(memory[count])}
        print(f"{count} process(es)   {wall:7.2f} s wall {cpu:7.2f} s CPU {statistics.median(memory[count]):7.0f} MB")
    one, more = found["processes_1"], found[f"processes_{options.processes}"]
    for name in ("wall_s", "cpu_s", "memory_mb"):
        found[f"{name}_ratio"] = more[name] / one[name]
        print(f"{name} of {options.processes} over 1: {found[f'{name}_ratio']:.2f}")
    print("the files are the same" if found["same_file"] else "THE FILES DIFFER")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _film(engine: Parallax, options: argparse.Namespace, processes: int, folder: Path) -> None:
    parameters = {"prompt": "", "num_frames": options.frames, "plan": PLAIN}
    engine.run(Task(parameters, {"image": (options.image,)}, folder, 1, {"processes": processes}), Clock())


class Memory:
    """The most that this process and its children had at once, in MB of 2 ** 20 bytes."""

    def __enter__(self) -> Memory:
        self.mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.mb = max(self.mb, sum(_pss_mb(pid) for pid in (os.getpid(), *_children(os.getpid()))))
            time.sleep(0)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
            int(word)
            for task in Path(f"/proc/{pid}/task").iterdir()
            if task.name != str(pid)
            for word in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()
