"""Alignment, subtraction and detection of one exposure, and the matching of many injections, on the spot."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord

from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.match import match_one_to_one
from pipeline.detection.detect import detect
from pipeline.imaging.frame import Frame
from pipeline.injection import inject_sources
from pipeline.psf import Moffat
from pipeline.subtraction.difference import Difference, difference_of

T = TypeVar("T")
POSITIONS = 100_000
MATCH_BUDGET_S = 2.0
SUBTRACT_BUDGET_S = 6.0


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Time both; ``folder`` is not needed."""
    del folder
    yield _matching()
    yield _subtraction(2048 if full else 1024)


def _matching() -> Row:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0.0, 30.0, POSITIONS), rng.uniform(-15.0, 15.0, POSITIONS)
    error_deg = 0.3 / ARCSEC_PER_DEG
    ra2, dec2 = ra + rng.normal(0, error_deg, POSITIONS), dec + rng.normal(0, error_deg, POSITIONS)
    first, second = SkyCoord(ra * units.deg, dec * units.deg), SkyCoord(ra2 * units.deg, dec2 * units.deg)
    seconds = interleaved(
        {
            "ours": lambda: match_one_to_one(ra, dec, ra2, dec2, 2.0),
            "naive": lambda: first.match_to_catalog_sky(second),
        },
        repeats=3,
    )
    taken = float(np.median(seconds["ours"]))
    return Row(
        what=f"one-to-one match of {POSITIONS:,} with {POSITIONS:,} positions",
        budget=f"about {MATCH_BUDGET_S:.0f} s",
        measured=f"{taken:.2f} s",
        naive=f"astropy, nearest neighbours alone: {np.median(seconds['naive']):.2f} s",
        ratio=median_ratio(seconds["ours"], seconds["naive"]),
        holds=taken <= MATCH_BUDGET_S,
        peak_mb=peak_mb(),
    )


def _subtraction(side: int) -> Row:
    science, template = _frame(side, 3.2, 0), _frame(side, 2.6, 1)
    turned = replace(template, pixels=np.ascontiguousarray(np.rot90(template.pixels, 2)))
    aligned, taken = _timed(lambda: difference_of(science, turned))
    _, search = _timed(lambda: _search(aligned))
    _, plain = _timed(lambda: difference_of(science, template, is_aligned=True))
    return Row(
        what=f"align by stars, subtract and search {side:,} x {side:,} pixels",
        budget=f"under {SUBTRACT_BUDGET_S * (side / 1024) ** 2:.0f} s",
        measured=f"{taken + search:.2f} s, the search {search:.2f} s",
        naive=f"aligned beforehand: {plain:.2f} s",
        ratio=(taken + search) / plain,
        holds=taken + search <= SUBTRACT_BUDGET_S * (side / 1024) ** 2,
        peak_mb=peak_mb(),
    )


def _search(subtracted: Difference) -> int:
    return len(
        detect(
            subtracted.difference,
            subtracted.noise,
            fwhm_pixel=subtracted.subtraction.fwhm_pixel,
            zeropoint=25.0,
            correlation=subtracted.subtraction.correlation,
        )
    )


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    result = work()
    return result, perf_counter() - start


def _frame(side: int, fwhm: float, seed: int) -> Frame:
    """Return an image of always the same stars through some seeing."""
    sky = np.random.default_rng(5)
    number = int(400 * (side / 1024) ** 2)
    light = inject_sources(
        np.full((side, side), 300.0, np.float32),
        psf=Moffat(fwhm_pixel=fwhm, size_pixel=41),
        x_pixel=sky.uniform(0, side, number),
        y_pixel=sky.uniform(0, side, number),
        flux=10 ** sky.uniform(3.0, 5.2, number),
        gain=1.0,
        rng=None,
    )
    electrons = np.random.default_rng(seed).poisson(np.maximum(light, 0.0).astype(float) * 1.5)
    return Frame(pixels=(electrons / 1.5).astype(np.float32), gain=1.5, read_noise=0.0, saturation=5e4, fwhm_pixel=fwhm)
