"""One number for each distribution over redshift, with its risk and confidence."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs

LOSS_SCALE: Final = 0.15
"""Relative error at which half of the loss is reached: the limit of an outlier."""

CONFIDENCE_HALF_WIDTH: Final = 0.03
"""Half the width of the interval whose probability is the confidence, in redshift: three bins of 0.01."""

QUANTILES: Final = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
_ROWS_AT_ONCE: Final = 4096

Array = NDArray[np.float64]


def loss(guess: ArrayLike, truth: ArrayLike) -> Array:
    """Return ``1 - 1 / (1 + (dz / 0.15)^2)`` with ``dz = (guess - truth) / (1 + truth)`` (Tanaka et al. 2018).

    Parameters
    ----------
    guess, truth : array_like
        Redshifts of shapes that broadcast.

    Examples
    --------
    >>> loss([0.5, 0.725], 0.5).round(6).tolist()
    [0.0, 0.5]
    """
    true = np.asarray(truth, dtype=np.float64)
    apart = (np.asarray(guess, dtype=np.float64) - true) / (1.0 + true) / LOSS_SCALE
    return 1.0 - 1.0 / (1.0 + apart**2)


def risk(pdfs: BinnedPdfs, guess: ArrayLike) -> Array:
    """Return the expected loss of one redshift a row, ``(n,)``, from 0 (sure) to 1; the loss is that at bin centres.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.
    guess : array_like, (n,)
        The redshifts whose risk is wanted.
    """
    expected: Array = np.sum(
        pdfs.masses * loss(np.asarray(guess, dtype=np.float64)[:, None], pdfs.centres[None, :]), axis=1
    )
    return expected


def least_risk(pdfs: BinnedPdfs) -> Array:
    """Return the bin centre of least expected loss of each distribution, ``(n,)``: HSC's ``z_best``."""
    table = loss(pdfs.centres[:, None], pdfs.centres[None, :])
    found = np.full(len(pdfs), np.nan)
    for start in range(0, len(pdfs), _ROWS_AT_ONCE):
        masses = pdfs.masses[start : start + _ROWS_AT_ONCE]
        known = np.isfinite(masses[:, 0])
        found[start : start + _ROWS_AT_ONCE][known] = pdfs.centres[np.argmin(masses[known] @ table.T, axis=1)]
    return found


def confidence(pdfs: BinnedPdfs, guess: ArrayLike, half_width: float = CONFIDENCE_HALF_WIDTH) -> Array:
    """Return the probability within ``half_width`` of one redshift a row, ``(n,)``.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.
    guess : array_like, (n,)
        The redshifts whose confidence is wanted.
    half_width : float
        Above 0, in redshift.

    Raises
    ------
    InputError
        If the half width is not above 0.
    """
    if not half_width > 0:
        raise InputError(f"half_width must be above 0; given {half_width}")
    centre = np.asarray(guess, dtype=np.float64)
    return np.clip(pdfs.below(centre + half_width) - pdfs.below(centre - half_width), 0.0, 1.0)


def point_estimates(pdfs: BinnedPdfs) -> pd.DataFrame:
    """Return the columns of a table of redshifts, one line a distribution.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.

    Returns
    -------
    table : DataFrame, n lines
        ``value`` (the median), ``value_std``, ``q05 q50 q95``, ``mean``, ``mode``, ``best`` (least risk), ``risk`` and
        ``confidence`` (both of ``best``); NaN for what was not predicted.
    """
    quantiles = pdfs.quantile(list(QUANTILES.values()))
    columns = {name: quantiles[:, place] for place, name in enumerate(QUANTILES)}
    best = least_risk(pdfs)
    return pd.DataFrame(
        {"value": columns["q50"], "value_std": pdfs.std()}
        | columns
        | {"mean": pdfs.mean(), "mode": pdfs.mode(), "best": best}
        | {"risk": risk(pdfs, best), "confidence": confidence(pdfs, best)}
    )
