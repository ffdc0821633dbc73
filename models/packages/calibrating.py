"""Calibration and thresholds of a trained model, from the logits of the validation rows that may judge.

Tested by tests/models/packages/test_calibrating.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.packages.calibration_check import calibration_check
from models.packages.calibration_choice import with_method
from models.packages.card_figures import SEEN, seen, strata_of
from models.packages.merits import fitted_calibration, fitted_prevalence, merits, prevalence_of, shares_of
from models.packages.out_of_fold_logits import candidates_of
from models.packages.trained_files import TrainedFiles
from models.recipes.classifier import ClassifierRecipe
from models.training import batches
from models.training.fitted import Progress, no_progress
from models.training.rows import PartRows, judging_rows
from models.training.train import HELD_ROWS
from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.scores.calibration import IDENTITY
from pipeline.scores.class_calibration import Calibration, probabilities_of

FIXED = "fixed"
"""The threshold rule of a model of whose rows nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """What is made of a model's logits.

    Attributes
    ----------
    recipe : ClassifierRecipe
    calibration : Platt, Beta, Isotonic or ClassScaling
        Of two classes, or of more; the identity by choice.
    method : str
        How it was fitted: the recipe's, or what was chosen for it.
    prevalence : float
        Share of reals at which the scores are probabilities; NaN without two classes.
    fitted_prevalence : float
        That of the rows which calibration was fitted on.
    shares : mapping of str to float
        With more classes, the share of each that the probabilities are calibrated for; empty with two.
    thresholds : mapping
        Threshold by rule; the recipe's rule under its own parameters.
    best_thresholds : mapping
        What every rule chooses and gives on the validation rows, as `pipeline.metrics.best_thresholds` has it.
    check : mapping
        What the calibration does for rows that did not fit it (`models.packages.calibration_check`).
    figures : mapping
        What the card says of training rows and of strata of validation rows (`models.packages.card_figures`).
    metrics : mapping
        On the validation rows, calibrated scores; at the prevalence that these are for.
    logits : DataFrame
        ``candidate_id label label_source held`` and ``logit``, or ``logit_0 logit_1 ...`` with more classes, of the
        validation rows that judge, or of the out-of-fold rows in their place.
    held : ndarray of float32, shape (n, y, x, channel)
        Selected raw pixels of the first of them, on which written graphs are compared.
    held_metadata : ndarray of float32, shape (n, k), or None
        Their raw metadata, for a model that takes any.
    """

    recipe: ClassifierRecipe
    calibration: Calibration
    prevalence: float
    shares: Mapping[str, float]
    thresholds: Mapping[str, float]
    metrics: Mapping[str, float]
    logits: pd.DataFrame
    held: NDArray[np.float32]
    held_metadata: NDArray[np.float32] | None = None
    fitted_prevalence: float = float("nan")
    best_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    check: Mapping[str, object] = field(default_factory=dict)
    method: str = "none"
    figures: Mapping[str, object] = field(default_factory=dict)


def calibrate(
    trained: TrainedFiles,
    dataset: DataSet,
    recipe: ClassifierRecipe,
    *,
    survey: Mapping[str, float] = MappingProxyType({}),
    progress: Progress = no_progress,
    out_of_fold: pd.DataFrame | None = None,
) -> Calibrated:
    """Calibrate a trained model and set its thresholds, on validation rows with trusted labels only.

    Parameters
    ----------
    trained : TrainedFiles
        The model.
    dataset : DataSet
        What it was trained on.
    recipe : ClassifierRecipe
        How it is calibrated, which rule sets the threshold, and which label sources may not judge.
    survey : mapping of str to float, optional
        What the recipe takes of the survey (`models.recipes.threshold_settings.of_survey`).
    progress : callable
        Called with the share done (0 ... 1) and a message.
    out_of_fold : DataFrame, optional
        Rows that calibrate in place of the validation rows, as of `models.packages.out_of_fold_logits`.

    Raises
    ------
    InputError
        When the model was trained on another data set.
    DataSetError
        When a class has no row that may judge.
    """
    if trained.content["dataset_fingerprint"] != dataset.fingerprint:
        raise InputError(
            f"{trained.directory} was trained on data set {trained.content['dataset_fingerprint'][:12]!r}, not on "
            f"{dataset.fingerprint[:12]!r}; name the data set it was trained on, or train again"
        )
    part = judging_rows(dataset, recipe, trained.contract)
    logits, rows, held = _judged(trained, dataset, part)
    candidates = dataset.candidates(part.part)[part.used]
    if out_of_fold is not None:
        rows, candidates = out_of_fold, candidates_of(out_of_fold, dataset)
        logits = rows[[name for name in rows if str(name).startswith("logit")]].to_numpy(np.float64)
    progress(0.9, f"calibrating on {len(rows)} rows")
    labels = rows["label"].to_numpy(np.int64)
    chosen = with_method(recipe, logits, labels, candidates)
    calibration = fitted_calibration(chosen, logits, labels, survey)
    judged = merits(chosen, logits, labels, calibration, survey)
    return Calibrated(
        recipe=recipe,
        calibration=calibration,
        method=chosen.calibration,
        prevalence=prevalence_of(chosen, logits, labels, survey),
        fitted_prevalence=fitted_prevalence(chosen, logits, labels),
        shares=shares_of(recipe, labels, trained.class_names),
        thresholds=judged.thresholds,
        best_thresholds=judged.best_thresholds,
        check=calibration_check(chosen, logits, labels, candidates),
        figures={
            SEEN: seen(dataset.candidates("train"), trained.class_names),
            **strata_of(candidates, labels, probabilities_of(calibration, logits), judged.threshold_of(recipe)),
        },
        metrics=judged.metrics,
        logits=rows,
        held=held,
        held_metadata=part.first_metadata(HELD_ROWS),
    )


def uncalibrated(recipe: ClassifierRecipe, held: NDArray[np.float32]) -> Calibrated:
    """Return what is made of a model of whose rows nothing is known: no calibration, and a threshold set by hand.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Of the threshold rule ``fixed``.
    held : ndarray of float32, shape (n, y, x, channel)
        Rows on which written graphs are compared.
    """
    return Calibrated(
        recipe=recipe,
        calibration=IDENTITY,
        prevalence=float("nan"),
        shares={},
        thresholds={FIXED: float(recipe.threshold_parameter["value"])},
        metrics={},
        logits=pd.DataFrame(),
        held=held,
    )


def _judged(
    trained: TrainedFiles, dataset: DataSet, part: PartRows
) -> tuple[NDArray[np.float64], pd.DataFrame, NDArray[np.float32]]:
    """Return the logits of the validation rows that judge, the rows, and the pixels of the first of them."""
    logits: list[NDArray[np.float32]] = []
    held: list[NDArray[np.float32]] = []
    for block in batches.blocks(dataset, trained.contract, part):
        held.append(block.pixels[: max(HELD_ROWS - sum(len(rows) for rows in held), 0)])
        logits.append(trained.logits(block.pixels, block.metadata))
    scored = np.concatenate(logits)
    rows = dataset.candidates(part.part)[part.used][["candidate_id", "label", "label_source"]].reset_index(drop=True)
    names = ["logit"] if scored.shape[1] == 1 else [f"logit_{index}" for index in range(scored.shape[1])]
    columns = {name: scored[:, index] for index, name in enumerate(names)}
    rows = rows.assign(held=np.arange(len(rows)) < HELD_ROWS, **columns)
    return scored.astype(np.float64), rows, np.concatenate(held)
