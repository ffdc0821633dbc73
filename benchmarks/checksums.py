"""What it costs that cutout files are checked: written and read with sums and seal, and without them."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.inputs import CHANNELS, SURVEY, draw_candidates, draw_cutouts, half_real
from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.io.results import cutout_file, hdf5
from pipeline.io.results.cutout_file import CutoutFile, CutoutWriter, open_cutouts
from pipeline.io.results.cutout_header import CutoutHeader

SIZE, BLOCK, REPEATS = 63, 512, 11
BUDGET = 1.25


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Write and read the same rows in both ways, in turns."""
    labels = half_real(8192 if full else 2048)
    cutouts, candidates = draw_cutouts(labels, SIZE, seed=1), draw_candidates(labels)
    header = CutoutHeader(survey=SURVEY, channels=CHANNELS, size_pixel=SIZE, pixel_scale_arcsec=1.0)
    checked, bare = folder / "checked.h5", folder / "bare.h5"

    def write(path: Path) -> None:
        with CutoutWriter(path, header) as writer:
            for start in range(0, len(labels), BLOCK):
                writer.append(cutouts[start : start + BLOCK], candidates[start : start + BLOCK])

    def write_bare() -> None:
        with patch.object(hdf5, "CHECKSUM", {}), patch.object(cutout_file, "seal", lambda *_: None):
            write(bare)

    def read() -> None:
        os.utime(checked)  # so that its seal is checked anew
        with open_cutouts(checked) as file:
            _read(file)

    def read_bare() -> None:
        with (
            patch.object(hdf5, "require_seal", lambda *_: None),
            patch.object(hdf5, "require_sealed", lambda _: False),
            open_cutouts(bare) as file,
        ):
            _read(file)

    for what, functions in (
        ("written", {"checked": lambda: write(checked), "bare": write_bare}),
        ("read whole", {"checked": read, "bare": read_bare}),
    ):
        seconds = interleaved(functions, REPEATS)
        ratio = median_ratio(seconds["checked"], seconds["bare"])
        size = cutouts.nbytes / 1e6
        yield Row(
            what=f"a cutout file of {len(labels):,} rows of {SIZE} x {SIZE} x 3 {what}",
            budget=f"at most {BUDGET} x without checks",
            measured=f"{size / np.median(seconds['checked']):,.0f} MB/s, {checked.stat().st_size / 1e6:.1f} MB",
            naive=f"without checks: {size / np.median(seconds['bare']):,.0f} MB/s, {bare.stat().st_size / 1e6:.1f} MB",
            ratio=ratio,
            holds=ratio <= BUDGET,
            peak_mb=peak_mb(),
        )


def _read(file: CutoutFile) -> None:
    for rows, _ in file.batches(BLOCK):
        file.candidates(rows)
