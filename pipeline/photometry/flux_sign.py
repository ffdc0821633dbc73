"""The sign of a difference: one reading for all the ways in which archives write it, and an error for any other."""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError

FALSE_TEXTS: Final = ("f", "false", "0")
TRUE_TEXTS: Final = ("t", "true", "1")
"""An answer to "is the difference positive?", or to "is it negative?" where the settings call a true one negative."""

_SIGNED: Final[dict[str, int]] = {"-1": -1, "-": -1, "n": -1, "negative": -1, "1": 1, "+": 1, "p": 1, "positive": 1}
"""Texts that state the sign itself; +1 is read as the number 1."""


def flux_signs(values: Iterable[object], negative: tuple[str, ...] = (), what: str = "flux_sign") -> NDArray[np.int8]:
    """Return the signs that values state.

    Parameters
    ----------
    values : iterable
        Truth values, numbers or texts, in any case.
    negative : tuple of str
        Texts that mean science below template. If one of `TRUE_TEXTS` is among them, and none of `FALSE_TEXTS`, the
        question is reversed: all true values are negative and all false ones positive.
    what : str
        Where the values are from, for messages.

    Returns
    -------
    ndarray of int8, (n,)
        1, -1, and 0 for what is missing: None, NaN, an empty text.

    Raises
    ------
    InputError
        If a value is not allowed.

    Examples
    --------
    >>> flux_signs(["t", "F", None, -1, True]).tolist()
    [1, -1, 0, -1, 1]
    >>> flux_signs([True, False], negative=("1",)).tolist()
    [-1, 1]
    """
    return _looked_up(values, _known(tuple(negative)), what)


def stated_signs(values: Iterable[object], what: str = "flux_sign") -> NDArray[np.int8]:
    """Return signs that are written as in Nightsift's own files: like `flux_signs`, but the number 0 means "not known".

    Examples
    --------
    >>> stated_signs([1, 0, -1.0, None, False]).tolist()
    [1, 0, -1, 0, -1]
    """
    booleans = {True: "t", False: "f"}
    texts = [booleans[bool(value)] if isinstance(value, bool | np.bool_) else value for value in values]
    return _looked_up(texts, {**_known(()), "0": 0}, what)


def _looked_up(values: Iterable[object], known: Mapping[str, int], what: str) -> NDArray[np.int8]:
    signs = []
    for value in values:
        sign = known.get(plain_text(value))
        if sign is None:
            shown = value.item() if isinstance(value, np.generic) else value
            allowed = " ".join(sorted((text for text in known if text), key=lambda text: (known[text], text)))
            raise InputError(f"{what} is {shown!r:.60}; allowed: {allowed}, or nothing where it is not known")
        signs.append(sign)
    return np.array(signs, dtype=np.int8)


@lru_cache(maxsize=64)
def _known(negative: tuple[str, ...]) -> Mapping[str, int]:
    """Return the sign of every text that is allowed."""
    named = {plain_text(text) for text in negative} - {""}
    if named & set(TRUE_TEXTS) and not named & set(FALSE_TEXTS):
        known = dict.fromkeys(TRUE_TEXTS, -1) | dict.fromkeys(FALSE_TEXTS, 1)
    else:
        known = dict.fromkeys(FALSE_TEXTS, -1) | dict.fromkeys(TRUE_TEXTS, 1) | _SIGNED
    return known | dict.fromkeys(named, -1) | {"": 0}


def plain_text(value: object) -> str:
    """Return a value in one spelling for all that mean the same; empty if it is missing.

    Examples
    --------
    >>> [plain_text(value) for value in (False, 0.0, b"0", " F ", None)]
    ['0', '0', '0', 'f', '']
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip().lower()
    try:
        number = float(text)
    except ValueError:
        return text
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() else text
