"""What Nightsift adds to Keras' loop, one concern per callback, in the order in which `network_training` lists them.

They share the `State` of a training. The module loads Keras, so that only what trains imports it.

Tested by tests/models/training/test_callbacks.py.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.framework import keras as load_keras
from models.framework import to_numpy
from models.networks.network import every_layer
from models.recipes import schedules
from models.recipes.classifier import ClassifierRecipe
from models.training import checkpoints
from models.training.fitted import Progress
from models.training.keras_data import TrainingRows
from pipeline.errors import SettingsError
from pipeline.rng import stream

load_keras()  # sets its backend
from keras import callbacks  # noqa: E402

log = logging.getLogger(__name__)

Logs = Mapping[str, float] | None


@dataclass(kw_only=True)
class State:
    """What changes while a network is trained.

    Attributes
    ----------
    recipe : ClassifierRecipe
    history : list of dict
        One entry per finished epoch.
    best_weights : list of ndarray
        Those of the epoch with the best monitored value.
    """

    recipe: ClassifierRecipe
    history: list[dict[str, Any]] = field(default_factory=list)
    best_weights: list[NDArray[np.floating]] = field(default_factory=list)

    @property
    def monitored(self) -> list[float]:
        """Return the monitored value of each epoch, turned so that smaller is better."""
        return self._turned(self.recipe.monitor)

    @property
    def steering(self) -> list[float]:
        """Return the value of each epoch that moves the learning rate and stops the training, smaller being better."""
        return self._turned(self.recipe.schedule_monitor or self.recipe.monitor)

    def _turned(self, name: str) -> list[float]:
        sign = -1.0 if self.recipe.is_larger_better(name) else 1.0
        return [sign * entry[name] for entry in self.history]


class StartEpoch(callbacks.Callback):
    """Set what an epoch starts with by its number: the order of rows, the learning rate, the draws of dropout."""

    def __init__(self, state: State, rows: TrainingRows, seed: int) -> None:
        super().__init__()
        self.state, self.rows, self.seed = state, rows, seed

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Set them."""
        self.rows.epoch = epoch
        self.model.optimizer.learning_rate.assign(schedules.learning_rate(self.state.recipe, self.state.steering))
        rng = stream(self.seed, "dropout", str(epoch))
        for layer in every_layer(self.model):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                generator.state.assign(rng.integers(2**32, size=2, dtype=np.uint32))


class Judge(callbacks.Callback):
    """Measure the validation rows after each epoch and enter it into the history."""

    def __init__(self, state: State, judge: Callable[[Any], Mapping[str, float]]) -> None:
        super().__init__()
        self.state, self.judge = state, judge
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Note the time."""
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Enter the epoch into the history."""
        entry = {"epoch": epoch + 1, "loss": float((logs or {})["loss"])}
        entry |= {f"validation_{name}": value for name, value in self.judge(self.model).items()}
        entry["learning_rate"] = float(to_numpy(self.model.optimizer.learning_rate))
        entry["seconds"] = round(time.monotonic() - self.started, 3)
        self.state.history.append(entry)


class RefuseDivergence(callbacks.Callback):
    """End a training whose loss, or whose monitored value, is not a number."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Raise `SettingsError` with what to change."""
        recipe, last = self.state.recipe, self.state.history[-1]
        loss, validation_loss = last["loss"], last["validation_loss"]
        if not math.isfinite(loss + validation_loss):
            raise SettingsError(
                f"training diverged in epoch {epoch + 1}: loss {loss:g}, on validation rows {validation_loss:g}; "
                f"lower learning_rate ({recipe.learning_rate:g}) or choose another normalisation "
                f"({recipe.normalisation})"
            )
        if not math.isfinite(last[recipe.monitor]):
            raise SettingsError(
                f"{recipe.monitor} is {last[recipe.monitor]:g} after epoch {epoch + 1}, so that no epoch is the best; "
                "'monitor' another value"
            )


class KeepBest(callbacks.Callback):
    """Keep the weights of the best epoch so far."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Keep the weights if no epoch before was as good."""
        *before, last = self.state.monitored
        if all(last < value for value in before):
            self.state.best_weights = self.model.get_weights()


class AskOutside(callbacks.Callback):
    """Show the history to whoever may end the training; before the epoch is kept, so that a killed run asks again."""

    def __init__(self, state: State, after_epoch: schedules.AfterEpoch) -> None:
        super().__init__()
        self.state, self.after_epoch = state, after_epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Show it; an error ends the training."""
        self.after_epoch(self.state.history)


class KeepEpochs(callbacks.Callback):
    """Write the weights after every so many epochs; before the checkpoint, so that a kill leaves out none."""

    def __init__(self, workdir: Path, every: int) -> None:
        super().__init__()
        self.workdir, self.every = workdir, every

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Write them, if it is their turn."""
        if self.every and (epoch + 1) % self.every == 0:
            checkpoints.keep_epoch(self.workdir, epoch + 1, self.model.get_weights())


class Checkpoint(callbacks.Callback):
    """Write after each epoch all that the next one depends on, so that a killed training goes on from there."""

    def __init__(self, state: State, workdir: Path, identity: str) -> None:
        super().__init__()
        self.state, self.workdir, self.identity = state, workdir, identity

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Write it."""
        written = checkpoints.Checkpoint(
            identity=self.identity,
            weights=self.model.get_weights(),
            best_weights=self.state.best_weights,
            optimizer=[to_numpy(variable) for variable in self.model.optimizer.variables],
            history=self.state.history,
        )
        checkpoints.save(self.workdir, written)


class Report(callbacks.Callback):
    """Tell how far the training is."""

    def __init__(self, state: State, progress: Progress) -> None:
        super().__init__()
        self.state, self.progress = state, progress

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Log a line and report the share of epochs done."""
        last, epochs = self.state.history[-1], self.state.recipe.epochs
        line = (
            f"epoch {last['epoch']} of at most {epochs}: loss {last['loss']:.4f}, "
            f"validation {last['validation_loss']:.4f}, accuracy {last['validation_accuracy']:.4f}"
        )
        log.info("%s", line)
        self.progress((epoch + 1) / epochs, line)


class StopEarly(callbacks.Callback):
    """End the training when no epoch was better for long enough."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002
        """Ask Keras to stop."""
        if schedules.is_finished(self.state.recipe, self.state.steering):
            self.model.stop_training = True
