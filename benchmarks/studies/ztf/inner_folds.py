"""Models for a choice within the folds of a data set: ``python -m benchmarks.studies.ztf.inner_folds FOLD ... -h``.

FOLD are all folds of one data set by night. A model of two folds learns from the rows that are in the training part of
both, and validates on those in the validation part of both; so it saw nothing of the nights of either, nor a group or a
pixel of them. It scores the test rows of both: those of the one are held-out rows to whoever chooses for the other. In
this way five folds need ten trainings of a variant, and the choice for a fold never looks at its test rows.

Each training leaves a file of logits in the scratch folder; what is there is not trained again.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.studies.ztf.trainings import calibrated, judged, keep, named_recipe, of_parts, remember
from models.recipes.classifier import ClassifierRecipe
from models.training.in_memory import MemoryDataSet
from pipeline.io.results.dataset_file import open_dataset

EYE: Final = {"eye": 10}
VARIANTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "ensemble": ("ztf_ensemble", {}),
    "ensemble, eye 3": ("ztf_ensemble", {"label_source_weight": {"eye": 3}}),
    "ensemble, eye 30": ("ztf_ensemble", {"label_source_weight": {"eye": 30}}),
    "ensemble, self-made half": ("ztf_ensemble", {"label_source_weight": EYE | {"self_made": 0.5}}),
    "histograms": ("histogram_boosting", {"label_source_weight": EYE}),
    "histograms, slow": (
        "histogram_boosting",
        {"label_source_weight": EYE, "settings": {"learning_rate": 0.03, "max_features": 0.1}},
    ),
    "network, eye 5": ("triplet_cnn", {"label_source_weight": {"teacher": 0.5, "eye": 5}}),
    "network, 41 pixels": ("triplet_cnn", {"size_pixel": 41, "label_source_weight": {"teacher": 0.5, "eye": 5}}),
}
"""By name, the recipe that a variant starts from and the keys that differ."""


def main() -> int:
    """Train what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="the data sets of all folds, in their order")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits")
    parser.add_argument("--variants", nargs="+", default=[*VARIANTS], choices=[*VARIANTS], metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", nargs="+", metavar="01", help="numbers of two folds each; all by default")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    remember(options.scratch)
    for one, other in combinations(range(len(options.folds)), 2):
        if options.pairs and f"{one}{other}" not in options.pairs:
            continue
        paths = {name: options.scratch / file_name(name, options.seed, one, other) for name in options.variants}
        missing = {name: path for name, path in paths.items() if not path.is_file()}
        if not missing:
            continue
        rows = shared_rows(options.folds[one], options.folds[other])
        for name, path in missing.items():
            judged(rows, recipe_of(name), options.seed).to_parquet(path)
            print(path.name, flush=True)
        keep(options.scratch)
    return 0


def file_name(variant: str, seed: int, one: int, other: int) -> str:
    """Return the name of the file with a training's logits."""
    return f"{variant.replace(', ', '-').replace(' ', '_')}-seed{seed}-folds{one}{other}.parquet"


def recipe_of(variant: str) -> ClassifierRecipe:
    """Return the recipe of a variant, on one thread."""
    name, changed = VARIANTS[variant]
    return replace(named_recipe(name), **changed)


def shared_rows(first: Path, second: Path) -> MemoryDataSet:
    """Return what two folds have in common: training and validation rows of both, and the test rows of either."""
    with open_dataset(first) as one, open_dataset(second) as other:
        parts = {}
        for part in ("train", "validation"):
            candidates = one.candidates(part)
            kept = candidates["candidate_id"].isin(other.candidates(part)["candidate_id"]).to_numpy()
            parts[part] = candidates[kept].reset_index(drop=True), one.cutouts(part)[kept]
        tests = [file.candidates("test").assign(fold=path.stem) for path, file in ((first, one), (second, other))]
        pixels = [file.cutouts("test") for file in (one, other)]
        parts["test"] = pd.concat(tests, ignore_index=True), np.concatenate(pixels)
        return of_parts(one, parts, f"{one.fingerprint}+{other.fingerprint}")


def inner_scores(scratch: Path, variant: str, seed: int, folds: Sequence[Path]) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield, for each fold, the test rows of all others, as models scored them that saw neither fold."""
    tables = {
        pair: calibrated(pd.read_parquet(scratch / file_name(variant, seed, *pair)))
        for pair in combinations(range(len(folds)), 2)
    }
    for fold in range(len(folds)):
        parts = []
        for pair, table in tables.items():
            if fold in pair:
                (held,) = set(pair) - {fold}
                parts.append(table[(table["part"] == "test") & (table["fold"] == folds[held].stem)])
        yield fold, pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    raise SystemExit(main())
