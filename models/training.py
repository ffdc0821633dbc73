"""Training: from a data set and a recipe to a calibrated classifier with thresholds."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models import batches, checkpoints, feature_training, network_training
from models.contract import InputContract
from models.fitted import Fitted, Progress, no_progress
from models.recipes import ClassifierRecipe
from models.registry import FEATURES, NETWORK
from models.rows import PartRows, scorable_rows, select_rows
from models.schedules import AfterEpoch, go_on
from pipeline.classes import REAL
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError, SettingsError
from pipeline.extras import demand
from pipeline.metrics import THRESHOLD_RULES, summary
from pipeline.scores.calibration import IDENTITY, Platt, fit_platt, fit_platt_prior

log = logging.getLogger(__name__)

FITTERS: dict[str, Callable[..., tuple[Any, pd.DataFrame]]] = {
    NETWORK: network_training.fit,
    FEATURES: feature_training.fit,
}
"""How the classifiers of each family are trained."""

HELD_ROWS = 256
"""Validation rows kept for the comparison of the written package with what was trained."""


@dataclass(frozen=True, kw_only=True)
class TrainedClassifier:
    """A classifier with all that its package says.

    Attributes
    ----------
    recipe : ClassifierRecipe
    seed : int
    contract : InputContract
        What it takes in.
    class_names : tuple of str
    fitted : Fitted
        The model.
    platt : Platt
        Calibration; the identity with more than two classes or by choice.
    prevalence : float
        Share of reals among the rows that calibration was fitted on; NaN without two classes.
    thresholds : mapping
        Threshold by rule; the recipe's rule under its own parameters.
    metrics : mapping
        On the validation rows, calibrated scores.
    history : DataFrame
        One row an epoch.
    counts : mapping
        Rows used, by part, then by class, ``label_source`` and ``kind``.
    held : ndarray of float32, shape (n, y, x, channel)
        Selected raw pixels of validation rows.
    """

    recipe: ClassifierRecipe
    seed: int
    contract: InputContract
    class_names: tuple[str, ...]
    fitted: Fitted
    platt: Platt
    prevalence: float
    thresholds: Mapping[str, float]
    metrics: Mapping[str, float]
    history: pd.DataFrame
    counts: Mapping[str, object]
    held: NDArray[np.float32]


def train(
    dataset: DataSet,
    recipe: ClassifierRecipe,
    seed: int,
    *,
    workdir: Path,
    progress: Progress = no_progress,
    after_epoch: AfterEpoch = go_on,
) -> TrainedClassifier:
    """Train a recipe's classifier, calibrate it, and set its thresholds.

    Calibration and thresholds see validation rows with trusted labels only (not those of ``recipe.untrusted``).
    Two runs with equal arguments give equal weights; a killed run goes on from the state that it left in
    ``workdir``.

    Parameters
    ----------
    dataset : DataSet
        Labelled cutouts in parts.
    recipe : ClassifierRecipe
        What to train.
    seed : int
        Of all that is random.
    workdir : Path
        Folder for the state after each epoch.
    progress : callable
        Called with the share done (0 ... 1) and a message.
    after_epoch : callable
        Called with a network's history after each epoch; an error that it raises ends the training.

    Raises
    ------
    DataSetError
        When a class is missing in the training or validation part.
    SettingsError
        When recipe and data set contradict each other, or the training diverges.
    IncompatiblePackageError
        When the cutouts are too small for the classifier.
    MissingExtraError
        When what training needs is not installed.
    """
    demand("train", "training a classifier")
    contract = contract_of(dataset, recipe)
    _check(dataset, recipe)
    rows = select_rows(dataset, recipe, scorable_rows(dataset, contract))
    fitted, history = FITTERS[recipe.family](
        dataset,
        contract,
        recipe,
        rows,
        seed=seed,
        workdir=workdir,
        progress=lambda s, m: progress(0.95 * s, m),
        after_epoch=after_epoch,
    )
    logits, labels, held = _judged(dataset, contract, rows[1], fitted, history)
    progress(0.97, f"calibrating on {len(labels)} validation rows")
    platt = _calibration(recipe, logits, labels)
    thresholds, metrics = _merits(recipe, logits, labels, platt)
    progress(1.0, "trained")
    return TrainedClassifier(
        recipe=recipe,
        seed=seed,
        contract=contract,
        class_names=tuple(dataset.class_names),
        fitted=fitted,
        platt=platt,
        prevalence=_prevalence(recipe, logits, labels),
        thresholds=thresholds,
        metrics=metrics,
        history=history,
        counts={part.part: part.counts for part in rows},
        held=held,
    )


def clear(workdir: Path) -> None:
    """Remove what a training left in its folder, once its package is committed, and what was forgotten beside it."""
    checkpoints.clear(workdir)
    if workdir.is_dir() and not any(workdir.iterdir()):
        workdir.rmdir()
    checkpoints.sweep(workdir.parent)


def contract_of(dataset: DataSet, recipe: ClassifierRecipe) -> InputContract:
    """Return what a model of a recipe on a data set takes in.

    Raises
    ------
    SettingsError
        When the recipe names a channel that the data set does not have, or more pixels, or the data set's pixels have
        a size that cannot be.
    """
    channels = recipe.channels or tuple(dataset.channels)
    required = channels if recipe.required_channels is None else recipe.required_channels
    for name in channels:
        if name not in dataset.channels:
            raise SettingsError(f"'channels' names {name!r}; the data set has: {', '.join(dataset.channels)}")
    for name in required:
        if name not in channels:
            raise SettingsError(f"'required_channels' names {name!r}; the model uses: {', '.join(channels)}")
    size = recipe.size_pixel or dataset.size_pixel
    if size > dataset.size_pixel:
        raise SettingsError(f"'size_pixel' is {size}; the data set's cutouts have {dataset.size_pixel}")
    if dataset.pixel_scale_arcsec <= 0 or np.isinf(dataset.pixel_scale_arcsec):
        raise SettingsError(
            f"the data set's 'pixel_scale_arcsec' is {dataset.pixel_scale_arcsec}; allowed: above 0, or NaN for unknown"
        )
    return InputContract(
        survey=dataset.survey,
        channels=channels,
        required_channels=required,
        size_pixel=size,
        crop=recipe.size_pixel is not None,
        pixel_scale_arcsec=dataset.pixel_scale_arcsec,
        pixel_state=dataset.pixel_state,
    )


def _check(dataset: DataSet, recipe: ClassifierRecipe) -> None:
    if dataset.pixel_state != "raw" and (recipe.normalisation != "none" or recipe.family == FEATURES):
        raise IncompatiblePackageError(
            f"normalisation {recipe.normalisation!r} of {recipe.classifier} needs raw pixels; "
            f"the data set's are {dataset.pixel_state!r}"
        )
    n_classes = len(dataset.class_names)
    if n_classes != 2 and recipe.calibration != "none":
        raise SettingsError(
            f"calibration {recipe.calibration!r} needs two classes; the data set has {n_classes}; allowed: none"
        )
    if n_classes != 2 and recipe.metrics:
        raise SettingsError(
            f"'metrics' is {list(recipe.metrics)}, which need two classes; the data set has {n_classes}; allowed: none"
        )


def _judged(
    dataset: DataSet, contract: InputContract, rows: PartRows, fitted: Fitted, history: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float32]]:
    """Return logits and labels of the trusted validation rows, and the first pixels of them."""
    logits, labels = [], []
    held: list[NDArray[np.float32]] = []
    for block in batches.blocks(dataset, contract, rows):
        logits.append(np.asarray(fitted.logits(block.pixels), dtype=np.float64))
        labels.append(block.labels)
        held.append(block.pixels[: max(HELD_ROWS - sum(len(part) for part in held), 0)])
    judged, scored = np.concatenate(labels), np.concatenate(logits)
    wild = int((~np.isfinite(scored)).any(axis=1).sum())
    if wild:
        raise SettingsError(
            f"training diverged in epoch {len(history)} or before: {wild} of {len(scored)} validation rows have no "
            "finite score; lower learning_rate or choose another normalisation"
        )
    return scored, judged, np.concatenate(held)


def _prevalence(recipe: ClassifierRecipe, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the share of reals that the scores are calibrated for; NaN with more than two classes."""
    if logits.shape[1] != 1:
        return float("nan")
    return 0.5 if recipe.calibration == "platt_prior" else float((labels == REAL).mean())


def _calibration(recipe: ClassifierRecipe, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Platt:
    if recipe.calibration == "none":
        return IDENTITY
    fit = fit_platt_prior if recipe.calibration == "platt_prior" else fit_platt
    platt = fit(logits[:, 0], labels)
    log.info("calibrated on %d rows: slope %.3f, intercept %.3f", len(labels), platt.slope, platt.intercept)
    return platt


def _merits(
    recipe: ClassifierRecipe, logits: NDArray[np.float64], labels: NDArray[np.int64], platt: Platt
) -> tuple[dict[str, float], dict[str, float]]:
    """Return thresholds by rule and metrics on the validation rows; of more classes, the accuracy alone."""
    if logits.shape[1] > 1:
        return {}, {"accuracy": float((logits.argmax(axis=1) == labels).mean())}
    scores = platt.apply(logits[:, 0])
    chosen = {recipe.threshold_rule: dict(recipe.threshold_parameter)}
    thresholds = {
        rule: float(THRESHOLD_RULES[rule](labels, scores, **chosen.get(rule, {}))) for rule in THRESHOLD_RULES
    }
    return thresholds, summary(labels, scores)
