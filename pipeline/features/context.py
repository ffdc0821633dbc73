"""What surrounds the source: lines through it, other residuals, stripes, missing pixels.

Tested by tests/pipeline/features/test_features.py.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.features.bounded import logarithm, ratio
from pipeline.features.frame import ANGLES, FULL, OUTER_PIXELS, frame_of
from pipeline.features.planes import Planes
from pipeline.features.psf_fit import WINDOW, fit_gaussian
from pipeline.features.row_statistics import count_true

Features = dict[str, NDArray[np.float32]]

_STEP = np.arange(-WINDOW, WINDOW + 1)


def line_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how much light lies on the straight lines and rays through the centre, in noise units."""
    n, frame = len(image), frame_of(image)
    rays = image.reshape(n, -1).take(frame.rays, axis=1)
    rays /= np.maximum(noise, 1e-6)[:, None, None]
    np.clip(rays, -8, 8, out=rays)
    there = (mask.reshape(n, -1).take(frame.rays, axis=1) & frame.on_rays).astype(np.float32)
    count = np.maximum(there.sum(axis=2), 4)
    mean = np.einsum("nas,nas->na", rays, there) / count
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


def _sums(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 3 x 3 sums of an image, 0 along its edge."""
    n, side = len(image), image.shape[1]
    sums = np.zeros_like(image)
    # rows of an image follow each other, so that a shift by one row or column is one of the flat array
    flat, out = image.reshape(n, -1), sums.reshape(n, -1)
    inner = out[:, side:-side]
    np.add(flat[:, : -2 * side], flat[:, side:-side], out=inner)
    inner += flat[:, 2 * side :]
    out[:, 1:-1] = out[:, :-2] + out[:, 1:-1] + out[:, 2:]
    for edge in (sums[:, 0], sums[:, -1], sums[:, :, 0], sums[:, :, -1]):
        edge[:] = 0
    return sums


def _peaks(sums: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where a sum is no smaller in absolute value than its neighbours; nowhere along the edge."""
    n, side = len(sums), sums.shape[1]
    size = np.abs(sums).reshape(n, -1)
    columns = np.maximum(size[:, :-2], size[:, 2:])
    np.maximum(columns, size[:, 1:-1], out=columns)
    top = np.maximum(columns[:, : -2 * side], columns[:, 2 * side :])
    np.maximum(top, columns[:, side:-side], out=top)
    peaks = np.zeros(sums.shape, dtype=bool)
    np.greater_equal(size[:, side + 1 : -side - 1], top, out=peaks.reshape(n, -1)[:, side + 1 : -side - 1])
    return peaks


def crowd_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how many other residuals of both signs there are, and how large they are relative to the central one."""
    frame = frame_of(image)
    scaled = np.divide(image, np.maximum(noise, 1e-6)[:, None, None], dtype=np.float32)
    np.clip(scaled, -1e4, 1e4, out=scaled)
    area = np.maximum(count_true(mask & frame.outer), 1) / OUTER_PIXELS
    sums = _sums(scaled)
    sums *= np.float32(1 / 3)
    middle = frame.middle(2)
    centre = np.abs(sums[:, middle, middle]).max(axis=(1, 2)) + 1
    sums *= _peaks(sums) & frame.outer
    close = sums * frame.round
    scaled *= frame.outer
    outliers = count_true(np.abs(scaled) > 5)
    np.clip(scaled, -50, 50, out=scaled)
    power = np.einsum("nyx,nyx->n", scaled, scaled) / OUTER_PIXELS
    return {
        "others_bright": logarithm(count_true(sums > 7) / area),
        "others_dark": logarithm(count_true(sums < -7) / area),
        "others_bright_over_centre": ratio(sums.max(axis=(1, 2)), centre, 10.0),
        "others_dark_over_centre": ratio(-sums.min(axis=(1, 2)), centre, 10.0),
        "others_close_over_centre": ratio(np.maximum(close.max(axis=(1, 2)), -close.min(axis=(1, 2))), centre, 10.0),
        "others_alike": logarithm(count_true(np.abs(sums) > 0.4 * centre[:, None, None]) / area),
        "outliers": logarithm(outliers / area),
        "outer_rms": logarithm(np.sqrt(power / area)),
    }


def stripe_features(image: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return how much whole rows and columns differ, and how much the central ones differ from the rest."""
    frame = frame_of(image)
    clipped = image / np.maximum(noise, 1e-6)[:, None, None]
    np.clip(clipped, -4, 4, out=clipped)
    clipped *= frame.outer
    good = (mask & frame.outer).astype(np.float32)
    ones = np.ones(frame.side, dtype=np.float32)
    lines = np.zeros((2, len(image), FULL.side), dtype=np.float32)
    # a smaller square stands for the largest one with nothing around it
    lines[0, :, FULL.middle(frame.half)] = (ones @ clipped) / np.sqrt(np.maximum(ones @ good, 1))
    lines[1, :, FULL.middle(frame.half)] = (clipped @ ones) / np.sqrt(np.maximum(good @ ones, 1))
    deviation = lines.std(axis=2)
    middle = np.abs(lines[:, :, FULL.middle(1)]).max(axis=2)
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
    sums = {name: _sums(image) for name, image, *_ in planes.images()[:2]}
    fit = fit_gaussian(*_around_brightest(planes, sums["bright"]))
    snr = fit.flux / (np.maximum(planes.bright_noise, 1e-6) * 3.545 * fit.width)
    measured = (snr > 15) & (np.hypot(fit.x, fit.y) < 2.5)
    out = {
        "field_snr": logarithm(np.where(measured, snr, 0)),
        "field_fwhm": np.where(measured, FWHM_PER_SIGMA * fit.width, 0),
        "gain_bright_faint": np.log10(planes.gain),
        "noise_faint_bright": np.log10((planes.faint_noise + 1e-3) / (planes.bright_noise + 1e-3)),
    }
    for name, _, mask, noise in planes.images()[:2]:
        high = sums[name] > 21 * np.maximum(noise, 1e-6)[:, None, None]
        out[f"{name}_neighbours"] = logarithm(count_true(high & mask & planes.frame.outer & _peaks(sums[name])))
    return out | {"field_width": np.where(measured, fit.width, 0)}


def _around_brightest(planes: Planes, sums: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the bright image and its mask ``(n, 15, 15)`` around the brightest neighbour of the source."""
    n, side = len(sums), planes.frame.side
    held = sums + np.where(planes.frame.field, np.float32(0), -np.float32(np.inf))
    if not planes.bright_mask.all():
        np.copyto(held, -np.inf, where=~planes.bright_mask)
    place = held.reshape(n, -1).argmax(axis=1)
    rows = np.clip((place // side)[:, None, None] + _STEP[:, None], 0, side - 1)
    columns = np.clip((place % side)[:, None, None] + _STEP[None], 0, side - 1)
    index = np.arange(n)[:, None, None]
    return planes.bright[index, rows, columns], planes.bright_mask[index, rows, columns]


def missing_features(planes: Planes) -> Features:
    """Return shares of missing pixels and the nearest of them."""
    near = planes.inside & (planes.frame.radius <= 15)
    out: Features = {}
    gone = planes.inside
    for name, _, mask, _ in planes.images():
        gone = ~mask & planes.inside
        out[f"{name}_missing"] = (count_true(gone) / planes.inside.sum()).astype(np.float32)
        out[f"{name}_missing_15"] = (count_true(gone & near) / near.sum()).astype(np.float32)
    nearest = out["missing_nearest"] = np.full(len(planes.bright), 45, dtype=np.float32)
    some = gone.any(axis=(1, 2))
    nearest[some] = np.where(gone[some], planes.frame.radius, 45).min(axis=(1, 2))
    return out
