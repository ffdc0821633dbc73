"""Optuna's part of a search: a journal of finished trials, values for the next one, and whether it is worth finishing.

Optuna is imported late. Nothing but finished trials is kept, each by one line of the journal, so that whoever is killed
leaves whole trials; the next run draws the same values for the trial that was cut off, since they depend on the seed
and on the trials before it alone.

Tested by tests/models/searches/test_tuning_study.py.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from models.recipes.search_spaces import SearchedKey, SearchSpace
from pipeline.rng import stream

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.storages.journal._file import BaseJournalFileLock
    from optuna.trial import FrozenTrial

JOURNAL: Final = "trials.journal"
"""The file of a study in its work folder."""
STARTUP_TRIALS: Final = 10
"""Trials whose values are drawn from the whole space, before the search concentrates on what did well."""
UNPRUNED_TRIALS: Final = 5
"""Complete trials before the first one is pruned: a median of fewer says little."""
UNPRUNED_SHARE: Final = 0.1
"""Share of the epochs before which no trial is pruned, because small learning rates begin slowly."""

State = Literal["complete", "pruned", "failed"]
_STATES: Final[Mapping[State, str]] = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
"""What Optuna calls them."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One finished trial.

    Attributes
    ----------
    number : int
        From 1.
    state : {"complete", "pruned", "failed"}
    values : mapping of str to object
        By key of the search space, as drawn: of a key with ``copies`` the value that is repeated.
    objective : float
        Value of the objective; of a pruned or failed trial the best so far, NaN if it finished no epoch.
    by_epoch : tuple of float
        The objective after each epoch; empty for classifiers on features.
    epochs : int
        Epochs trained.
    seconds : float
        Seconds of training.
    reason : str
        Why it was pruned or failed.
    """

    number: int
    state: State
    values: Mapping[str, Any]
    objective: float = math.nan
    by_epoch: tuple[float, ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    reason: str = ""


class TrialStudy:
    """The trials of one search, kept in a journal.

    Parameters
    ----------
    workdir : Path
        Folder of the journal, made if it is absent; one process at a time may have it.
    name : str
        Fingerprint of all that decides the search but the number of trials: another one's trials are not used.
    space : SearchSpace
        What is searched.
    larger_is_better : bool
        Whether the objective is to be large.
    seed : int
        Of the draws.
    epochs : int
        Most epochs of a trial.
    """

    def __init__(
        self, workdir: Path, name: str, space: SearchSpace, *, larger_is_better: bool, seed: int, epochs: int
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._seed = space, seed
        self._distributions = {key: _distribution(searched) for key, searched in space.parameters.items()}
        self._direction: Literal["maximize", "minimize"] = "maximize" if larger_is_better else "minimize"
        self._pruner = optuna.pruners.MedianPruner(
            n_startup_trials=UNPRUNED_TRIALS, n_warmup_steps=math.ceil(UNPRUNED_SHARE * epochs)
        )
        self._study = optuna.create_study(
            storage=_journal(workdir), study_name=name, direction=self._direction, load_if_exists=True
        )

    @property
    def trials(self) -> list[Trial]:
        """Return the finished trials in their order."""
        return [self._trial(kept) for kept in self._study.get_trials(deepcopy=False)]

    def next_values(self) -> dict[str, Any]:
        """Return values for the next trial by key, which depend on the seed and the finished trials alone."""
        import optuna

        finished = self._study.get_trials()
        if self._space.draw == "grid":
            order = stream(self._seed, "tuning", "grid").permutation(self._space.grid_size)
            point = self._space.grid_point(int(order[len(finished)]))
            return {key: self._value(key, self._kept(key, value)) for key, value in point.items()}
        seed = int(stream(self._seed, "tuning", str(len(finished))).integers(2**32))
        sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=seed)
        if self._space.draw == "learned":
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        scratch = optuna.create_study(sampler=sampler, direction=self._direction)
        scratch.add_trials(finished)
        drawn = scratch.ask(self._distributions).params
        return {key: self._value(key, drawn[key]) for key in self._space.parameters}

    def is_hopeless(self, by_epoch: Sequence[float]) -> bool:
        """Return whether the best of a trial's epochs is worse than the median of complete trials at its last one."""
        from optuna.trial import TrialState, create_trial

        so_far = create_trial(state=TrialState.RUNNING, intermediate_values=dict(enumerate(by_epoch)))
        return bool(self._pruner.prune(self._study, so_far))

    def add(self, trial: Trial) -> None:
        """Keep a finished trial; a kill leaves it whole or not at all."""
        from optuna.trial import TrialState, create_trial

        kept = create_trial(
            state=TrialState[_STATES[trial.state]],
            value=trial.objective if trial.state == "complete" else None,
            params={key: self._kept(key, value) for key, value in trial.values.items()},
            distributions=self._distributions,
            intermediate_values=dict(enumerate(trial.by_epoch)),
            user_attrs={
                "objective": None if math.isnan(trial.objective) else trial.objective,
                "epochs": trial.epochs,
                "seconds": trial.seconds,
                "reason": trial.reason,
            },
        )
        self._study.add_trial(kept)

    def _trial(self, kept: "FrozenTrial") -> Trial:
        named = {name: state for state, name in _STATES.items()}
        said, objective = kept.user_attrs, kept.user_attrs["objective"]
        return Trial(
            number=kept.number + 1,
            state=named[kept.state.name],
            values={key: self._value(key, kept.params[key]) for key in self._space.parameters},
            objective=math.nan if objective is None else objective,
            by_epoch=tuple(kept.intermediate_values[step] for step in sorted(kept.intermediate_values)),
            epochs=said["epochs"],
            seconds=said["seconds"],
            reason=said["reason"],
        )

    def _value(self, key: str, kept: Any) -> Any:
        return json.loads(kept) if self._space.parameters[key].kind == "choice" else kept

    def _kept(self, key: str, value: Any) -> Any:
        return json.dumps(value) if self._space.parameters[key].kind == "choice" else value


def _distribution(searched: SearchedKey) -> "BaseDistribution":
    """Return what Optuna draws from; choices as JSON, since it takes no lists."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if searched.kind == "choice":
        return CategoricalDistribution([json.dumps(choice) for choice in searched.choices])
    low, high = searched.ends
    if searched.kind == "int":
        return IntDistribution(int(low), int(high), log=searched.log, step=searched.step)
    return FloatDistribution(low, high, log=searched.log)


class _OneWriter:
    """Stands for Optuna's lock of the journal, which a killed process would leave behind; the task has a lock."""

    def acquire(self) -> bool:
        """Let the only writer write."""
        return True

    def release(self) -> None:
        """Release nothing."""


def _journal(workdir: Path) -> "BaseStorage":
    """Return the journal's storage after what a killed writer left of a line has been cut off."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    workdir.mkdir(parents=True, exist_ok=True)
    path = workdir / JOURNAL
    if path.is_file():
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=cast("BaseJournalFileLock", _OneWriter())))
