"""The detections of one image, and which of them are near a place: what every column of the context is made from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

FRAGMENT_PIXEL: Final = 10.0
"""Detections nearer than this may be parts of one artefact, such as a track or the rays of a star: they are neither
neighbours nor on a line with each other. In pixels."""


@dataclass(frozen=True, kw_only=True)
class Detections:
    """Detections of one image.

    Attributes
    ----------
    x_pixel, y_pixel : ndarray of float, (n,)
        Where they are on the detector, in pixels; finite.
    flux_sign : ndarray of int, (n,)
        +1, -1, or 0 where it is not known.
    """

    x_pixel: NDArray[np.float64]
    y_pixel: NDArray[np.float64]
    flux_sign: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.x_pixel)

    def chosen(self, which: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "Detections":
        """Return some of them."""
        return Detections(x_pixel=self.x_pixel[which], y_pixel=self.y_pixel[which], flux_sign=self.flux_sign[which])

    @property
    def places(self) -> NDArray[np.float64]:
        """Places on the detector, ``(n, 2)``."""
        return np.column_stack([self.x_pixel, self.y_pixel])


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The detections nearest to each of n places, of k each, the nearest first.

    Attributes
    ----------
    dx, dy : ndarray of float, (n, k)
        From the place to the neighbour in pixels.
    flux_sign : ndarray of int, (n, k)
        Of the neighbour.
    counts : ndarray of bool, (n, k)
        Whether there is such a neighbour, and it is no part of the same source: it is farther than `FRAGMENT_PIXEL`.
    """

    dx: NDArray[np.float64]
    dy: NDArray[np.float64]
    flux_sign: NDArray[np.int8]
    counts: NDArray[np.bool_]

    @property
    def distance(self) -> NDArray[np.float64]:
        """Distances in pixels, ``(n, k)``."""
        return np.hypot(self.dx, self.dy)

    def nearest(self, number: int) -> NDArray[np.bool_]:
        """Tell which are the ``number`` nearest of those that count, ``(n, k)``."""
        return self.counts & (np.cumsum(self.counts, axis=1) <= number)


def neighbours_of(places: Detections, detections: Detections, number: int) -> Neighbours:
    """Return the detections nearest to each place; a place that is itself a detection is not among its own.

    Parameters
    ----------
    places : Detections
        n of them.
    detections : Detections
        Of the image, m of them.
    number : int
        How many are returned where there are as many.
    """
    if not len(detections) or not len(places):
        nothing = np.zeros((len(places), 0))
        return Neighbours(dx=nothing, dy=nothing, flux_sign=nothing.astype(np.int8), counts=nothing.astype(bool))
    ranks = [*range(1, min(number + 1, len(detections)) + 1)]
    distance, found = KDTree(detections.places).query(places.places, k=ranks)
    others = np.where(distance[:, :1] == 0.0, np.roll(found, -1, axis=1), found)
    is_there = np.broadcast_to(np.arange(len(ranks)) < len(ranks) - (distance[:, :1] == 0.0), found.shape)
    others, is_there = others[:, :number], is_there[:, :number]
    dx = detections.x_pixel[others] - places.x_pixel[:, None]
    dy = detections.y_pixel[others] - places.y_pixel[:, None]
    counts = is_there & (np.hypot(dx, dy) > FRAGMENT_PIXEL)
    return Neighbours(dx=dx, dy=dy, flux_sign=detections.flux_sign[others], counts=counts)


def are_among(places: Detections, detections: Detections) -> NDArray[np.bool_]:
    """Tell which places are themselves detections, ``(n,)``."""
    if not len(detections) or not len(places):
        return np.zeros(len(places), bool)
    distance, _ = KDTree(detections.places).query(places.places)
    return np.asarray(distance == 0.0)
