"""Magnitudes perturbed by their errors, and the distributions of the redshifts that they give.

The idea is METAPHOR's (Cavuoti et al. 2017): an error as a function of the magnitude is fitted in each band, copies of
all magnitudes are perturbed by it, and a regressor's answers to the copies are the distribution. It holds what
photometric noise does to the answer, not what the regressor does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs

ALPHA: Final = 0.9
"""Factor of the error in a perturbation, as published."""

FLOOR_MAG: Final = 0.05
"""Least error in a perturbation, mag, as published."""

BIN_MAG: Final = 0.05
"""Width of the bins of magnitude in which errors are averaged before the fit."""

CLIP_SIGMA: Final = 3.0
CLIPS: Final = 3
_FEWEST_BINS = 2

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ErrorModel:
    """Errors of magnitudes as ``exp(slope * magnitude + intercept)``, one pair a band.

    Attributes
    ----------
    slope, intercept : ndarray of float64, (f,)
        Of the logarithm of the error in mag.
    """

    slope: Array
    intercept: Array

    def error(self, magnitudes: ArrayLike) -> Array:
        """Return the fitted errors of magnitudes ``(n, f)``, same shape, in mag; never below `FLOOR_MAG`."""
        with np.errstate(over="ignore"):
            fitted = np.exp(self.slope * np.asarray(magnitudes, dtype=np.float64) + self.intercept)
        return np.maximum(np.where(np.isfinite(fitted), fitted, FLOOR_MAG), FLOOR_MAG)


def fit_errors(magnitudes: ArrayLike, errors: ArrayLike) -> ErrorModel:
    """Return the error of each band as a function of its magnitude.

    The mean error in bins of `BIN_MAG`, after errors further than 3 biweight scales from the biweight location of the
    bin were clipped up to three times, is fitted as a straight line in its logarithm.

    Parameters
    ----------
    magnitudes, errors : array_like, (n, f)
        In mag; NaN is missing, and errors of 0 or below count as missing.

    Raises
    ------
    InputError
        If the shapes differ, a band has no magnitude with an error, or its magnitudes all lie in one bin.
    """
    values, sizes = np.asarray(magnitudes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if values.shape != sizes.shape or values.ndim != 2:
        raise InputError(f"magnitudes {values.shape} and errors {sizes.shape}; allowed: both of one shape (n, f)")
    fits = [_fit_band(values[:, band], sizes[:, band], band) for band in range(values.shape[1])]
    return ErrorModel(slope=np.array([fit[0] for fit in fits]), intercept=np.array([fit[1] for fit in fits]))


def perturbed(magnitudes: ArrayLike, model: ErrorModel, rng: np.random.Generator, *, alpha: float = ALPHA) -> Array:
    """Return one perturbed copy: ``m + alpha * max(fit(m), 0.05) * N(0, 1)``, drawn anew for each row and band.

    Parameters
    ----------
    magnitudes : array_like, (n, f)
        In mag; what is missing stays missing.
    model : ErrorModel
        The fitted errors of the f bands.
    rng : Generator
        Source of the draws.
    alpha : float
        Factor of the error, at least 0.

    Raises
    ------
    InputError
        If the model has another number of bands.
    """
    values = np.asarray(magnitudes, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(model.slope):
        raise InputError(
            f"magnitudes {values.shape} for errors of {len(model.slope)} bands; allowed: (n, {len(model.slope)})"
        )
    return values + alpha * model.error(values) * rng.standard_normal(values.shape)


def perturbation_pdfs(
    predict: Callable[[Array], Array],
    magnitudes: ArrayLike,
    model: ErrorModel,
    edges: ArrayLike,
    rng: np.random.Generator,
    *,
    copies: int = 100,
    alpha: float = ALPHA,
) -> BinnedPdfs:
    """Return the distributions of the redshifts that perturbed copies of the magnitudes give.

    Parameters
    ----------
    predict : callable
        Takes magnitudes ``(n, f)`` and returns redshifts ``(n,)``; called once a copy with all rows. NaN counts as no
        answer.
    magnitudes : array_like, (n, f)
        In mag.
    model : ErrorModel
        The errors of the f bands.
    edges : array_like, (b + 1,)
        Edges of the bins of redshift; answers beyond them are counted in the outermost bins.
    rng : Generator
        Source of the draws.
    copies : int
        How many copies, at least 1; the original magnitudes are not among them.
    alpha : float
        Factor of the error.
    """
    values, bounds = np.asarray(magnitudes, dtype=np.float64), np.asarray(edges, dtype=np.float64)
    if copies < 1:
        raise InputError(f"copies must be at least 1; given {copies}")
    bins = len(bounds) - 1
    counts = np.zeros((len(values), bins))
    for _ in range(copies):
        answer = predict(perturbed(values, model, rng, alpha=alpha))
        known = np.flatnonzero(np.isfinite(answer))
        place = np.clip(np.searchsorted(bounds, answer[known], side="right") - 1, 0, bins - 1)
        counts[known, place] += 1.0
    return BinnedPdfs.of(bounds, counts)


def _fit_band(magnitudes: Array, errors: Array, band: int) -> tuple[float, float]:
    """Return slope and intercept of ln(error) over magnitude."""
    known = np.isfinite(magnitudes) & np.isfinite(errors) & (errors > 0)
    if not known.any():
        raise InputError(f"band {band}: none of {len(known)} rows has a magnitude and an error above 0; leave it out")
    place = np.floor(magnitudes[known] / BIN_MAG).astype(np.int64)
    bins = np.unique(place)
    if len(bins) < _FEWEST_BINS:
        raise InputError(
            f"band {band}: all magnitudes lie in one bin of {BIN_MAG} mag; allowed: at least two, for a line"
        )
    means = np.array([_clipped_mean(errors[known][place == one]) for one in bins])
    slope, intercept = np.polyfit((bins + 0.5) * BIN_MAG, np.log(means), 1)
    return float(slope), float(intercept)


def _clipped_mean(errors: Array) -> float:
    from astropy.stats import biweight_location, biweight_scale

    kept = errors
    for _ in range(CLIPS):
        spread = biweight_scale(kept)
        near = np.abs(kept - biweight_location(kept)) <= CLIP_SIGMA * spread
        if not spread > 0 or near.all():
            break
        kept = kept[near]
    return float(kept.mean())
