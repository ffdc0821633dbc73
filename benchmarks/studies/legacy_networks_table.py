"""The trainings of `benchmarks.studies.legacy_networks` as a table: calibrated, stacked, with intervals."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.recipes.stack_members import read_members
from pipeline.classes import BOGUS, REAL
from pipeline.errors import SettingsError
from pipeline.metrics import METRICS, Curves, Interval, bootstrap_statistic
from pipeline.metrics.intervals import mean_interval
from pipeline.rng import stream
from pipeline.scores.calibration import fit_platt_prior
from pipeline.scores.combination import drawn_towards, fit_weights

RECORD = "trainings.jsonl"
IDENTITY = ("candidate_id", "group_id", "night")
STACKS = ("stack, 0.7 and 0.3", "stack, logistic")
DEFAULT = "default"
"""The stack of ``config/classifiers/default.yaml``, weighed on the validation rows as its package is."""

FIXED_WEIGHTS = (0.7, 0.3)
"""Of the ensemble and of the network."""

MEASURES = ("auc", "mdr_at_fpr_1pc", "fpr_at_mdr_1pc")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One training: its line of ``trainings.jsonl``, and logits and rows of the validation and of the test part.

    Attributes
    ----------
    line : mapping
        ``entry seed dataset`` and what it took; ``failed`` instead where it diverged.
    parts : mapping of str to DataFrame
        ``candidate_id group_id night label logit``; the logit is calibrated on the validation rows.
    """

    line: Mapping[str, Any]
    parts: Mapping[str, pd.DataFrame] = field(repr=False)


def trainings(scratch: Path) -> Iterator[Trained]:
    """Yield all that was trained, logits calibrated on the validation rows of the same data set."""
    for line in read_lines(scratch):
        if "failed" in line:
            yield Trained(line=line, parts={})
            continue
        with np.load(scratch / file_name(line)) as kept:
            parts = {
                part: pd.DataFrame({name: kept[f"{part}_{name}"] for name in (*IDENTITY, "label", "logit")})
                for part in ("validation", "test")
            }
        platt = fit_platt_prior(parts["validation"]["logit"], parts["validation"]["label"])
        calibrated = {part: rows.assign(logit=platt.slope * rows["logit"] + platt.intercept) for part, rows in
                      parts.items()}  # fmt: skip
        yield Trained(line=line, parts=calibrated)


def stacks(found: Sequence[Trained], ensemble: str, network: str) -> Iterator[Trained]:
    """Yield both stacks of each seed and data set that both members were trained with."""
    place = {(one.line["entry"], one.line["seed"], one.line["dataset"]): one for one in found if one.parts}
    for (entry, seed, dataset), first in place.items():
        second = place.get((network, seed, dataset))
        if entry != ensemble or second is None:
            continue
        pairs = [(one, place.get((network, seed, name))) for (other, at, name), one in place.items()
                 if other == ensemble and at == seed]  # fmt: skip
        validation = pd.concat([_joined(one, other, "validation") for one, other in pairs if other is not None])
        test = _joined(first, second, "test")
        fixed = test["first"] * FIXED_WEIGHTS[0] + test["second"] * FIXED_WEIGHTS[1]
        columns = {"seed": seed, "dataset": dataset}
        for name, logit in zip(STACKS, (fixed, fitted_stack(validation, test)), strict=True):
            yield Trained(line={"entry": name, **columns}, parts={"test": test.assign(logit=logit)})


def default_stacks(found: Sequence[Trained]) -> Iterator[Trained]:
    """Yield the default of each seed and data set that all of its members were trained with."""
    recipe = read_members(DEFAULT)
    names, stated = [member.classifier for member in recipe.members], np.asarray(recipe.weights)
    place = {(one.line["entry"], one.line["seed"], one.line["dataset"]): one for one in found if one.parts}
    for seed, dataset in dict.fromkeys((seed, dataset) for _, seed, dataset in place):
        members = [place[name, seed, dataset] for name in names if (name, seed, dataset) in place]
        if len(members) < len(names):
            continue
        validation, test = (_side_by_side(members, part) for part in ("validation", "test"))
        labels = members[0].parts["validation"]["label"].to_numpy()
        shares = drawn_towards(fit_weights(validation, labels), stated / stated.sum(), labels)
        rows = members[0].parts["test"].assign(logit=test @ shares)
        line = {"entry": DEFAULT, "seed": seed, "dataset": dataset, "weights": shares.round(3).tolist()}
        yield Trained(line=line, parts={"test": rows})


def _side_by_side(members: Sequence[Trained], part: str) -> NDArray[np.float64]:
    """Return the logits of the same rows by each member, ``(n, members)``."""
    return np.column_stack([_joined(members[0], member, part)["second"] for member in members])


def fitted_stack(validation: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
    """Return logits of test rows by a logistic regression on validation rows of other nights and groups.

    Both have ``group_id night label first second``. Where the parts share all nights, as in a division by object,
    groups alone are kept apart.
    """
    held = validation["group_id"].isin(test["group_id"])
    same_night = validation["night"].isin(test["night"])
    used = validation[~held if same_night.all() else ~held & ~same_night]
    columns = ["first", "second"]
    model = LogisticRegression(class_weight="balanced").fit(used[columns], used["label"])
    return np.asarray(model.decision_function(test[columns]))


def interval(measure: str, seeds: Sequence[pd.DataFrame], resample: str, less: Sequence[pd.DataFrame] = ()) -> Interval:
    """Return the mean over seeds of a measure of the test rows, resampled over nights or groups.

    Parameters
    ----------
    measure : str
        A name of METRICS.
    seeds : sequence of DataFrame
        ``label logit`` of the same rows in the same order, one per seed.
    resample : str
        Column of what is drawn together.
    less : sequence of DataFrame
        The same of another classifier, whose mean is taken off; none: nothing is.
    """
    first, metric = seeds[0], METRICS[measure]
    labels = first["label"].to_numpy()

    def mean(of: Sequence[pd.DataFrame], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.mean([metric.weighted(Curves(labels, rows["logit"], weights)) for rows in of], axis=0)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean(seeds, weights) - (mean(less, weights) if less else 0.0)

    def exact(value: float, level: float) -> tuple[float, float]:
        classes = {"real": (REAL,), "bogus": (BOGUS,)}.get(metric.trials, (REAL, BOGUS))
        trials = min(first[resample][labels == code].nunique() for code in classes)
        return mean_interval(value, trials, level, lowest=metric.lowest, highest=metric.highest)

    groups = first[resample].to_numpy()
    return bootstrap_statistic(statistic, groups, exact=None if less else exact, rng=stream(1, "bootstrap"))


def print_table(found: Sequence[Trained], names: Sequence[str], ensemble: str, resample: str) -> None:
    """Print a line for each classifier that was trained on all data sets with one seed at least.

    Parameters
    ----------
    found : sequence of Trained
        Of all classifiers, seeds and data sets.
    names : sequence of str
        Which lines, in which order; the stacks follow.
    ensemble : str
        Which line the others are compared with.
    resample : str
        What intervals are over: ``night`` or ``group_id``.
    """
    datasets = {one.line["dataset"] for one in found}
    lines = pd.DataFrame([one.line for one in found])
    against = _whole_seeds(found, ensemble, datasets)
    head = ("", "seeds", "AUC", "worst and best seed", f"AUC less that of {ensemble}", "MDR at FPR 1 %",
            "its worst and best seed", "FPR at MDR 1 %", "parameters", "epoch kept", "seconds per epoch")  # fmt: skip
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for name in [*names, *STACKS, DEFAULT]:
        failed = [one.line["failed"] for one in found if one.line["entry"] == name and "failed" in one.line]
        seeds = _whole_seeds(found, name, datasets)
        if failed:
            print(f"| {name} | diverged: {failed[0]} |")
        elif seeds:
            compared = against if name != ensemble else []
            cells = (name, *_cells(seeds, compared, resample), *_cost(lines[lines["entry"] == name]))
            print(f"| {' | '.join(cells)} |", flush=True)


def read_lines(scratch: Path) -> list[dict[str, Any]]:
    """Return the lines of the trainings that ended."""
    path = scratch / RECORD
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def file_name(line: Mapping[str, Any]) -> str:
    """Return the name of the file of a training's logits."""
    return f"{line['dataset']}-{line['entry']}-{line['seed']}.npz".replace(" ", "_")


def _joined(first: Trained, second: Trained, part: str) -> pd.DataFrame:
    """Return the rows of both members with their logits as ``first`` and ``second``."""
    one, other = first.parts[part], second.parts[part]
    if not one["candidate_id"].equals(other["candidate_id"]):
        raise SettingsError(f"{first.line} and {second.line} judge other rows; remove their lines and train again")
    return one.assign(first=one["logit"], second=other["logit"])


def _cells(seeds: Sequence[pd.DataFrame], against: Sequence[pd.DataFrame], resample: str) -> Iterator[str]:
    auc, *rates = (interval(measure, seeds, resample) for measure in MEASURES)
    each = [METRICS["auc"](rows["label"], rows["logit"]) for rows in seeds]
    yield str(len(seeds))
    yield f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})"
    yield f"{min(each):.4f}, {max(each):.4f}" if len(each) > 1 else "-"
    gain = interval("auc", seeds, resample, against) if against else None
    yield f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})" if gain else "-"
    for measure, rate in zip(MEASURES[1:], rates, strict=True):
        yield f"{100 * rate.value:.1f} ({100 * rate.low:.1f} to {100 * rate.high:.1f}) %"
        if measure == MEASURES[1]:
            missed = [100 * METRICS[measure](rows["label"], rows["logit"]) for rows in seeds]
            yield f"{max(missed):.1f}, {min(missed):.1f} %" if len(missed) > 1 else "-"


def _cost(lines: pd.DataFrame) -> Iterator[str]:
    """Yield parameters, epoch kept (medians) and seconds per epoch (least) of a line's trainings; ``-`` for none."""
    values = {name: lines[name].dropna() for name in ("parameters", "kept_epoch", "seconds") if name in lines}
    networks = len(values.get("parameters", ()))
    yield f"{values['parameters'].median():,.0f}" if networks else "-"
    yield f"{values['kept_epoch'].median():.0f}" if networks else "-"
    yield f"{values['seconds'].min():.1f}" if networks else "-"


def _whole_seeds(found: Sequence[Trained], name: str, datasets: set[str]) -> list[pd.DataFrame]:
    """Return the test rows of all data sets, for each seed that a line was trained with on all of them."""
    by_seed: dict[int, dict[str, pd.DataFrame]] = {}
    for one in found:
        if one.line["entry"] == name and one.parts:
            by_seed.setdefault(one.line["seed"], {})[one.line["dataset"]] = one.parts["test"]
    whole = [of_seed for _, of_seed in sorted(by_seed.items()) if set(of_seed) == datasets]
    return [pd.concat([of_seed[dataset] for dataset in sorted(datasets)], ignore_index=True) for of_seed in whole]
