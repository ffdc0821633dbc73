"""Judges classifiers of a table of candidates: ``python -m benchmarks.studies.tabular_realbogus DATASET PACKAGE...``.

Of the test rows of the data set it prints the recall of each class, the recall of the last class among the first K that
its probability ranks, and what shuffling each feature costs, all with intervals over objects.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.scoring.runtime import load
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import groups_of
from pipeline.metrics.permutation import permutation_importance
from pipeline.metrics.recall_at import recall_at
from pipeline.metrics.resampling import Interval, bootstrap_statistic
from pipeline.rng import stream

PLACES = (10, 25, 50, 100, 200)
LEVEL = 0.95


def main() -> int:
    """Score the test rows by each package and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("packages", type=Path, nargs="+")
    options = parser.parse_args()
    with open_dataset(options.dataset) as data:
        rows, features = data.candidates("test"), data.cutouts("test")
        channels, names = data.channels, data.class_names
    found, importance = {}, {}
    for path in options.packages:
        package = load(path, threads=1)
        model = path.name.split("-")[-3]

        def chances(values: NDArray[np.float32], package: object = package) -> NDArray[np.float32]:
            return package.predict(values.reshape(-1, 1, 1, len(channels)), channels)  # type: ignore[attr-defined]

        found[model] = _recalls(rows, chances(features), names)
        importance[model] = _importance(rows, chances, features[:, 0, 0, :], channels)
    _print(pd.DataFrame(found).rename_axis(" ").reset_index())
    for model, table in importance.items():
        print(f"{model}\n")
        _print(table.round(3))
    return 0


def _print(table: pd.DataFrame) -> None:
    """Print a table as Markdown."""
    lines = [list(map(str, table)), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines), end="\n\n")


def _recalls(rows: pd.DataFrame, chances: NDArray[np.float32], names: tuple[str, ...]) -> dict[str, str]:
    """Return the recall of each class, and of the last class among the first of its ranking."""
    label, called, groups = rows["label"].to_numpy(), chances.argmax(axis=1), groups_of(rows)
    told = {}
    for index, name in enumerate(names):
        own = label == index

        def recall(times: NDArray[np.float64], own: NDArray[np.bool_] = own, index: int = index) -> NDArray[np.float64]:
            return np.asarray((times * (own & (called == index))).sum(axis=1) / (times * own).sum(axis=1))

        told[f"recall of {name} ({own.sum()})"] = _told(bootstrap_statistic(recall, groups, level=LEVEL, rng=_rng()))
    wanted = label == len(names) - 1
    for places in PLACES:

        def among(times: NDArray[np.float64], places: int = places) -> NDArray[np.float64]:
            return recall_at(wanted, chances[:, -1], places, times)

        told[f"{names[-1]} among the first {places}"] = _told(
            bootstrap_statistic(among, groups, level=LEVEL, rng=_rng())
        )
    return told


def _importance(
    rows: pd.DataFrame, chances: object, features: NDArray[np.float32], channels: tuple[str, ...]
) -> pd.DataFrame:
    """Return the mean recall of all classes that shuffling a feature costs."""
    label = rows["label"].to_numpy()

    def merit(found: NDArray[np.floating], times: NDArray[np.float64]) -> float:
        right = np.bincount(label, times * (found.argmax(axis=1) == label)) / np.bincount(label, times)
        return float(right.mean())

    return permutation_importance(chances, features, channels, merit, repeats=50, rng=_rng())  # type: ignore[arg-type]


def _rng() -> np.random.Generator:
    return stream(1, "tabular real/bogus", "")


def _told(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


if __name__ == "__main__":
    raise SystemExit(main())
