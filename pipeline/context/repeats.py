"""Detections that stay on the detector while the sky moves: hot pixels and defects of columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.crossmatch.sphere import chord_of

RADIUS_PIXEL: Final = 1.5
"""How near to each other detections at one place of the detector are, in pixels."""

SKY_PIXEL: Final = 3.0
"""How far apart on the sky they must be at least to be of different sources, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where the detections of one image are, on the detector and on the sky.

    Attributes
    ----------
    places : ndarray of float, (n, 2)
        x and y in pixels.
    sky : ndarray of float, (n, 3)
        Unit vectors; NaN where the position is not known.
    """

    places: NDArray[np.float64]
    sky: NDArray[np.float64]


def pixel_repeats(of: Placed, others: Sequence[Placed], pixel_scale_arcsec: float) -> NDArray[np.float64]:
    """Return in how many other images a detection is at the same place of the detector and elsewhere on the sky, (n,).

    Parameters
    ----------
    of : Placed
        n places.
    others : sequence of Placed
        The other images of the detector in the night.
    pixel_scale_arcsec : float
        Side of a pixel in arcsec.

    Returns
    -------
    ndarray of float, (n,)
        NaN where the place's own direction is not known, or that of a detection at the same place of the detector.
    """
    apart = chord_of(SKY_PIXEL * pixel_scale_arcsec)
    repeats = np.where(np.isfinite(of.sky).all(axis=1), 0.0, np.nan)
    for other in others:
        if not len(of.places) or not len(other.places):
            continue
        near = KDTree(other.places).query_ball_point(of.places, RADIUS_PIXEL)
        row = np.repeat(np.arange(len(near)), [len(found) for found in near])
        match = np.fromiter((index for found in near for index in found), np.intp, len(row))
        distance = np.linalg.norm(of.sky[row] - other.sky[match], axis=1)
        repeats[np.unique(row[distance > apart])] += 1
        repeats[row[np.isnan(distance)]] = np.nan
    return repeats
