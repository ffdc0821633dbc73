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

from pipeline.errors import SettingsError
from pipeline.metrics import METRICS, Curves, Interval, bootstrap_statistic
from pipeline.rng import stream
from pipeline.scores.calibration import fit_platt_prior

RECORD = "trainings.jsonl"
IDENTITY = ("candidate_id", "group_id", "night")
STACKS = ("stack, 0.7 and 0.3", "stack, logistic")
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


def interval(measure: str, seeds: Sequence[pd.DataFrame], resample: str) -> Interval:
    """Return the mean over seeds of a measure of the test rows, resampled over nights or groups."""
    first = seeds[0]
    labels, metric = first["label"].to_numpy(), METRICS[measure]

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.mean([metric.weighted(Curves(labels, rows["logit"], weights)) for rows in seeds], axis=0)

    return bootstrap_statistic(statistic, first[resample].to_numpy(), rng=stream(1, "bootstrap"))


def print_table(found: Sequence[Trained], names: Sequence[str], resample: str) -> None:
    """Print a line for each classifier that was trained on all data sets with one seed at least."""
    datasets = {one.line["dataset"] for one in found}
    rows = pd.DataFrame([one.line for one in found])
    print("| | seeds | AUC | lowest and highest of the seeds | MDR at FPR 1 % | FPR at MDR 1 % | parameters "
          "| training rows | epoch kept | seconds of the quickest epoch |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in [*names, *STACKS]:
        of_name = [one for one in found if one.line["entry"] == name]
        if any("failed" in one.line for one in of_name):
            print(f"| {name} | diverged: {next(one.line['failed'] for one in of_name if 'failed' in one.line)} |")
            continue
        seeds = list(_whole_seeds(of_name, datasets))
        if seeds:
            print("| " + " | ".join((name, *_cells(seeds, resample), *_cost(rows[rows["entry"] == name]))) + " |")


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


def _cells(seeds: Sequence[pd.DataFrame], resample: str) -> Iterator[str]:
    auc, *rates = (interval(measure, seeds, resample) for measure in MEASURES)
    each = [METRICS["auc"](rows["label"], rows["logit"]) for rows in seeds]
    yield str(len(seeds))
    yield f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})"
    yield f"{min(each):.4f}, {max(each):.4f}"
    for rate in rates:
        yield f"{100 * rate.value:.1f} ({100 * rate.low:.1f} to {100 * rate.high:.1f}) %"


def _cost(lines: pd.DataFrame) -> Iterator[str]:
    """Yield parameters, training rows, epoch kept and seconds per epoch as medians over trainings; ``-`` for none."""
    for name, form in (("parameters", "{:,.0f}"), ("rows", "{:,.0f}"), ("kept_epoch", "{:.0f}"), ("seconds", "{:.1f}")):
        values = lines[name].dropna() if name in lines else pd.Series(dtype=float)
        yield form.format(values.median()) if len(values) else "-"


def _whole_seeds(of_name: Sequence[Trained], datasets: set[str]) -> Iterator[pd.DataFrame]:
    """Yield the test rows of all data sets, for each seed that all of them were trained with."""
    for seed in sorted({one.line["seed"] for one in of_name}):
        of_seed = {one.line["dataset"]: one.parts["test"] for one in of_name if one.line["seed"] == seed}
        if set(of_seed) == datasets:
            yield pd.concat([of_seed[dataset] for dataset in sorted(datasets)], ignore_index=True)
