"""How the source in one image looks: fit, concentration, radial profile, elongation, sharpness, holes.

Tested by tests/pipeline/features/test_features.py.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.features.bounded import logarithm, ratio
from pipeline.features.frame import FULL
from pipeline.features.psf_fit import WINDOW, Fit, window
from pipeline.features.row_statistics import count_true

Features = dict[str, NDArray[np.float32]]

NEAR = window(FULL.radius[None])[0]
"""Distance from the centre in the 15 x 15 window."""

_Y, _X = np.mgrid[-WINDOW : WINDOW + 1, -WINDOW : WINDOW + 1].astype(np.float32)
RING_EDGES = (0, 0.8, 1.6, 2.5, 3.5, 4.5, 5.7, 7.2)
RINGS = np.stack([(low <= NEAR) & (high > NEAR) for low, high in itertools.pairwise(RING_EDGES)])


def fit_features(fit: Fit, noise: NDArray[np.float32]) -> Features:
    """Return width, offset, signal to noise and residual of a Gaussian fit."""
    left = np.abs(fit.leftover)
    core = (NEAR <= 3.6)[None]
    core_rms = np.sqrt((fit.leftover**2 * core).sum(axis=(1, 2)) / core.sum())
    peak = fit.flux / (2 * np.pi * fit.width**2)
    return {
        "fit_snr": logarithm(fit.flux / (np.maximum(noise, 1e-6) * 3.545 * fit.width)),
        "fit_fwhm": (FWHM_PER_SIGMA * fit.width).astype(np.float32),
        "fit_offset": np.hypot(fit.x, fit.y).astype(np.float32),
        "fit_chi": logarithm(ratio(fit.rms, noise, 1e6)),
        "fit_core_chi": logarithm(ratio(core_rms, noise, 1e6)),
        "fit_explained": fit.explained.astype(np.float32),
        "fit_left_over_peak": ratio(left.max(axis=(1, 2)), np.abs(peak)),
        "fit_core_rms_over_peak": ratio(core_rms, np.abs(peak)),
        "fit_background_over_peak": ratio(fit.background, np.abs(peak)),
    }


def profile_features(near: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return the radial profile in seven rings relative to the core, and its scatter along the rings."""
    n = len(near)
    weight = (mask.reshape(n, -1).astype(np.float32)) @ RINGS.reshape(len(RINGS), -1).T.astype(np.float32)
    flat, rings = (near * mask).reshape(n, -1), RINGS.reshape(len(RINGS), -1).T.astype(np.float32)
    mean = flat @ rings / np.maximum(weight, 1)
    variance = np.maximum((flat**2) @ rings / np.maximum(weight, 1) - mean**2, 0)
    core = (np.abs(mean[:, :2]).max(axis=1)) + 1e-6
    out = {f"profile_{k}": ratio(mean[:, k], core) for k in range(len(RINGS))}
    spread = np.sqrt(variance[:, 1:])
    out |= {f"scatter_{k + 1}": ratio(spread[:, k], core) for k in range(len(RINGS) - 1)}
    inner = np.sqrt(variance[:, 1:4].mean(axis=1))
    return out | {"scatter_snr": logarithm(ratio(inner, noise, 1e6))}


def moment_features(near: NDArray[np.float32], mask: NDArray[np.bool_], fit: Fit) -> Features:
    """Return elongation, size and skew from moments under a Gaussian of the fitted centre and width."""
    x = _X[None] - fit.x[:, None, None]
    y = _Y[None] - fit.y[:, None, None]
    width = np.clip(fit.width, 0.8, 2.5)[:, None, None]
    weight = np.exp(-0.5 * (x**2 + y**2) / (1.5 * width) ** 2) * mask
    light = (near - fit.background[:, None, None]) * weight
    total = light.sum(axis=(1, 2))
    size = np.abs(total) + 1e-6 * np.abs(light).sum(axis=(1, 2)) + 1e-9
    mx, my = (light * x).sum(axis=(1, 2)) / size, (light * y).sum(axis=(1, 2)) / size
    xx, yy, xy = ((light * q).sum(axis=(1, 2)) / size for q in (x * x, y * y, x * y))
    trace = xx + yy
    scale = width[:, 0, 0] ** 2
    skew_x, skew_y = ((light * q).sum(axis=(1, 2)) / size for q in (x * (x * x + y * y), y * (x * x + y * y)))
    return {
        "moment_elongation": ratio(np.hypot(xx - yy, 2 * xy), trace, 3.0),
        "moment_size": ratio(trace, scale, 10.0),
        "moment_shift": ratio(np.hypot(mx, my), np.sqrt(scale)),
        "moment_skew": ratio(np.hypot(skew_x, skew_y), scale**1.5, 10.0),
        "moment_positive": ratio(total, np.abs(light).sum(axis=(1, 2)), 1.0),
    }


def _within(near: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Return the pixels within a radius, ``(n, p)``."""
    return near.reshape(len(near), -1).take(np.flatnonzero(radius >= NEAR), axis=1)


def pixel_features(near: NDArray[np.float32], mask: NDArray[np.bool_], noise: NDArray[np.float32]) -> Features:
    """Return sharpness, concentration and counts of negative and positive pixels; missing ones are 0."""
    disc = {r: (r >= NEAR)[None] & mask for r in (3.6, 5.0, 7.0)}
    flux = {r: np.einsum("nyx,yx->n", near, (r >= NEAR).astype(np.float32)) for r in (1.5, 3.6, 7.0)}
    there = np.where(mask, np.float32(0), np.float32(np.inf))
    top = {r: _within(near - there, r).max(axis=1) for r in (2.5, 7.0)}
    low = {r: _within(near + there, r).min(axis=1) for r in (3.6, 7.0)}
    top = {r: np.where(np.isfinite(v), v, 0) for r, v in top.items()}
    low = {r: np.where(np.isfinite(v), v, 0) for r, v in low.items()}
    peak = np.maximum(top[2.5], 0) + 1e-6
    three = near[:, WINDOW - 3 : WINDOW + 4, WINDOW - 3 : WINDOW + 4]
    fine = (
        4 * three[:, 1:-1, 1:-1] - three[:, :-2, 1:-1] - three[:, 2:, 1:-1] - three[:, 1:-1, :-2] - three[:, 1:-1, 2:]
    )
    ordered = np.sort(_within(near, 3.6), axis=1)
    sigma = np.maximum(noise, 1e-6)[:, None, None]
    dark, light = near < -3 * sigma, near > 3 * sigma
    wide = _within(near, 7.0)
    negative, positive = -np.minimum(wide, 0).sum(axis=1), np.maximum(wide, 0).sum(axis=1)
    n_dark, n_light = (count_true(flag & disc[5.0]).astype(np.float32) for flag in (dark, light))
    return {
        "peak_snr": logarithm(ratio(top[2.5], noise, 1e6)),
        "concentration": ratio(flux[1.5], flux[3.6]),
        "concentration_wide": ratio(flux[3.6], flux[7.0]),
        "sharpness": ratio(peak, np.abs(flux[1.5]) + peak),
        "second_over_peak": ratio(ordered[:, -2], np.abs(ordered[:, -1])),
        "fourth_over_peak": ratio(ordered[:, -4], np.abs(ordered[:, -1])),
        "ninth_over_peak": ratio(ordered[:, -9], np.abs(ordered[:, -1])),
        "laplacian_over_peak": ratio(fine.max(axis=(1, 2)), peak),
        "laplacian_dip": ratio(fine.min(axis=(1, 2)), peak),
        "core_dip": ratio(low[3.6], peak),
        "wide_dip": ratio(low[7.0], peak),
        "wide_top": ratio(top[7.0], peak),
        "negative_share": ratio(negative, negative + positive, 1.0),
        "dark_pixels": n_dark,
        "light_pixels": n_light,
        "dark_over_light": ratio(n_dark, n_light + 1),
        "missing_core": 1 - count_true(disc[3.6]) / (NEAR <= 3.6).sum(dtype=np.float32),
        "missing_near": 1 - count_true(disc[7.0]) / (NEAR <= 7).sum(dtype=np.float32),
    }


def symmetry_features(near: NDArray[np.float32]) -> Features:
    """Return how much the core changes when it is mirrored through its centre, and when it is rotated by 90 degrees."""
    core = near[:, 2:-2, 2:-2]
    power = (core**2).sum(axis=(1, 2))
    half = core[:, ::-1, ::-1]
    quarter = np.rot90(core, axes=(1, 2))
    left, right = core - half, core - quarter
    four = core + half + quarter + quarter[:, ::-1, ::-1]
    return {
        "asymmetry_half": ratio((left**2).sum(axis=(1, 2)), power, 4.0),
        "asymmetry_quarter": ratio((right**2).sum(axis=(1, 2)), power, 4.0),
        "asymmetry_four": ratio((four**2).sum(axis=(1, 2)) / 16, power, 1.0),
    }
