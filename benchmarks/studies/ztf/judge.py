"""What a recipe is worth on the judged ZTF alerts: ``python -m benchmarks.studies.ztf.judge FOLD ... -h``.

FOLD are all folds of one data set. The members of a stack, or one classifier, are trained on each with each seed, as
`TrainClassifier` does, and combined with the stated weights; the test rows of all folds are then judged together. Each
training leaves its logits in the scratch folder. The table has the mean over the seeds with its interval over objects
and over nights, and beside it other scores of the same rows: of ZTF's own classifiers, of the rules, of magnitude, and
of a package.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.legacy_networks_table import interval
from benchmarks.studies.ztf.choose import merits
from benchmarks.studies.ztf.trainings import calibrated, in_memory, judged, keep, measured, named_recipe, remember
from models.recipes.stack_members import is_stack, read_members
from models.registry import CLASSIFIERS
from models.scoring.runtime import load
from models.training.in_memory import MemoryDataSet
from pipeline.classes import BOGUS, REAL
from pipeline.fingerprint import fingerprint
from pipeline.io import settings_files
from pipeline.metrics import METRICS

FIGURES: Final = ("auc", "mdr_at_fpr_1pc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc")
SPLIT_NIGHT: Final = "2020-06-01"
"""Alerts of later nights cannot have been among those that taught the public braai network."""


def main() -> int:
    """Train what is not there, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="the data sets of all folds")
    parser.add_argument("--recipes", nargs="+", required=True, help="of config/classifiers")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits")
    parser.add_argument("--alerts", type=Path, help="table of the alerts, with the scores `rb` and `drb`")
    parser.add_argument("--package", type=Path, help="package of an imported network")
    parser.add_argument("--only-train", action="store_true", help="look at no figure")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    remember(options.scratch)
    for path in options.folds:  # one is in memory at a time
        for name in options.recipes:
            for seed in options.seeds:
                of_fold(path, name, seed, options.scratch)
    if options.only_train:
        return 0
    seeds = {name: [_of_all(options.folds, name, seed, options.scratch) for seed in options.seeds]
             for name in options.recipes}  # fmt: skip
    first = next(iter(seeds.values()))[0]
    others = other_scores(options.folds, first, options.alerts, options.package)
    print(", ".join(f"{name} {digest_of(name)}" for name in options.recipes), end="\n\n")
    print("\n".join(tables(seeds | {name: [rows] for name, rows in others.items()})))
    return 0


def digest_of(recipe: str) -> str:
    """Return a digest of what a recipe of ``config/classifiers`` and those of its members state."""
    contents = [settings_files.raw("classifiers", recipe)]
    if is_stack(contents[0]):
        contents += [settings_files.raw("classifiers", one.classifier) for one in read_members(recipe).members]
    return fingerprint(contents)[:12]


def _of_all(folds: Sequence[Path], recipe: str, seed: int, scratch: Path) -> pd.DataFrame:
    """Return the judged test rows of all folds, sorted by candidate."""
    parts = [of_fold(path, recipe, seed, scratch) for path in folds]
    return pd.concat(parts, ignore_index=True).sort_values("candidate_id", ignore_index=True)


def of_fold(path: Path, recipe: str, seed: int, scratch: Path) -> pd.DataFrame:
    """Return the test rows of a fold with the calibrated logit of a classifier, or of a stack of stated weights."""
    content = settings_files.raw("classifiers", recipe)
    if not is_stack(content):
        return _tested(calibrated(_member(path, recipe, seed, scratch)))
    members = read_members(recipe)
    trainings = members.trainings(seed)
    shares = np.asarray(members.weights) / sum(members.weights)
    counts = np.bincount([training.member for training in trainings])
    tables = [calibrated(_member(path, one.classifier, one.seed, scratch)) for one in trainings]
    weights = [shares[one.member] / counts[one.member] for one in trainings]
    return _tested(calibrated(summed(tables, weights)))


def summed(tables: Sequence[pd.DataFrame], weights: Sequence[float]) -> pd.DataFrame:
    """Return the rows with the weighed sum of the logits of several classifiers, who judged the same rows."""
    for table in tables[1:]:
        if not table["candidate_id"].equals(tables[0]["candidate_id"]):
            raise ValueError("members judged other rows; remove their files and train again")
    return tables[0].assign(logit=np.tensordot(weights, [table["logit"] for table in tables], axes=1))


def logits_file(path: Path, recipe: str, seed: int, scratch: Path) -> Path:
    """Return the file of a training's logits; a recipe that was changed has another."""
    return scratch / f"{recipe}-{digest_of(recipe)}-seed{seed}-{path.stem}.parquet"


def _member(path: Path, recipe: str, seed: int, scratch: Path) -> pd.DataFrame:
    file = logits_file(path, recipe, seed, scratch)
    if not file.is_file():
        judged(_opened(path), named_recipe(recipe), seed).to_parquet(file)
        keep(scratch)
        print(file.name, flush=True)
    return pd.read_parquet(file)


_OPENED: dict[Path, MemoryDataSet] = {}


def _opened(path: Path) -> MemoryDataSet:
    """Return a data set in memory; the one before it goes."""
    if path not in _OPENED:
        _OPENED.clear()
        _OPENED[path] = in_memory(path)
    return _OPENED[path]


def _tested(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["part"] == "test"].drop(columns="part").reset_index(drop=True)


def other_scores(
    folds: Sequence[Path], rows: pd.DataFrame, alerts: Path | None, package: Path | None
) -> dict[str, pd.DataFrame]:
    """Return the judged rows with scores of others as their logit, which is NaN where there is none."""
    ruled = pd.concat([_ruled(path) for path in folds])
    found = {"rules": ruled.reindex(rows["candidate_id"]).to_numpy(), "magnitude": rows["magnitude"].to_numpy(float)}
    if alerts is not None:
        table = pd.read_parquet(alerts, columns=["candid", "rb", "drb"])
        table = table.set_index(table["candid"].astype(str)).reindex(rows["candidate_id"])
        found |= {name: table[name].to_numpy(float) for name in ("rb", "drb")}
    if package is not None:
        by_candidate = pd.concat([_scored(path, package) for path in folds])
        found["braai, as published"] = by_candidate.reindex(rows["candidate_id"]).to_numpy()
    return {name: rows.assign(logit=values) for name, values in found.items()}


def _ruled(path: Path) -> "pd.Series[float]":
    """Return what published cuts say of a fold's test rows, by candidate."""
    rows, recipe = _opened(path), named_recipe("rules")
    logits = CLASSIFIERS[recipe.classifier](0, **recipe.settings).logits(measured(rows, "test"))
    return pd.Series(logits, index=rows.candidates("test")["candidate_id"])


def _scored(path: Path, package: Path) -> "pd.Series[float]":
    """Return the logits of a fold's test rows by a package, by candidate."""
    rows = _opened(path)
    logits = load(package).logits(rows.cutouts("test"), rows.channels)
    return pd.Series(logits[:, 0], index=rows.candidates("test")["candidate_id"])


def tables(found: Mapping[str, Sequence[pd.DataFrame]]) -> list[str]:
    """Return the lines of three tables: intervals over objects, over nights, and both spans of time."""
    lines = []
    for resample in ("object_id", "night"):
        heads = ("", "rows", "AUC", "worst and best seed", "MDR at FPR 1 %", "MDR at FPR 5 %", "FPR at MDR 1 %")
        lines += [f"Intervals over {resample}:", "", *_head(*heads, "variables found at FPR 5 %")]
        lines += [_line(name, seeds, resample) for name, seeds in found.items()] + [""]
    lines += _head("AUC", f"before {SPLIT_NIGHT}", "after")
    return lines + [f"| {name} | {' | '.join(_spans(seeds))} |" for name, seeds in found.items()]


def _head(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]


def _line(name: str, seeds: Sequence[pd.DataFrame], resample: str) -> str:
    seeds = [rows[np.isfinite(rows["logit"])] for rows in seeds]
    auc, *rates = (interval(figure, seeds, resample) for figure in FIGURES)
    each = [METRICS["auc"](rows["label"], rows["logit"]) for rows in seeds]
    found = np.mean([merits(rows)["variables"] for rows in seeds])
    cells = [name, str(len(seeds[0])), f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})"]
    cells.append(f"{min(each):.4f}, {max(each):.4f}" if len(each) > 1 else "-")
    cells += [f"{100 * rate.value:.1f} ({100 * rate.low:.1f} to {100 * rate.high:.1f}) %" for rate in rates]
    return f"| {' | '.join(cells)} | {100 * found:.1f} % |"


def _spans(seeds: Sequence[pd.DataFrame]) -> list[str]:
    """Return the AUC of the alerts before and after `SPLIT_NIGHT`, with its interval over objects and the counts."""
    cells = []
    for is_in in (_before, _after):
        some = [rows[is_in(rows) & np.isfinite(rows["logit"])].reset_index(drop=True) for rows in seeds]
        auc, labels = interval("auc", some, "object_id"), some[0]["label"]
        counts = f"{int((labels == REAL).sum())} real, {int((labels == BOGUS).sum())} bogus"
        cells.append(f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f}), {counts}")
    return cells


def _before(rows: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(rows["night"] < SPLIT_NIGHT)


def _after(rows: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(rows["night"] >= SPLIT_NIGHT)


if __name__ == "__main__":
    raise SystemExit(main())
