"""Every older network beside ours on the same rows: trains each with each seed, then prints one table.

``python -m benchmarks.studies.legacy_networks DATASET [DATASET ...] --scratch FOLDER`` where the data sets are one file
of ``BuildDataset``, or its folds, whose test rows are then judged together. Each training that ends adds one line to
``trainings.jsonl`` in the folder of its budget, beside an npz file of its logits; a run skips what is there, so a
killed one loses a single training, and several processes may share a folder, each with ``--only`` names of its own.

The recipe was fixed before any figure was seen:

* One budget. All classifiers learn from the same rows: all that a person or a catalogue labelled, and of the others
  (the teacher's, self-made and injected ones) as many, drawn once per data set, as fill up ``--rows``. All networks see
  the survey's own cutouts, whole and in all channels, for at most ``--epochs`` epochs.
* All else is the recipe of ``config/classifiers``: normalisation, optimiser, weights of classes, augmentation, early
  stopping on the validation rows. There are two exceptions. A batch has at most 64 rows, because the 1024 of gmadet
  and O'TRAIN would be one step an epoch. And a learning rate is at least 0.001, because gotorb's 0.00003 is meant for
  a hundred times as many steps; the lines called ``at its own rate`` have it. The lines ``at its own size`` are of
  the central 32 pixels that gmadet and O'TRAIN were made for, at a quarter of the cost. The lines ``on its own
  channels`` are of the difference alone, which psat-ml, gmadet and O'TRAIN use; they were added after a first look.
* Nothing is tuned on test rows. Each fold's logits are calibrated on its own validation rows as those of the ZTF
  recipes (``platt_prior``), so that those of all folds can be judged together.
* A stack is of the ensemble on features and ``triplet_cnn``, chosen before the others were looked at: with the weights
  0.7 and 0.3, and by a logistic regression on the validation rows of all folds but those whose night or group the fold
  tests. The line ``default`` is the stack of that recipe, weighed on the validation rows of its own data set.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.legacy_networks_table import (
    IDENTITY,
    RECORD,
    default_stacks,
    file_name,
    print_table,
    read_lines,
    stacks,
    trainings,
)
from models.recipes.classifier import ClassifierRecipe
from models.registry import NETWORK
from models.training.in_memory import MemoryDataSet
from models.training.rows import select_rows
from models.training.train import train
from pipeline.classes import TRAINING_ONLY_SOURCES
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.results.dataset_file import open_dataset
from pipeline.rng import stream

NETWORKS = ("triplet_cnn", "braai", "psat_d", "vgg6", "bayesian_vgg6", "sepconvnet", "otrain", "gmadet")
STACKED = "triplet_cnn"
OWN_RATE = " at its own rate"
OWN_SIZE = " at its own size"
OWN_CHANNELS = " on its own channels"
OWN_SIZES = {"otrain": 32, "gmadet": 32}
"""Pixels a side that the two costliest networks were made for; a variant on larger cutouts."""

LEAST_RATE = 1e-3
MOST_ROWS_PER_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every classifier is given: training rows (0: all there are), and a network's epochs at most."""

    rows: int
    epochs: int


def main() -> int:
    """Train what is not there yet, and print the table of all that is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.legacy_networks", description=__doc__)
    parser.add_argument("datasets", type=Path, nargs="+", help="a data set, or all its folds")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits and the record of trainings")
    parser.add_argument("--features", default="boosting,feature_ensemble", help="recipes on features; the last stacks")
    parser.add_argument("--seeds", default="1,2,3", help="seeds of the trainings")
    parser.add_argument("--rows", type=int, default=0, help="training rows of a data set at most; 0: all")
    parser.add_argument("--epochs", type=int, default=15, help="epochs of a network at most")
    parser.add_argument("--only", default="", help="names of lines to train, separated by commas; none: all")
    parser.add_argument("--resample", default="group_id", choices=IDENTITY[1:], help="what intervals are over")
    options = parser.parse_args()
    scratch = options.scratch / f"rows{options.rows}-epochs{options.epochs}"
    scratch.mkdir(parents=True, exist_ok=True)
    features = tuple(options.features.split(","))
    names = [*features, *NETWORKS, *variants(options.datasets[0])]
    wanted = options.only.split(",") if options.only else names
    budget = Budget(rows=options.rows, epochs=options.epochs)
    for seed in map(int, options.seeds.split(",")):
        for path in options.datasets:
            train_missing(path, [name for name in names if name in wanted], seed, budget, scratch)
    asked = {path.stem for path in options.datasets}
    found = [one for one in trainings(scratch) if one.line["dataset"] in asked]
    stacked = [*stacks(found, features[-1], STACKED), *default_stacks(found)]
    print_table([*found, *stacked], names, features[-1], options.resample)
    return 0


def variants(path: Path) -> Iterator[str]:
    """Yield the names of the lines that depart from the common rate, channels or size, where cutouts are larger."""
    yield from (name + OWN_RATE for name in NETWORKS if _recipe(name).learning_rate < LEAST_RATE)
    yield from (name + OWN_CHANNELS for name in NETWORKS if _recipe(name).channels)
    with open_dataset(path) as file:
        smaller = [name for name, size in OWN_SIZES.items() if size < file.size_pixel]
    yield from (name + suffix for name in smaller for suffix in (OWN_SIZE, OWN_SIZE + OWN_CHANNELS))


def train_missing(path: Path, names: Sequence[str], seed: int, budget: Budget, scratch: Path) -> None:
    """Train each of the names on a data set, unless its line is there."""
    done = {(line["entry"], line["seed"], line["dataset"]) for line in read_lines(scratch)}
    missing = [name for name in names if (name, seed, path.stem) not in done]
    for name in missing:
        dataset = within_budget(path, budget.rows)
        named = {"entry": name, "seed": seed, "dataset": path.stem}
        line = named | _trained(dataset, recipe_of(name, budget), seed, scratch / file_name(named))
        with (scratch / RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(line) + "\n")
        print(line, file=sys.stderr, flush=True)


def recipe_of(name: str, budget: Budget) -> ClassifierRecipe:
    """Return the recipe of a line of the table within the budget."""
    classifier = name.partition(" ")[0]
    recipe = replace(_recipe(classifier), threads=1, posterior_samples=0)
    if recipe.family != NETWORK:
        return recipe
    rate = recipe.learning_rate if name.endswith(OWN_RATE) else max(recipe.learning_rate, LEAST_RATE)
    size = min(recipe.batch_size, MOST_ROWS_PER_BATCH)
    return replace(
        recipe,
        channels=recipe.channels if name.endswith(OWN_CHANNELS) else None,
        size_pixel=OWN_SIZES[classifier] if OWN_SIZE in name else None,
        epochs=budget.epochs,
        batch_size=size,
        learning_rate=rate,
    )


@cache
def within_budget(path: Path, most: int) -> MemoryDataSet:
    """Return a data set in memory with at most so many training rows; all that were judged stay."""
    with open_dataset(path) as file:
        parts = {name: (file.candidates(name), file.cutouts(name)) for name in ("train", "validation", "test")}
        about = {key: getattr(file, key) for key in ("survey", "channels", "class_names", "pixel_scale_arcsec")}
        fingerprint = file.fingerprint
    candidates, cutouts = parts["train"]
    kept = kept_rows(candidates, most, path.stem)
    parts["train"] = candidates.iloc[kept].reset_index(drop=True), cutouts[kept]
    return MemoryDataSet(parts=parts, fingerprint=f"{fingerprint}-{len(kept)}", **about)


def kept_rows(candidates: pd.DataFrame, most: int, unit: str) -> NDArray[np.intp]:
    """Return which rows train, in their order: judged ones first, others drawn up to so many; 0 keeps all."""
    if not 0 < most < len(candidates):
        return np.arange(len(candidates))
    rng = stream(1, "legacy networks", unit)
    drawn = rng.permutation(len(candidates))
    guessed = candidates["label_source"].isin(TRAINING_ONLY_SOURCES).to_numpy()[drawn]
    return np.sort(drawn[np.argsort(guessed, kind="stable")][:most])


def _trained(dataset: MemoryDataSet, recipe: ClassifierRecipe, seed: int, path: Path) -> dict[str, Any]:
    """Train, keep the logits of both parts in a file, and return what the training took."""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            trained = train(dataset, recipe, seed, workdir=Path(folder))
    except SettingsError as error:
        return {"failed": str(error)}
    kept: dict[str, NDArray[Any]] = {}
    for part in ("validation", "test"):
        candidates = dataset.candidates(part)
        judges = ~candidates["label_source"].isin(recipe.untrusted).to_numpy() & (candidates["label"] >= 0).to_numpy()
        pixels = trained.contract.select(dataset.cutouts(part)[judges], dataset.channels)
        kept |= {f"{part}_{name}": candidates[name].to_numpy()[judges].astype(str) for name in IDENTITY}
        kept[f"{part}_label"] = candidates["label"].to_numpy()[judges].astype(np.int64)
        kept[f"{part}_logit"] = np.asarray(trained.fitted.logits(pixels), dtype=np.float64)[:, 0]
    np.savez_compressed(path, **kept)
    history, network = trained.history, recipe.family == NETWORK
    best = len(history) if recipe.keep == "last" or not network else int(history["validation_loss"].argmin()) + 1
    return {
        "rows": int(select_rows(dataset, recipe)[0].used.sum()),
        "parameters": int(trained.fitted.model.count_params()) if network else None,
        "epochs": len(history) if network else None,
        "kept_epoch": best if network else None,
        "seconds": float(history["seconds"].min()),
        "seconds_in_all": round(time.monotonic() - started, 1),
    }


def _recipe(name: str) -> ClassifierRecipe:
    return ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), name)


if __name__ == "__main__":
    sys.exit(main())
