"""What each artefact is worth: the by-night AUC on the labelled ZTF alerts with it and without it.

``python -m benchmarks.studies.artefacts.worth ALERTS --scratch FOLDER [--seeds 1,2,3] [--figures FOLDER]`` where ALERTS
holds ``alerts.parquet`` and ``cutouts.h5``. Features and scores are kept in the scratch folder, so a broken run goes on
and several processes may each work on a seed of their own before one puts all together.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier

from benchmarks.studies.artefacts.rows import Alerts, Draw, draw, read_alerts
from benchmarks.studies.synthetic.recipe_fits import fitted
from models.graphs.trees import logit_of
from models.recipes.classifier import ClassifierRecipe
from models.registry import CLASSIFIERS
from pipeline.classes import PARTS
from pipeline.io import settings_files
from pipeline.metrics import METRICS, Curves, Interval, bootstrap_statistic
from pipeline.rng import stream
from pipeline.scores.calibration import fit_platt_prior
from pipeline.triplets.artefacts import ARTEFACTS

MEASURES = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc")
MEMBERS = {"boosting": 1, "feature_ensemble": 2}
"""Votes of a recipe's classifier beside one more member."""
FAMILIES = {
    "gain and cloud": ("gain", "cloud"),
    "lines": ("trail", "bad_column", "echoes"),
    "dipole and psf_mismatch": ("dipole", "psf_mismatch"),
    "the four named last": ("saturated_core", "nan_rows", "negative_residual", "contradiction"),
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Which rows train, and how they weigh.

    Self-made rows are of all artefacts but those ``left_out``, of one ``alone``, or chosen ``again`` by other random
    numbers; without ``bogus`` there are none. Those of ``kept_out`` are removed, and no other takes their place.
    ``reals`` are injected rows, ``teacher`` those of the teacher; where not ``weighed``, all rows weigh the same,
    whatever the recipe says. ``member`` joins the recipe's classifier with a vote of its own.
    """

    name: str
    left_out: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()
    alone: str = ""
    bogus: bool = True
    reals: bool = True
    again: bool = False
    teacher: bool = True
    weighed: bool = True
    member: Callable[[int], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Scores of the judged rows by one condition, one column per seed, with labels, groups and the fold of each row."""

    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    folds: NDArray[np.int64]
    scores: NDArray[np.float64]


ALL = Condition(name="all")
NONE = Condition(name="no bogus", bogus=False)
AGAIN = Condition(name="all, drawn again", again=True)
WITHOUT = [Condition(name=f"without {name}", left_out=(name,)) for name in ARTEFACTS]
FAMILY = [Condition(name=f"without {name}", left_out=kinds) for name, kinds in FAMILIES.items()]
ALONE = [Condition(name=f"{name} alone", alone=name) for name in ARTEFACTS]
UNREPLACED = Condition(name="without the four, none in their place", kept_out=FAMILIES["the four named last"])
BARE = [Condition(name="neither", bogus=False, reals=False), Condition(name="no reals", reals=False)]


def main() -> int:
    """Fit every condition and seed that is not there yet, then print the tables and save the figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.artefacts.worth", description=__doc__)
    parser.add_argument("alerts", type=Path, help="folder of alerts.parquet and cutouts.h5")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for features and scores")
    parser.add_argument("--seeds", default="1,2,3", help="draws of the artefacts to average")
    parser.add_argument("--alone", type=int, default=1, help="draws to average where an artefact is alone; 0 to skip")
    parser.add_argument("--figures", type=Path, help="folder to save the figure in")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    alerts = read_alerts(options.alerts, options.scratch)
    draws = [draw(alerts, int(seed), options.scratch) for seed in options.seeds.split(",")]
    judge = Judge(alerts=alerts, draws=draws, scratch=options.scratch)
    for classifier, conditions in (("ztf_boosting", BARE), ("ztf_ensemble", [FAMILY[-1], BARE[0]])):
        print(f"\n{classifier}\n", flush=True)
        _print(judge, classifier, [ALL, NONE, *conditions])
    without = _compare(judge, [(ALL, condition) for condition in (*WITHOUT, *FAMILY, AGAIN)])
    _print_differences(without, "all less")
    _print_differences(_compare(judge, [(ALL, UNREPLACED)]), "all less, with fewer bogus")
    if not options.alone:
        return 0
    alone = _compare(replace(judge, draws=draws[: options.alone]), [(condition, NONE) for condition in ALONE])
    _print_differences(alone, "less no bogus")
    if options.figures:
        from benchmarks.studies.artefacts.figure import draw_worth

        draw_worth(without, alone).savefig(options.figures / "artefact_worth.png", dpi=90)
    return 0


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Trains and scores conditions as the tasks do, from features that are there already."""

    alerts: Alerts
    draws: Sequence[Draw]
    scratch: Path

    def scores(self, classifier: str, condition: Condition) -> Judged:
        """Return the scores of all five folds' test rows, one column per seed."""
        columns = [self._seed(classifier, condition, drawn) for drawn in self.draws]
        first = columns[0]
        return Judged(
            labels=first["label"].to_numpy(dtype=np.int64),
            groups=first["group_id"].to_numpy(dtype=str),
            folds=first["fold"].to_numpy(dtype=np.int64),
            scores=np.stack([column["score"].to_numpy() for column in columns], axis=1),
        )

    def _seed(self, classifier: str, condition: Condition, drawn: Draw) -> pd.DataFrame:
        mark = f"{classifier}-{condition.name.replace(' ', '_')}-{drawn.seed}-{drawn.mark}"
        path = self.scratch / f"{mark}.parquet"
        if not path.is_file():
            folds = range(self.alerts.recipe.split.folds)
            rows = pd.concat([self._fold(classifier, condition, drawn, fold) for fold in folds])
            rows.sort_values("row", ignore_index=True).to_parquet(path)
        return pd.read_parquet(path)

    def _fold(self, classifier: str, condition: Condition, drawn: Draw, fold: int) -> pd.DataFrame:
        recipe = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", classifier), classifier)
        if not condition.weighed:
            recipe = replace(recipe, class_weight="none", label_source_weight={})
        kinds = drawn.kinds(condition.left_out, condition.alone, again=condition.again)
        features = drawn.stack(self.alerts, kinds)
        rows = drawn.folds[fold]
        stays = {"self_made": condition.bogus, "injected": condition.reals, "teacher": condition.teacher}
        gone = len(self.alerts.rows) + np.flatnonzero(np.isin(kinds, condition.kept_out))
        sources = [source for source, stay in stays.items() if not stay]
        rows = rows[~rows["label_source"].isin(sources) & ~rows["row"].isin(gone)]
        parts = {name: rows[rows["split"] == code].reset_index(drop=True) for name, code in PARTS.items()}
        estimator = CLASSIFIERS[recipe.classifier](drawn.seed, **recipe.settings)
        if condition.member:
            members = [("recipe", estimator), ("member", condition.member(drawn.seed))]
            estimator = VotingClassifier(members, voting="soft", weights=[MEMBERS[recipe.classifier], 1])
        estimator = fitted(estimator, recipe, parts, features)
        held = parts["validation"]
        logits = {
            name: logit_of(estimator.predict_proba(features[parts[name]["row"]])) for name in ("validation", "test")
        }
        platt = fit_platt_prior(logits["validation"], held["label"])
        scored = parts["test"].assign(fold=fold, score=platt.apply(logits["test"]))
        return scored[["row", "label", "group_id", "fold", "score"]]


def mean_over_seeds(measure: str, judged: Judged) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the measure's mean over the seeds as a function of row weights ``(r, n) -> (r,)``."""
    metric = METRICS[measure]

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.mean([metric.weighted(Curves(judged.labels, s, weights)) for s in judged.scores.T], axis=0)

    return statistic


def interval(measure: str, judged: Judged, less: Judged | None = None) -> Interval:
    """Return a measure, or by how much it is above that of another condition, resampled over objects."""
    own = mean_over_seeds(measure, judged)
    other = mean_over_seeds(measure, less) if less else lambda _: 0.0
    return bootstrap_statistic(lambda weights: own(weights) - other(weights), judged.groups, rng=stream(1, "bootstrap"))


def _print(judge: Judge, classifier: str, conditions: Sequence[Condition]) -> None:
    print("| rows of our own | AUC | of each draw | MDR at FPR 5 % | FPR at MDR 1 % |\n|---|---|---|---|---|")
    for condition in conditions:
        judged = judge.scores(classifier, condition)
        auc, mdr, fpr = (interval(measure, judged) for measure in MEASURES)
        seeds = " ".join(f"{METRICS['auc'](judged.labels, scores):.4f}" for scores in judged.scores.T)
        cells = (condition.name, _four(auc), seeds, _percent(mdr), _percent(fpr))
        print(f"| {' | '.join(cells)} |", flush=True)


def _compare(judge: Judge, pairs: Sequence[tuple[Condition, Condition]]) -> pd.DataFrame:
    """Return ``name seed_scatter`` and ``<measure> <measure>_low <measure>_high`` of each pair's first less its second.

    The name is that of the condition which differs from one pair to the next.
    """
    rows = []
    for more, less in pairs:
        one, other = (judge.scores("ztf_boosting", condition) for condition in (more, less))
        row: dict[str, float | str] = {"name": (less if more == ALL else more).name}
        for measure in MEASURES:
            found = interval(measure, one, other)
            row |= {measure: found.value, f"{measure}_low": found.low, f"{measure}_high": found.high}
        auc = [[METRICS["auc"](judged.labels, scores) for scores in judged.scores.T] for judged in (one, other)]
        gains = np.subtract(*auc)
        rows.append(row | {"seed_scatter": float(np.std(gains, ddof=1)) if len(gains) > 1 else np.nan})
    return pd.DataFrame(rows)


def _print_differences(table: pd.DataFrame, head: str) -> None:
    print(f"\n| {head} | AUC | scatter of draws | MDR at FPR 5 % | FPR at MDR 1 % |\n|---|---|---|---|---|")
    for row in table.to_dict("records"):
        found = list(_intervals(row))
        cells = (row["name"], found[0], f"{row['seed_scatter']:.4f}", *found[1:])
        print(f"| {' | '.join(cells)} |", flush=True)


def _intervals(row: dict[str, float]) -> Iterator[str]:
    for measure in MEASURES:
        values = row[measure], row[f"{measure}_low"], row[f"{measure}_high"]
        if measure == "auc":
            yield "{:+.4f} ({:+.4f} to {:+.4f})".format(*values)
        else:
            yield "{:+.1f} ({:+.1f} to {:+.1f}) %".format(*(100 * value for value in values))


def _four(found: Interval) -> str:
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f}) %"


if __name__ == "__main__":
    sys.exit(main())
