"""Scores of every labelled row of a data set by models that learned from no row of its group."""

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.metadata import values_of
from models.packages.calibration_choice import with_method
from models.packages.merits import fitted_calibration
from models.recipes.calibration_keys import SAMPLE
from models.recipes.classifier import ClassifierRecipe
from models.training import batches, checkpoints
from models.training.fitted import Progress, no_progress
from models.training.rows import PartRows, judging_rows, scorable_rows
from models.training.train import TrainedModel, train
from pipeline.classes import LEARNED_PARTS, PART_NAMES, PARTS, REAL, TEST, UNLABELLED
from pipeline.cutouts.missing import Flag
from pipeline.datasets.dataset import DataSet
from pipeline.datasets.held_folds import By, HeldFoldDataSet
from pipeline.errors import SettingsError
from pipeline.extras import demand
from pipeline.fingerprint import fingerprint, short
from pipeline.io.results.commit import commit
from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS, LearnedFold
from pipeline.scores.class_calibration import Calibration, probabilities_of

log = logging.getLogger(__name__)

REVISION: Final = 1
"""Raised when the same settings would give other scores."""
ENDING: Final = ".folds"
"""Ending of the folder that keeps what a killed run has finished."""
_COLUMNS: Final = ["candidate_id", "object_id", "exposure_id", "night", "flags"]


@dataclass(frozen=True, kw_only=True)
class FoldPlan:
    """How the rows are divided.

    Attributes
    ----------
    folds : int
        Into how many folds the training and validation rows are divided, 2 to `MOST_LEARNED_FOLDS`; as many models are
        trained.
    by : {"object", "night"}
        What is held out together.
    seed : int
        Of the trainings.
    """

    folds: int
    by: By
    seed: int

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= MOST_LEARNED_FOLDS:
            raise SettingsError(f"folds is {self.folds}; allowed: 2 to {MOST_LEARNED_FOLDS}")


def score_out_of_fold(
    dataset: DataSet,
    recipe: ClassifierRecipe,
    plan: FoldPlan,
    *,
    model: str,
    workdir: Path,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Train on all folds but one, score that one, and so on; no model learns from a test row, so all of them score it.

    Each model is calibrated on validation rows of its own, so that scores of different models can be compared. What was
    finished when a run was killed is kept in ``workdir`` and not done again.

    Parameters
    ----------
    dataset : DataSet
        Labelled rows in parts.
    recipe : ClassifierRecipe
        What is trained.
    plan : FoldPlan
        How the rows are divided.
    model : str
        What the models are called in the scores.
    workdir : Path
        Folder for the state of a training, and for the scores of those that are done.
    progress : callable
        Called with the share done (0 ... 1) and a message.

    Returns
    -------
    DataFrame
        The columns of a scores file but ``release``, in the order of the data set. ``split`` is the part of a row in
        the data set. A test row has the mean of all models and ``score_std``, how far they scatter.

    Raises
    ------
    DataSetError
        If a class has too few groups, or the data set too few nights, or no row of a class may validate.
    SettingsError
        If recipe and data set contradict each other.
    """
    demand("train", "scores by models that did not learn from a row")
    learned = np.concatenate([dataset.candidates(part)["candidate_id"].to_numpy(object) for part in LEARNED_PARTS])
    place = {name: row for row, name in enumerate(learned.tolist())}
    found = np.full((len(learned), len(dataset.class_names)), np.nan, np.float32)
    of_test: list[NDArray[np.float32]] = []
    for number in range(plan.folds):
        view = HeldFoldDataSet(dataset, LearnedFold(number=number + 1, count=plan.folds), plan.by)
        told = _within(progress, number, plan.folds)
        held, unseen = _fold_scores(view, dataset, recipe, plan.seed, workdir, told)
        found[[place[name] for name in view.candidates(PART_NAMES[TEST])["candidate_id"]]] = held
        of_test.append(unseen)
    tests = np.stack(of_test)
    frames = [dataset.candidates(part)[_COLUMNS].assign(split=np.int8(code)) for part, code in PARTS.items()]
    scatter = tests[..., REAL].std(axis=0) if tests.shape[-1] == 2 else np.full(tests.shape[1], np.nan, np.float32)
    std = np.concatenate([np.full(len(learned), np.nan, np.float32), scatter])
    rows = pd.concat(frames, ignore_index=True)
    return _scores_table(rows, np.concatenate([found, tests.mean(axis=0)]), std, model)


def clear(workdir: Path) -> None:
    """Remove what was kept of the trainings, once the scores are in their place."""
    shutil.rmtree(workdir, ignore_errors=True)


def _fold_scores(
    view: HeldFoldDataSet, whole: DataSet, recipe: ClassifierRecipe, seed: int, workdir: Path, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the probabilities of the rows of a fold, and of the test rows of the whole, each ``(n, class)``."""
    folder = workdir / short(fingerprint([REVISION, recipe, seed, view.fingerprint]))
    done = folder / "probabilities.npz"
    if not done.is_file():
        trained = train(view, recipe, seed, workdir=folder, progress=progress)
        at_sample = replace(recipe, calibrated_to=SAMPLE)  # labels are judged among the rows that there are
        logits, labels, candidates = _judged(trained, view, recipe)
        calibration = fitted_calibration(with_method(at_sample, logits, labels, candidates), logits, labels)
        scored = [_probabilities(trained, calibration, rows) for rows in (view, whole)]
        commit(done, lambda path: np.savez(path, held=scored[0], unseen=scored[1]))
        checkpoints.clear(folder)
    with np.load(done, allow_pickle=False) as kept:
        return kept["held"], kept["unseen"]


def _judged(
    trained: TrainedModel, view: DataSet, recipe: ClassifierRecipe
) -> tuple[NDArray[np.float64], NDArray[np.int64], pd.DataFrame]:
    """Return the logits and the labels of the validation rows that judge, and their candidates."""
    part = judging_rows(view, recipe, trained.contract)
    blocks = batches.blocks(view, trained.contract, part)
    logits = [np.asarray(trained.fitted.logits(block.pixels, block.metadata), np.float64) for block in blocks]
    return np.concatenate(logits), part.labels[part.used], view.candidates(part.part)[part.used]


def _probabilities(trained: TrainedModel, calibration: Calibration, rows: DataSet) -> NDArray[np.float32]:
    """Return the probabilities of the test rows, ``(n, class)``, NaN where a row has no pixels to score."""
    name = PART_NAMES[TEST]
    frame = rows.candidates(name)
    scorable = scorable_rows(rows, trained.contract, [name])[name] & (frame["label"].to_numpy() != UNLABELLED)
    columns = trained.recipe.metadata.columns if trained.recipe.metadata else ()
    part = PartRows(
        part=name,
        labels=frame["label"].to_numpy(np.int64),
        weights=scorable.astype(np.float32),
        counts={},
        metadata=values_of(frame, columns) if columns else None,
    )
    found = np.full((len(frame), len(trained.class_names)), np.nan, np.float32)
    blocks = batches.blocks(rows, trained.contract, part)
    logits = [np.asarray(trained.fitted.logits(block.pixels, block.metadata), np.float64) for block in blocks]
    if scorable.any():
        found[scorable] = probabilities_of(calibration, np.concatenate(logits))
    return found


def _scores_table(
    rows: pd.DataFrame, probabilities: NDArray[np.float32], std: NDArray[np.float32], model: str
) -> pd.DataFrame:
    """Return rows with the columns of a scores file."""
    unscored = np.isnan(probabilities).any(axis=1)
    nothing = np.full(len(rows), np.nan, np.float32)
    columns = {f"p_{index}": probabilities[:, index] for index in range(probabilities.shape[1])}
    called = np.where(unscored, UNLABELLED, np.nan_to_num(probabilities).argmax(axis=1)).astype(np.int8)
    return rows.assign(
        **columns,
        label_predicted=called,
        score=probabilities[:, REAL] if probabilities.shape[1] == 2 else nothing,
        score_std=std,
        entropy=nothing,
        bald=nothing,
        flags=rows["flags"].to_numpy() | np.where(unscored, int(Flag.NOT_SCORED), 0).astype(np.int32),
        model=model,
    )


def _within(progress: Progress, number: int, total: int) -> Progress:
    """Return how the training without one of the folds tells how far it is."""
    return lambda share, message: progress((number + share) / total, f"fold {number + 1} of {total}: {message}")
