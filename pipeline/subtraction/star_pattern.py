"""Star patterns: how the pixels of one image map to those of another, by the stars of both, without projections."""

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.sources import FlatImage, find_sources, remove_sky
from pipeline.subtraction.registration import star_positions

log = logging.getLogger(__name__)

PixelMap = Callable[[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From x and y on the science image to x and y on the template."""

_FEWEST_STARS = 6
_SOURCE_SIGMA = 10.0
_CONTROL_STARS = (50, 25)
_MORE_CONTROL_STARS = 75
"""Number of brightest sources in the last try: if nothing matches, the time of `astroalign` grows with its fourth
power, 2 s for 50, a minute for 100 and a quarter of an hour for 200."""

_VOTING_STARS = 200
_AGREE_PIXEL = 1.5
_CHANCE_SIGMA = 5.0
"""By how many standard deviations the number of common stars must exceed twice what chance gives; twice, because the
map was fitted to them."""


def star_map(science: Frame, template: Frame) -> PixelMap:
    """Return the affine map from science image to template that the stars of both agree on.

    `astroalign` finds the triangles of sources that both images share. If it finds none, the shift (after no rotation,
    or half a turn) on which most pairs of sources agree is used, and logged. The map is then fitted to all common
    unsaturated stars, which must be more than chance would give.

    Raises
    ------
    InputError
        If either image has fewer than 6 stars, fewer than 6 agree, or no more agree than would in two different fields.
    """
    flats = remove_sky(science.pixels), remove_sky(template.pixels)
    first, second = star_positions(science, flats[0]), star_positions(template, flats[1])
    if min(len(first), len(second)) < _FEWEST_STARS:
        raise InputError(
            f"{len(first)} stars in the science image and {len(second)} in the template, "
            f"alignment without projections needs {_FEWEST_STARS}"
        )
    matrix = _pattern(*(_all_positions(flat) for flat in flats))
    for _ in range(4):
        matrix, stars = _affine(first, second, matrix)
    _refuse_chance(stars, len(first), second)
    log.info("aligned on %d stars, shift (%.2f, %.2f) pixel", stars, matrix[2, 0], matrix[2, 1])
    return lambda x, y: (
        matrix[0, 0] * x + matrix[1, 0] * y + matrix[2, 0],
        matrix[0, 1] * x + matrix[1, 1] * y + matrix[2, 1],
    )


def _pattern(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the similarity, (3, 2), that triangles of stars common to both lists agree on.

    The brightest of all sources are compared, including saturated and blended ones, because which of them are clean
    differs from image to image. If this fails, fewer are compared, then the shift is looked for, which is fast for any
    number, and then more are compared.
    """
    for number in _CONTROL_STARS:
        found, fault = _triangles(first, second, number)
        if found is not None:
            return found
    voted = _shift_vote(first[:_VOTING_STARS], second[:_VOTING_STARS])
    if voted is not None:
        log.info("no pattern of triangles (%s): aligned by the shift that most pairs of sources agree on", fault)
        return voted
    found, fault = _triangles(first, second, _MORE_CONTROL_STARS)
    if found is not None:
        return found
    raise InputError(
        f"no pattern of stars is common to science image and template ({fault}): is it of this field, and neither "
        "mirrored nor of another scale?"
    )


def _triangles(
    first: NDArray[np.float64], second: NDArray[np.float64], number: int
) -> tuple[NDArray[np.float64] | None, str]:
    """Return the similarity, (3, 2), from triangles of the first sources of each list, or None and the reason."""
    # deferred: astroalign brings scikit-image along
    import astroalign

    try:
        found, _ = astroalign.find_transform(first[:number], second[:number], max_control_points=number)
    except Exception as error:
        # astroalign raises its own MaxIterError, ValueError and TypeError alike where nothing matches
        log.debug("no pattern among the brightest %d stars: %s", number, error)
        return None, str(error)
    return np.asarray(found.params, dtype=np.float64)[:2].T, ""


def _refuse_chance(stars: int, science_stars: int, second: NDArray[np.float64]) -> None:
    """Refuse a map if so few stars agree that as many would coincide in two different fields."""
    area = max(float(np.prod(np.ptp(second, axis=0))), 1.0)
    by_chance = science_stars * min(1.0, len(second) * np.pi * _AGREE_PIXEL**2 / area)
    if stars <= 2.0 * by_chance + _CHANCE_SIGMA * np.sqrt(by_chance):
        raise InputError(
            f"only {stars} of {science_stars} stars agree on how the images lie, and chance alone brings "
            f"{by_chance:.0f} together: are science image and template of one field?"
        )


def _shift_vote(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the shift, after no rotation or half a turn, on which most pairs of sources agree, (3, 2), or None.

    All pairs are looked at; there are at most 40,000, because only the brightest 200 of either list are given.
    """
    best, most = None, max(_FEWEST_STARS, 0.25 * min(len(first), len(second)))
    for sign in (1.0, -1.0):
        offsets = (second[None, :] - sign * first[:, None]).reshape(-1, 2)
        near = KDTree(offsets)
        counts = near.query_ball_point(offsets, _AGREE_PIXEL, return_length=True)
        top = int(np.argmax(counts))
        if counts[top] > most:
            most = counts[top]
            shift = np.median(offsets[near.query_ball_point(offsets[top], _AGREE_PIXEL)], axis=0)
            best = np.vstack([sign * np.eye(2), shift])
    return best


def _all_positions(flat: FlatImage) -> NDArray[np.float64]:
    """Return x and y of all sources, (sources, 2), the brightest first."""
    sources = find_sources(flat.pixels, flat.sky_rms, _SOURCE_SIGMA, missing=flat.missing)
    order = np.argsort(-sources["flux"], kind="stable")
    return np.column_stack([sources["x"], sources["y"]])[order]


def _affine(
    first: NDArray[np.float64], second: NDArray[np.float64], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int]:
    """Return the affine map (3, 2) that fits the stars which a first map matches, and their number."""
    design = np.column_stack([first, np.ones(len(first))])
    distance, row = KDTree(second).query(design @ matrix, distance_upper_bound=_AGREE_PIXEL)
    good = np.isfinite(distance)
    if good.sum() < _FEWEST_STARS:
        raise InputError(f"{int(good.sum())} stars agree on how the images lie, needs {_FEWEST_STARS}")
    good &= distance <= 3.0 * np.median(distance[good]) + 1e-9
    return np.linalg.lstsq(design[good], second[row[good]], rcond=None)[0], int(good.sum())
