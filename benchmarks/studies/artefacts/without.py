"""How well the labelled ZTF alerts are told apart by night without self-made bogus, and what that hangs on.

``python -m benchmarks.studies.artefacts.without ALERTS --scratch FOLDER [--divisions 1,2,3,4,5,6]``. One thing at a
time is changed, on the same rows and features: the teacher's rows, the weights, an unlike classifier beside the
recipe's, and which nights share a fold. The scratch folder may be that of ``benchmarks.studies.artefacts.worth``.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.studies.artefacts.rows import Alerts, draw, read_alerts
from benchmarks.studies.artefacts.worth import ALL, Condition, Judge, Judged, interval
from pipeline.metrics import METRICS, Curves, bootstrap_statistic
from pipeline.rng import stream

FEWEST = 5


class VectorMachine(SVC):
    """Support vectors on standardised features: unlike trees, it says something between and beyond the rows it saw."""

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.int64], sample_weight: Any = None) -> Any:
        """Fit scaling and support vectors."""
        self.scaler_ = StandardScaler().fit(features)
        return super().fit(self.scaler_.transform(features), labels, sample_weight)

    def predict_proba(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of both classes, ``(n, 2)``."""
        return super().predict_proba(self.scaler_.transform(features))


def vector_machine(seed: int) -> VectorMachine:
    """Return an unfitted support vector machine."""
    return VectorMachine(C=3, probability=True, random_state=seed)


TASKS = Condition(name="neither", bogus=False, reals=False)
LABELLED = replace(TASKS, name="labelled rows alone", teacher=False)
EQUAL = replace(TASKS, name="neither, all rows weigh the same", weighed=False)
CONDITIONS = {
    "ztf_boosting": [TASKS, EQUAL, LABELLED, ALL],
    "ztf_ensemble": [
        TASKS,
        EQUAL,
        LABELLED,
        replace(TASKS, name="neither, with a vector machine", member=vector_machine),
        replace(LABELLED, name="labelled rows alone, with a vector machine", member=vector_machine),
        ALL,
        replace(ALL, name="all, all rows weigh the same", weighed=False),
        replace(ALL, name="all, with a vector machine", member=vector_machine),
    ],
}


def main() -> int:
    """Fit every condition in every division into folds that is not there yet, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.artefacts.without", description=__doc__)
    parser.add_argument("alerts", type=Path, help="folder of alerts.parquet and cutouts.h5")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for features and scores")
    parser.add_argument("--divisions", default="1,2,3,4,5,6", help="seeds of the division; the first is shown alone")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    alerts = read_alerts(options.alerts, options.scratch)
    judges = [_judge(alerts, int(seed), options.scratch) for seed in options.divisions.split(",")]
    for classifier, conditions in CONDITIONS.items():
        print(f"\n{classifier}\n", flush=True)
        print(f"| rows of our own | AUC | mean of folds | AUC, {len(judges)} divisions | mean of folds |")
        print("|---|---|---|---|---|")
        for condition in conditions:
            found = [judge.scores(classifier, condition) for judge in judges]
            shown = interval("auc", found[0])
            folds = bootstrap_statistic(mean_of_folds(found[0]), found[0].groups, rng=stream(1, "bootstrap"))
            spread = [_spread([measure(judged) for judged in found]) for measure in (_pooled, _folds)]
            alone = [f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})" for estimate in (shown, folds)]
            print(f"| {' | '.join((condition.name, *alone, *spread))} |", flush=True)
    return 0


def _judge(alerts: Alerts, division: int, scratch: Path) -> Judge:
    """Return who judges another division of the nights into folds, by the first draw of what is made."""
    recipe = replace(alerts.recipe, split=replace(alerts.recipe.split, seed=division))
    divided = replace(alerts, recipe=recipe)
    return Judge(alerts=divided, draws=[draw(divided, 1, scratch)], scratch=scratch)


def mean_of_folds(judged: Judged) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the mean AUC of the folds as a function of row weights ``(r, n) -> (r,)``.

    Scores of different folds, which are of different models, are never compared. Folds with fewer than five of a class
    do not count.
    """
    labels, chosen = judged.labels, []
    for fold in np.unique(judged.folds):
        mine = judged.folds == fold
        if np.bincount(labels[mine], minlength=2).min() >= FEWEST:
            chosen.append(mine)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        found = [
            METRICS["auc"].weighted(Curves(labels[mine], scores[mine], weights[:, mine]))
            for mine in chosen
            for scores in judged.scores.T
        ]
        return np.mean(found, axis=0)

    return statistic


def _pooled(judged: Judged) -> float:
    return interval("auc", judged).value


def _folds(judged: Judged) -> float:
    return float(mean_of_folds(judged)(np.ones((1, len(judged.labels))))[0])


def _spread(values: Sequence[float]) -> str:
    scatter = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{scatter}"


if __name__ == "__main__":
    sys.exit(main())
