"""What feeding a network from a data set costs, and what Nightsift adds to Keras' own loop over arrays.

The trainings take turns, an epoch each, so that a busy machine slows all of them alike; their first epoch, which
compiles, is left out.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Semaphore, Thread
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.inputs import CHANNELS, PARTS, SURVEY, write_rows
from benchmarks.rows import Row, median_ratio, peak_mb
from models.networks.network import design_of
from models.recipes.classifier import ClassifierRecipe
from models.training import in_memory, network_training
from models.training.in_memory import MemoryDataSet
from models.training.rows import select_rows
from models.training.train import contract_of
from pipeline.datasets.dataset import DataSet
from pipeline.io.results.dataset_file import open_dataset

SIZE, EPOCHS = 63, 6
Training = Callable[[Callable[[], None]], None]
"""Trains and calls back after each epoch."""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare the seconds of an epoch, its validation included."""
    rows = 10_240 if full else 1_280
    path = folder / "training.h5"
    write_rows(path, rows, SIZE, data_set=True)
    vars(in_memory)["HELD_BYTES"] = 0  # else a data set as small as this is read once for all epochs
    for normalisation in ("l2", "sign_log", "asinh", "zscore") if full else ("asinh",):
        recipe = ClassifierRecipe(
            classifier="braai", normalisation=normalisation, epochs=EPOCHS, early_stopping_patience=0
        )
        with open_dataset(path) as streamed:
            held = MemoryDataSet(
                parts={part: (streamed.candidates(part), streamed.cutouts(part)) for part in PARTS},
                survey=SURVEY,
                channels=CHANNELS,
            )
            seconds = _in_turn(
                {
                    "streamed": partial(_ours, streamed, recipe, folder / f"streamed-{normalisation}"),
                    "held": partial(_ours, held, recipe, folder / f"held-{normalisation}"),
                    "bare": partial(_bare, held, recipe),
                }
            )
        what = f"training on {rows:,} rows of {SIZE} x {SIZE}, {normalisation}, per epoch"
        yield _row(f"{what}, read block by block", seconds["streamed"], "fed from memory", seconds["held"])
        yield _row(f"{what}, fed from memory", seconds["held"], "Keras' fit of arrays", seconds["bare"])


def _row(what: str, seconds: list[float], beside: str, others: list[float]) -> Row:
    ratio = median_ratio(seconds, others)
    return Row(
        what=what,
        budget="at most 1.1 x, under 2,000 MB",
        measured=f"{np.median(seconds):.2f} s",
        naive=f"{beside}: {np.median(others):.2f} s",
        ratio=ratio,
        holds=ratio <= 1.1 and peak_mb() < 2000,
        peak_mb=peak_mb(),
    )


def _in_turn(trainings: dict[str, Training]) -> dict[str, list[float]]:
    """Return the seconds of each epoch but the first, by training; of all of them one runs at a time."""
    turns = [Semaphore(0) for _ in trainings]
    seconds: dict[str, list[float]] = {name: [] for name in trainings}

    def take(place: int, name: str, train: Training) -> None:
        turns[place].acquire()
        began = perf_counter()

        def epoch_done() -> None:
            nonlocal began
            seconds[name].append(perf_counter() - began)
            turns[(place + 1) % len(turns)].release()
            if len(seconds[name]) < EPOCHS:
                turns[place].acquire()
                began = perf_counter()

        train(epoch_done)

    threads = [Thread(target=take, args=(place, *one)) for place, one in enumerate(trainings.items())]
    for thread in threads:
        thread.start()
    turns[0].release()
    for thread in threads:
        thread.join()
    return {name: taken[1:] for name, taken in seconds.items()}


def _ours(dataset: DataSet, recipe: ClassifierRecipe, workdir: Path, epoch_done: Callable[[], None]) -> None:
    contract, rows = contract_of(dataset, recipe), select_rows(dataset, recipe)
    network_training.fit(dataset, contract, recipe, rows, seed=1, workdir=workdir, progress=lambda *_: epoch_done())


def _bare(dataset: MemoryDataSet, recipe: ClassifierRecipe, epoch_done: Callable[[], None]) -> None:
    from keras.callbacks import LambdaCallback

    contract, parts = contract_of(dataset, recipe), select_rows(dataset, recipe)
    model = network_training.compiled(design_of(recipe, contract, n_classes=2), recipe, 1)
    arrays: list[tuple[Any, ...]] = [(dataset.cutouts(part.part), part.labels, part.weights) for part in parts]
    model.fit(
        *arrays[0][:2],
        sample_weight=arrays[0][2],
        validation_data=arrays[1],
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        verbose=0,
        callbacks=[LambdaCallback(on_epoch_end=lambda *_: epoch_done())],
    )
