"""The cuts on shape that a difference passes before it becomes a ZTF alert, measured on cutouts.

The quantities are those of the `alert schema <https://zwickytransientfacility.github.io/ztf-avro-alert/schema.html>`_,
measured on the difference as ZTF stores it: positive where the flux changed. The schema does not say where ZTF cuts;
the bounds are what none of the 2,249 alerts of the comparison exceeds. ``magdiff``, aperture less PSF magnitude, is
within -0.85 to 0.75 in all of them; it needs the PSF of each image, which a cutout does not bring, and is left out.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.stats import spearmanr

from pipeline.conversions import FWHM_PER_SIGMA

MOST_NEGATIVE = 13
"""``nneg``: negative pixels of the central 5 x 5."""
MOST_BAD = 2
"""``nbad``: bad pixels of the central 5 x 5; a cutout shows those that are missing."""
LEAST_SUM_RATIO = 0.4
"""``sumrat``: sum of the central 5 x 5 pixels over that of their absolute values, after a 3 x 3 median."""
MOST_ELONGATED = 1.6
"""``elong``: windowed RMS along the major axis over that along the minor one."""
LEAST_EDGE_PIXEL = 10.0
"""``mindtoedge``: distance to the nearest border of the image."""

CUTS = {
    "nneg": f"at most {MOST_NEGATIVE}",
    "nbad": f"at most {MOST_BAD}",
    "sumrat": f"at least {LEAST_SUM_RATIO}",
    "elong": f"at most {MOST_ELONGATED}",
    "mindtoedge": f"at least {LEAST_EDGE_PIXEL:.0f}",
}

_WINDOW_FWHM_PIXEL = 2.5
"""Width of the window of the moments; 2.5 pixels of 1.5 to 4.0 agree best with ZTF's ``elong``."""
_REACH_PIXEL = 6
_MOST_ROUNDS = 6


def measure_cuts(difference: NDArray[np.float32], edge_pixel: NDArray[np.float64]) -> pd.DataFrame:
    """Return what ZTF cuts on.

    Parameters
    ----------
    difference : ndarray of float32, (n, y, x)
        Positive where the flux changed; NaN where missing.
    edge_pixel : ndarray, (n,)
        Distance to the nearest border of the image in pixels.

    Returns
    -------
    quantities : DataFrame
        ``nneg nbad sumrat elong mindtoedge``.

    Examples
    --------
    >>> cutout = np.full((1, 21, 21), -1.0, dtype=np.float32)
    >>> cutout[0, 9:12, 9:12] = 9.0
    >>> measured = measure_cuts(cutout, np.array([50.0])).iloc[0]
    >>> int(measured["nneg"]), round(float(measured["elong"]), 2)
    (16, 1.0)
    """
    middle = difference.shape[1] // 2
    centre = difference[:, middle - 2 : middle + 3, middle - 2 : middle + 3]
    smooth = _median_of_nine(np.nan_to_num(centre))
    total = np.abs(smooth).sum(axis=(1, 2))
    return pd.DataFrame(
        {
            "nneg": (centre < 0).sum(axis=(1, 2)),
            "nbad": (~np.isfinite(centre)).sum(axis=(1, 2)),
            "sumrat": smooth.sum(axis=(1, 2)) / np.maximum(total, 1e-12),
            "elong": _elongation(difference),
            "mindtoedge": edge_pixel,
        }
    )


def passes(quantities: pd.DataFrame) -> pd.DataFrame:
    """Return which rows pass each cut, one column per cut."""
    return pd.DataFrame(
        {
            "nneg": quantities["nneg"] <= MOST_NEGATIVE,
            "nbad": quantities["nbad"] <= MOST_BAD,
            "sumrat": quantities["sumrat"] >= LEAST_SUM_RATIO,
            "elong": quantities["elong"] <= MOST_ELONGATED,
            "mindtoedge": quantities["mindtoedge"] >= LEAST_EDGE_PIXEL,
        }
    )


def agreement(measured: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return how well measured quantities agree with ZTF's own columns: ``rank_correlation median_off exact``.

    ``exact`` is the share of rows that are equal to two decimals.
    """
    lines = {}
    for name in ("nneg", "sumrat", "elong"):
        off = np.abs(measured[name].to_numpy() - own[name].to_numpy())
        correlation = spearmanr(measured[name], own[name]).statistic
        lines[name] = {"rank_correlation": correlation, "median_off": np.median(off), "exact": (off < 0.005).mean()}
    return pd.DataFrame(lines).T


def _median_of_nine(centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each pixel's median with its neighbours, (n, y, x); the border is repeated outwards."""
    padded = np.pad(centre, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return np.median(sliding_window_view(padded, (3, 3), axis=(1, 2)), axis=(3, 4))


def _elongation(difference: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the elongation from second moments under a Gaussian window that follows the source, (n,)."""
    middle = difference.shape[1] // 2
    near = slice(middle - _REACH_PIXEL, middle + _REACH_PIXEL + 1)
    level = np.array([np.nanmedian(image) if np.isfinite(image).any() else 0.0 for image in difference])
    flat = np.nan_to_num(difference[:, near, near].astype(np.float64) - level[:, None, None])
    x_centre, y_centre = np.zeros(len(flat)), np.zeros(len(flat))
    for _ in range(_MOST_ROUNDS):
        x, y, weighted, total = _windowed(flat, x_centre, y_centre)
        x_centre = np.clip(x_centre + 2.0 * (weighted * x).sum(axis=(1, 2)) / total, -2.0, 2.0)
        y_centre = np.clip(y_centre + 2.0 * (weighted * y).sum(axis=(1, 2)) / total, -2.0, 2.0)
    x, y, weighted, total = _windowed(flat, x_centre, y_centre)
    xx, yy, xy = ((weighted * moment).sum(axis=(1, 2)) / total for moment in (x * x, y * y, x * y))
    mean, spread = (xx + yy) / 2.0, np.hypot((xx - yy) / 2.0, xy)
    return np.sqrt(np.maximum(mean + spread, 1e-3) / np.maximum(mean - spread, 1e-3))


def _windowed(
    flat: NDArray[np.float64], x_centre: NDArray[np.float64], y_centre: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Return pixels' offsets in x and y from the centres, their light under the window, and its sum."""
    grid = np.arange(flat.shape[1]) - flat.shape[1] // 2
    x, y = grid[None, None, :] - x_centre[:, None, None], grid[None, :, None] - y_centre[:, None, None]
    weighted = flat * np.exp(-0.5 * (x**2 + y**2) * (FWHM_PER_SIGMA / _WINDOW_FWHM_PIXEL) ** 2)
    return x, y, weighted, np.maximum(weighted.sum(axis=(1, 2)), 1e-9)
