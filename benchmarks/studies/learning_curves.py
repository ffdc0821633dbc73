"""What chosen labels are worth against random ones: ``python -m benchmarks.studies.learning_curves DATASET FEATURES``.

A forest on the physical features of cutouts begins with a few labels drawn at random from the training part of DATASET,
and gets more of them round by round, chosen by each strategy of `SelectForLabelling`; it is judged on the test rows.
FEATURES keeps the measured features (`benchmarks.studies.label_noise`).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.label_noise import features_of
from models.architectures.table_models import table_forest
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import METRICS
from pipeline.rng import stream
from pipeline.scores.acquisition import Mixture, Pool, select

STRATEGIES: Final = ("random", "margin", "core_set", "margin:0.6,core_set:0.2,random:0.2")
FIRST: Final = 50
STEP: Final = 50
ROUNDS: Final = 6
TREES: Final = 60


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Features ``(n, f)`` and labels ``(n,)`` of some rows."""

    features: NDArray[np.float64]
    labels: NDArray[np.int64]


def main() -> int:
    """Print the table of AUCs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--rows", type=int, default=4000, help="of either part, only so many")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    pool, test = (read(options.dataset, options.features, part, options.rows) for part in ("train", "test"))
    sizes = [FIRST + STEP * step for step in range(ROUNDS + 1)]
    print(f"| chosen by | {' | '.join(f'{size} labels' for size in sizes)} |\n{'|---' * (len(sizes) + 1)}|")
    for strategy in STRATEGIES:
        curves = np.array([list(curve(pool, test, strategy, seed)) for seed in range(1, options.seeds + 1)])
        cells = [f"{mean:.4f} ± {std:.4f}" for mean, std in zip(curves.mean(0), curves.std(0, ddof=1), strict=True)]
        print(f"| `{strategy}` | {' | '.join(cells)} |", flush=True)
    return 0


def read(dataset: Path, kept: Path, part: str, most: int) -> Rows:
    """Return features and labels of the first rows of a part, which are a shuffled sample."""
    with open_dataset(dataset) as file:
        features = features_of(file, kept)[part][:most]
        return Rows(features=features.astype(np.float64), labels=file.candidates(part)["label"].to_numpy()[:most])


def curve(pool: Rows, test: Rows, strategy: str, seed: int) -> Iterator[float]:
    """Yield the AUC on the test rows after each round; the first rows are the same for every strategy."""
    rng = stream(seed, "learning curve", strategy)
    first = stream(seed, "learning curve", "first").permutation(len(pool.labels))[:FIRST]
    known = np.zeros(len(pool.labels), bool)
    known[first] = True
    for step in range(ROUNDS + 1):
        model = fitted(pool, known, seed)
        yield METRICS["auc"](test.labels, model.predict_proba(test.features)[:, 1])
        if step == ROUNDS:
            return
        free = np.flatnonzero(~known)
        probabilities = model.predict_proba(pool.features[free])
        asked = Pool(
            probabilities=probabilities,
            bald=np.full(len(free), np.nan),
            others=np.zeros((0, len(free), 2)),
            features=pool.features[free],
            known=pool.features[known],
        )
        known[free[select(asked, Mixture.parse(strategy), STEP, rng)[0]]] = True


def fitted(pool: Rows, known: NDArray[np.bool_], seed: int) -> Any:
    """Return a forest of the labelled rows."""
    model = table_forest(seed, n_estimators=TREES, max_features=0.07, min_samples_leaf=1)
    return model.fit(pool.features[known], pool.labels[known])


if __name__ == "__main__":
    raise SystemExit(main())
