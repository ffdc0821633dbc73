"""Weights of rows in training, from an expression."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UnknownNameError
from pipeline.expressions.column_settings import WeightSettings
from pipeline.expressions.expression import parse

LARGEST: Final = float(np.finfo(np.float32).max)
"""Weights are kept as float32, and none may be infinite."""


def raw_weights(settings: WeightSettings, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return what the expression of the weight gives, NaN where it is missing, negative or beyond float32, ``(n,)``.

    Parameters
    ----------
    settings : WeightSettings
        The weights.
    columns : mapping of str to NDArray, (n,)
        The columns that the expression names.
    """
    values = parse(settings.value, "weight.value").evaluate(columns).astype(np.float64)
    return np.where((values >= 0) & (values <= LARGEST), values, np.nan)


def least_weights(raw: NDArray[np.float64], matches: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the least known weight of each class, ``(k,)``; inf for a class without one.

    Parameters
    ----------
    raw : NDArray[float64], (n,)
        From :func:`raw_weights`.
    matches : NDArray[bool], (n, k)
        Which rows belong to each class.
    """
    known = np.where(np.isnan(raw), np.inf, raw)
    return np.where(matches, known[:, None], np.inf).min(axis=0, initial=np.inf)


def weights_of(
    settings: WeightSettings,
    raw: NDArray[np.float64],
    label: NDArray[np.int8],
    class_names: Sequence[str],
    least: NDArray[np.float64] | None,
) -> NDArray[np.float32]:
    """Return the weight of each row, ``(n,)``, at least 0.

    Parameters
    ----------
    settings : WeightSettings
        The weights.
    raw : NDArray[float64], (n,)
        From :func:`raw_weights`.
    label : NDArray[int8], (n,)
        Codes of the classes, -1 for none.
    class_names : sequence of str
        Names of the classes at the index of their codes.
    least : NDArray[float64], (k,), or None
        The least weight of each class in the whole table, needed with ``from_least``.

    Raises
    ------
    UnknownNameError
        If a class of ``full`` is none.

    Examples
    --------
    >>> settings = WeightSettings(value="conf * (1 - risk)", from_least=True, full=("QSO",))
    >>> label, least = np.array([0, 0, 1], dtype=np.int8), np.array([0.2, 0.5])
    >>> weights_of(settings, np.array([0.2, 0.6, 0.5]), label, ("Others", "QSO"), least).tolist()
    [0.0, 0.5, 1.0]
    """
    values = raw
    if settings.from_least and least is not None:
        low = np.append(least, np.nan)[label]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(low < 1, np.clip((raw - low) / (1 - low), 0, 1), np.where(np.isnan(raw), np.nan, 1))
    names = list(class_names)
    for name in settings.full:
        if name not in names:
            raise UnknownNameError("class in weight.full", name, names)
        values = np.where(label == names.index(name), 1.0, values)
    return np.where(np.isnan(values), settings.missing, values).astype(np.float32)
