"""Transients made of real pixels: a known mover's cutout added to a galaxy's, and galaxies on their own as bogus."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.sphere import chord_of, unit_vectors
from pipeline.cutouts.layers import LAYERS, combine_frames
from pipeline.errors import InputError

_BORDER = 0.2
"""The sky of a cutout is the median of its border, which is this share of its side wide."""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The galaxy on which each mover is put, and the galaxies that are used on their own.

    Attributes
    ----------
    mover, host : ndarray of int, (pairs,)
        Rows of movers and of galaxies.
    residual : ndarray of int, (residuals,)
        Rows of further galaxies.
    """

    mover: NDArray[np.intp]
    host: NDArray[np.intp]
    residual: NDArray[np.intp]


def pair_with_galaxies(
    movers_deg: NDArray[np.float64],
    galaxies_deg: NDArray[np.float64],
    magnitude: NDArray[np.float64],
    *,
    search_arcsec: float,
    residuals_per_mover: float,
) -> Pairing:
    """Give each mover of an exposure the brightest galaxy near it that no other mover has; the next are residuals.

    The galaxies near one mover at a time are looked at, so memory does not grow if both are crowded.

    Parameters
    ----------
    movers_deg : ndarray, (movers, 2)
        Right ascension and declination.
    galaxies_deg : ndarray, (galaxies, 2)
    magnitude : ndarray, (galaxies,)
    search_arcsec : float
        How far from a mover a galaxy may be.
    residuals_per_mover : float
        Residuals for each pair, rounded to a whole number of them.
    """
    order = np.argsort(magnitude, kind="stable")
    tree = KDTree(unit_vectors(*galaxies_deg[order].T).reshape(-1, 3))
    around, used = np.zeros(len(order), bool), np.zeros(len(order), bool)
    movers, hosts = [], []
    for mover, place in enumerate(unit_vectors(*movers_deg.T)):
        near = np.array(tree.query_ball_point(place, chord_of(search_arcsec)), np.intp)
        around[near] = True
        free = near[~used[near]]
        if len(free):
            movers.append(mover)
            hosts.append(free.min())
            used[hosts[-1]] = True
    rest = np.flatnonzero(around & ~used)
    wanted = round(residuals_per_mover * len(movers))
    return Pairing(
        mover=np.array(movers, dtype=np.intp),
        host=order[np.array(hosts, dtype=np.intp)],
        residual=order[rest[:wanted]],
    )


def jittered(positions_deg: NDArray[np.float64], jitter_arcsec: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return positions, (n, 2), moved uniformly within a square on the sky with a side of twice the jitter."""
    moves = rng.uniform(-jitter_arcsec, jitter_arcsec, positions_deg.shape) / ARCSEC_PER_DEG
    moves[:, 0] /= np.maximum(np.cos(np.radians(positions_deg[:, 1])), 1e-6)
    moved = positions_deg + moves
    moved[:, 0] %= 360.0
    return moved


def add_mover(
    mover: NDArray[np.float32],
    galaxy: NDArray[np.float32],
    channels: Sequence[str],
    mover_frames: Sequence[NDArray[np.float32]] = (),
    galaxy_frames: Sequence[NDArray[np.float32]] = (),
) -> NDArray[np.float32]:
    """Return the cutouts of galaxies with movers on them, after subtracting one sky of the two.

    Parameters
    ----------
    mover, galaxy : ndarray of float32, (n, y, x, channel)
        Cutouts of the same exposure; a pixel that is missing in one is missing in the sum.
    channels : sequence of str
        Names of the channels. Those of individual frames (:data:`~pipeline.cutouts.layers.LAYERS`) are not sums: the
        frames are summed, and the layers are combined from the sums.
    mover_frames, galaxy_frames : sequence of ndarray, (n, y, x)
        The same cutouts in each individual frame, in the same order.

    Raises
    ------
    InputError
        If the shapes differ, or there are channels of frames but no frames.
    """
    if mover.shape != galaxy.shape or mover.shape[-1] != len(channels):
        raise InputError(
            f"cutouts of movers {mover.shape} and galaxies {galaxy.shape} differ, for {len(channels)} channels"
        )
    layers = [name for name in channels if name in LAYERS]
    if len(mover_frames) != len(galaxy_frames) or (layers and not mover_frames):
        raise InputError(
            f"channels {', '.join(layers)} are made of frames; given {len(mover_frames)} of the movers and "
            f"{len(galaxy_frames)} of the galaxies"
        )
    combined = galaxy + mover - _sky(mover)
    if layers:
        frames = (
            first + second - _sky(first[..., None])[..., 0]
            for first, second in zip(mover_frames, galaxy_frames, strict=True)
        )
        for name, layer in zip(layers, combine_frames(frames, layers, mover.shape[:3]), strict=True):
            combined[..., list(channels).index(name)] = layer
    return combined.astype(np.float32)


def _sky(cutouts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median of the borders, (n, 1, 1, channel); 0 if a border is missing altogether."""
    size = cutouts.shape[1]
    width = max(1, int(_BORDER * size))
    outer = np.ones((size, size), dtype=bool)
    outer[width:-width, width:-width] = False
    border = cutouts[:, outer, :]
    known = np.asarray(np.isfinite(border).any(axis=1))
    filled = np.where(known[:, None, :], border, np.float32(0.0))
    return np.nanmedian(filled, axis=1)[:, None, None, :].astype(np.float32)
