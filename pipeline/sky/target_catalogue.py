"""A photometric catalogue of stars, galaxies and quasars, with the columns from which a survey selects its targets."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import MAGNITUDE_PER_LN
from pipeline.errors import SettingsError
from pipeline.rng import stream
from pipeline.sky.ranges import SHARE, at_least, faults_of_ranges
from pipeline.sky.spectra import BANDS_MICRON, galaxy_magnitudes, quasar_magnitudes, star_magnitudes

DEPTH: Final = {
    "DES_g": 24.4, "DES_r": 24.2, "DES_i": 23.6, "DES_z": 22.9, "DES_y": 21.6,
    "VHS_j": 21.3, "VHS_k": 20.6, "WISE_w1": 20.0,
}  # fmt: skip
"""AB magnitude of each band at a signal to noise of 5."""
NOT_KNOWN: Final = 99.0
"""Magnitude and error of what was not detected or not observed."""
NO_SPECTRUM: Final = -99.0
_SINE_SOUTH, _SINE_NORTH = np.sin(np.radians([-7.0, -1.0])).tolist()
_FAINTEST_SIGMA: Final = 2.0
"""Signal to noise below which nothing is detected."""


@dataclass(frozen=True, kw_only=True)
class TargetCatalogue:
    """How many sources a catalogue has, and how well they are known.

    Attributes
    ----------
    rows : int
        Sources of the catalogue.
    star_share, quasar_share, red_share : float
        Shares of all sources; the rest are blue galaxies. Together at most 1.
    colour_scatter : float, in mag
        How much sources of a kind and redshift differ, in each band.
    uncovered_share : float
        Share of sources outside the infrared surveys, for each of the two.
    spectra_share : float
        Share of sources with a redshift from a spectrum.
    outlier_share : float
        Share of photometric redshifts that are wrong altogether.
    """

    rows: int = field(default=6000, metadata=at_least(10))
    star_share: float = field(default=0.25, metadata=SHARE)
    quasar_share: float = field(default=0.12, metadata=SHARE)
    red_share: float = field(default=0.33, metadata=SHARE)
    colour_scatter: float = field(default=0.06, metadata=at_least(0))
    uncovered_share: float = field(default=0.08, metadata=SHARE)
    spectra_share: float = field(default=0.1, metadata=SHARE)
    outlier_share: float = field(default=0.05, metadata=SHARE)

    def __post_init__(self) -> None:
        faults = list(faults_of_ranges(self))
        if (total := self.star_share + self.quasar_share + self.red_share) > 1:
            faults.append(f"star_share, quasar_share and red_share are {total:g} together, must be at most 1")
        if faults:
            raise SettingsError("; ".join(faults))


def draw_target_catalogue(settings: TargetCatalogue, seed: int) -> pd.DataFrame:
    """Return a catalogue in random order.

    Parameters
    ----------
    settings : TargetCatalogue
        How many sources there are, and how well they are known.
    seed : int
        Decides everything that is drawn.

    Returns
    -------
    DataFrame
        ``DES_id DES_ra DES_dec``, the magnitudes of `BANDS_MICRON` (AB) each with its error (``DES_gerr``), 99 where
        there is none, ``DES_spread`` (0 for a point), ``VHS_class`` (1 extended, -1 point, 0 not observed), ``isVHS
        isWISE isDR14QSO``, ``DR14QSO_zspec VVDS_zspec`` (-99 without a spectrum, 0 for a star), ``HSC_ephor_zphot``
        with ``HSC_ephor_zphotconf`` and ``HSC_ephor_zphotrisk`` (0 to 1), and the truth: ``true_kind true_redshift``.
    """
    rng = stream(seed, "target_catalogue")
    shares = np.cumsum([settings.star_share, settings.quasar_share, settings.red_share])
    kind = np.array(["star", "quasar", "red", "blue"], dtype=object)[
        np.searchsorted(shares, rng.random(settings.rows), side="right")
    ]
    redshift = _redshifts(kind, rng)
    magnitudes = _true_magnitudes(kind, redshift, rng)
    magnitudes += rng.normal(0.0, settings.colour_scatter, magnitudes.shape)
    rows = settings.rows
    table = pd.DataFrame(
        {
            "DES_id": 100_000_001 + np.arange(rows),
            "DES_ra": rng.uniform(30.0, 38.0, rows),
            "DES_dec": np.degrees(np.arcsin(rng.uniform(_SINE_SOUTH, _SINE_NORTH, rows))),
        }
    )
    is_seen = {
        "VHS": rng.random(rows) >= settings.uncovered_share,
        "WISE": rng.random(rows) >= settings.uncovered_share,
    }
    for place, band in enumerate(BANDS_MICRON):
        covered = is_seen.get(band.partition("_")[0], np.ones(rows, dtype=bool))
        table[band], table[f"{band}err"] = _observed(magnitudes[:, place], DEPTH[band], covered, rng)
    return table.assign(**_shapes(table, kind, rng), **_redshift_columns(settings, table, kind, redshift, rng))


def _redshifts(kind: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return redshifts, ``(n,)``: 0 for stars, to 1.1 for red galaxies, to 1.6 for blue ones, to 3.5 for quasars."""
    draws = rng.random(len(kind))
    most = {"star": 0.0, "red": 1.1, "blue": 1.6, "quasar": 3.5}
    return np.array([0.03 * (name != "star") + most[name] * draw for name, draw in zip(kind, draws, strict=True)])


def _true_magnitudes(
    kind: NDArray[np.object_], redshift: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return magnitudes without errors, ``(n, band)``: far galaxies are faint, stars and quasars of any brightness."""
    bands = list(BANDS_MICRON)
    shape = galaxy_magnitudes(redshift, kind == "red")
    shape[kind == "quasar"] = quasar_magnitudes(redshift[kind == "quasar"])
    shape[kind == "star"] = star_magnitudes(rng.uniform(3300.0, 7500.0, int((kind == "star").sum())))
    rows = len(kind)
    j_of_red = 16.2 + 4.6 * np.sqrt(redshift / 1.1) ** 1.2 + rng.normal(-0.2, 0.5, rows)
    g_of_blue = 20.6 + 1.6 * np.sqrt(redshift / 1.6) + np.abs(rng.normal(0.0, 0.7, rows))
    bright, faint = np.where(kind == "star", 16.0, 18.0), np.where(kind == "star", 22.5, 21.8)
    r_of_points = bright + (faint - bright) * np.sqrt(rng.random(rows))
    anchor = np.select([kind == "red", kind == "blue"], [j_of_red, g_of_blue], r_of_points)
    places = np.select(
        [kind == "red", kind == "blue"], [bands.index("VHS_j"), bands.index("DES_g")], bands.index("DES_r")
    )
    return shape + (anchor - shape[np.arange(rows), places])[:, None]


def _observed(
    magnitude: NDArray[np.float64], depth: float, covered: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return magnitudes as observed and their errors, 99 where nothing is detected; the noise is that of the flux."""
    signal = 10 ** (-0.4 * (magnitude - depth)) * 5.0
    noise = np.hypot(1.0, 0.01 * signal)
    seen = signal + noise * rng.normal(size=len(signal))
    detected = covered & (seen > _FAINTEST_SIGMA * noise)
    shown = np.where(detected, seen, 1.0)
    observed = depth - 2.5 * np.log10(shown / 5.0)
    return np.where(detected, observed, NOT_KNOWN), np.where(detected, MAGNITUDE_PER_LN * noise / shown, NOT_KNOWN)


def _shapes(table: pd.DataFrame, kind: NDArray[np.object_], rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """Return what tells points from extended sources, wrong for a few, and which infrared survey saw a source."""
    rows = len(kind)
    is_extended = np.isin(kind, ("red", "blue"))
    in_vhs = (table[["VHS_j", "VHS_k"]] < NOT_KNOWN).all(axis=1).to_numpy()
    called = is_extended ^ (rng.random(rows) < 0.03)
    spread = np.where(is_extended, rng.gamma(4.0, 0.0025, rows), 0.0) + rng.normal(0.0, 0.001, rows)
    return {
        "DES_spread": spread,
        "VHS_class": np.where(in_vhs, np.where(called, 1, -1), 0).astype(np.int16),
        "isVHS": in_vhs,
        "isWISE": (table["WISE_w1"] < NOT_KNOWN).to_numpy(),
    }


def _redshift_columns(
    settings: TargetCatalogue,
    table: pd.DataFrame,
    kind: NDArray[np.object_],
    redshift: NDArray[np.float64],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.generic]]:
    """Return redshifts as surveys have them, with what is said of their trustworthiness, and the truth."""
    rows = len(kind)
    is_wrong = (rng.random(rows) < settings.outlier_share) | (kind == "star")
    wide = rng.normal(0.0, 0.03 * np.where(kind == "quasar", 3.0, 1.0)) * (1 + redshift)
    photometric = np.where(is_wrong, rng.uniform(0.02, 2.0, rows), np.abs(redshift + wide))
    has_spectrum = rng.random(rows) < settings.spectra_share
    is_dr14 = (kind == "quasar") & (table["DES_r"].to_numpy() < 21.9) & (rng.random(rows) < 0.95)
    return {
        "isDR14QSO": is_dr14,
        "DR14QSO_zspec": np.where(is_dr14, redshift, NO_SPECTRUM),
        "VVDS_zspec": np.where(has_spectrum, redshift, NO_SPECTRUM),
        "HSC_ephor_zphot": photometric,
        "HSC_ephor_zphotconf": np.where(is_wrong, rng.beta(2.0, 3.0, rows), rng.beta(8.0, 2.0, rows)),
        "HSC_ephor_zphotrisk": np.where(is_wrong, rng.beta(3.0, 3.0, rows), rng.beta(1.5, 8.0, rows)),
        "true_kind": kind.astype(np.str_),
        "true_redshift": redshift,
    }
