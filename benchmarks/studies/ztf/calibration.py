"""Whether scores of ZTF alerts mean what they say on other nights: ``python -m benchmarks.studies.ztf.calibration -h``.

SCRATCH holds the logits that ``benchmarks.studies.ztf.judge`` left of the members of a stack on all folds of
``ztf_by_night``. This recipe was fixed before any figure of it was seen:

* The logit is the weighed sum of the stack's members, as `judge` makes it, each with the calibration of its recipe on
  the validation rows of its fold; of one classifier, its own. `CALIBRATIONS` are then fitted on it, and each is
  brought to the share of reals of the rows that it was fitted on. ``validation`` ones are fitted on the validation
  rows of the fold, ``other folds`` on the test rows of all other folds: nights that taught the model of the fold, with
  the logits of models that they did not teach. Those models learned from nights of this fold, so that it is no strict
  test, but a line has two numbers.
* The first of them is the recipe's own and the one that counts.
* Judged are the test rows of all folds: debiased calibration error with its interval over objects and over nights; said
  minus true, the mean score less the share of reals, in strata of 200 rows or more with 20 of each class or more, which
  are the whole, both halves by magnitude and both spans of time; the chance that such a difference comes from one of at
  most 0.03 (normal, its scatter by resampling of objects), corrected by Holm over strata.
* Verdicts at an error of 0.1 of each class, with limits from the same rows: coverage of each class and the share that
  is asked about; a fold with fewer than nine rows of a class to fit has none. What chance gives is that of the fold
  with the fewest rows.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.studies.ztf.judge import SPLIT_NIGHT, summed
from benchmarks.studies.ztf.trainings import calibrated
from models.recipes.stack_members import is_stack, read_members
from pipeline.classes import CLASS_NAMES, REAL
from pipeline.io import settings_files
from pipeline.metrics import bootstrap, bootstrap_statistic
from pipeline.metrics.verdict_coverage import VerdictPromise, verdict_coverage
from pipeline.metrics.weak_strata import holm
from pipeline.rng import stream
from pipeline.scores.calibration import Platt, fit_platt, fit_platt_prior
from pipeline.scores.verdicts import VerdictLimits

Fit = Callable[[NDArray[np.float64], NDArray[np.int64]], Platt]
LARGEST: Final = 0.03
ERROR: Final = 0.1
LEAST: Final = 200
LEAST_FOR_VERDICTS: Final = 9
"""Rows of a class that limits at `ERROR` need; a fold with fewer has no verdicts."""

LEAST_OF_CLASS: Final = 20


def at_own_share(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Platt:
    """Return the calibration with priors, which is for equal shares, at the share of reals of its rows."""
    return fit_platt_prior(logits, labels).at_prevalence(0.5, float(np.mean(labels == REAL)))


CALIBRATIONS: Final[Mapping[str, tuple[Fit, bool]]] = {
    "platt_prior, validation": (at_own_share, False),
    "platt, validation": (fit_platt, False),
    "platt, other folds": (fit_platt, True),
}
"""How each is fitted, and whether on the test rows of the other folds."""


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--recipe", default="ztf_default")
    parser.add_argument("--dataset", default="ztf_by_night")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    tables = {
        seed: [read_fold(options.scratch, options.recipe, options.dataset, fold, seed) for fold in range(options.folds)]
        for seed in options.seeds
    }
    print("| calibration | seed | rows | ece, over objects | over nights | said minus true, worst of strata |"
          " verdicts: reals covered | bogus covered | asked |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (fit, of_others) in CALIBRATIONS.items():
        for seed, folds in tables.items():
            rows, fewest = scored(folds, fit, of_others=of_others)
            print(f"| {name} | {seed} | {' | '.join(cells(rows, fewest))} |", flush=True)
    return 0


def read_fold(scratch: Path, recipe: str, dataset: str, fold: int, seed: int) -> pd.DataFrame:
    """Return the validation and the test rows of a fold with the logit of a classifier or a stack, by newest files."""

    def newest(classifier: str) -> pd.DataFrame:
        files = scratch.glob(f"{classifier}-*seed{seed}-BuildDataset-{dataset}-fold{fold}-*.parquet")
        return pd.read_parquet(max(files, key=lambda path: path.stat().st_mtime))

    if not is_stack(settings_files.raw("classifiers", recipe)):
        return newest(recipe).assign(fold=fold)
    members = read_members(recipe)
    found = [calibrated(newest(member.classifier)) for member in members.members]
    weights = np.asarray(members.weights)
    return summed(found, (weights / weights.sum()).tolist()).assign(fold=fold)


def scored(folds: Sequence[pd.DataFrame], fit: Fit, *, of_others: bool) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the test rows of all folds with ``score`` and ``verdict``, and the fewest rows of a class that fitted."""
    tests = [rows[rows["part"] == "test"] for rows in folds]
    told, counts = [], []
    for place, rows in enumerate(folds):
        others = pd.concat([test for other, test in enumerate(tests) if other != place])
        fitting = others if of_others else rows[rows["part"] == "validation"]
        labels = fitting["label"].to_numpy(np.int64)
        calibration = fit(fitting["logit"].to_numpy(float), labels)
        score, verdict = calibration.apply(tests[place]["logit"]), np.full(len(tests[place]), "", dtype=object)
        if np.bincount(labels, minlength=2).min() >= LEAST_FOR_VERDICTS:
            limits = VerdictLimits.fit(calibration.apply(fitting["logit"]), labels, error=ERROR)
            verdict = limits.apply(score)
            counts.append(np.bincount(labels, minlength=2))
        told.append(tests[place].assign(score=score, verdict=verdict))
    return pd.concat(told, ignore_index=True), dict(zip(CLASS_NAMES, np.min(counts, axis=0).tolist(), strict=True))


def cells(rows: pd.DataFrame, fewest: Mapping[str, int]) -> list[str]:
    """Return what the table says of scored rows."""
    found = [str(len(rows))]
    for column in ("object_id", "night"):
        ece = bootstrap("ece", rows["label"], rows["score"], rows[column].astype(str), level=0.95,
                        rng=stream(1, "calibration study"))  # fmt: skip
        found.append(f"{ece.value:.4f} ({ece.low:.4f} to {ece.high:.4f})")
    found.append(worst_stratum(rows))
    coverage = verdict_coverage(rows, VerdictPromise(error=ERROR, rows=fewest, by_class=True))
    by_name = coverage.set_index("stratum")
    for name in reversed(CLASS_NAMES):
        line = coverage[(coverage["column"] == "class") & (coverage["stratum"] == name)].iloc[0]
        kept = "kept" if line["kept"] else "broken"
        ends = f"{line['coverage_low']:.3f} to {line['coverage_high']:.3f}"
        found.append(f"{line['coverage']:.3f} ({ends}), {kept} (chance {line['expected_low']:.3f} on)")
    return [*found, f"{by_name.loc['all', 'asked']:.3f} of {int(by_name.loc['all', 'n'])}"]


def strata_of(rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each stratum that is judged."""
    bright = rows["magnitude"].to_numpy(float) < np.nanmedian(rows["magnitude"].to_numpy(float))
    early = (rows["night"].astype(str) < SPLIT_NIGHT).to_numpy()
    every = {"all": np.ones(len(rows), bool), "bright": bright, "faint": ~bright,
             f"before {SPLIT_NIGHT}": early, f"from {SPLIT_NIGHT}": ~early}  # fmt: skip
    labels = rows["label"].to_numpy()
    return {
        name: inside
        for name, inside in every.items()
        if inside.sum() >= LEAST and np.bincount(labels[inside], minlength=2).min() >= LEAST_OF_CLASS
    }


def worst_stratum(rows: pd.DataFrame) -> str:
    """Return the stratum whose mean score is the furthest from its share of reals, and whether by more than chance."""
    apart = (rows["score"] - rows["label"]).to_numpy(float)
    names, values, chances = [], [], []
    for name, inside in strata_of(rows).items():
        found = bootstrap_statistic(
            lambda weights, own=apart[inside]: (weights * own).sum(axis=1) / weights.sum(axis=1),  # type: ignore[misc]
            rows["object_id"].astype(str)[inside], level=0.6827, rng=stream(1, "said minus true"),
        )  # fmt: skip
        scatter = (found.high - found.low) / 2.0
        names.append(name)
        values.append(found.value)
        chances.append(float(norm.sf((abs(found.value) - LARGEST) / scatter)))
    place = int(np.argmax(np.abs(values)))
    broken = [name for name, chance in zip(names, holm(chances), strict=True) if chance <= 0.05]
    told = f"above {LARGEST:g} beyond chance: {', '.join(broken)}" if broken else "none beyond chance"
    return f"{values[place]:+.3f} ({names[place]}); {told} of {len(names)}"


if __name__ == "__main__":
    raise SystemExit(main())
