"""What a queue of uncertain candidates is worth: ``python -m benchmarks.studies.queue_worth DATASET FEATURES``.

A scripted person labels candidates of some nights; a forest learns from them and is judged on other objects of later
nights. Both ways begin with the same 100 labels, drawn at random, and get 200 more, 100 in each of two rounds: either
those that `SelectForLabelling` puts into the queue, or random ones. The person may press the wrong key.

Fixed before any figure was seen: nights 1 to 12 to learn from, nights 13 to 18 to judge; 4,000 candidates to choose
from, drawn anew for each of ten seeds; the default mixture of `SelectForLabelling` as the queue, and ``margin`` alone
beside it; a forest of 60 trees as in `benchmarks.studies.learning_curves`. Differences are of the same seed, candidates
and first labels; their interval of 95 % is Student's over the seeds. FEATURES keeps the measured features
(`benchmarks.studies.label_noise`).

Tested by tests/benchmarks/studies/test_queue_worth.py.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.studies.label_noise import features_of
from benchmarks.studies.learning_curves import Rows, fitted
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import METRICS
from pipeline.rng import stream
from pipeline.scores.acquisition import Mixture, Pool, select

QUEUES: Final = ("margin:0.6,core_set:0.2,random:0.2", "margin")
WRONG: Final = (0.0, 0.05)
"""Shares of the verdicts after the first that are of the other class."""
FIRST: Final = 100
ROUND: Final = 100
ROUNDS: Final = 2
LEARNED_NIGHTS: Final = 12
LEVEL: Final = 0.95


def main() -> int:
    """Print a line for each queue and each share of wrong verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--rows", type=int, default=4000, help="candidates to choose from, and test rows at most")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    learned, judged = read(options.dataset, options.features)
    judged = Rows(features=judged.features[: options.rows], labels=judged.labels[: options.rows])
    head = ("wrong verdicts", "queue", "AUC of 100", "AUC of 300, queued", "AUC of 300, random", "queued less random")
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|", flush=True)
    for wrong in WRONG:
        for queue in QUEUES:
            seeds = range(1, options.seeds + 1)
            found = np.array(
                [compared(drawn(learned, options.rows, seed), judged, queue, wrong, seed) for seed in seeds]
            )
            print(line(wrong, queue, found), flush=True)
    return 0


def read(dataset: Path, kept: Path) -> tuple[Rows, Rows]:
    """Return training rows of the first nights, and test rows, of other objects, of the later nights."""
    with open_dataset(dataset) as file:
        features = features_of(file, kept)
        tables = {part: file.candidates(part) for part in ("train", "test")}
    last = sorted(set(tables["train"]["night"]))[LEARNED_NIGHTS - 1]
    early, late = tables["train"]["night"] <= last, tables["test"]["night"] > last
    return tuple(
        Rows(features=features[part][mine].astype(np.float64), labels=tables[part]["label"].to_numpy()[mine])
        for part, mine in (("train", early.to_numpy()), ("test", late.to_numpy()))
    )  # type: ignore[return-value]


def drawn(rows: Rows, most: int, seed: int) -> Rows:
    """Return the candidates of one seed."""
    places = stream(seed, "queue worth", "candidates").permutation(len(rows.labels))[:most]
    return Rows(features=rows.features[places], labels=rows.labels[places])


def compared(pool: Rows, test: Rows, queue: str, wrong: float, seed: int) -> tuple[float, float, float]:
    """Return the AUC after the first labels, after those of the queue, and after as many random ones."""
    first = stream(seed, "queue worth", "first").permutation(len(pool.labels))[:FIRST]
    errs = stream(seed, "queue worth", "errs").random(len(pool.labels)) < wrong
    errs[first] = False
    said = Rows(features=pool.features, labels=np.where(errs, 1 - pool.labels, pool.labels))
    known = np.isin(np.arange(len(pool.labels)), first)
    ends = [auc(said, labelled(said, known, way, seed), test, seed) for way in (queue, "random")]
    return auc(said, known, test, seed), ends[0], ends[1]


def labelled(said: Rows, first: NDArray[np.bool_], way: str, seed: int) -> NDArray[np.bool_]:
    """Return which candidates have a verdict after all rounds, ``(n,)``."""
    known, rng = first.copy(), stream(seed, "queue worth", way)
    for _ in range(ROUNDS):
        free = np.flatnonzero(~known)
        asked = Pool(
            probabilities=fitted(said, known, seed).predict_proba(said.features[free]),
            bald=np.full(len(free), np.nan),
            others=np.zeros((0, len(free), 2)),
            features=said.features[free],
            known=said.features[known],
        )
        known[free[select(asked, Mixture.parse(way), ROUND, rng)[0]]] = True
    return known


def auc(said: Rows, known: NDArray[np.bool_], test: Rows, seed: int) -> float:
    """Return the AUC on the test rows of a forest of the verdicts."""
    return METRICS["auc"](test.labels, fitted(said, known, seed).predict_proba(test.features)[:, 1])


def line(wrong: float, queue: str, found: NDArray[np.float64]) -> str:
    """Return a line of the table from the AUCs of each seed, ``(seeds, 3)``."""
    cells = [f"{mean:.4f}" for mean in found.mean(0)]
    mean, low, high = paired(found[:, 1] - found[:, 2])
    return f"| {100 * wrong:.0f} % | `{queue}` | {' | '.join(cells)} | {mean:+.4f} ({low:+.4f} to {high:+.4f}) |"


def paired(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean of differences of the same seeds and Student's interval of it."""
    mean = float(differences.mean())
    half = float(stats.sem(differences) * stats.t.ppf(0.5 + LEVEL / 2, len(differences) - 1))
    return mean, mean - half, mean + half


if __name__ == "__main__":
    raise SystemExit(main())
