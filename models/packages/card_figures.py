"""What the card of a package says of the rows that taught it, and of strata of those that judged it.

Tested by tests/models/packages/test_card_limits.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import REAL, are_real_and_bogus
from pipeline.metrics import STRATA, Stratification, recall_by
from pipeline.metrics.binning import measured

SEEN: Final = "seen"
"""Key of ``package.json``: what the training rows were like."""

JUDGED: Final = "validation_strata"
"""Key of ``package.json``: rates of strata of the validation rows."""

LEVEL: Final = 0.95
OUTER: Final = (0.01, 0.99)
"""Ranges are from the first to the last percentile: one odd row is no range."""

_RANGES: Final = {"magnitude": "of_reals", "snr": "of_reals", "fwhm_pixel": "of_all"}
DIVIDED: Final = ("kind", "flux_sign", "magnitude", "snr", "band", "edge_fraction", "nan_fraction")
_KEPT: Final = ("stratum", "bin_low", "bin_high", "n_real", "n_real_groups", "recall", "recall_low", "recall_high",
                "n_bogus", "n_bogus_groups", "fpr", "fpr_low", "fpr_high")  # fmt: skip


def seen(candidates: pd.DataFrame, class_names: Sequence[str]) -> dict[str, Any]:
    """Return what the labelled rows of a training part were like.

    Parameters
    ----------
    candidates : DataFrame
        The part, with ``label`` and the columns that there are.
    class_names : sequence of str
        With real and bogus, magnitudes and signal to noise are those of the reals, otherwise of all rows.

    Returns
    -------
    dict
        ``rows``; ``nights`` (how many), ``first_night``, ``last_night``; rows by ``band`` and by ``detector``; and
        ``magnitude``, ``snr`` and ``fwhm_pixel`` as two percentiles, `OUTER`. What is not known is left out.
    """
    rows = candidates[candidates["label"].to_numpy() >= 0]
    reals = rows[rows["label"].to_numpy() == REAL] if are_real_and_bogus(class_names) else rows
    found: dict[str, Any] = {"rows": len(rows)}
    if "night" in rows and (nights := sorted(set(_texts(rows["night"])) - {""})):
        found |= {"nights": len(nights), "first_night": nights[0], "last_night": nights[-1]}
    for column in ("band", "detector"):
        if (
            column in rows
            and (counts := _texts(rows[column]).value_counts().sort_index().drop("", errors="ignore")).any()
        ):
            found[column] = {str(name): int(count) for name, count in counts.items()}
    for column, of_whom in _RANGES.items():
        table = reals if of_whom == "of_reals" else rows
        if column in table:
            found |= _range(column, table[column])
    return found


def strata_of(
    candidates: pd.DataFrame,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    threshold: float | None,
) -> dict[str, Any]:
    """Return recall and false positive rate of validation rows, of all and by stratum, under the key `JUDGED`.

    Parameters
    ----------
    candidates : DataFrame
        The rows, with the columns that there are.
    labels : ndarray of int64, shape (n,)
        0 bogus, 1 real.
    probabilities : ndarray of float, shape (n, k)
        Of the classes, calibrated.
    threshold : float or None
        In use; None of more than two classes, of which nothing is returned.

    Returns
    -------
    dict
        ``level`` of the intervals, in which a group counts once; ``whole``, the rates of all rows; and ``strata`` of
        each column that divides the rows, as of `pipeline.metrics.strata.recall_by`. None is no value.
    """
    if threshold is None:
        return {}
    scores = probabilities[:, REAL].astype(np.float32)  # as packages compare them
    table = candidates.assign(label=labels, score=scores, everything="all")
    whole = Stratification(column="everything", title="All")
    limit = float(np.float32(threshold))
    divided = {name: _rates(table, STRATA[name], limit) for name in DIVIDED if name in table}
    stated = {
        "level": LEVEL,
        "whole": _rates(table, whole, limit)[0],
        "strata": {column: rates for column, rates in divided.items() if len(rates) > 1},
    }
    return {JUDGED: stated}


def _rates(table: pd.DataFrame, rule: Stratification, threshold: float) -> list[dict[str, Any]]:
    found = recall_by(table, rule, threshold=threshold, level=LEVEL)[list(_KEPT)].to_dict("records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, str | int):
        return value
    return float(value) if np.isfinite(value) else None


def _texts(column: pd.Series) -> pd.Series:
    return column.fillna("").astype(str)


def _range(column: str, values: pd.Series) -> Mapping[str, list[float]]:
    numbers = measured(values, STRATA[column] if column in STRATA else Stratification(column=column, title=column))
    known = numbers[np.isfinite(numbers)]
    return {column: [float(end) for end in np.quantile(known, OUTER)]} if len(known) else {}
