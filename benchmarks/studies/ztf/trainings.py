"""Trainings of a recipe in memory, as `TrainClassifier` does them, that measure the features of a row once for all."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.trees import logit_of
from models.inputs.metadata import features_of
from models.recipes.classifier import ClassifierRecipe
from models.registry import CLASSIFIERS, NETWORK
from models.training.in_memory import MemoryDataSet
from models.training.rows import PartRows, select_rows
from models.training.train import train
from pipeline.io import settings_files
from pipeline.io.results.dataset_file import DataSetFile, open_dataset
from pipeline.scores.calibration import fit_platt_prior

COLUMNS: Final = ("candidate_id", "object_id", "group_id", "night", "magnitude", "kind", "label_source", "label")
BLOCK: Final = 512
JUDGING_PARTS: Final = ("validation", "test")
KEPT: Final = "features.npz"
"""File of a scratch folder with the features of all candidates that were measured."""


def named_recipe(name: str) -> ClassifierRecipe:
    """Return a recipe of ``config/classifiers``, on one thread."""
    recipe = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), name)
    return replace(recipe, threads=1, posterior_samples=0)


def in_memory(path: Path) -> MemoryDataSet:
    """Return a data set with all its rows."""
    with open_dataset(path) as file:
        parts = {part: (file.candidates(part), file.cutouts(part)) for part in ("train", *JUDGING_PARTS)}
        return of_parts(file, parts)


def of_parts(
    file: DataSetFile, parts: dict[str, tuple[pd.DataFrame, NDArray[np.float32]]], fingerprint: str = ""
) -> MemoryDataSet:
    """Return candidates and cutouts of parts as a data set like that of a file."""
    about = {key: getattr(file, key) for key in ("survey", "channels", "class_names", "pixel_scale_arcsec")}
    return MemoryDataSet(parts=parts, fingerprint=fingerprint or file.fingerprint, **about)


def judged(rows: MemoryDataSet, recipe: ClassifierRecipe, seed: int) -> pd.DataFrame:
    """Return the validation rows that judge and the labelled test rows, with their logits.

    Returns
    -------
    DataFrame
        `COLUMNS`, ``fold`` where the candidates have it, ``part``, and ``logit``, which is not calibrated.
    """
    logits = _of_network(rows, recipe, seed) if recipe.family == NETWORK else _of_features(rows, recipe, seed)
    return pd.concat(list(_tables(rows, recipe, logits)), ignore_index=True)


def calibrated(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their logits calibrated on those of the validation part, as the ZTF recipes do."""
    validation = table[table["part"] == "validation"]
    platt = fit_platt_prior(validation["logit"], validation["label"])
    return table.assign(logit=platt.calibrated(table["logit"]))


def _tables(
    rows: MemoryDataSet, recipe: ClassifierRecipe, logits: dict[str, NDArray[np.float64]]
) -> Iterator[pd.DataFrame]:
    for part, found in logits.items():
        candidates = rows.candidates(part)
        judges = candidates["label"].to_numpy() >= 0
        if part == "validation":
            judges &= ~candidates["label_source"].isin(recipe.untrusted).to_numpy()
        names = [name for name in (*COLUMNS, "fold") if name in candidates]
        yield candidates[names].assign(part=part, logit=found)[judges]


def _of_network(rows: MemoryDataSet, recipe: ClassifierRecipe, seed: int) -> dict[str, NDArray[np.float64]]:
    with tempfile.TemporaryDirectory() as folder:
        trained = train(rows, recipe, seed, workdir=Path(folder))
    return {
        part: np.asarray(trained.fitted.logits(trained.contract.select(rows.cutouts(part), rows.channels)))[:, 0]
        for part in JUDGING_PARTS
    }


def _of_features(rows: MemoryDataSet, recipe: ClassifierRecipe, seed: int) -> dict[str, NDArray[np.float64]]:
    return fitted_logits(rows, recipe, seed, select_rows(rows, recipe)[0])


def fitted_logits(
    rows: MemoryDataSet, recipe: ClassifierRecipe, seed: int, learned: PartRows
) -> dict[str, NDArray[np.float64]]:
    """Return the logits of validation and test rows by an estimator of features that learned from these rows."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        estimator = CLASSIFIERS[recipe.classifier](seed, **recipe.settings)
        features = measured(rows, "train")[learned.used]
        estimator.fit(features, learned.labels[learned.used], sample_weight=learned.weights[learned.used])
        if hasattr(estimator, "logits"):  # cuts, which have no probabilities
            return {part: estimator.logits(measured(rows, part)) for part in JUDGING_PARTS}
        return {part: logit_of(estimator.predict_proba(measured(rows, part))) for part in JUDGING_PARTS}


_MEASURED: dict[str, NDArray[np.float32]] = {}
"""Features by candidate: a candidate has the same pixels in all folds."""

_MEASURED_BEFORE: dict[Path, int] = {}
"""By folder, how many of them are in its file."""


def remember(scratch: Path) -> None:
    """Take the features that were kept in a folder, if any were."""
    if (scratch / KEPT).is_file():
        with np.load(scratch / KEPT) as kept:
            _MEASURED.update(zip(kept["candidate_id"].astype(object), kept["features"], strict=True))
    _MEASURED_BEFORE[scratch] = len(_MEASURED)


def keep(scratch: Path) -> None:
    """Write all features to a file of a folder, if any were measured since they were last written or taken."""
    if len(_MEASURED) > _MEASURED_BEFORE.get(scratch, 0):
        with NamedTemporaryFile(dir=scratch, suffix=".npz", delete=False) as file:
            np.savez(file, candidate_id=np.array([*_MEASURED], str), features=np.stack([*_MEASURED.values()]))
        Path(file.name).rename(scratch / KEPT)
        _MEASURED_BEFORE[scratch] = len(_MEASURED)


def measured(rows: MemoryDataSet, part: str) -> NDArray[np.float32]:
    """Return the physical features of a part, ``(n, f)``, in the sampling of ZTF."""
    names, cutouts = rows.candidates(part)["candidate_id"].to_numpy(), rows.cutouts(part)
    new = np.flatnonzero([name not in _MEASURED for name in names])
    for start in range(0, len(new), BLOCK):
        some = new[start : start + BLOCK]
        _MEASURED.update(zip(names[some], features_of(cutouts[some], rows.channels, None, None), strict=True))
    return np.stack([_MEASURED[name] for name in names])
