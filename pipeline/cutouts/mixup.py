"""Mixup (Zhang et al. 2018, arXiv:1710.09412): training cutouts that are weighed means of two, their classes likewise.

Tested by tests/pipeline/cutouts/test_mixup.py.
"""

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def mix(
    cutouts: NDArray[np.float32],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    alpha: float,
    rng: np.random.Generator,
) -> Rows:
    """Return each row mixed with another one: ``s`` of the first and ``1 - s`` of the second, s drawn from Beta(a, a).

    The weight of a mixed row is ``s w1 + (1 - s) w2``, and its targets are weighed likewise, so that its cross-entropy
    is ``s w1`` times that of the first class and ``(1 - s) w2`` times that of the second, whatever the classes weigh.

    Parameters
    ----------
    cutouts : ndarray of float32, shape (n, y, x, channel)
        Raw pixels; one that is missing in either row is missing in the mean.
    targets : ndarray of float32, shape (n, k)
        Share of each class, which add up to 1.
    weights : ndarray of float32, shape (n,)
        In the loss, above 0.
    alpha : float
        Above 0; a small one mixes little into most rows, 1 draws every share alike.
    rng : numpy.random.Generator
        Draws the second rows, by a permutation, and the shares.

    Returns
    -------
    cutouts, targets, weights : ndarray of float32
        Of the same shapes.
    """
    second = rng.permutation(len(cutouts))
    share = rng.beta(alpha, alpha, len(cutouts)).astype(np.float32)
    of_first, of_second = share * weights, (1 - share) * weights[second]
    mixed = of_first + of_second
    blended = share[:, None, None, None] * cutouts + (1 - share)[:, None, None, None] * cutouts[second]
    shares = (of_first[:, None] * targets + of_second[:, None] * targets[second]) / mixed[:, None]
    return blended, shares.astype(np.float32), mixed
