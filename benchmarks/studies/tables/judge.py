"""Judges classifiers of a table: ``python -m benchmarks.studies.tables.judge FILE --work FOLDER``.

FILE is ``sdss_ugriz_spectra.parquet``; FOLDER keeps the logits of each training, so that a stopped run goes on. With
``--rehearse``, the test rows are not opened, and half of the validation rows is judged by what the other half decides.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from benchmarks.studies.tables import recipe
from benchmarks.studies.tables.catalogue import CLASSES, parts
from models.recipes.classifier import load
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.metrics.class_metrics import CLASS_METRICS
from pipeline.metrics.class_resampling import class_bootstrap
from pipeline.metrics.class_rows import predicted_class
from pipeline.metrics.class_sample import ClassSample
from pipeline.metrics.decision_weights import decision_weights
from pipeline.metrics.resampling import Interval, bootstrap_statistic
from pipeline.rng import stream
from pipeline.scores.class_calibration import fit_vector_scaling
from pipeline.scores.combination import fit_class_weights

SEED = 1
SHOWN = ("accuracy", "log_loss", "ece", "class_ece", "macro_auc")

Logits = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Calibrated probabilities ``(n, k)`` of the judged rows, and what each row is called by decision weights."""

    probabilities: Logits
    called: NDArray[np.int64]


def main() -> int:
    """Train, calibrate, judge and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()
    dataset = parts(options.file, judged=not options.rehearse)
    counts = ", ".join(f"{len(dataset.candidates(part))} {part}" for part in ("train", "validation", "test"))
    print(f"{counts}\n", flush=True)
    options.work.mkdir(exist_ok=True)
    fitting, judged = _rows(dataset, options.rehearse)
    members = {name: _logits(dataset, name, options.work) for name in recipe.MEMBERS}
    members[recipe.STACK] = _stacked(members, fitting)
    found = {name: _judged(logits, fitting, judged) for name, logits in members.items()}
    _report(found, judged.labels)
    return 0


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows of validation and test together, ``(n,)``, and their labels ``(m,)``."""

    chosen: NDArray[np.bool_]
    labels: NDArray[np.int64]


def _rows(dataset: MemoryDataSet, rehearse: bool) -> tuple[Rows, Rows]:
    """Return the rows that decide calibration and weights, and those that are judged."""
    labels = np.concatenate([dataset.candidates(part)["label"].to_numpy(np.int64) for part in ("validation", "test")])
    place = np.arange(len(labels))
    decide = place % 2 == 0 if rehearse else place < len(dataset.candidates("validation"))
    return Rows(chosen=decide, labels=labels[decide]), Rows(chosen=~decide, labels=labels[~decide])


def _logits(dataset: MemoryDataSet, name: str, work: Path) -> Logits:
    """Return the mean log-probabilities of a member's trainings, of validation and test rows, ``(n, k)``."""
    settings, seeds = recipe.MEMBERS[name]
    rows = np.concatenate([dataset.cutouts(part) for part in ("validation", "test")])
    found = []
    for seed in seeds:
        kept = work / f"{name}-{seed}-{len(rows)}.npy"
        if not kept.is_file():
            start = time.process_time()
            with tempfile.TemporaryDirectory() as scratch:
                trained = train(dataset, load(settings, name), seed, workdir=Path(scratch))
            np.save(kept, trained.fitted.logits(rows))
            print(f"{name}, seed {seed}: {time.process_time() - start:.0f} s of processor time", flush=True)
        found.append(log_softmax(np.load(kept).astype(np.float64), axis=1))
    return np.mean(found, axis=0)


def _stacked(members: dict[str, Logits], fitting: Rows) -> Logits:
    logs = np.stack(list(members.values()))
    weights = fit_class_weights(logs[:, fitting.chosen], fitting.labels)
    print(", ".join(f"{name} {weight:.2f}" for name, weight in zip(members, weights, strict=True)), "in the stack\n")
    return np.tensordot(weights, logs, axes=1)


def _judged(logits: Logits, fitting: Rows, judged: Rows) -> Judged:
    scaling = fit_vector_scaling(logits[fitting.chosen], fitting.labels)
    weights = decision_weights(fitting.labels, scaling.probabilities(logits[fitting.chosen]))
    probabilities = scaling.probabilities(logits[judged.chosen])
    return Judged(probabilities=probabilities, called=predicted_class(probabilities, weights))


def _report(found: dict[str, Judged], labels: NDArray[np.int64]) -> None:
    """Print macro F1 by decision weights, other figures, F1 of each class, and paired differences."""
    rows = np.arange(len(labels))
    print(f"\n{len(labels)} rows are judged\n\n|  | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    _line("macro_f1", [_interval(_macro_f1(one, labels), rows) for one in found.values()])
    for index, name in enumerate(CLASSES):
        each = [_interval(_f1_of(one, labels, index), rows) for one in found.values()]
        _line(f"F1 of {name}", each)
    others = [
        class_bootstrap(labels, one.probabilities, rows, replicates=recipe.REPLICATES, level=recipe.LEVEL,
                        rng=stream(SEED, "study")).whole
        for one in found.values()
    ]  # fmt: skip
    for name in SHOWN:
        _line(name, [one[name] for one in others])
    baselines = [name for name in found if name.startswith("table_")]
    print(f"\n| macro_f1 less that of | {' | '.join(baselines)} |\n|---|{'---|' * len(baselines)}")
    for name in ("mlp", recipe.STACK):
        _line(name, [_interval(_less(found[name], found[other], labels), rows) for other in baselines])


Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _macro_f1(one: Judged, labels: NDArray[np.int64]) -> Statistic:
    return lambda weights: CLASS_METRICS["macro_f1"].weighted(
        ClassSample(labels, one.probabilities, weights, one.called)
    )


def _f1_of(one: Judged, labels: NDArray[np.int64], index: int) -> Statistic:
    mine, called = labels == index, one.called == index
    return lambda weights: 2.0 * (weights @ (mine & called)) / (weights @ mine + weights @ called)


def _less(one: Judged, other: Judged, labels: NDArray[np.int64]) -> Statistic:
    first, second = _macro_f1(one, labels), _macro_f1(other, labels)
    return lambda weights: first(weights) - second(weights)


def _interval(statistic: Statistic, rows: NDArray[np.intp]) -> Interval:
    rng = stream(SEED, "study")
    return bootstrap_statistic(statistic, rows, replicates=recipe.REPLICATES, level=recipe.LEVEL, rng=rng)


def _line(name: str, intervals: list[Interval]) -> None:
    cells = (f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})" for one in intervals)
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
