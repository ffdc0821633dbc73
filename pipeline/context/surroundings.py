"""Detections around a place: how crowded it is, and how many faded or brightened, as stars do behind cloud."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.context.detections import Detections, Neighbours, neighbours_of

AROUND: Final = 20
"""How many of the nearest detections are the surroundings of a place."""

PAIRED: Final = 4
"""With how many of its nearest detections the sign of a detection is compared: cloud is patchy."""

_LOOKED_AT = 64
"""Of how many of the nearest those are taken that are no parts of the same source."""


def surroundings(places: Detections, detections: Detections) -> dict[str, NDArray[np.float64]]:
    """Return what the nearest detections say of each place, ``(n,)`` each, NaN where there are none.

    Parameters
    ----------
    places : Detections
        n of them; those that are among the detections are no neighbours of themselves.
    detections : Detections
        Of the image.

    Returns
    -------
    dict of str to ndarray of float, (n,)
        ``density``: log10 of the density of detections around the place over the median of the image's detections;
        the density is that of the circle through the farthest of the `AROUND` nearest. ``negative_share``: share of
        these that faded. ``agreeing_share``: share of these that have the sign of the place itself.
    """
    near = neighbours_of(places, detections, _LOOKED_AT)
    around = near.nearest(AROUND)
    of_all = _density(neighbours_of(detections, detections, _LOOKED_AT))
    typical = np.median(of_all[np.isfinite(of_all)]) if np.isfinite(of_all).any() else np.nan
    signed = around & (near.flux_sign != 0)
    return {
        "density": np.log10(_density(near) / typical),
        "negative_share": _share(signed & (near.flux_sign < 0), signed),
        "agreeing_share": _share(signed & (near.flux_sign == places.flux_sign[:, None]), signed),
    }


def _density(near: Neighbours) -> NDArray[np.float64]:
    """Return the number of detections around places in a square pixel, ``(n,)``; NaN where there are none."""
    around = near.nearest(AROUND)
    reach = np.where(around, near.distance, 0.0).max(axis=1, initial=0.0)
    return np.divide(around.sum(axis=1), np.pi * reach**2, out=np.full(len(reach), np.nan), where=reach > 0)


def _share(which: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = of.sum(axis=1)
    return np.divide(which.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)


def negative_share(detections: Detections) -> float:
    """Return the share of the detections of an image that faded; NaN where no sign is known."""
    signed = detections.flux_sign[detections.flux_sign != 0]
    return float((signed < 0).mean()) if len(signed) else np.nan


def sign_coherence(detections: Detections) -> float:
    """Return how much more alike the signs of neighbours are than chance makes them, -1 to 1; NaN without pairs.

    The mean product of the signs of each detection and its `PAIRED` nearest, less the square of the mean sign. Noise,
    bad pixels and shifted stars have signs of their own; cloud makes all stars behind one patch fade, and all in one
    gap brighten.
    """
    near = neighbours_of(detections, detections, _LOOKED_AT)
    products = detections.flux_sign[:, None] * near.flux_sign
    paired = near.nearest(PAIRED) & (products != 0)
    if not paired.any():
        return np.nan
    return float(products[paired].mean() - detections.flux_sign[detections.flux_sign != 0].mean() ** 2)
