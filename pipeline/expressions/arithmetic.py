"""What the parts of an expression do with columns: undefined results are NaN, and a comparison with NaN is false.

Tested by tests/pipeline/expressions/test_expression.py.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.expressions.syntax import function_of, is_condition

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

_BINARY: Final[Mapping[type[ast.operator], Callable[[Numbers, Numbers], Numbers]]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Numbers, Numbers], Truths]]] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
_OF_ONE: Final[Mapping[str, Callable[[Numbers], Numbers]]] = {"abs": np.abs, "log10": np.log10, "sqrt": np.sqrt}
_OF_MANY: Final[Mapping[str, Callable[[Numbers, Numbers], Numbers]]] = {"max": np.maximum, "min": np.minimum}


def numbers_of(tree: ast.expr, columns: Mapping[str, Numbers]) -> Numbers:
    """Return the numbers that a tree gives, NaN where they are undefined or infinite; true counts 1, false 0.

    Parameters
    ----------
    tree : ast.expr
        A tree from :func:`pipeline.expressions.syntax.read_tree`.
    columns : mapping of str to NDArray[float64]
        The columns that it names, each (n,).
    """
    with np.errstate(all="ignore"):
        return _finite(_numbers(tree, columns))


def truths_of(tree: ast.expr, columns: Mapping[str, Numbers]) -> Truths:
    """Return where a tree is true; of a tree that gives numbers, where they are neither 0 nor NaN.

    Parameters
    ----------
    tree, columns
        As for :func:`numbers_of`.
    """
    with np.errstate(all="ignore"):
        return _truths(tree, columns)


def _numbers(tree: ast.expr, columns: Mapping[str, Numbers]) -> Numbers:
    match tree:
        case ast.Name(id=name):
            return _finite(columns[name])
        case ast.Constant(value=value):
            return np.asarray(value, dtype=np.float64)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return np.negative(_numbers(operand, columns))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _numbers(operand, columns)
        case ast.BinOp(left=left, op=op, right=right):
            return _finite(_BINARY[type(op)](_numbers(left, columns), _numbers(right, columns)))
        case ast.Call() if not is_condition(tree):
            return _finite(_function(function_of(tree), [_numbers(value, columns) for value in tree.args]))
    return _truths(tree, columns).astype(np.float64)


def _function(name: str, values: Sequence[Numbers]) -> Numbers:
    return reduce(_OF_MANY[name], values) if name in _OF_MANY else _OF_ONE[name](values[0])


def _truths(tree: ast.expr, columns: Mapping[str, Numbers]) -> Truths:
    match tree:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~_truths(operand, columns)
        case ast.BoolOp(op=op, values=values):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return reduce(join, [_truths(value, columns) for value in values])
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_numbers(side, columns) for side in (left, *others)]
            steps = [_COMPARISONS[type(op)](sides[place], sides[place + 1]) for place, op in enumerate(ops)]
            return reduce(np.logical_and, [*steps, *(~np.isnan(side) for side in sides)])
        case ast.Call(args=[value]) if is_condition(tree):
            return np.isfinite(_numbers(value, columns))
    numbers = _numbers(tree, columns)
    return (numbers != 0) & ~np.isnan(numbers)


def _finite(numbers: Numbers) -> Numbers:
    """Return numbers with NaN in place of infinities, which are as undefined as 0/0 is."""
    return np.where(np.isinf(numbers), np.nan, numbers)
