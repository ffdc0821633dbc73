"""Scoring with a package, against Keras at its best batch size; and what a fresh process takes to start."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inputs import CHANNELS, draw_cutouts, half_real
from benchmarks.rows import Row, in_fresh_process, interleaved, median_ratio, peak_mb
from models.framework import keras
from models.graphs.sessions import open_session
from models.scoring import runtime
from models.scoring.dropout_samples import DropoutGraphs
from models.scoring.model_inputs import GraphInputs

SIZE = 63
BATCHES = (32, 128, 512)
SAMPLES = 20
_START = """
import sys, time
began = time.perf_counter()
from pathlib import Path
import numpy as np
from models.scoring.runtime import load
load(Path(sys.argv[1])).predict(np.zeros((1, 63, 63, 3), np.float32), ("science", "template", "difference"))
print("started", time.perf_counter() - began)
"""
_FRAMEWORK = """
import sys, time
began = time.perf_counter()
from pathlib import Path
import numpy as np
from models.framework import keras
model = keras().saving.load_model(Path(sys.argv[1]) / "model.keras", safe_mode=True, compile=False)
model.predict(np.zeros((1, 63, 63, 3), np.float32), verbose=0)
print("started", time.perf_counter() - began)
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare speeds on the same rows, and start-up in fresh processes."""
    yield _speed(folder / "package63", 8192 if full else 1024)
    yield _posterior(folder / "posterior63", 512 if full else 128)
    yield _start(folder / "package63")


def _speed(directory: Path, rows: int) -> Row:
    pixels = draw_cutouts(half_real(rows), SIZE, 1)
    package = runtime.load(directory)
    model = keras().saving.load_model(directory / "model.keras", safe_mode=True, compile=False)
    functions = {str(size): _predicted(model, pixels, size) for size in BATCHES}
    seconds = interleaved({"ours": lambda: package.predict(pixels, CHANNELS), **functions}, repeats=5)
    best = min(functions, key=lambda name: np.median(seconds[name]))
    ratio = median_ratio(seconds[best], seconds["ours"])
    parameters = package.content["parameters"]
    return Row(
        what=f"inference, {SIZE} x {SIZE} x 3, {parameters:,} parameters, float32",
        budget="at least 1 x as fast (aim 1.5 x)",
        measured=f"{rows / np.median(seconds['ours']):,.0f}/s",
        naive=f"keras.Model.predict, batch {best}: {rows / np.median(seconds[best]):,.0f}/s",
        ratio=ratio,
        holds=ratio >= 1.0,
        peak_mb=peak_mb(),
    )


def _predicted(model: Any, pixels: np.ndarray, size: int) -> Callable[[], object]:
    return lambda: model.predict(pixels, batch_size=size, verbose=0)


def _posterior(directory: Path, rows: int) -> Row:
    pixels, package = draw_cutouts(half_real(rows), SIZE, 1), runtime.load(directory)
    masks, threads = package.content["posterior"]["masks"], package.threads
    head = open_session(directory.with_suffix(".trained") / "posterior.onnx")
    whole = DropoutGraphs(head=head, trunk=None, masks=masks, threads=threads)
    seconds = interleaved(
        {
            "ours": lambda: package.posterior(pixels, CHANNELS, SAMPLES, _rngs(rows)),
            "whole": lambda: whole.samples(GraphInputs(pixels, {}), _rngs(rows), SAMPLES),
            "once": lambda: package.predict(pixels, CHANNELS),
        },
        repeats=5,
    )
    ratio = median_ratio(seconds["whole"], seconds["ours"])
    times = median_ratio(seconds["ours"], seconds["once"])
    return Row(
        what=f"{SAMPLES} dropout samples of {package.content['classifier']}, {SIZE} x {SIZE} x 3",
        budget="at least 4 x as fast as whole passes",
        measured=f"{rows / np.median(seconds['ours']):,.0f}/s, {times:.1f} x the time of one score",
        naive=f"{SAMPLES} whole passes: {rows / np.median(seconds['whole']):,.0f}/s",
        ratio=ratio,
        holds=ratio >= 4.0,
        peak_mb=peak_mb(),
    )


def _rngs(rows: int) -> list[np.random.Generator]:
    return [np.random.default_rng(row) for row in range(rows)]


def _start(directory: Path) -> Row:
    ours = [in_fresh_process(_START, str(directory)) for _ in range(3)]
    naive = in_fresh_process(_FRAMEWORK, str(directory))
    started, peak = (float(np.median([found[name] for found in ours])) for name in ("started", "peak_mb"))
    return Row(
        what="start-up to the first score, fresh process",
        budget="under 1.5 s, under 600 MB",
        measured=f"{started:.2f} s",
        naive=f"Keras: {naive['started']:.1f} s, {naive['peak_mb']:,.0f} MB",
        ratio=started / naive["started"],
        holds=started < 1.5 and peak < 600,
        peak_mb=peak,
    )
