"""Physical features of cutouts, per core, beside the forward pass of a network on the same rows."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.inputs import CHANNELS, draw_cutouts, half_real
from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from models.scoring import runtime
from pipeline.features import feature_names, physical_features

SIZE = 63
BATCH = 256
"""Rows at once, as `Infer` reads them."""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare the seconds of CPU of both, so that it does not matter how many cores either takes."""
    rows = 8192 if full else 1024
    pixels = draw_cutouts(half_real(rows), SIZE, 1)
    pixels[::20, :, :6] = np.nan  # the edge of an image
    blocks = [pixels[start : start + BATCH] for start in range(0, rows, BATCH)]
    network = runtime.load(folder / "package63", threads=1)
    seconds = interleaved(
        {
            "features": lambda: [physical_features(block, CHANNELS) for block in blocks],
            "network": lambda: [network.predict(block, CHANNELS) for block in blocks],
        },
        repeats=5,
        clock=time.process_time,
    )
    ratio = median_ratio(seconds["network"], seconds["features"])
    yield Row(
        what=f"{len(feature_names(CHANNELS))} features of {SIZE} x {SIZE} x 3, per core",
        budget="at least 1 x as fast as the network",
        measured=f"{rows / np.median(seconds['features']):,.0f}/s of CPU",
        naive=f"the network of `inference`, one thread: {rows / np.median(seconds['network']):,.0f}/s of CPU",
        ratio=ratio,
        holds=ratio >= 1.0,
        peak_mb=peak_mb(),
    )
