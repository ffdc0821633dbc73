"""Whether the three images are consistent with new light, or with residual structure of the template.

Tested by tests/pipeline/features/test_features.py.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.features.bounded import logarithm, ratio
from pipeline.features.planes import Planes, aperture_flux
from pipeline.features.psf_fit import WINDOW, Fit, window
from pipeline.features.shape import NEAR

Features = dict[str, NDArray[np.float32]]


def _aperture(image: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    return (window(image) * (radius >= NEAR)).sum(axis=(1, 2))


def flux_features(planes: Planes) -> Features:
    """Return the flux of each image at the centre over that of the difference."""
    out = {}
    flux = {
        name: aperture_flux(image)
        for name, image in (
            ("bright", planes.bright),
            ("faint", planes.faint),
            ("difference", planes.difference),
            ("residual", planes.residual),
        )
    }
    for name in ("bright", "faint", "residual"):
        out[f"{name}_over_difference"] = ratio(flux[name], flux["difference"], 20.0)
    out["faint_over_bright"] = ratio(flux["faint"], np.abs(flux["bright"]), 3.0)
    for radius in (2.5, 5.0):
        scale = _aperture(np.abs(window(planes.difference)), radius)
        out[f"residual_over_difference_{radius:g}"] = ratio(_aperture(planes.residual, radius), scale)
        out[f"difference_net_{radius:g}"] = ratio(_aperture(planes.difference, radius), scale, 1.0)
    peak = window(planes.difference).max(axis=(1, 2))
    for name, image in (("faint", planes.faint), ("bright", planes.bright)):
        top = (window(image) * (NEAR <= 3.6)).max(axis=(1, 2))
        out[f"{name}_peak_over_difference"] = logarithm(ratio(top, peak, 1e3))
    return out


def correlation_features(planes: Planes) -> Features:
    """Return correlations between the images in the core and of their noise-limited surroundings."""
    n = len(planes.bright)
    images = (planes.difference, planes.bright, planes.faint, planes.residual)
    masks = (planes.bright_mask, planes.faint_mask, planes.difference_mask)
    core = [image.reshape(n, -1).take(planes.frame.core, axis=1) for image in images]
    *two, loose = (mask.reshape(n, -1).take(planes.frame.core, axis=1) for mask in masks)
    alone = _Correlations(core, loose)
    both = _Correlations(core[:3], two[0] & two[1] & loose)
    out = {
        "core_difference_residual": alone.of(0, 3),
        "core_difference_bright": alone.of(0, 1),
        "core_difference_faint": both.of(0, 2),
        "core_bright_faint": both.of(1, 2),
    }
    ring = [image.reshape(n, -1).take(planes.frame.ring, axis=1) for image in images]
    for values in ring:
        np.clip(values, -1e3, 1e3, out=values)
    mask = (masks[0] & masks[1] & masks[2]).reshape(n, -1).take(planes.frame.ring, axis=1)
    around = _Correlations(ring, mask)
    out["ring_difference_faint"] = around.of(0, 2)
    out["ring_difference_bright"] = around.of(0, 1)
    out["ring_difference_residual"] = around.of(0, 3)
    out["ring_bright_faint"] = around.of(1, 2)
    positive = np.maximum(ring[2], 0)
    positive *= mask
    power = np.vecdot(positive, positive) + 100 * np.maximum(planes.faint_noise, 1e-6) ** 2
    out["ring_gain"] = ratio(np.vecdot(ring[0], positive), power, 2.0)
    out["ring_gain_size"] = ratio(np.vecdot(np.abs(ring[0]), positive), power, 2.0)
    return out


class _Correlations:
    """Correlations of pixels ``(n, p)`` of several images, where a mask says so."""

    def __init__(self, images: Sequence[NDArray[np.float32]], mask: NDArray[np.bool_]) -> None:
        weight = mask.astype(np.float32)
        total = weight.sum(axis=1) + 1e-6
        self._centred = [(image - (np.vecdot(image, weight) / total)[:, None]) * weight for image in images]
        self._size = [np.sqrt(np.vecdot(image, image)) for image in self._centred]

    def of(self, first: int, second: int) -> NDArray[np.float32]:
        """Return the correlation of two of the images, ``(n,)``."""
        cross = np.vecdot(self._centred[first], self._centred[second])
        return ratio(cross, self._size[first] * self._size[second], 1.0)


def _gradients(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return d/dx, d/dy and the Laplacian of the 15 x 15 window."""
    wide = window(image, WINDOW + 1)
    middle = wide[:, 1:-1, 1:-1]
    right, left, up, down = wide[:, 1:-1, 2:], wide[:, 1:-1, :-2], wide[:, 2:, 1:-1], wide[:, :-2, 1:-1]
    return 0.5 * (right - left), 0.5 * (up - down), right + left + up + down - 4 * middle


class _Regression:
    """Least squares of the difference on any subset of columns, from one set of normal equations.

    They are in float64: what remains of a bright source is a difference of large numbers.
    """

    def __init__(self, columns: NDArray[np.float32], data: NDArray[np.float32]) -> None:
        self.scale = np.sqrt(np.vecdot(columns, columns)) + 1e-9
        scaled, exact = np.divide(columns, self.scale[:, :, None], dtype=np.float64), data.astype(np.float64)
        self.normal = scaled @ scaled.copy().transpose(0, 2, 1)  # of one array with itself it takes three times as long
        self.right = np.matvec(scaled, exact)
        self.power = np.vecdot(exact, exact)

    def solve(self, chosen: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the coefficients ``(n, k)`` of the chosen columns, and the power that remains unexplained."""
        normal, right = self.normal[:, chosen][:, :, chosen], self.right[:, chosen]
        coefficient = np.linalg.solve(normal + 1e-4 * np.eye(len(chosen)), right[..., None])[..., 0]
        explained = 2 * np.vecdot(coefficient, right) - np.vecdot(coefficient, np.matvec(normal, coefficient))
        return coefficient / self.scale[:, chosen], np.maximum(self.power - explained, 0)


def structure_features(planes: Planes, difference_fit: Fit, bright_fit: Fit) -> Features:
    """Return the shares of the difference that a point source and the template's structure explain.

    The point source has the width and centre of the bright image's fit; the template's structure is the image
    itself (a wrong gain), its gradients (a wrong position) and its Laplacian (a wrong PSF).
    """
    n = len(planes.bright)
    yy, xx = np.mgrid[-WINDOW : WINDOW + 1, -WINDOW : WINDOW + 1].astype(np.float32)
    width = np.clip(bright_fit.width, 0.7, 3.0)[:, None, None]
    centre_x = np.clip(difference_fit.x, -2, 2)[:, None, None]
    centre_y = np.clip(difference_fit.y, -2, 2)[:, None, None]
    star = np.exp(-0.5 * ((xx[None] - centre_x) ** 2 + (yy[None] - centre_y) ** 2) / width**2)
    static = planes.faint
    dx, dy, laplacian = _gradients(static)
    mask = window(planes.difference_mask).reshape(n, 1, -1)
    columns = np.stack([np.ones_like(star), star, window(static), dx, dy, laplacian], axis=1)
    columns = columns.reshape(n, 6, -1) * mask
    data = (window(planes.difference) * window(planes.difference_mask)).reshape(n, -1)
    fit = _Regression(columns, data)
    base = fit.solve([0])[1] + 1e-9
    left = {name: fit.solve(cols) for name, cols in _MODELS.items()}
    out = {f"unexplained_{name}": ratio(power, base, 1.0) for name, (_, power) in left.items()}
    pixels = np.maximum(mask.sum(axis=(1, 2)), 1)
    sigma = np.maximum(planes.difference_noise, 1e-6)
    out["unexplained_all_chi"] = logarithm(ratio(np.sqrt(left["all"][1] / pixels), sigma, 1e6))
    out["star_gain"] = ratio(left["star"][1], left["structure"][1] + 1e-9, 10.0)
    out["star_needed"] = ratio(left["all"][1], left["structure"][1] + 1e-9, 1.0)
    out["structure_needed"] = ratio(left["all"][1], left["star"][1] + 1e-9, 1.0)
    amplitude = np.abs(left["all"][0][:, 1])
    out["star_amplitude_snr"] = logarithm(ratio(amplitude, sigma, 1e6))
    out["gain_coefficient"] = np.clip(np.abs(left["gain"][0][:, 1]), 0, 2)
    out["shift_coefficient"] = np.clip(np.hypot(left["all"][0][:, 3], left["all"][0][:, 4]), 0, 3)
    top = np.abs(window(static)).max(axis=(1, 2))
    out["static_peak_snr"] = logarithm(ratio(top, np.maximum(planes.faint_noise, 1e-6), 1e6))
    out["residual_over_structure"] = logarithm(
        ratio(np.sqrt(base / pixels), np.sqrt((window(static) ** 2).mean((1, 2))), 1e3)
    )
    slope = np.sqrt((dx**2 + dy**2).mean(axis=(1, 2)))
    out["residual_over_slope"] = logarithm(ratio(np.sqrt(base / pixels), slope, 1e3))
    return out


_MODELS = {
    "star": [0, 1],
    "gain": [0, 2],
    "shift": [0, 3, 4],
    "blur": [0, 5],
    "structure": [0, 2, 3, 4, 5],
    "all": [0, 1, 2, 3, 4, 5],
}


def agreement_features(bright: Fit, faint: Fit, difference: Fit) -> Features:
    """Return how well the three fits agree in position and width."""
    return {
        "offset_difference_bright": np.hypot(difference.x - bright.x, difference.y - bright.y),
        "offset_difference_faint": np.hypot(difference.x - faint.x, difference.y - faint.y),
        "width_difference_bright": ratio(difference.width, bright.width),
        "width_difference_faint": ratio(difference.width, faint.width),
        "fit_flux_difference_bright": ratio(difference.flux, np.abs(bright.flux), 10.0),
        "fit_flux_faint_bright": ratio(faint.flux, np.abs(bright.flux), 10.0),
    }
