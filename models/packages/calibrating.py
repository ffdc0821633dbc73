"""Calibration and thresholds of a trained model, from the logits of the validation rows that may judge.

Tested by tests/models/packages/test_calibrating.py.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.packages.trained_files import TrainedFiles
from models.recipes.classifier import ClassifierRecipe
from models.training import batches
from models.training.fitted import Progress, no_progress
from models.training.rows import PartRows, judging_rows
from models.training.train import HELD_ROWS
from pipeline.classes import CLASS_NAMES, REAL
from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.metrics import THRESHOLD_RULES, summary
from pipeline.metrics.class_metrics import class_summary
from pipeline.scores.calibration import IDENTITY
from pipeline.scores.class_calibration import Calibration, class_shares, described, fit_calibration, probabilities_of

log = logging.getLogger(__name__)

CLASS_MERITS = ("accuracy", "macro_f1", "macro_recall", "log_loss", "brier", "plain_ece")
"""What a package of more than two classes says of its validation rows."""

OF_EACH_PACKAGE = ("fixed", "mdr", "fpr", "f1", "mcc", "gmean")
"""Rules whose thresholds count among what makes packages equal; that of another rule does where it is in use, so that
packages of before keep their digests."""

FIXED = "fixed"
"""The threshold rule of a model of whose rows nothing is known."""


class CalibrationSettings(Protocol):
    """The keys of a recipe that decide what is made of logits."""

    @property
    def calibration(self) -> Literal["platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "none"]:
        """Return how logits become probabilities."""

    @property
    def threshold_rule(self) -> str:
        """Return which rule sets the threshold in use."""

    @property
    def threshold_parameter(self) -> Mapping[str, float]:
        """Return the arguments of that rule."""


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """What is made of a model's logits.

    Attributes
    ----------
    recipe : ClassifierRecipe
    calibration : Platt, Beta, Isotonic or ClassScaling
        Of two classes, or of more; the identity by choice.
    prevalence : float
        Share of reals among the rows that calibration was fitted on; NaN without two classes.
    shares : mapping of str to float
        With more classes, the share of each that the probabilities are calibrated for; empty with two.
    thresholds : mapping
        Threshold by rule; the recipe's rule under its own parameters.
    metrics : mapping
        On the validation rows, calibrated scores.
    logits : DataFrame
        ``candidate_id label label_source held`` and ``logit``, or ``logit_0 logit_1 ...`` with more classes, of the
        validation rows that judge.
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


def calibrate(
    trained: TrainedFiles, dataset: DataSet, recipe: ClassifierRecipe, *, progress: Progress = no_progress
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
    progress : callable
        Called with the share done (0 ... 1) and a message.

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
    progress(0.9, f"calibrating on {len(rows)} validation rows")
    labels = rows["label"].to_numpy(np.int64)
    calibration = fitted_calibration(recipe, logits, labels)
    thresholds, metrics = merits(recipe, logits, labels, calibration)
    return Calibrated(
        recipe=recipe,
        calibration=calibration,
        prevalence=prevalence_of(recipe, logits, labels),
        shares=shares_of(recipe, labels, trained.class_names),
        thresholds=thresholds,
        metrics=metrics,
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


def prevalence_of(recipe: CalibrationSettings, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the share of reals that the scores are calibrated for; NaN with more than two classes."""
    if logits.shape[1] != 1:
        return float("nan")
    return 0.5 if recipe.calibration == "platt_prior" else float((labels == REAL).mean())


def shares_of(recipe: CalibrationSettings, labels: NDArray[np.int64], class_names: Sequence[str]) -> dict[str, float]:
    """Return the share of each of more than two classes that the probabilities are calibrated for; empty with two.

    Parameters
    ----------
    recipe : CalibrationSettings
        With ``platt_prior``, all shares are equal.
    labels : ndarray of int64, shape (n,)
        Of the rows that calibration was fitted on.
    class_names : sequence of str
        The classes, at the index of their codes.
    """
    if len(class_names) == len(CLASS_NAMES):
        return {}
    if recipe.calibration == "platt_prior":
        return dict.fromkeys(class_names, 1.0 / len(class_names))
    return class_shares(labels, class_names)


def fitted_calibration(
    recipe: CalibrationSettings, logits: NDArray[np.float64], labels: NDArray[np.int64]
) -> Calibration:
    """Return the calibration of logits ``(n, columns)`` that a recipe asks for."""
    calibration = fit_calibration(recipe.calibration, logits, labels)
    if recipe.calibration != "none":
        log.info("calibrated on %d rows: %s", len(labels), ", ".join(_told(calibration)))
    return calibration


def _told(calibration: Calibration) -> Iterator[str]:
    """Yield the numbers of a calibration by name."""
    for name, value in described(calibration).items():
        values = value if isinstance(value, list) else [value]
        yield f"{name} {' '.join(f'{one:.3f}' for one in values)}"


def merits(
    recipe: CalibrationSettings, logits: NDArray[np.float64], labels: NDArray[np.int64], calibration: Calibration
) -> tuple[dict[str, float], dict[str, float]]:
    """Return thresholds by rule and metrics on the validation rows; of more classes, there are no thresholds.

    Parameters
    ----------
    recipe : CalibrationSettings
        Its threshold rule is taken with its own parameters, each other with its defaults.
    logits : ndarray of float64, shape (n, columns)
    labels : ndarray of int64, shape (n,)
    calibration : Platt, Beta, Isotonic or ClassScaling
        The calibration.
    """
    probabilities = probabilities_of(calibration, logits)
    if logits.shape[1] > 1:
        found = class_summary(labels, probabilities)[0]
        return {}, {name: found[name] for name in CLASS_MERITS}
    scores = probabilities[:, REAL]
    chosen = {recipe.threshold_rule: dict(recipe.threshold_parameter)}
    thresholds = {
        rule: float(THRESHOLD_RULES[rule](labels, scores, **chosen.get(rule, {})))
        for rule in dict.fromkeys((*OF_EACH_PACKAGE, recipe.threshold_rule))
    }
    return thresholds, summary(labels, scores)


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
