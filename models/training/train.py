"""Training: from a data set and a recipe to a model that gives logits."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.contract import FEATURES_SIDE, InputContract
from models.recipes.class_merits import CLASS_MERITS
from models.recipes.classifier import ClassifierRecipe
from models.recipes.schedules import AfterEpoch, go_on
from models.registry import CLASSIFIERS, FEATURES, NETWORK, TABLE
from models.training import batches, checkpoints, feature_training, network_training, table_training
from models.training.fitted import Fitted, Progress, no_progress
from models.training.rows import PartRows, scorable_rows, select_rows
from models.training.sampling import sampled
from pipeline.cutouts.planes import images_of
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError, SettingsError
from pipeline.extras import demand
from pipeline.features import unmeasurable

log = logging.getLogger(__name__)

FITTERS: dict[str, Callable[..., tuple[Any, pd.DataFrame]]] = {
    NETWORK: network_training.fit,
    FEATURES: feature_training.fit,
    TABLE: table_training.fit,
}
"""How the classifiers of each family are trained."""

HELD_ROWS = 256
"""Validation rows kept for the comparison of written graphs with what was trained."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model with all that its description says, before it is calibrated.

    Attributes
    ----------
    recipe : ClassifierRecipe
    seed : int
    contract : InputContract
        What it takes in.
    class_names : tuple of str
    fitted : Fitted
        The model.
    history : DataFrame
        One row an epoch.
    counts : mapping
        Rows used, by part, then by class, ``label_source`` and ``kind``; of training rows as they were sampled.
    held : ndarray of float32, shape (n, y, x, channel)
        Selected raw pixels of the first validation rows that judge.
    held_metadata : ndarray of float32, shape (n, k), or None
        Their raw metadata, for a model that takes any.
    """

    recipe: ClassifierRecipe
    seed: int
    contract: InputContract
    class_names: tuple[str, ...]
    fitted: Fitted
    history: pd.DataFrame
    counts: Mapping[str, object]
    held: NDArray[np.float32]
    held_metadata: NDArray[np.float32] | None = None


def train(
    dataset: DataSet,
    recipe: ClassifierRecipe,
    seed: int,
    *,
    workdir: Path,
    progress: Progress = no_progress,
    after_epoch: AfterEpoch = go_on,
) -> TrainedModel:
    """Train a recipe's classifier.

    Validation rows with trusted labels alone choose the epoch (not those of ``recipe.untrusted``). Two runs with equal
    arguments give equal weights; a killed run goes on from the state that it left in ``workdir``.

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
    _check(dataset, recipe, contract)
    dataset = sampled(dataset, contract, recipe, seed)
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
    held = _held(dataset, contract, rows[1], fitted, history)
    progress(1.0, "trained")
    return TrainedModel(
        recipe=recipe,
        seed=seed,
        contract=contract,
        class_names=tuple(dataset.class_names),
        fitted=fitted,
        history=history,
        counts={part.part: part.counts for part in rows},
        held=held,
        held_metadata=rows[1].first_metadata(HELD_ROWS),
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
    is_table = dataset.size_pixel == 1  # a row of a table may lack any feature, but not all
    channels = recipe.channels or (tuple(dataset.channels) if is_table else images_of(dataset.channels))
    all_of_a_cutout = () if is_table else images_of(channels)
    required = all_of_a_cutout if recipe.required_channels is None else recipe.required_channels
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
        size_pixel_min=min(size, FEATURES_SIDE) if recipe.family == FEATURES else None,
    )


def _check(dataset: DataSet, recipe: ClassifierRecipe, contract: InputContract) -> None:
    if recipe.family == FEATURES and (why := unmeasurable(contract.channels)):
        raise SettingsError(f"classifier {recipe.classifier!r}: {why}; allowed: a network, which takes any channels")
    if dataset.pixel_state != "raw" and (recipe.normalisation != "none" or recipe.family != NETWORK):
        raise IncompatiblePackageError(
            f"normalisation {recipe.normalisation!r} of {recipe.classifier} needs raw pixels; "
            f"the data set's are {dataset.pixel_state!r}"
        )
    n_classes = len(dataset.class_names)
    if n_classes != 2 and CLASSIFIERS.metadata(recipe.classifier).get("learns_nothing"):
        raise SettingsError(
            f"classifier {recipe.classifier!r} tells real from bogus; the data set has {n_classes} classes: "
            f"{', '.join(dataset.class_names)}"
        )
    of_two = [name for name in recipe.metrics if name not in CLASS_MERITS]
    if n_classes != 2 and of_two:
        raise SettingsError(
            f"'metrics' names {', '.join(of_two)}, of two classes; the data set has {n_classes}; "
            f"allowed: {', '.join(CLASS_MERITS)}"
        )


def _held(
    dataset: DataSet, contract: InputContract, rows: PartRows, fitted: Fitted, history: pd.DataFrame
) -> NDArray[np.float32]:
    """Return the pixels of the first rows that judge, after all of them were found to have a finite score."""
    held: list[NDArray[np.float32]] = []
    wild = count = 0
    for block in batches.blocks(dataset, contract, rows):
        wild += int((~np.isfinite(fitted.logits(block.pixels, block.metadata))).any(axis=1).sum())
        held.append(block.pixels[: max(HELD_ROWS - count, 0)])
        count += len(block.labels)
    if wild:
        raise SettingsError(
            f"training diverged in epoch {len(history)} or before: {wild} of {count} validation rows have no "
            "finite score; lower learning_rate or choose another normalisation"
        )
    return np.concatenate(held)
