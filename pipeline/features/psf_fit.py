"""A round Gaussian fitted to the middle of many cutouts at once."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.features.planes import HALF

WINDOW = 7
"""Half side of the fitted square, in pixels."""

ITERATIONS = 8
MIN_WIDTH, MAX_WIDTH = 0.35, 6.0
"""Bounds of the Gaussian's standard deviation, in pixels."""

Pixel = TypeVar("Pixel", bound=np.generic)
_GRID = np.arange(-WINDOW, WINDOW + 1, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Best Gaussian of every cutout; fluxes in the unit of the pixels, lengths in pixels, all ``(n,)``."""

    flux: NDArray[np.float32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    width: NDArray[np.float32]
    background: NDArray[np.float32]
    rms: NDArray[np.float32]
    """Root mean square of the residuals of the fit in the window."""
    explained: NDArray[np.float32]
    """Share of the variance in the window that the fit explains, 0 to 1."""
    leftover: NDArray[np.float32]
    """Residuals of the fit, ``(n, 15, 15)``, 0 where missing."""


def window(images: NDArray[Pixel], half: int = WINDOW) -> NDArray[Pixel]:
    """Return the central ``2 * half + 1`` square of ``(n, y, x)``."""
    return images[:, HALF - half : HALF + half + 1, HALF - half : HALF + half + 1]


def _model(parameters: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return the two profiles ``(n, 15)`` of the unit Gaussian, and the offsets from its centre."""
    dx = _GRID[None] - parameters[:, 1:2]
    dy = _GRID[None] - parameters[:, 2:3]
    scale = -0.5 / parameters[:, 3:4] ** 2
    return np.exp(scale * dx**2), np.exp(scale * dy**2), dx, dy


def _linear(
    gx: NDArray[np.float32], gy: NDArray[np.float32], data: NDArray[np.float32], mask: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the amplitude and background that fit best for given profiles."""
    n = len(data)
    shape = (gy[:, :, None] * gx[:, None, :] * mask).reshape(n, 1, -1)
    flat = data.reshape(n, -1, 1)
    sgg = (shape @ shape.transpose(0, 2, 1))[:, 0, 0] + 1e-6
    sg, sd = shape.sum(axis=(1, 2)), flat.sum(axis=(1, 2))
    sgd = (shape @ flat)[:, 0, 0]
    count = mask.sum(axis=(1, 2)) + 1e-6
    determinant = np.maximum(sgg * count - sg**2, 1e-6 * sgg * count + 1e-12)
    amplitude = (sgd * count - sg * sd) / determinant
    return amplitude, (sd - amplitude * sg) / count


def fit_gaussian(images: NDArray[np.float32], masks: NDArray[np.bool_], start_width: float = 1.1) -> Fit:
    """Fit amplitude, centre, width and local background to the central 15 x 15 pixels.

    Parameters
    ----------
    images : ndarray of float32, ``(n, y, x)``
        Pixels of side ``SIDE``, or of side 15 already, with 0 where missing.
    masks : ndarray of bool, ``(n, y, x)``
        True where the pixel counts.
    start_width : float
        Standard deviation of the Gaussian to start from, in pixels.

    Notes
    -----
    The fit takes damped Gauss-Newton steps in centre and width; amplitude and background are solved for exactly in each
    step (variable projection), so only three numbers are iterated. The centre stays within 3.5 pixels of the middle.
    """
    inner = images.shape[1] == 2 * WINDOW + 1
    mask = (masks if inner else window(masks)).astype(np.float32)
    data = (images if inner else window(images)) * mask
    n = len(data)
    parameters = np.zeros((n, 4), dtype=np.float32)
    parameters[:, 3] = start_width
    damping = np.full(n, 0.05, dtype=np.float32)
    best = np.full(n, np.inf, dtype=np.float32)
    kept = parameters.copy()
    state: tuple[NDArray[np.floating], ...] = ()
    for steps_left in reversed(range(ITERATIONS)):
        gx, gy, dx, dy = _model(parameters)
        amplitude, background = _linear(gx, gy, data, mask)
        left = (data - amplitude[:, None, None] * (gy[:, :, None] * gx[:, None, :]) - background[:, None, None]) * mask
        loss = np.einsum("nyx,nyx->n", left, left)
        better = loss < best
        damping = np.where(better, damping * 0.3, damping * 5).astype(np.float32)
        best = np.where(better, loss, best)
        kept = np.where(better[:, None], parameters, kept)
        if better.all():
            state = (gx, gy, dx, dy, amplitude, left)
        elif better.any():
            state = tuple(
                np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip((gx, gy, dx, dy, amplitude, left), state, strict=True)
            )
        if steps_left:
            parameters = _step(kept, state, mask, damping)
    return _result(kept, data, mask)


def _step(
    kept: NDArray[np.float32],
    state: tuple[NDArray[np.floating], ...],
    mask: NDArray[np.float32],
    damping: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the next centre and width to try."""
    gx, gy, dx, dy, amplitude, left = state
    n = len(gx)
    width = kept[:, 3:4]
    hx, hy = gx * dx / width, gy * dy / width
    wx, wy = gx * (dx / width) ** 2, gy * (dy / width) ** 2
    images = np.empty((n, 5, *mask.shape[1:]), dtype=np.float32)
    np.multiply(hx[:, None, :], gy[:, :, None], out=images[:, 0])
    np.multiply(gx[:, None, :], hy[:, :, None], out=images[:, 1])
    np.multiply(wx[:, None, :], gy[:, :, None], out=images[:, 2])
    images[:, 2] += gx[:, None, :] * wy[:, :, None]
    np.multiply(gx[:, None, :], gy[:, :, None], out=images[:, 3])
    images[:, 4] = 1
    images *= mask[:, None]
    design = images.reshape(n, 5, -1)
    design[:, :3] *= amplitude[:, None, None]
    normal = design @ design.transpose(0, 2, 1)
    right = (design @ left.reshape(n, -1, 1))[..., 0]
    diagonal = np.einsum("nii->ni", normal)
    diagonal *= 1 + damping[:, None]
    scale = 1 / np.sqrt(diagonal + 1e-20)
    normal = normal * scale[:, :, None] * scale[:, None, :] + 1e-5 * np.eye(5, dtype=np.float32)
    step = np.linalg.solve(normal, (right * scale)[..., None])[..., 0] * scale
    # steps are in units of the width, bounded so that one bad step cannot leave the window
    step = np.clip(np.nan_to_num(step[:, :3]), -0.7, 0.7) * np.concatenate([width, width, width], axis=1)
    parameters = kept.copy()
    parameters[:, 1:3] = np.clip(kept[:, 1:3] + step[:, :2], -3.5, 3.5)
    parameters[:, 3] = np.clip(kept[:, 3] + step[:, 2], MIN_WIDTH, MAX_WIDTH)
    return parameters


def _result(parameters: NDArray[np.float32], data: NDArray[np.float32], mask: NDArray[np.float32]) -> Fit:
    """Return the fit that belongs to the best parameters."""
    gx, gy, _, _ = _model(parameters)
    amplitude, background = _linear(gx, gy, data, mask)
    left = (data - amplitude[:, None, None] * (gy[:, :, None] * gx[:, None, :]) - background[:, None, None]) * mask
    count = np.maximum(mask.sum(axis=(1, 2)), 1)
    mean = data.sum(axis=(1, 2)) / count
    total = (((data - mean[:, None, None]) * mask) ** 2).sum(axis=(1, 2))
    loss = (left**2).sum(axis=(1, 2))
    return Fit(
        flux=amplitude * 2 * np.pi * parameters[:, 3] ** 2,
        x=parameters[:, 1],
        y=parameters[:, 2],
        width=parameters[:, 3],
        background=background,
        rms=np.sqrt(loss / count),
        explained=np.clip(1 - loss / (total + 1e-12), 0, 1),
        leftover=left,
    )
