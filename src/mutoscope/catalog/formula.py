"""The price formula of a manifest: a little arithmetic over a request's inputs, such as `frames / 24`.

Numbers, input names, `+ - * /`, brackets, `min` and `max`; nothing else is a formula. It is read once into
a tree of these and never handed to `eval`; there is no power operator, so no input can make it slow.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutoscope.errors import ConfigError, InvalidInput

MAX_CHARACTERS = 200
"""Long enough for any price list seen, short enough that no bracket nests too deeply for the parser."""

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {"min": min, "max": max}
_ACCEPTED = "numbers, input names, + - * /, brackets, min(…) and max(…)"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read and found sound.

    names   the inputs it asks for.
    """

    text: str
    names: frozenset[str]
    _tree: ast.expr

    def evaluate(self, inputs: Mapping[str, Any]) -> float:
        """The quantity for these inputs, finite and >= 0.

        Raises InvalidInput when there is none, as for a division by zero: such a request cannot be priced.
        """
        try:
            quantity = _value(self._tree, inputs)
        except (ArithmeticError, KeyError, TypeError, ValueError) as exc:
            raise InvalidInput(f"the price of this input cannot be computed by {self.text}") from exc
        if not math.isfinite(quantity) or quantity < 0:
            raise InvalidInput(f"the price of this input would not be a positive number by {self.text}")
        return quantity


def parse_formula(text: str) -> Formula:
    """Read a formula. Raises ConfigError naming the part that is not accepted."""
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"found {len(text)} characters; at most {MAX_CHARACTERS} are accepted")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as exc:
        raise ConfigError(f"is not a formula; accepted are {_ACCEPTED}") from exc
    names: set[str] = set()
    _check(tree, names)
    return Formula(text, frozenset(names), tree)


def _check(node: ast.expr, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[_, *_] as arguments, keywords=[]):
            for argument in arguments:
                _check(argument, names)
        case _:
            raise ConfigError(f"found {ast.unparse(node)!r}; accepted are {_ACCEPTED}")


def _value(node: ast.expr, inputs: Mapping[str, Any]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return float(inputs[name])
        case ast.UnaryOp(operand=inner):
            return -_value(inner, inputs)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, inputs), _value(right, inputs))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _FUNCTIONS[function]([_value(argument, inputs) for argument in arguments])
    raise TypeError(f"not a formula: {ast.dump(node)}")  # `_check` lets nothing else through
