"""What a calibration does for rows that did not fit it, and how far it moves from night to night.

Tested by tests/models/packages/test_calibrating.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from models.packages.merits import CalibrationSettings, fitted_prevalence
from pipeline.classes import REAL
from pipeline.metrics import Interval, groups_of
from pipeline.metrics.calibration_merits import OF_PROBABILITIES, calibration_merits
from pipeline.metrics.night_shift import night_shift
from pipeline.rng import stream
from pipeline.scores.class_calibration import ClassScaling, fit_calibration
from pipeline.scores.cross_fitting import Fit, blocks_of, cross_fitted
from pipeline.scores.prevalence import at_prevalence

CHECK: Final = "calibration_check"
"""Its key in ``package.json``."""

_REPLICATES: Final = 300
_LEVEL: Final = 0.68


def calibration_check(
    recipe: CalibrationSettings, logits: NDArray[np.float64], labels: NDArray[np.int64], candidates: pd.DataFrame
) -> dict[str, Any]:
    """Return calibration error, Brier score and log loss before and after, and the spread between nights.

    Each row is scored by a calibration that was fitted on the other nights, or on other groups where there are fewer
    than three nights. All is at the rows' own share of reals.

    Parameters
    ----------
    recipe : ClassifierRecipe or StackRecipe
        How logits are calibrated.
    logits : ndarray of float64, shape (n, columns)
        Of the rows that calibrate.
    labels : ndarray of int64, shape (n,)
        0 bogus, 1 real.
    candidates : DataFrame
        Their ``night``, ``group_id`` and ``object_id``, as far as there are such.

    Returns
    -------
    dict
        ``rows by blocks level before after between_nights``; empty without a calibration of two classes, and where
        other blocks lack a class.
    """
    if logits.shape[1] > 1 or recipe.calibration == "none":
        return {}
    nights = candidates["night"].astype(str).to_numpy() if "night" in candidates else np.full(len(labels), "")
    groups = groups_of(candidates)
    by, blocks = blocks_of(nights, groups)
    scores = cross_fitted(at_own_share(recipe), logits[:, 0], labels, blocks)
    if scores is None:
        return {}
    merits = calibration_merits(
        labels,
        expit(logits[:, 0]),
        scores,
        groups,
        replicates=_REPLICATES,
        level=_LEVEL,
        rng=stream(0, "calibration check"),
    )
    shift = night_shift(labels, scores, nights, rng=stream(0, "night shift")) if by == "night" else None
    return {
        "rows": len(labels),
        "by": by,
        "blocks": len(np.unique(blocks)),
        "level": _LEVEL,
        **{side: {name: _ends(one) for name, one in merits[side].items()} for side in ("before", "after")},
        "between_nights": None if shift is None else asdict(shift),
    }


def at_own_share(recipe: CalibrationSettings) -> Fit:
    """Return the fit of a recipe's calibration of two classes, at the share of reals of the rows that it is given."""

    def fit(
        logits: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        fitted = fit_calibration(recipe.calibration, logits[:, None], labels)
        if isinstance(fitted, ClassScaling):
            raise TypeError(f"{recipe.calibration} gave a calibration of more than two classes")
        own_share = fitted_prevalence(recipe, logits[:, None], labels)
        return at_prevalence(fitted, own_share, float((labels == REAL).mean())).apply

    return fit


def _ends(one: Interval) -> dict[str, float | None]:
    known = {"value": one.value, "low": one.low, "high": one.high}
    return {name: value if np.isfinite(value) else None for name, value in known.items()}


def told(check: Mapping[str, Any]) -> list[str]:
    """Return the lines of a card on a calibration, from ``calibration_check`` of ``package.json``.

    Parameters
    ----------
    check : mapping
        As from `calibration_check`; may be empty.
    """
    if not check:
        return []
    other = "nights" if check["by"] == "night" else "groups"
    lines = [
        "",
        f"Before and after calibration, each row with what was fitted on other {other}, at the rows' own share of "
        f"reals ({check['level']:.0%} intervals):",
        "",
        "| metric | before | after |",
        "|---|---|---|",
    ]
    sides = {name: [_said(check[side][name]) for side in ("before", "after")] for name in OF_PROBABILITIES}
    lines += [f"| {name} | {' | '.join(both)} |" for name, both in sides.items()]
    return [*lines, "", _nights(check["between_nights"])]


def _said(entry: Mapping[str, float | None]) -> str:
    ends = [entry[name] for name in ("low", "high")]
    return f"{entry['value']:.4f}" + ("" if None in ends else f" ({ends[0]:.4f} to {ends[1]:.4f})")


def _nights(shift: Mapping[str, float] | None) -> str:
    if shift is None:
        return "There are too few nights to tell how far its calibration moves from night to night."
    return (
        f"Over {shift['nights']} nights its calibration moves by {shift['spread']:.2f} ({shift['low']:.2f} to "
        f"{shift['high']:.2f}) in the logit beyond chance: on another night a score of 0.5 is off by about "
        f"{shift['spread'] / 4:.3f}."
    )
