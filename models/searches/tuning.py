"""Tuning: trainings of one recipe with other values of a search space, the best of which makes a new recipe.

The best is chosen on the validation rows that may judge, never on test rows; what it reaches there is therefore
optimistic.

Tested by tests/models/searches/test_tuning.py.
"""

import json
import logging
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from models.inputs.measured import features_remembered
from models.recipes.search_spaces import require_fit, with_values
from models.searches.tuning_search import Search
from models.searches.tuning_study import JOURNAL, Trial, TrialStudy
from models.searches.tuning_trial import Attempt
from models.training import checkpoints
from models.training.fitted import Progress, no_progress
from pipeline.conversions import S_PER_DAY
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError
from pipeline.extras import demand
from pipeline.fingerprint import fingerprint
from pipeline.stages.tuning_folder import TuningResult

log = logging.getLogger(__name__)

REVISION: Final = 1
"""Raised when the same search would draw or judge otherwise; trials of older journals are then not used."""
_TRAINING: Final = "trial"
"""The folder of the running trial's checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The finished trials of a search.

    Attributes
    ----------
    search : Search
    trials : tuple of Trial
        In their order.
    """

    search: Search
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """Return the complete trial with the best objective, the first of equals."""
        complete = [trial for trial in self.trials if trial.state == "complete"]
        goal = self.search.best_of([trial.objective for trial in complete])
        return next(trial for trial in complete if trial.objective == goal)

    @property
    def best_changes(self) -> dict[str, Any]:
        """Return what a recipe that extends the searched one states to be that of the best trial."""
        own = {} if self.search.is_of_features else self.search.own_changes
        changes = with_values({}, self.search.as_stated(self.best.values))
        return {**own, **changes}

    def result(self, dataset: str, *, classifier: str, space: str) -> TuningResult:
        """Return what is written of the search.

        Parameters
        ----------
        dataset : str
            Fingerprint of the data set.
        classifier, space : str
            Names of the files of recipe and space.
        """
        return TuningResult(
            trials=self.table,
            classifier=classifier,
            space=space,
            searched={key: searched.stated for key, searched in self.search.space.parameters.items()},
            objective=self.search.objective,
            larger_is_better=self.search.larger_is_better,
            seed=self.search.seed,
            dataset=dataset,
            best={"number": self.best.number, "objective": self.best.objective},
            changes=self.best_changes,
        )

    @property
    def table(self) -> pd.DataFrame:
        """Return one row per trial: ``number state objective``, each searched key, ``epochs seconds reason``."""
        return pd.DataFrame([_row(trial) for trial in self.trials])


def tune(dataset: DataSet, search: Search, *, workdir: Path, progress: Progress = no_progress) -> Tuning:
    """Train a recipe with other values again and again, and return how well each did on the validation rows.

    Values are drawn as the space says, and a trial of a network that does worse after an
    epoch than the median of the trials before it is pruned. A killed search goes on from the last epoch of the trial
    that it was at, and ends with the trials of an undisturbed one. A trial that fails is one of the trials.

    Parameters
    ----------
    dataset : DataSet
        Labelled cutouts in parts, of which the test part is not read.
    search : Search
        What is searched.
    workdir : Path
        Folder for the finished trials and the state of the running one; one process at a time may have it.
    progress : callable
        Called with the share done (0 ... 1) and a message.

    Raises
    ------
    SettingsError
        When the space holds values that the recipe does not allow, or every trial failed.
    DataSetError
        When a class is missing in the training or validation part.
    MissingExtraError
        When what training needs is not installed.
    """
    demand("tune", "tuning a classifier")
    require_fit(search.space, search.base, search.objective, search.where)
    study = TrialStudy(
        workdir,
        fingerprint([REVISION, search.base, search.space, search.objective, search.seed, dataset.fingerprint]),
        search.space,
        larger_is_better=search.larger_is_better,
        seed=search.seed,
        epochs=search.recipe_of({}).epochs,
    )
    with features_remembered():
        for number in range(len(study.trials) + 1, _number_of_trials(search) + 1):
            attempt = Attempt(dataset, search, study, number, workdir / _TRAINING, progress)
            study.add(attempt.run())
            checkpoints.clear(workdir / _TRAINING)
    trials = tuple(study.trials[: search.trials])
    _require_success(trials, search, workdir)
    return Tuning(search=search, trials=trials)


def _number_of_trials(search: Search) -> int:
    """Return how many trials there are: as many as are asked for, but no more than a grid has points."""
    points = search.space.grid_size if search.space.draw == "grid" else search.trials
    if points < search.trials:
        log.info("the grid of %s has %d points: as many trials and not %d", search.where, points, search.trials)
    return min(points, search.trials)


def clear(workdir: Path) -> None:
    """Remove the folder of a search whose result is committed, and those beside it that were forgotten for weeks."""
    shutil.rmtree(workdir, ignore_errors=True)
    oldest = time.time() - S_PER_DAY * checkpoints.KEPT_DAYS
    for journal in workdir.parent.glob(f"*/{JOURNAL}"):
        folder = journal.parent
        if max(path.stat().st_mtime for path in folder.rglob("*")) < oldest:
            log.info("removing %s: no trial was added for %d days", folder, checkpoints.KEPT_DAYS)
            shutil.rmtree(folder, ignore_errors=True)


def _require_success(trials: Sequence[Trial], search: Search, workdir: Path) -> None:
    """Raise an error if all trials failed; they are forgotten, so that the next run tries anew."""
    reasons = Counter(trial.reason for trial in trials if trial.state == "failed")
    if sum(reasons.values()) < len(trials):
        return
    clear(workdir)
    told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
    raise SettingsError(f"{search.where}: all {len(trials)} trials failed: {told}; search other values")


def _row(trial: Trial) -> dict[str, Any]:
    begins = {"number": trial.number, "state": trial.state, "objective": trial.objective}
    ends = {"epochs": trial.epochs, "seconds": round(trial.seconds, 3), "reason": trial.reason}
    return begins | {key: _cell(value) for key, value in trial.values.items()} | ends


def _cell(value: Any) -> Any:
    """Return a number or a text as it is, and any other value as JSON."""
    plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return value if plain else json.dumps(value)
