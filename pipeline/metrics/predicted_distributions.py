"""How well predicted distributions fit what came true: PIT, CRPS and the loss of a conditional density."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.redshifts.binned_pdfs import BinnedPdfs

Array = NDArray[np.float64]


def probability_integral(pdfs: BinnedPdfs, truth: ArrayLike) -> Array:
    """Return the predicted probability below each truth, ``(n,)``; uniform from 0 to 1 if the prediction is calibrated.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.
    truth : array_like, (n,)
        What came true; NaN gives NaN.
    """
    return pdfs.below(truth)


def crps(pdfs: BinnedPdfs, truth: ArrayLike) -> Array:
    """Return the continuous ranked probability score of each row, ``(n,)``, in the unit of the truth; 0 is perfect.

    It is the integral of ``(F(z) - [z >= truth])^2`` (Matheson & Winkler 1976), exact for bins of constant density. A
    truth outside the bins adds its distance from them.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.
    truth : array_like, (n,)
        What came true; NaN gives NaN.
    """
    true = np.asarray(truth, dtype=np.float64)
    reached, at_truth = pdfs.cumulative, pdfs.below(true)
    inside = np.clip(true, pdfs.edges[0], pdfs.edges[-1])
    below = np.clip(inside[:, None] - pdfs.edges[:-1], 0.0, pdfs.widths)
    above = pdfs.widths - below
    left = _squared(reached[:, :-1], np.minimum(reached[:, 1:], at_truth[:, None])) * below
    right = _squared(1.0 - np.maximum(reached[:, :-1], at_truth[:, None]), 1.0 - reached[:, 1:]) * above
    return np.sum(left + right, axis=1) + np.abs(true - inside)


def cde_loss(pdfs: BinnedPdfs, truth: ArrayLike) -> Array:
    """Return the loss of a conditional density of each row, ``(n,)``: ``integral of p^2 - 2 p(truth)``.

    Its mean is the squared distance to the true density but for a constant that no prediction changes (Izbicki & Lee
    2017), so it may be below 0 and smaller is better.

    Parameters
    ----------
    pdfs : BinnedPdfs
        The n distributions.
    truth : array_like, (n,)
        What came true; NaN gives NaN.
    """
    return np.sum(pdfs.masses**2 / pdfs.widths, axis=1) - 2.0 * pdfs.density_at(truth)


def uniform_distance(pit: ArrayLike, weights: Array | None = None) -> Array:
    """Return the Kolmogorov-Smirnov distance between numbers from 0 to 1 and the uniform distribution.

    Parameters
    ----------
    pit : array_like, (n,)
        Finite numbers.
    weights : ndarray of float64, (r, n), optional
        How often each row was drawn in each of r resamplings; each row once by default.

    Returns
    -------
    distance : ndarray of float64, (r,)
        From 0 to 1; NaN where nothing was drawn.

    Examples
    --------
    >>> uniform_distance([0.25, 0.75]).tolist()
    [0.25]
    """
    values = np.asarray(pit, dtype=np.float64)
    drawn = np.ones((1, len(values))) if weights is None else weights
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(drawn[:, order], axis=1)
    if not len(values):
        return np.full(len(drawn), np.nan)
    total = reached[:, -1:]
    share = reached / np.where(total > 0, total, np.nan)
    before = np.concatenate([np.zeros((len(drawn), 1)), share[:, :-1]], axis=1)
    return np.maximum((share - values[order]).max(axis=1), (values[order] - before).max(axis=1))


def _squared(start: Array, end: Array) -> Array:
    """Return the mean of the square of a number that goes evenly from start to end."""
    return (start**2 + start * end + end**2) / 3.0
