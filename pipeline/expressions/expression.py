"""An expression over the columns of a table: read from text once, evaluated on any number of rows in fixed memory.

Tested by tests/pipeline/expressions/test_expression.py.
"""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, SettingsError
from pipeline.expressions.arithmetic import numbers_of, truths_of
from pipeline.expressions.float32 import as_written
from pipeline.expressions.syntax import column_names, is_condition, read_tree

BLOCK_ROWS: Final = 65_536
"""Rows evaluated at once, so that what is held beside the columns and the result does not grow with the rows."""
_EXACT: Final = 2**53
"""From here on float64 does not tell neighbouring whole numbers apart."""


@dataclass(frozen=True)
class Expression:
    """An expression, made by :func:`parse`.

    Attributes
    ----------
    text : str
        The expression as it was written, in one line.
    names : frozenset of str
        The columns that it names, at least one.
    is_condition : bool
        It gives true or false whatever its columns hold.
    """

    text: str
    names: frozenset[str] = field(compare=False)
    is_condition: bool = field(compare=False)
    _tree: ast.expr = field(compare=False, repr=False)

    def require(self, known: Collection[str], where: str) -> None:
        """Raise `SettingsError` for each column that is named and not known, with the nearest that is.

        Parameters
        ----------
        known : collection of str
            The columns that there are.
        where : str
            File and key, for the message.
        """
        unknown = sorted(self.names.difference(known))
        if not unknown:
            return
        faults = [repr(name) + _nearest(name, known) for name in unknown]
        raise SettingsError(
            f"{where}: the expression {self.text!r} names no column of the table with {', '.join(faults)}; "
            f"columns: {', '.join(sorted(known)) or 'none'}"
        )

    def evaluate(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the values of all rows.

        Parameters
        ----------
        columns : mapping of str to NDArray
            Numbers, or true and false, each (n,); masked, NaN and infinite values are missing.

        Returns
        -------
        values : NDArray, (n,)
            bool for a condition, else float64, NaN where a value is missing or undefined (x / 0, the logarithm or the
            root of a negative number, a number too large). A comparison with a missing value is false, also ``!=``, so
            that ``not (x < 1)`` is true where x is missing: write ``x >= 1``, or ask ``isfinite(x)`` first.

        Raises
        ------
        SettingsError
            If a column is unknown.
        InputError
            If a column holds no numbers or whole numbers beyond 2^53, or the columns differ in shape.

        Examples
        --------
        >>> parse("16 < J - K / 2 <= 18").evaluate({"J": np.array([18.0, np.nan]), "K": np.array([2.0, 2.0])})
        array([ True, False])
        """
        return self._values(columns, as_truths=self.is_condition)

    def holds(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return where the expression is true, also for one that gives numbers: where they are neither 0 nor missing.

        Parameters
        ----------
        columns : mapping of str to NDArray
            As for :meth:`evaluate`.
        """
        return self._values(columns, as_truths=True)

    def _values(self, columns: Mapping[str, NDArray[Any]], *, as_truths: bool) -> NDArray[Any]:
        self.require(columns, "columns")
        named = {name: _checked(name, columns[name]) for name in sorted(self.names)}
        shapes = {values.shape for values in named.values()}
        if len(shapes) > 1:
            shown = ", ".join(f"{name} {values.shape}" for name, values in named.items())
            raise InputError(f"columns of {self.text!r} differ in shape: {shown}")
        (rows,) = shapes.pop()
        values: NDArray[Any] = np.empty(rows, dtype=np.bool_ if as_truths else np.float64)
        for start in range(0, rows, BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            values[part] = (truths_of if as_truths else numbers_of)(
                self._tree, {name: _as_numbers(name, column[part]) for name, column in named.items()}
            )
        return values


@lru_cache(maxsize=1024)
def parse(text: str, where: str = "") -> Expression:
    """Return the expression that a text states, or raise an error that says what is not allowed in it.

    Parameters
    ----------
    text : str
        Such as ``0.1 < J - K < 1 and VHS_class == 1``, with Python's precedence. Allowed are names of columns, numbers,
        ``+ - * /``, powers to a number of at most 10 or of one (``10 ** x``), comparisons, which may be chained,
        ``and``, ``or``, ``not``, and the functions ``log10``, ``sqrt``, ``abs``, ``min``, ``max`` and ``isfinite``.
    where : str
        File and key, for messages.

    Raises
    ------
    SettingsError
        If the text is no such expression, or names no column.

    Examples
    --------
    >>> sorted(parse("g - r > 0.4 * (r - i) + 0.3").names)
    ['g', 'i', 'r']
    >>> parse("open('x')")
    Traceback (most recent call last):
    ...
    pipeline.errors.SettingsError: the expression "open('x')" has the call "open('x')"; allowed: names of columns, \
numbers, + - * / **, < <= > >= == !=, and, or, not, abs isfinite log10 max min sqrt, parentheses
    """
    tree = read_tree(text, where)
    names = column_names(tree)
    flat = " ".join(text.split())
    if not names:
        raise SettingsError(f"{where}{': ' if where else ''}the expression {flat!r} names no column")
    return Expression(flat, names, is_condition(tree), tree)


def parse_condition(text: str, where: str = "") -> Expression:
    """Return the expression that a text states, which has to be true or false, or a column alone, which may be a flag.

    Parameters
    ----------
    text, where
        As for :func:`parse`.

    Raises
    ------
    SettingsError
        Also if the expression gives numbers.
    """
    expression = parse(text, where)
    if not (expression.is_condition or isinstance(expression._tree, ast.Name)):
        raise SettingsError(
            f"{where}{': ' if where else ''}the expression {expression.text!r} gives numbers; "
            "allowed: what is true or false, such as a comparison"
        )
    return expression


def _nearest(name: str, known: Collection[str]) -> str:
    """Return a hint at the column that is meant, whatever its case; empty if none comes near."""
    folded = {column.casefold(): column for column in known}
    close = get_close_matches(name.casefold(), folded, n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""


def _checked(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """Return a column as an array with its mask; raise `InputError` unless it is a list of numbers."""
    values = np.asanyarray(column)
    if values.dtype.kind not in "biuf" or values.ndim != 1:
        first = f", the first {str(values.flat[0])[:40]!r}" if values.size and values.dtype.kind in "OSU" else ""
        raise InputError(
            f"column {name!r} is {values.dtype} of shape {values.shape}{first}; allowed: numbers of shape (n,)"
        )
    return values


def _as_numbers(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers with NaN where a mask says that they are missing."""
    held = np.ma.getdata(values)
    is_short = held.dtype.kind == "f" and held.dtype.itemsize == 4  # in either byte order
    numbers = as_written(held.astype(np.float32)) if is_short else held.astype(np.float64)
    missing = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    if missing is not None:
        numbers[missing] = np.nan
    if values.dtype.kind in "iu" and (too_large := np.abs(numbers) >= _EXACT).any():
        row = int(np.argmax(too_large))
        raise InputError(
            f"column {name!r} holds {np.ma.getdata(values)[row]}; allowed in expressions: whole numbers below 2^53, "
            "which keep every digit"
        )
    return numbers
