"""One trial of a tuning: values are drawn, a classifier is trained with them, and its validation rows judge them.

Tested by tests/models/searches/test_tuning.py.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import expit, log_softmax

from models.framework import out_of_memory
from models.recipes.class_merits import CLASS_MERITS, class_merits
from models.recipes.search_spaces import LOSS
from models.searches.tuning_search import PREFIX, Search
from models.searches.tuning_study import Trial, TrialStudy
from models.training import batches
from models.training.fitted import Progress
from models.training.rows import scorable_rows, select_rows
from models.training.train import TrainedModel, train
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError, InputError, SettingsError
from pipeline.metrics import METRICS

log = logging.getLogger(__name__)


class _HopelessError(Exception):
    """Ends the training of a trial that is pruned."""


class Attempt:
    """One trial while it runs.

    Parameters
    ----------
    dataset : DataSet
        Labelled cutouts in parts.
    search : Search
        What is searched.
    study : TrialStudy
        The trials before.
    number : int
        Of this one, from 1.
    workdir : Path
        Where the state of its training is kept.
    progress : callable
        Called with the share of all trials that is done, and a message.
    """

    def __init__(
        self, dataset: DataSet, search: Search, study: TrialStudy, number: int, workdir: Path, progress: Progress
    ) -> None:
        self.dataset, self.search, self.study, self.workdir = dataset, search, study, workdir
        self.number, self._progress = number, progress
        self._epochs: list[Mapping[str, float]] = []

    def run(self) -> Trial:
        """Draw values, train with them, and return what came of it."""
        trial = Trial(number=self.number, state="complete", values=self.study.next_values())
        try:
            trained = train(
                self.dataset,
                self.search.recipe_of(trial.values),
                self.search.seed,
                workdir=self.workdir,
                progress=self._told,
                after_epoch=self._after_epoch,
            )
            finished = self._finished(trial, trained)
        except _HopelessError:
            reason = f"worse after epoch {len(self._epochs)} than the median of the trials before"
            finished = replace(self._cut_off(trial), state="pruned", reason=reason)
        except (DataSetError, InputError):
            raise  # of the data, and so of every trial
        except Exception as error:
            if not (isinstance(error, ValueError) or out_of_memory(error)):
                raise
            finished = replace(self._cut_off(trial), state="failed", reason=_first_line(error))
        shown = f"{self.search.objective} {finished.objective:.5g}" if finished.state == "complete" else finished.reason
        log.info("trial %d of %d %s: %s", self.number, self.search.trials, finished.state, shown)
        return finished

    def _told(self, share: float, message: str) -> None:
        of = self.search.trials
        self._progress((self.number - 1 + share) / of, f"trial {self.number} of {of}: {message}")

    def _after_epoch(self, history: Sequence[Mapping[str, float]]) -> None:
        self._epochs = list(history)
        if self.study.is_hopeless([epoch[self.search.objective] for epoch in history]):
            raise _HopelessError

    def _cut_off(self, trial: Trial) -> Trial:
        """Return the trial with what its training came to."""
        by_epoch = tuple(float(epoch[self.search.objective]) for epoch in self._epochs)
        return replace(
            trial,
            objective=self.search.best_of(by_epoch) if by_epoch else math.nan,
            by_epoch=by_epoch,
            epochs=len(by_epoch),
            seconds=float(sum(epoch["seconds"] for epoch in self._epochs)),
        )

    def _finished(self, trial: Trial, trained: TrainedModel) -> Trial:
        history = trained.history
        seconds = float(history["seconds"].sum())
        if self.search.is_of_features:
            value = _of_features(trained, self.dataset, self.search.objective)
            return replace(trial, objective=value, epochs=len(history), seconds=seconds)
        by_epoch = tuple(history[self.search.objective].astype(float))
        value = by_epoch[-1] if trained.recipe.keep == "last" else self.search.best_of(by_epoch)
        return replace(trial, objective=value, by_epoch=by_epoch, epochs=len(by_epoch), seconds=seconds)


def _of_features(trained: TrainedModel, dataset: DataSet, objective: str) -> float:
    """Return the objective of a classifier on features: its scores of the validation rows, before calibration."""
    rows = select_rows(dataset, trained.recipe, scorable_rows(dataset, trained.contract))[1]
    blocks = list(batches.blocks(dataset, trained.contract, rows))
    logits = np.concatenate(
        [np.asarray(trained.fitted.logits(block.pixels, block.metadata), np.float64) for block in blocks]
    )
    labels = np.concatenate([block.labels for block in blocks])
    weights = np.concatenate([block.weights for block in blocks])
    columns = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    name = objective.removeprefix(PREFIX)
    if objective == LOSS:
        each = -log_softmax(columns, axis=1)[np.arange(len(labels)), labels]
        value = float(np.average(each, weights=weights))
    elif name == "accuracy":
        value = float((columns.argmax(axis=1) == labels).mean())
    elif name in CLASS_MERITS:
        value = CLASS_MERITS[name](class_merits(labels, columns.argmax(axis=1), columns.shape[1]))
    else:
        value = float(METRICS[name](labels, expit(logits[:, 0])))
    if not np.isfinite(value):
        raise SettingsError(f"{objective} is {value:g}")
    return value


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
