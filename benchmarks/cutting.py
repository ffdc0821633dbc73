"""Cutting alone, from memory, with NaN and edge fractions: all at once, against one by one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D

from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.cutouts.extract import extract_cutouts
from pipeline.rng import stream

SIZE = 40
IMAGE, MANY, FEW, FEWEST = 3072, 20_000, 2_000, 200


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Compare with ``Cutout2D`` one by one, and with one FITS file per cutout."""
    rng = stream(1, "benchmark image")
    image = rng.normal(100.0, 5.0, (IMAGE, IMAGE)).astype(np.float32)
    x, y = rng.uniform(-0.5, IMAGE - 0.5, (2, MANY))
    seconds = interleaved(
        {
            "ours": lambda: extract_cutouts(image, x, y, SIZE),
            "one by one": lambda: [_cutout(image, *position) for position in zip(x[:FEW], y[:FEW], strict=True)],
            "files": lambda: _files(folder, image, x[:FEWEST], y[:FEWEST]),
        },
        repeats=5,
    )
    ours = [second / MANY for second in seconds["ours"]]
    rate = 1.0 / np.median(ours)
    for name, count, budget in (("one by one", FEW, 7.9), ("files", FEWEST, 714.0)):
        each = [second / count for second in seconds[name]]
        ratio = median_ratio(each, ours)
        called = "astropy Cutout2D one by one" if name == "one by one" else "one FITS file per cutout"
        yield Row(
            what=f"cutting {SIZE} x {SIZE} from memory",
            budget=f"at least {budget:g} x as fast, 300,000/s",
            measured=f"{rate:,.0f}/s",
            naive=f"{called}: {1.0 / np.median(each):,.0f}/s",
            ratio=ratio,
            holds=ratio >= budget,
            peak_mb=peak_mb(),
        )


def _cutout(image: np.ndarray, x: float, y: float) -> tuple[np.ndarray, float]:
    pixels = Cutout2D(image, (x, y), SIZE, mode="partial", fill_value=np.nan, copy=True).data
    return pixels, float(np.isnan(pixels).mean())


def _files(folder: Path, image: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    for number, position in enumerate(zip(x, y, strict=True)):
        fits.PrimaryHDU(_cutout(image, *position)[0]).writeto(folder / f"cutout{number}.fits", overwrite=True)
