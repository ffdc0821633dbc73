"""What feeding a network from a data set costs, against the same network fed from memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inputs import CHANNELS, PARTS, SURVEY, write_rows
from benchmarks.rows import Row, median_ratio, peak_mb
from models import training
from models.in_memory import MemoryDataSet
from models.recipes import ClassifierRecipe
from pipeline.io.results.dataset_file import open_dataset

SIZE, EPOCHS, REPEATS = 63, 3, 2


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare the seconds of an epoch, the first left out, which compiles."""
    rows = 10_240 if full else 1_280
    path = folder / "training.h5"
    write_rows(path, rows, SIZE, data_set=True)
    for normalisation in ("l2", "sign_log", "asinh", "zscore") if full else ("asinh",):
        recipe = ClassifierRecipe(
            classifier="braai", normalisation=normalisation, epochs=EPOCHS, early_stopping_patience=EPOCHS
        )
        with open_dataset(path) as streamed:
            held = MemoryDataSet(
                parts={part: (streamed.candidates(part), streamed.cutouts(part)) for part in PARTS},
                survey=SURVEY,
                channels=CHANNELS,
            )
            seconds: dict[str, list[float]] = {"streamed": [], "held": []}
            for repeat in range(REPEATS):
                seconds["streamed"] += _epochs(streamed, recipe, folder / f"s{normalisation}{repeat}")
                seconds["held"] += _epochs(held, recipe, folder / f"h{normalisation}{repeat}")
        ratio = median_ratio(seconds["streamed"], seconds["held"])
        yield Row(
            what=f"training on {rows:,} rows of {SIZE} x {SIZE}, {normalisation}, per epoch",
            budget="at most 1.1 x, under 2,000 MB",
            measured=f"{np.median(seconds['streamed']):.2f} s",
            naive=f"fed from memory: {np.median(seconds['held']):.2f} s",
            ratio=ratio,
            holds=ratio <= 1.1 and peak_mb() < 2000,
            peak_mb=peak_mb(),
        )


def _epochs(dataset: Any, recipe: ClassifierRecipe, workdir: Path) -> list[float]:
    history = training.train(dataset, recipe, 1, workdir=workdir).history
    return list(history["seconds"][1:])
