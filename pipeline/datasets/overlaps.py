"""Cutouts that share pixels: on one exposure by their pixels, across exposures by their positions on the sky."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.match import near_any
from pipeline.crossmatch.sphere import distinct_places, unit_vectors

_ROWS_AT_ONCE = 16_384
_PIXEL_STEP = 0.5
"""First pixels are whole numbers, so "less than a size apart" means at most half a pixel less than it."""

_CONTRADICTION = 4.0
"""Cutouts this many times further apart on the sky than any that share a pixel are of two images, even if these have
one name: a detector that is not stated, a file name that was used twice. No pixel scale is that wrong.
"""


@dataclass(frozen=True, kw_only=True)
class Footprints:
    """Which pixels the cutouts of rows cover.

    Attributes
    ----------
    exposure : ndarray of float64, (n,)
        A number for the image that a row was cut from, equal for equal images; NaN where it is not known.
    x_pixel, y_pixel : ndarray, (n,)
        The pixel of the image on which a cutout is centred, a whole number; NaN where it is not known.
    ra_deg, dec_deg : ndarray of float64, (n,)
        Position on the sky in degrees; NaN where it is not known.
    size_pixel : int
        Side of a cutout.
    pixel_scale_arcsec : float
        Side of a pixel.
    """

    exposure: NDArray[np.float64]
    x_pixel: NDArray[np.floating]
    y_pixel: NDArray[np.floating]
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    size_pixel: int
    pixel_scale_arcsec: float

    def __len__(self) -> int:
        return len(self.exposure)

    @property
    def width_arcsec(self) -> float:
        """Side of a cutout on the sky."""
        return self.size_pixel * self.pixel_scale_arcsec

    @property
    def reach_arcsec(self) -> float:
        """Distance from which on two cutouts share nothing, however they are turned.

        It is their diagonal, with one more pixel per side, because each is centred on a whole pixel.
        """
        return float(np.sqrt(2.0)) * (self.size_pixel + 1) * self.pixel_scale_arcsec

    @property
    def on_image(self) -> NDArray[np.bool_]:
        """Which rows state their image and their pixel on it."""
        return np.isfinite(self.exposure) & np.isfinite(self.x_pixel) & np.isfinite(self.y_pixel)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows state their position, on their image or on the sky."""
        return self.on_image | self.on_sky

    @property
    def on_sky(self) -> NDArray[np.bool_]:
        """Which rows state their position on the sky."""
        return np.isfinite(self.ra_deg) & np.isfinite(self.dec_deg)


def no_footprints(rows: int) -> Footprints:
    """Return the footprints of that many rows that cover nothing, as those of a table."""
    nowhere = np.full(rows, np.nan)
    return Footprints(exposure=nowhere, x_pixel=nowhere, y_pixel=nowhere, ra_deg=nowhere, dec_deg=nowhere,
                      size_pixel=1, pixel_scale_arcsec=1.0)  # fmt: skip


def overlapping(places: Footprints, rows: NDArray[np.integer], others: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which rows have a cutout that may share a pixel with that of any other row, ``(rows,)``.

    Two cutouts of one image overlap if their first pixels are less than their size apart in x and in y. Any two
    cutouts, whatever their images, may share a template and show the same sky: those nearer than their diagonal may
    overlap there, and so count. A row is judged by what it states about itself; if positions on the sky contradict the
    pixels of an image, the positions on the sky are trusted.

    Parameters
    ----------
    places : Footprints
        Of all rows.
    rows, others : ndarray of int
        Row numbers; none appears in both.

    Examples
    --------
    >>> nowhere = np.full(3, np.nan)
    >>> places = Footprints(
    ...     exposure=np.zeros(3), x_pixel=np.array([10.0, 14.0, 15.0]), y_pixel=np.array([3.0, 7.0, 3.0]),
    ...     ra_deg=nowhere, dec_deg=nowhere, size_pixel=5, pixel_scale_arcsec=1.0,
    ... )
    >>> overlapping(places, np.array([1, 2]), np.array([0])).tolist()
    [True, False]
    """
    hit = np.zeros(len(places), bool)
    hit[rows] = near_any(places.ra_deg, places.dec_deg, rows, others, places.reach_arcsec)
    for mine_on_sky, theirs_on_sky in ((True, True), (True, False), (False, True), (False, False)):
        mine = _by_image(places, rows[places.on_image[rows] & (places.on_sky[rows] == mine_on_sky)])
        theirs = _by_image(places, others[places.on_image[others] & (places.on_sky[others] == theirs_on_sky)])
        for block in _blocks(places.exposure[mine]):
            hit[mine[block]] |= _touches(places, mine[block], theirs, mine_on_sky and theirs_on_sky)
    return hit[rows]


def _by_image(places: Footprints, rows: NDArray[np.integer]) -> NDArray[np.integer]:
    return rows[np.argsort(places.exposure[rows], kind="stable")]


def _blocks(images: NDArray[np.float64]) -> Iterator[slice]:
    """Yield sorted images in blocks that divide no image."""
    start = 0
    while start < len(images):
        stop = int(np.searchsorted(images, images[min(start + _ROWS_AT_ONCE, len(images)) - 1], "right"))
        yield slice(start, stop)
        start = stop


def _touches(
    places: Footprints, asked: NDArray[np.integer], against: NDArray[np.integer], sky: bool
) -> NDArray[np.bool_]:
    """Return which rows touch any of the others on their image, unless the sky contradicts; both in order of images."""
    images = np.unique(places.exposure[asked])
    held = places.exposure[against]
    mine = against[np.searchsorted(held, images[0], "left") : np.searchsorted(held, images[-1], "right")]
    mine = mine[np.isin(places.exposure[mine], images)]
    if not len(mine):
        return np.zeros(len(asked), bool)
    bound = places.size_pixel - _PIXEL_STEP

    def coordinates(rows: NDArray[np.integer]) -> NDArray[np.float64]:
        floor = np.searchsorted(images, places.exposure[rows]) * (2.0 * places.size_pixel)
        pixels = np.column_stack([floor, places.x_pixel[rows], places.y_pixel[rows]])
        if not sky:
            return pixels
        step = bound / np.radians(_CONTRADICTION * places.reach_arcsec / ARCSEC_PER_DEG)
        return np.column_stack([pixels, step * unit_vectors(places.ra_deg[rows], places.dec_deg[rows])])

    tree, _ = distinct_places(coordinates(mine))
    distance, _ = tree.query(coordinates(asked), p=np.inf, distance_upper_bound=bound)
    return np.isfinite(distance)
