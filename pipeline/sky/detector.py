"""The detector of the synthetic survey: flat field, cosmic rays, hot and dead pixels, cross-talk, bleeding, masks."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.rng import stream
from pipeline.sky.grid import GridSettings
from pipeline.sky.ranges import SHARE, above, at_least
from pipeline.sky.smooth import smooth_field

_FLAT_SCALE_PIXEL = 40.0

_CROSSTALK_FROM = 0.1
"""Share of the full well from which a signal shows in the other half of the detector."""

_TRAP_PIXELS = (2, 4)
"""Most columns and rows of one trap."""

_STEEP_SHARE, _STEEP_PIXEL, _SLANTED_PIXEL = 0.5, 0.2, 2.0
"""Share of the cosmic rays that cross the detector steeply, and typical lengths of their tracks and of the others'."""

_MASK_GROWS = 3
"""Pixels by which a mask reaches beyond what is full."""

_CROSSTALK_SEEN = 5.0
"""Electrons from which cross-talk counts as such."""

Electrons = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class DetectorSettings(GridSettings):
    """What the detector makes of the light: its noise, its faults, and what the survey masks of them.

    Attributes
    ----------
    detector : str
        Name of the detector.
    gain : float, in electron/ADU
        Electrons per ADU.
    read_noise : float, in electron
        Noise of reading a pixel.
    saturation : float, in ADU
        Level at which a pixel is full; what is above bleeds along its column.
    flat_error : float
        Error of the flat field, rms, smooth over about 50 pixels.
    cosmic_rays : int
        Mean number of cosmic rays in an exposure.
    template_cosmic_rays : int
        Mean number of tracks that are left in a template, weakened.
    hot_pixels : int
        Pixels of the detector that are hot, each in a share of the exposures.
    dead_pixels : int
        Traps of one pixel or a few that keep a part of the charge, each in a share of the exposures.
    bad_columns : int
        Columns of the detector that are masked in part.
    masked_edge_pixel : int, in pixel
        Width of the masked border of the science image.
    masked_star_share : float
        Share of the saturated stars that the survey masks in the science image, with the charge that they bleed.
    crosstalk : float
        Share of the signal above a tenth of the full well that shows mirrored in the other half of the detector.
    """

    detector: str = "C1"
    gain: float = field(default=1.5, metadata=above(0))
    read_noise: float = field(default=8.0, metadata=at_least(0))
    saturation: float = field(default=50000.0, metadata=above(0))
    flat_error: float = field(default=0.01, metadata=at_least(0))
    cosmic_rays: int = field(default=45, metadata=at_least(0))
    template_cosmic_rays: int = field(default=8, metadata=at_least(0))
    hot_pixels: int = field(default=28, metadata=at_least(0))
    dead_pixels: int = field(default=18, metadata=at_least(0))
    bad_columns: int = field(default=2, metadata=at_least(0))
    masked_edge_pixel: int = field(default=6, metadata=at_least(0))
    masked_star_share: float = field(default=0.7, metadata=SHARE)
    crosstalk: float = field(default=0.0004, metadata=at_least(0))


def flat_residual(settings: DetectorSettings, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what is left of the flat field, (y, x), 1 on average, smooth over some tens of pixels."""
    return 1.0 + settings.flat_error * smooth_field(settings.size_pixel, _FLAT_SCALE_PIXEL, rng)


def add_cosmic_rays(electrons: Electrons, mean_number: int, rng: np.random.Generator, weaken: float = 1.0) -> Mask:
    """Add the tracks of cosmic rays to an image in place; return the pixels they changed, (y, x).

    Parameters
    ----------
    electrons : ndarray of float64, (y, x)
        The image in electrons, square; changed.
    mean_number : int
        Mean of the Poisson number of tracks.
    rng : Generator
        Draws number, places, lengths and charges.
    weaken : float
        Divides their charge, for an average over exposures from which they were not quite rejected.
    """
    size = electrons.shape[0]
    hit = np.zeros(electrons.shape, dtype=bool)
    for _ in range(rng.poisson(mean_number)):
        steep = rng.random() < _STEEP_SHARE
        length = min(1.0 + rng.exponential(_STEEP_PIXEL if steep else _SLANTED_PIXEL), 40.0)
        angle, x, y = rng.uniform(0.0, np.pi), rng.uniform(0, size), rng.uniform(0, size)
        steps = np.arange(0.0, length, 0.25)
        rows = np.floor(y + np.sin(angle) * steps).astype(int)
        columns = np.floor(x + np.cos(angle) * steps).astype(int)
        inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
        charge = rng.gamma(2.0, 400.0) * (0.5 + rng.random(len(steps))) / (4.0 * weaken)
        np.add.at(electrons, (rows[inside], columns[inside]), charge[inside])
        hit[rows[inside], columns[inside]] = True
    return hit


def add_hot_pixels(electrons: Electrons, settings: DetectorSettings, seed: int, rng: np.random.Generator) -> Mask:
    """Add hot pixels in place, at the same places in every exposure; return which are hot now, (y, x).

    Parameters
    ----------
    electrons : ndarray of float64, (y, x)
        The image in electrons; changed.
    settings : DetectorSettings
        How many hot pixels the detector has, and its name.
    seed : int
        Decides, with the detector's name, where they are, how hot, and in what share of the exposures.
    rng : Generator
        Draws which of them are hot in this exposure, and their noise.
    """
    detector = stream(seed, "detector", settings.detector)
    number, size = settings.hot_pixels, settings.size_pixel
    rows, columns = detector.integers(0, size, number), detector.integers(0, size, number)
    charge, share = detector.gamma(2.0, 600.0, number), detector.uniform(0.3, 1.0, number)
    now = rng.random(number) < share
    hot = np.zeros(electrons.shape, dtype=bool)
    hot[rows[now], columns[now]] = True
    np.add.at(electrons, (rows[now], columns[now]), rng.poisson(charge[now]).astype(np.float64))
    return hot


def lose_dead_pixels(electrons: Electrons, settings: DetectorSettings, seed: int, rng: np.random.Generator) -> Mask:
    """Take charge from the traps of the detector in place; return the pixels that lost some now, (y, x).

    A trap is a block of one or a few pixels, at the same place in every exposure, that keeps a part of what falls on
    it in some of the exposures.

    Parameters
    ----------
    electrons : ndarray of float64, (y, x)
        The image in electrons; changed.
    settings : DetectorSettings
        How many traps the detector has, and its name.
    seed : int
        Decides, with the detector's name, where they are, how large, how much they keep, and in what share of the
        exposures.
    rng : Generator
        Draws which of them act in this exposure.
    """
    detector = stream(seed, "traps", settings.detector)
    number, size = settings.dead_pixels, settings.size_pixel
    rows, columns = detector.integers(0, size, number), detector.integers(0, size, number)
    kept, share = detector.uniform(0.2, 0.9, number), detector.uniform(0.3, 1.0, number)
    width, height = (detector.integers(1, most + 1, number) for most in _TRAP_PIXELS)
    dead = np.zeros(electrons.shape, dtype=bool)
    for trap in np.flatnonzero(rng.random(number) < share):
        row, column = rows[trap], columns[trap]
        part = slice(row, row + height[trap]), slice(column, column + width[trap])
        electrons[part] *= 1.0 - kept[trap]
        dead[part] = True
    return dead


def add_crosstalk(electrons: Electrons, share: float, full_well: float) -> Mask:
    """Add to each half of the detector, in place, a share of what is bright at the mirrored column.

    Both halves are read at once, each towards its own side, so that a bright pixel disturbs the one that is read
    at the same moment. Returns the pixels that were changed visibly.
    """
    bright = np.clip(electrons, 0.0, full_well) - _CROSSTALK_FROM * full_well
    echo = share * np.maximum(bright, 0.0)[:, ::-1]
    electrons += echo
    return echo > _CROSSTALK_SEEN


def bleed(electrons: Electrons, full_well: float) -> tuple[Electrons, Mask]:
    """Return an image in which charge above the full well has run up and down its column, and where it is full."""
    result = np.minimum(electrons, full_well)
    full = electrons > full_well
    columns, rows = np.nonzero(full.T)
    starts = np.flatnonzero((np.diff(columns, prepend=-1) != 0) | (np.diff(rows, prepend=-2) != 1))
    for run in np.split(np.arange(len(rows)), starts[1:]) if len(rows) else ():
        column, middle = columns[run[0]], rows[run].mean()
        excess = (electrons[rows[run], column] - full_well).sum()
        nearest = np.argsort(np.abs(np.arange(len(electrons)) - middle), kind="stable")
        room = full_well - result[nearest, column]
        received = np.clip(excess - (np.cumsum(room) - room), 0.0, room)
        result[nearest, column] += received
        full[nearest[received > 0], column] = True
    return result, full


def masked_pixels(settings: DetectorSettings, seed: int) -> Mask:
    """Return the pixels that the survey masks, (y, x): a border, and parts of bad columns."""
    rng = stream(seed, "bad_columns", settings.detector)
    size, edge = settings.size_pixel, settings.masked_edge_pixel
    masked = np.ones((size, size), dtype=bool)
    masked[edge : size - edge, edge : size - edge] = False
    for column in rng.integers(0, size, settings.bad_columns):
        masked[rng.integers(0, size) :, column] = True
    return masked


def masked_stars(full: Mask, share: float, rng: np.random.Generator) -> Mask:
    """Return the pixels that the survey masks about a share of the places where charge is full, (y, x)."""
    places, number = ndimage.label(full, structure=np.ones((3, 3)))
    is_masked = np.concatenate([[False], rng.random(number) < share])
    return np.asarray(ndimage.binary_dilation(is_masked[places], iterations=_MASK_GROWS))
