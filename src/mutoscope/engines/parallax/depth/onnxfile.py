"""Just enough of the ONNX file format: read the weights of one known file, write small graphs of our own.

ONNX is protobuf; only length-delimited and varint fields are needed here, so two hundred lines replace two
packages in every install. It refuses to be general: sources are checked by hash before they are read. The field
numbers come from `onnx.proto3`. Read next: `backbone.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Attribute = int | float | str | Sequence[int]
Weights = Mapping[str, NDArray[np.float32]]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT, _INT64, _FLOAT16 = 1, 7, 10
_IR_VERSION = 9
_OPSETS = (("", 20), ("com.microsoft", 1))


class NotOnnx(ValueError):
    """The bytes are not the ONNX they should be."""


def read_weights(data: bytes) -> dict[str, NDArray[np.float32]]:
    """All float32 initialisers of a model, by name; views of `data`, not copies.

    Raises NotOnnx for anything that cannot be read.
    """
    view = memoryview(data)
    weights: dict[str, NDArray[np.float32]] = {}
    for number, value in _fields(view):
        if number != 7:  # ModelProto.graph
            continue
        for inner, tensor in _fields(_bytes(value)):
            if inner == 5:  # GraphProto.initializer
                name, array = _tensor(_bytes(tensor))
                weights[name] = array
    if not weights:
        raise NotOnnx("no weights found")
    return weights


@dataclass(slots=True)
class Graph:
    """A graph under construction; nodes run in the order they are added.

    Each call of `node` and `weight` returns the name of what it makes, for use as input of later nodes.
    """

    name: str
    _nodes: list[bytes] = field(default_factory=list)
    _weights: list[bytes] = field(default_factory=list)
    _inputs: list[bytes] = field(default_factory=list)
    _outputs: list[bytes] = field(default_factory=list)
    _count: int = 0

    def input(self, name: str, shape: Sequence[str | int], *, integer: bool = False) -> str:
        """Declare an input; a word in the shape is a dimension known only when the graph runs."""
        self._inputs.append(_value_info(name, shape, _INT64 if integer else _FLOAT))
        return name

    def output(self, name: str, shape: Sequence[str | int]) -> None:
        """Declare what a node makes as an output."""
        self._outputs.append(_value_info(name, shape, _FLOAT))

    def weight(self, array: NDArray[np.float32]) -> str:
        """Store weights as float16; they are computed with as float32."""
        name = self._name("w")
        self._weights.append(_tensor_bytes(name, array.astype("<f2"), _FLOAT16))
        return self.node("Cast", name, to=_FLOAT)

    def exact(self, array: NDArray[np.float32]) -> str:
        """Store weights as float32: for the few whose rounding would show."""
        name = self._name("f")
        self._weights.append(_tensor_bytes(name, array.astype("<f4"), _FLOAT))
        return name

    def integers(self, *values: int) -> str:
        """A constant row of whole numbers, as shapes and axes are given."""
        name = self._name("i")
        self._weights.append(_tensor_bytes(name, np.array(values, "<i8"), _INT64))
        return name

    def node(self, op: str, *inputs: str, name: str = "", domain: str = "", **attributes: Attribute) -> str:
        """Add one operation with one output and return that output's name."""
        made = name or self._name(op.lower())
        parts = [_text(1, given) for given in inputs]
        parts += [_text(2, made), _text(4, op)]
        parts += [_block(5, _attribute(key, value)) for key, value in attributes.items()]
        if domain:
            parts.append(_text(7, domain))
        self._nodes.append(b"".join(parts))
        return made

    def to_bytes(self) -> bytes:
        """The finished model."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _text(2, self.name)
        graph += b"".join(_block(5, weight) for weight in self._weights)
        graph += b"".join(_block(11, value) for value in self._inputs)
        graph += b"".join(_block(12, value) for value in self._outputs)
        opsets = b"".join(_block(8, _text(1, domain) + _number(2, version)) for domain, version in _OPSETS)
        return _number(1, _IR_VERSION) + _text(2, "mutoscope") + _block(7, graph) + opsets

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of one protobuf message, in file order."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        size = {_FIXED32: 4, _FIXED64: 8}.get(kind)
        if kind == _BYTES:
            size, at = _varint(data, at)
        if size is None or at + size > len(data):
            raise NotOnnx("a field is cut short or of a kind ONNX does not use")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise NotOnnx("a number is cut short")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise NotOnnx("a number where a message was expected")
    return value


def _tensor(data: memoryview) -> tuple[str, NDArray[np.float32]]:
    shape: list[int] = []
    name, kind, raw = "", 0, memoryview(b"")
    for number, value in _fields(data):
        if number == 1:
            shape += [value] if isinstance(value, int) else _packed(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = str(_bytes(value), "utf-8")
        elif number == 9:
            raw = _bytes(value)
    if kind != _FLOAT or len(raw) != 4 * int(np.prod(shape)):
        raise NotOnnx(f"{name or 'a tensor'}: float32 raw data expected")
    return name, np.frombuffer(raw, "<f4").reshape(shape)


def _packed(data: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _encode_varint(value: int) -> bytes:
    value &= 2**64 - 1  # negative numbers are ten bytes of two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(number: int, value: int) -> bytes:
    return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)


def _block(number: int, data: bytes) -> bytes:
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(data)) + data


def _text(number: int, value: str) -> bytes:
    return _block(number, value.encode())


def _attribute(name: str, value: Attribute) -> bytes:
    head = _text(1, name)
    if isinstance(value, float):
        return head + _encode_varint(2 << 3 | _FIXED32) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    if isinstance(value, str):
        return head + _text(4, value) + _number(20, 3)
    return head + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _tensor_bytes(name: str, array: NDArray[np.generic], kind: int) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, kind) + _text(8, name) + _block(9, np.ascontiguousarray(array).tobytes())


def _value_info(name: str, shape: Sequence[str | int], kind: int) -> bytes:
    dims = b"".join(_block(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    tensor = _number(1, kind) + _block(2, dims)
    return _text(1, name) + _block(2, _block(1, tensor))
