"""What surrounds the source: lines through it, other residuals, stripes, missing pixels.

Tested by tests/pipeline/features/test_features.py.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.features.bounded import logarithm, ratio
from pipeline.features.planes import HALF, OFFSETS, RADIUS, SIDE, Planes
from pipeline.features.psf_fit import WINDOW, fit_gaussian

Features = dict[str, NDArray[np.float32]]

ANGLES = 32
_RADII = np.arange(5, 23)
_THETA = np.arange(ANGLES) * 2 * np.pi / ANGLES
_ROW = np.rint(HALF + _RADII[:, None] * np.sin(_THETA)[None]).astype(int)
_COLUMN = np.rint(HALF + _RADII[:, None] * np.cos(_THETA)[None]).astype(int)
_RAYS = (_ROW * SIDE + _COLUMN).T
OUTER = RADIUS > 8
_STEP = np.arange(-WINDOW, WINDOW + 1)
_FIELD = (np.abs(OFFSETS)[:, None] <= HALF - 5) & (np.abs(OFFSETS)[None] <= HALF - 5) & (RADIUS > 8)
ROUND = (RADIUS > 8) & (RADIUS <= 22)


def line_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how much light lies on the straight lines and rays through the centre, in noise units."""
    n = len(image)
    clipped = np.clip(image / np.maximum(noise, 1e-6)[:, None, None], -8, 8)
    rays = clipped.reshape(n, -1)[:, _RAYS]
    there = mask.reshape(n, -1)[:, _RAYS]
    count = np.maximum(there.sum(axis=2), 4)
    mean = (rays * there).sum(axis=2) / count
    through = 0.5 * (mean[:, : ANGLES // 2] + mean[:, ANGLES // 2 :])
    both = np.minimum(np.abs(mean[:, : ANGLES // 2]), np.abs(mean[:, ANGLES // 2 :]))
    centre = np.median(mean, axis=1)
    axes = 0.5 * (np.abs(through[:, 0]) + np.abs(through[:, ANGLES // 4]))
    return {
        "line_best": np.abs(through - centre[:, None]).max(axis=1),
        "line_both_sides": both.max(axis=1),
        "line_axes": axes,
        "ray_best": (mean - centre[:, None]).max(axis=1),
        "ray_worst": (mean - centre[:, None]).min(axis=1),
        "ray_scatter": mean.std(axis=1),
    }


def _extremes(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return 3 x 3 sums of an image, and where a sum is larger in absolute value than its neighbours."""
    rows = image[:, :-2] + image[:, 1:-1] + image[:, 2:]
    sums = np.zeros_like(image)
    sums[:, 1:-1, 1:-1] = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    size = np.abs(sums)
    rows = np.maximum(np.maximum(size[:, :-2], size[:, 1:-1]), size[:, 2:])
    top = np.maximum(np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])
    peaks = size > 0
    peaks[:, 1:-1, 1:-1] &= size[:, 1:-1, 1:-1] >= top
    return sums, peaks


def crowd_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how many other residuals of both signs there are, and how large they are relative to the central one."""
    scaled = image / np.maximum(noise, 1e-6)[:, None, None]
    area = np.maximum((mask & OUTER).sum(axis=(1, 2)), 1) / OUTER.sum()
    sums, peaks = _extremes(np.clip(scaled, -1e4, 1e4))
    sums = sums / np.float32(3)
    ring = peaks & OUTER
    centre = np.abs(sums[:, HALF - 2 : HALF + 3, HALF - 2 : HALF + 3]).max(axis=(1, 2)) + 1
    outer = np.where(ring, sums, 0)
    close = np.where(ring & ROUND, np.abs(sums), 0)
    tail = np.clip(scaled, -1e4, 1e4)[:, OUTER]
    return {
        "others_bright": logarithm((outer > 7).sum(axis=(1, 2)) / area),
        "others_dark": logarithm((outer < -7).sum(axis=(1, 2)) / area),
        "others_bright_over_centre": ratio(outer.max(axis=(1, 2)), centre, 10.0),
        "others_dark_over_centre": ratio(-outer.min(axis=(1, 2)), centre, 10.0),
        "others_close_over_centre": ratio(close.max(axis=(1, 2)), centre, 10.0),
        "others_alike": logarithm((np.abs(outer) > 0.4 * centre[:, None, None]).sum(axis=(1, 2)) / area),
        "outliers": logarithm((np.abs(tail) > 5).sum(axis=1) / area),
        "outer_rms": logarithm(np.sqrt((np.clip(tail, -50, 50) ** 2).mean(axis=1) / area)),
    }


def stripe_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how much whole rows and columns differ, and how much the central ones differ from the rest."""
    clipped = np.clip(image / np.maximum(noise, 1e-6)[:, None, None], -4, 4) * OUTER
    good = mask & OUTER
    out = []
    for axis in (1, 2):
        count = np.maximum(good.sum(axis=axis), 1)
        out.append(clipped.sum(axis=axis) / np.sqrt(count))
    centre = np.stack([line[:, HALF - 1 : HALF + 2] for line in out])
    deviation = np.stack([line.std(axis=1) for line in out])
    middle = np.abs(centre).max(axis=2)
    return {
        "stripes_most": deviation.max(axis=0),
        "stripes_least": deviation.min(axis=0),
        "cross_most": middle.max(axis=0),
        "cross_least": middle.min(axis=0),
    }


def field_features(planes: Planes) -> Features:
    """Return the seeing of the brightest neighbour, and how the images' depth and noise compare.

    If the neighbour is too faint to measure, the ratio of its width to those at the centre is 1.
    """
    n = len(planes.bright)
    extremes = {name: _extremes(image) for name, image, *_ in planes.images()[:2]}
    place = np.where(_FIELD & planes.bright_mask, extremes["bright"][0], -np.inf).reshape(n, -1).argmax(axis=1)
    rows = (place // SIDE)[:, None, None] + _STEP[:, None]
    columns = (place % SIDE)[:, None, None] + _STEP[None]
    rows, columns = np.clip(rows, 0, SIDE - 1), np.clip(columns, 0, SIDE - 1)
    index = np.arange(n)[:, None, None]
    fit = fit_gaussian(planes.bright[index, rows, columns], planes.bright_mask[index, rows, columns])
    snr = fit.flux / (np.maximum(planes.bright_noise, 1e-6) * 3.545 * fit.width)
    measured = (snr > 15) & (np.hypot(fit.x, fit.y) < 2.5)
    out = {
        "field_snr": logarithm(np.where(measured, snr, 0)),
        "field_fwhm": np.where(measured, FWHM_PER_SIGMA * fit.width, 0),
        "gain_bright_faint": np.log10(planes.gain),
        "noise_faint_bright": np.log10((planes.faint_noise + 1e-3) / (planes.bright_noise + 1e-3)),
    }
    for name, _, mask, noise in planes.images()[:2]:
        sums, peaks = extremes[name]
        count = (peaks & OUTER & mask & (sums > 21 * np.maximum(noise, 1e-6)[:, None, None])).sum(axis=(1, 2))
        out[f"{name}_neighbours"] = logarithm(count)
    return out | {"field_width": np.where(measured, fit.width, 0)}


def missing_features(planes: Planes) -> Features:
    """Return shares of missing pixels and the nearest of them."""
    near = RADIUS <= 15
    out = {}
    for name, _, mask, _ in planes.images():
        gone = ~mask & planes.inside
        out[f"{name}_missing"] = gone.mean(axis=(1, 2), dtype=np.float32) / max(planes.inside.mean(), 1e-6)
        out[f"{name}_missing_15"] = (gone & near).sum(axis=(1, 2)) / max((near & planes.inside).sum(), 1)
    gone = ~planes.difference_mask & planes.inside
    out["missing_nearest"] = np.where(gone, RADIUS, 45).min(axis=(1, 2))
    return out
