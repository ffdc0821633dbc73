"""A round Gaussian fitted to the middle of many cutouts at once."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

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

    def split(self, parts: int) -> "list[Fit]":
        """Return the fits of so many equal parts, each of consecutive cutouts."""
        columns = {field.name: np.split(getattr(self, field.name), parts) for field in fields(self)}
        return [Fit(**{name: values[part] for name, values in columns.items()}) for part in range(parts)]


def window(images: NDArray[Pixel], half: int = WINDOW) -> NDArray[Pixel]:
    """Return the central square of side ``2 * half + 1`` of ``(n, y, x)``, of odd sides."""
    middle = images.shape[1] // 2
    return images[:, middle - half : middle + half + 1, middle - half : middle + half + 1]


def fit_gaussian(images: NDArray[np.float32], masks: NDArray[np.bool_], start_width: float = 1.1) -> Fit:
    """Fit amplitude, centre, width and local background to the central 15 x 15 pixels.

    Parameters
    ----------
    images : ndarray of float32, ``(n, y, x)``
        Pixels of an odd side of at least 15, with 0 where missing.
    masks : ndarray of bool, ``(n, y, x)``
        True where the pixel counts.
    start_width : float
        Standard deviation of the Gaussian to start from, in pixels.

    Notes
    -----
    The fit takes damped Gauss-Newton steps in centre and width; amplitude and background are solved for exactly in each
    step (variable projection), so only three numbers are iterated. The centre stays within 3.5 pixels of the middle.

    All that a step takes are sums over the pixels of mask, data or residuals, each times a function of x alone and one
    of y alone: two small products of matrices, and no image for each of the parameters.
    """
    mask = window(masks).astype(np.float32)
    data = window(images) * mask
    n = len(data)
    parameters = np.zeros((n, 3), dtype=np.float32)
    parameters[:, 2] = start_width
    damping = np.full(n, 0.05, dtype=np.float32)
    best = np.full(n, np.inf, dtype=np.float32)
    kept, equations = parameters.copy(), np.zeros((n, 5, 6), dtype=np.float32)
    for steps_left in reversed(range(ITERATIONS)):
        trial = _Gaussians(parameters, data, mask)
        loss = trial.loss()
        better = loss < best
        damping *= np.where(better, np.float32(0.3), np.float32(5))
        best[better], kept[better] = loss[better], parameters[better]
        if steps_left:
            equations[better] = trial.equations()[better]
            parameters = _step(kept, equations, damping)
    return _result(kept, data, mask)


def _functions(parameters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return functions of x and of y ``(n, 2, 9, 15)``: 1, g u^k for k = 0 to 2, and g^2 u^k for k = 0 to 4.

    Here u is the offset from the centre in units of the width and g the profile exp(-u^2 / 2).
    """
    u = (_GRID - parameters[:, :2, None]) / parameters[:, 2:, None]
    out = np.empty((len(u), 2, 9, len(_GRID)), dtype=np.float32)
    out[:, :, 0] = 1
    np.exp(np.float32(-0.5) * u * u, out=out[:, :, 1])
    np.multiply(out[:, :, 1], out[:, :, 1], out=out[:, :, 4])
    for power in (2, 3, 5, 6, 7, 8):
        np.multiply(out[:, :, power - 1], u, out=out[:, :, power])
    return out


class _Gaussians:
    """Gaussians of given centre and width, with the amplitude and background ``(n,)`` that fit best."""

    def __init__(self, parameters: NDArray[np.float32], data: NDArray[np.float32], mask: NDArray[np.float32]) -> None:
        self._x, self._y = _functions(parameters).swapaxes(0, 1)
        self._mask = self._sums(mask, 9)
        of_data = self._sums(data, 2)
        count, sg, sgg = self._mask[:, 0, 0] + 1e-6, self._mask[:, 1, 1], self._mask[:, 4, 4] + 1e-6
        sd, sgd = of_data[:, 0, 0], of_data[:, 1, 1]
        determinant = np.maximum(sgg * count - sg**2, 1e-6 * sgg * count + 1e-12)
        self.amplitude = (sgd * count - sg * sd) / determinant
        self.background = (sd - self.amplitude * sg) / count
        scaled = self._y[:, :2] * np.stack([self.background, self.amplitude], axis=1)[:, :, None]
        self.left = scaled.transpose(0, 2, 1) @ self._x[:, :2]
        """Residuals ``(n, 15, 15)``, 0 where missing."""
        np.subtract(data, self.left, out=self.left)
        self.left *= mask

    def _sums(self, images: NDArray[np.float32], k: int) -> NDArray[np.float32]:
        """Return the sums over images of the products of the first k functions of y and of x, ``(n, k, k)``."""
        return np.asarray(self._y[:, :k] @ images @ self._x[:, :k].transpose(0, 2, 1), dtype=np.float32)

    def loss(self) -> NDArray[np.float32]:
        """Return the sum of squared residuals ``(n,)``."""
        return np.asarray(np.einsum("nyx,nyx->n", self.left, self.left), dtype=np.float32)

    def equations(self) -> NDArray[np.float32]:
        """Return the normal equations of x, y, width, amplitude and background, the right side last, ``(n, 5, 6)``.

        Lengths are in units of the width.
        """
        q, p = self._mask, self._mask[:, 4:, 4:].transpose(1, 2, 0)
        q, r = q.transpose(1, 2, 0)[1:4, 1:4], self._sums(self.left, 4).transpose(1, 2, 0)
        out = np.empty((5, 6, len(self.left)), dtype=np.float32)
        out[0] = p[0, 2], p[1, 1], p[0, 3] + p[2, 1], p[0, 1], q[0, 1], r[1, 2]
        out[1] = p[1, 1], p[2, 0], p[1, 2] + p[3, 0], p[1, 0], q[1, 0], r[2, 1]
        out[2, 2:] = p[0, 4] + 2 * p[2, 2] + p[4, 0], p[0, 2] + p[2, 0], q[0, 2] + q[2, 0], r[1, 3] + r[3, 1]
        out[3, 3:] = p[0, 0], q[0, 0], r[1, 1]
        out[4, 4:] = self._mask[:, 0, 0], r[0, 0]
        for row in range(2, 5):
            out[row, :row] = out[:row, row]
        out[:3] *= self.amplitude
        out[:, :3] *= self.amplitude
        return out.transpose(2, 0, 1)


def _step(
    kept: NDArray[np.float32], equations: NDArray[np.float32], damping: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the next centre and width to try."""
    normal = equations[:, :, :5].copy()
    diagonal = np.einsum("nii->ni", normal)
    diagonal *= 1 + damping[:, None]
    scale = 1 / np.sqrt(diagonal + 1e-20)
    normal *= scale[:, :, None] * scale[:, None, :]
    diagonal += 1e-5
    step = np.linalg.solve(normal, (equations[:, :, 5] * scale)[..., None])[..., 0] * scale
    # steps are in units of the width, bounded so that one bad step cannot leave the window
    step = np.clip(step[:, :3], -0.7, 0.7)
    step[np.isnan(step)] = 0
    parameters = kept + step * kept[:, 2:]
    np.clip(parameters[:, :2], -3.5, 3.5, out=parameters[:, :2])
    np.clip(parameters[:, 2], MIN_WIDTH, MAX_WIDTH, out=parameters[:, 2])
    return parameters


def _result(parameters: NDArray[np.float32], data: NDArray[np.float32], mask: NDArray[np.float32]) -> Fit:
    """Return the fit that belongs to the best parameters."""
    best = _Gaussians(parameters, data, mask)
    count = np.maximum(mask.sum(axis=(1, 2)), 1)
    mean = data.sum(axis=(1, 2)) / count
    around = (data - mean[:, None, None]) * mask
    total, loss = np.einsum("nyx,nyx->n", around, around), best.loss()
    x, y, width = parameters.T
    return Fit(
        flux=best.amplitude * 2 * np.pi * width**2,
        x=x,
        y=y,
        width=width,
        background=best.background,
        rms=np.sqrt(loss / count),
        explained=np.clip(1 - loss / (total + 1e-12), 0, 1),
        leftover=best.left,
    )
