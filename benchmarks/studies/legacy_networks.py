"""Every older network beside ours on the same rows: trains each with each seed, then prints one table.

``python -m benchmarks.studies.legacy_networks DATASET [DATASET ...] --scratch FOLDER`` where the data sets are one file
of ``BuildDataset``, or its folds, whose test rows are then judged together. Each training that ends adds one line to
``trainings.jsonl`` in the scratch folder, beside an npz file of its logits; a run skips what is there, so a killed one
loses a single training, and several processes may share a folder, each with ``--only`` names of its own.

The recipe was fixed before any figure was seen:

* One budget. All classifiers learn from the same rows: all that a person or a catalogue labelled, and of the others
  (the teacher's, self-made and injected ones) as many, drawn once per data set, as fill up ``--rows``. All networks see
  the survey's own cutouts, whole and in all channels, for at most ``--epochs`` epochs.
* All else is the recipe of ``config/classifiers``: normalisation, optimiser, weights of classes, augmentation, early
  stopping on the validation rows. There are two exceptions. A batch has at most 64 rows, because the 1024 of gmadet
  and O'TRAIN would be one step an epoch. And a learning rate is at least 0.001, because gotorb's 0.00003 is meant for
  a hundred times as many steps; the lines called ``at its own rate`` have it.
* Nothing is tuned on test rows. Each fold's logits are calibrated on its own validation rows as those of the ZTF
  recipes (``platt_prior``), so that those of all folds can be judged together.
* A stack is of the ensemble on features and ``triplet_cnn``, chosen before the others were looked at: with the weights
  0.7 and 0.3, and by a logistic regression on the validation rows of all folds but those whose night or group the fold
  tests.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.in_memory import MemoryDataSet
from models.recipes import ClassifierRecipe
from models.registry import NETWORK
from models.rows import select_rows
from models.training import train
from pipeline.classes import TRAINING_ONLY_SOURCES
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import METRICS, Curves, Interval, bootstrap_statistic
from pipeline.rng import stream
from pipeline.scores.calibration import fit_platt_prior

NETWORKS = ("triplet_cnn", "braai", "psat_d", "vgg6", "bayesian_vgg6", "sepconvnet", "otrain", "gmadet")
STACKED = "triplet_cnn"
OWN_RATE = " at its own rate"
LEAST_RATE = 1e-3
MOST_ROWS_PER_BATCH = 64
FIXED_WEIGHTS = (0.7, 0.3)
"""Of the ensemble and of the network."""

MEASURES = ("auc", "mdr_at_fpr_1pc", "fpr_at_mdr_1pc")
IDENTITY = ("candidate_id", "group_id", "night")


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


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every classifier is given: training rows (0: all there are), and a network's epochs at most."""

    rows: int
    epochs: int


def main() -> int:
    """Train what is not there yet, and print the table of all that is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.legacy_networks", description=__doc__)
    parser.add_argument("datasets", type=Path, nargs="+", help="a data set, or all its folds")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits and the record of trainings")
    parser.add_argument("--features", default="boosting,feature_ensemble", help="recipes on features; the last stacks")
    parser.add_argument("--seeds", default="1,2,3", help="seeds of the trainings")
    parser.add_argument("--rows", type=int, default=0, help="training rows of a data set at most; 0: all")
    parser.add_argument("--epochs", type=int, default=15, help="epochs of a network at most")
    parser.add_argument("--only", default="", help="names of lines to train, separated by commas; none: all")
    parser.add_argument("--resample", default="group_id", choices=IDENTITY[1:], help="what intervals are over")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    features = tuple(options.features.split(","))
    names = [*features, *NETWORKS, *(name + OWN_RATE for name in NETWORKS if _recipe(name).learning_rate < LEAST_RATE)]
    wanted = options.only.split(",") if options.only else names
    budget = Budget(rows=options.rows, epochs=options.epochs)
    for seed in map(int, options.seeds.split(",")):
        for path in options.datasets:
            train_missing(path, [name for name in names if name in wanted], seed, budget, options.scratch)
    asked = {path.stem for path in options.datasets}
    found = [one for one in trainings(options.scratch) if one.line["dataset"] in asked]
    print_table([*found, *stacks(found, features[-1], STACKED)], names, options.resample)
    return 0


def train_missing(path: Path, names: Sequence[str], seed: int, budget: Budget, scratch: Path) -> None:
    """Train each of the names on a data set, unless its line is there."""
    done = {(line["entry"], line["seed"], line["dataset"]) for line in _lines(scratch)}
    missing = [name for name in names if (name, seed, path.stem) not in done]
    dataset = within_budget(path, budget.rows) if missing else None
    for name in missing:
        named = {"entry": name, "seed": seed, "dataset": path.stem}
        line = named | _trained(dataset, recipe_of(name, budget), seed, scratch / _file_name(named))
        with (scratch / "trainings.jsonl").open("a", encoding="utf-8") as record:
            record.write(json.dumps(line) + "\n")
        print(line, file=sys.stderr, flush=True)


def recipe_of(name: str, budget: Budget) -> ClassifierRecipe:
    """Return the recipe of a line of the table within the budget."""
    recipe = _recipe(name.removesuffix(OWN_RATE))
    recipe = replace(recipe, threads=1, posterior_samples=0)
    if recipe.family != NETWORK:
        return recipe
    rate = recipe.learning_rate if name.endswith(OWN_RATE) else max(recipe.learning_rate, LEAST_RATE)
    size = min(recipe.batch_size, MOST_ROWS_PER_BATCH)
    return replace(recipe, channels=None, epochs=budget.epochs, batch_size=size, learning_rate=rate)


@cache
def within_budget(path: Path, most: int) -> MemoryDataSet:
    """Return a data set in memory with at most so many training rows; all that were judged stay."""
    with open_dataset(path) as file:
        parts = {name: (file.candidates(name), file.cutouts(name)) for name in ("train", "validation", "test")}
        about = {key: getattr(file, key) for key in ("survey", "channels", "class_names", "pixel_scale_arcsec")}
        fingerprint = file.fingerprint
    candidates, cutouts = parts["train"]
    kept = kept_rows(candidates, most, path.stem)
    parts["train"] = candidates.iloc[kept].reset_index(drop=True), cutouts[kept]
    return MemoryDataSet(parts=parts, fingerprint=f"{fingerprint}-{len(kept)}", **about)


def kept_rows(candidates: pd.DataFrame, most: int, unit: str) -> NDArray[np.intp]:
    """Return which rows train, in their order: judged ones first, others drawn up to so many; 0 keeps all."""
    if not 0 < most < len(candidates):
        return np.arange(len(candidates))
    rng = stream(1, "legacy networks", unit)
    drawn = rng.permutation(len(candidates))
    guessed = candidates["label_source"].isin(TRAINING_ONLY_SOURCES).to_numpy()[drawn]
    return np.sort(drawn[np.argsort(guessed, kind="stable")][:most])


def trainings(scratch: Path) -> Iterator[Trained]:
    """Yield all that was trained, logits calibrated on the validation rows of the same data set."""
    for line in _lines(scratch):
        if "failed" in line:
            yield Trained(line=line, parts={})
            continue
        with np.load(scratch / _file_name(line)) as kept:
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
    place = {(one.line["entry"], one.line["seed"], one.line["dataset"]): one for one in found}
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
        for name, logit in (("stack, 0.7 and 0.3", fixed), ("stack, logistic", fitted_stack(validation, test))):
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
          "| training rows | epoch kept | seconds per epoch |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in [*names, "stack, 0.7 and 0.3", "stack, logistic"]:
        of_name = [one for one in found if one.line["entry"] == name]
        if any("failed" in one.line for one in of_name):
            print(f"| {name} | diverged: {next(one.line['failed'] for one in of_name if 'failed' in one.line)} |")
            continue
        seeds = list(_whole_seeds(of_name, datasets))
        if seeds:
            print("| " + " | ".join((name, *_cells(seeds, resample), *_cost(rows[rows["entry"] == name]))) + " |")


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


def _trained(dataset: MemoryDataSet, recipe: ClassifierRecipe, seed: int, path: Path) -> dict[str, Any]:
    """Train, keep the logits of both parts in a file, and return what the training took."""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            trained = train(dataset, recipe, seed, workdir=Path(folder))
    except SettingsError as error:
        return {"failed": str(error)}
    kept = {}
    for part in ("validation", "test"):
        candidates = dataset.candidates(part)
        judges = ~candidates["label_source"].isin(recipe.untrusted).to_numpy() & (candidates["label"] >= 0).to_numpy()
        pixels = trained.contract.select(dataset.cutouts(part)[judges], dataset.channels)
        kept |= {f"{part}_{name}": candidates[name].to_numpy()[judges].astype(str) for name in IDENTITY}
        kept[f"{part}_label"] = candidates["label"].to_numpy()[judges].astype(np.int64)
        kept[f"{part}_logit"] = np.asarray(trained.fitted.logits(pixels), dtype=np.float64)[:, 0]
    np.savez_compressed(path, **kept)
    history, network = trained.history, recipe.family == NETWORK
    best = len(history) if recipe.keep == "last" or not network else int(history["validation_loss"].argmin()) + 1
    return {
        "rows": int(select_rows(dataset, recipe)[0].used.sum()),
        "parameters": int(trained.fitted.model.count_params()) if network else None,
        "epochs": len(history) if network else None,
        "kept_epoch": best if network else None,
        "seconds": float(history["seconds"].median()),
        "seconds_in_all": round(time.monotonic() - started, 1),
    }


def _joined(first: Trained, second: Trained, part: str) -> pd.DataFrame:
    """Return the rows of both members with their logits as ``first`` and ``second``."""
    one, other = first.parts[part], second.parts[part]
    if not one["candidate_id"].equals(other["candidate_id"]):
        raise SettingsError(f"{first.line} and {second.line} judge other rows; remove their lines and train again")
    return one.assign(first=one["logit"], second=other["logit"])


def _recipe(name: str) -> ClassifierRecipe:
    return ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), name)


def _lines(scratch: Path) -> list[dict[str, Any]]:
    path = scratch / "trainings.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _file_name(line: Mapping[str, Any]) -> str:
    return f"{line['dataset']}-{line['entry']}-{line['seed']}.npz".replace(" ", "_")


if __name__ == "__main__":
    sys.exit(main())
