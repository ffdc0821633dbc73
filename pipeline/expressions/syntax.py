"""What an expression may say: Python's syntax, cut down to a list of what is allowed; nothing of it is ever run.

Python only reads the text into a tree. Each part of the tree is then looked up in this module's tables, so that what
nobody thought of is refused.
"""

import ast
import math
import warnings
from collections.abc import Iterator
from typing import Final

from pipeline.errors import SettingsError

LONGEST_TEXT: Final = 2000
"""The most characters of an expression; Python's own reader is safe far beyond."""
DEEPEST: Final = 100
"""The most parts within parts, so that walking the tree never exhausts the stack."""
LARGEST_POWER: Final = 10
"""The largest number that may be an exponent, and the largest that may be raised to a column, as in ``10 ** x``."""

FUNCTIONS: Final = {"abs": (1, 1), "isfinite": (1, 1), "log10": (1, 1), "max": (2, 50), "min": (2, 50), "sqrt": (1, 1)}
"""Functions, each with the fewest and the most values that it takes."""
ALLOWED: Final = (
    "names of columns, numbers, + - * / **, < <= > >= == !=, and, or, not, "
    f"{' '.join(name for name in FUNCTIONS)}, parentheses"
)
"""What an expression may hold, in words, for messages."""

_ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_COMPARISONS: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_INSTEAD: Final = {
    ast.BitAnd: "'&': write 'and'", ast.BitOr: "'|': write 'or'", ast.Invert: "'~': write 'not'",
    ast.BitXor: "'^': write '**' for a power", ast.Mod: "'%'", ast.FloorDiv: "'//'",
    ast.In: "'in': write '==' and 'or'", ast.NotIn: "'not in': write '!=' and 'and'", ast.Is: "'is': write '=='",
    ast.IsNot: "'is not': write '!='", ast.NamedExpr: "':=': write '=='", ast.IfExp: "'if'", ast.Lambda: "'lambda'",
    ast.Attribute: "'.'", ast.Subscript: "'[ ]'",
}  # fmt: skip
"""Refused signs that have a name of their own in a message; every other refused part is shown as it was written."""


def read_tree(text: str, where: str) -> ast.expr:
    """Return an expression as a tree of allowed parts.

    Parameters
    ----------
    text : str
        The expression; line breaks count as spaces.
    where : str
        File and key, for messages; may be empty.

    Raises
    ------
    SettingsError
        If the text is empty, too long, too deep or no expression, or has a part that is not allowed.
    """
    if len(text) > LONGEST_TEXT:
        raise _fault(where, text, f"has {len(text)} characters; allowed: at most {LONGEST_TEXT}")
    flat = " ".join(text.split())
    if not flat:
        raise _fault(where, text, "is empty")
    if "#" in flat:
        raise _fault(where, text, "has '#', which would hide what follows; write comments in YAML")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(flat, mode="eval").body
    except SyntaxError as error:
        raise _fault(where, text, f"cannot be read at character {error.offset or 1}: {error.msg}") from None
    except (ValueError, MemoryError, RecursionError, Warning):
        raise _fault(where, text, "cannot be read; it holds a control character, or is nested too deeply") from None
    _require_shallow(tree, where, text)
    _require_allowed(tree, where, flat)
    return tree


def column_names(tree: ast.expr) -> frozenset[str]:
    """Return the columns that a tree names."""
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions)


def is_condition(tree: ast.expr) -> bool:
    """Tell whether a tree gives true or false whatever its columns hold."""
    negation = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    return isinstance(tree, ast.Compare | ast.BoolOp) or negation or function_of(tree) == "isfinite"


def function_of(tree: ast.expr) -> str:
    """Return the function that a tree calls; empty if it is no call by name."""
    return tree.func.id if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) else ""


def _require_shallow(tree: ast.expr, where: str, text: str) -> None:
    """Raise `SettingsError` if parts lie within parts too often; does not recurse itself."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise _fault(where, text, f"has more than {DEEPEST} parts within parts, as of a sum; allowed: at most {DEEPEST}")


def _require_allowed(tree: ast.expr, where: str, text: str) -> None:
    for refusal in _refusals(tree, text):
        raise _fault(where, text, f"has {refusal}; allowed: {ALLOWED}")


def _refusals(node: ast.expr, text: str) -> Iterator[str]:
    """Yield in words what is not allowed, the outermost first."""
    inner = _inner(node)
    if inner is None:
        yield _sign(node, text)
        return
    if isinstance(node, ast.Constant) and (refusal := _number_refusal(node.value)):
        yield f"{refusal} {_part(node, text)}"
    if isinstance(node, ast.BoolOp) or isinstance(getattr(node, "op", None), ast.Not):
        yield from _numbers_as_conditions(inner, text)
    if isinstance(node, ast.BinOp):
        yield from _power_refusals(node, text)
    if isinstance(node, ast.Call):
        yield from _call_refusals(node, text)
    for child in inner:
        yield from _refusals(child, text)


def _inner(node: ast.expr) -> list[ast.expr] | None:
    """Return the parts of an allowed part; None for one that is not allowed."""
    match node:
        case ast.Name() | ast.Constant():
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            return [operand]
        case ast.BoolOp(values=values) | ast.Call(args=values):
            return values
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ARITHMETIC):
            return [left, right]
        case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, _COMPARISONS) for op in ops):
            return [left, *others]
    return None


def _number_refusal(value: object) -> str:
    """Return what a constant is instead of a finite number; empty if it is one."""
    if isinstance(value, str | bytes):
        return "the text"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "the constant"
    try:
        return "" if math.isfinite(float(value)) else "the infinite number"
    except OverflowError:
        return "the infinite number"


def _numbers_as_conditions(values: list[ast.expr], text: str) -> Iterator[str]:
    """Yield what is a number where true or false is needed; a column alone may be a flag."""
    for value in values:
        if not (is_condition(value) or isinstance(value, ast.Name)):
            yield f"the number {_part(value, text)} where a comparison or a flag is needed"


def _power_refusals(node: ast.BinOp, text: str) -> Iterator[str]:
    """Yield a power of neither a column to a small number nor a small number to a column."""
    exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
    numbers = [side.value for side in (node.left, exponent) if isinstance(side, ast.Constant)]
    if isinstance(node.op, ast.Pow) and not any(
        isinstance(number, int | float) and number <= LARGEST_POWER for number in numbers
    ):
        yield f"the power {_part(node, text)}, where neither base nor exponent is a number of at most {LARGEST_POWER}"


def _call_refusals(node: ast.Call, text: str) -> Iterator[str]:
    """Yield what is wrong with a call itself."""
    name = function_of(node)
    if name not in FUNCTIONS:
        yield f"the call {_part(node, text)}"
        return
    fewest, most = FUNCTIONS[name]
    if node.keywords or any(isinstance(value, ast.Starred) for value in node.args):
        yield f"the call {_part(node, text)}, with more than values between its parentheses"
    elif not fewest <= len(node.args) <= most:
        wanted = f"{fewest} value" if fewest == most else f"{fewest} to {most} values"
        yield f"the call {_part(node, text)} of {len(node.args)} values, where {name} takes {wanted}"


def _sign(node: ast.AST, text: str) -> str:
    """Return a refused part in words, by its sign where it has one."""
    kinds = [type(node), *(type(op) for op in getattr(node, "ops", ())), type(getattr(node, "op", None))]
    return next((_INSTEAD[kind] for kind in kinds if kind in _INSTEAD), _part(node, text))


def _part(node: ast.AST, text: str) -> str:
    written = (ast.get_source_segment(text, node) if isinstance(node, ast.expr) else None) or type(node).__name__
    return repr(_short(written, 40))


def _fault(where: str, text: str, fault: str) -> SettingsError:
    return SettingsError(f"{where}{': ' if where else ''}the expression {_short(' '.join(text.split()), 60)!r} {fault}")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
