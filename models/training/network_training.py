"""Training a network: repeatable, streamed block by block, stopped early, resumed after a kill.

Tested by tests/models/training/test_train.py.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.backends import TENSORFLOW, backend
from models.framework import deterministic, keras, out_of_memory
from models.inputs.contract import InputContract
from models.networks import memory
from models.networks.fitted_network import FittedNetwork
from models.networks.network import NetworkDesign, build, design_of, rebuilt
from models.networks.pretrained import prepare
from models.recipes import schedules
from models.recipes.classifier import ClassifierRecipe
from models.training import batches, checkpoints
from models.training.co_teaching import taught_network, taught_weights, twins, with_share
from models.training.environment import kept_every, tensorboard_folder
from models.training.epoch_merits import epoch_merits
from models.training.fitted import Progress
from models.training.in_memory import held_if_small
from models.training.optimizers import optimizer_of
from models.training.rows import PartRows, scaling_of
from models.training.table_rows import table_scaling
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError
from pipeline.fingerprint import fingerprint
from pipeline.rng import stream

if TYPE_CHECKING:  # they load Keras
    from models.training.keras_data import TrainingRows

log = logging.getLogger(__name__)

REVISION: Final = 2
"""Raised when the same recipe, seed and data would give other weights; older checkpoints are then not used."""


def fit(
    dataset: DataSet,
    contract: InputContract,
    recipe: ClassifierRecipe,
    rows: tuple[PartRows, PartRows],
    *,
    seed: int,
    workdir: Path,
    progress: Progress,
    after_epoch: schedules.AfterEpoch = schedules.go_on,
) -> tuple[FittedNetwork, pd.DataFrame]:
    """Train a network by Keras' loop and return it with the weights that its recipe keeps, and its history.

    Parameters
    ----------
    dataset : DataSet
        Read block by block.
    contract : InputContract
        Which pixels the network sees.
    recipe : ClassifierRecipe
        Of the family ``network``.
    rows : tuple of PartRows
        Of the training and the validation part.
    seed : int
        Of all that is random.
    workdir : Path
        Where the state after each epoch is kept.
    progress : callable
        Called with the share done (0 ... 1) and a message after each epoch.
    after_epoch : callable
        Called with the history after each epoch, before its state is kept, and when a killed training goes on; an
        error that it raises ends the training.

    Returns
    -------
    fitted : FittedNetwork
    history : DataFrame
        One row per epoch: ``epoch loss validation_loss validation_accuracy``, ``validation_`` and each metric of the
        recipe, with more than two classes ``validation_macro_f1`` and the precision, recall and F1 of each class
        (`models.training.epoch_merits`), ``learning_rate seconds``. The loss is Keras' mean over the batches, with the
        network's penalties, and under co-teaching of both networks; the validation loss is weighed by row and without
        penalties.

    Raises
    ------
    SettingsError
        When the loss is no longer finite, or a batch does not fit into memory.
    DataSetError
        When a column of metadata has one value or none in the training rows, or a feature of a table has none.
    """
    keras().utils.clear_session()
    threads = deterministic(seed, recipe.threads)
    scaling = scaling_of(recipe, rows[0], dataset.class_names)
    table = table_scaling(dataset, contract, rows[0], recipe.table)
    design = design_of(recipe, contract, n_classes=len(dataset.class_names), scaling=scaling, table=table)
    run = _Run(held_if_small(dataset), contract, recipe, rows, seed, design)
    module = design.module and design.module.sha256
    decisive = [REVISION, recipe.training_part, seed, dataset.fingerprint, threads, backend(), module]
    decisive += [recipe.fine_tuning.digest] if recipe.fine_tuning else []
    run.train(workdir, fingerprint(decisive), progress, after_epoch)
    weights = {"best": run.state.best_weights, "last": run.model.get_weights()} | checkpoints.kept_epochs(workdir)
    weights = {name: run.own(arrays) for name, arrays in weights.items()}
    fitted = FittedNetwork(model=rebuilt(weights[recipe.keep], design), design=design, threads=threads, weights=weights)
    return fitted, pd.DataFrame(run.state.history)


def compiled(design: NetworkDesign, recipe: ClassifierRecipe, seed: int) -> Any:
    """Return a fresh Keras model, ready to be fitted as a recipe says; under co-teaching one of two networks."""
    from models.training.keras_data import RowLoss, TwinLoss

    model = _started(design, recipe, seed)
    jit = False if backend() == TENSORFLOW else "auto"  # XLA is slower than without on CPUs
    if recipe.co_teaching is None:
        model.compile(optimizer=optimizer_of(recipe, model), loss=RowLoss(recipe), jit_compile=jit)
        return model
    other = int(stream(seed, "co-teaching").integers(2**31))
    both = twins(model, _started(design, recipe, other))
    both.compile(optimizer=optimizer_of(recipe, both), loss=TwinLoss(recipe), jit_compile=jit)
    taught_network(both).compile(jit_compile=jit)
    return both


def _started(design: NetworkDesign, recipe: ClassifierRecipe, seed: int) -> Any:
    """Return a network with first weights, random or of a file."""
    model = build(design, seed, precision=recipe.precision)
    if recipe.fine_tuning is not None:
        prepare(model, recipe.fine_tuning)
    return model


class _Run:
    """One training: the compiled model, its rows, and the state that the callbacks share."""

    def __init__(
        self,
        dataset: DataSet,
        contract: InputContract,
        recipe: ClassifierRecipe,
        rows: tuple[PartRows, PartRows],
        seed: int,
        design: NetworkDesign,
    ) -> None:
        from models.training.callbacks import State

        self.dataset, self.contract, self.recipe, self.rows, self.seed = dataset, contract, recipe, rows, seed
        self.design = replace(design, symmetries=1)
        self.model = compiled(self.design, recipe, seed)
        self.optimizer = self.model.optimizer
        self.state = State(recipe=recipe, best_weights=self.model.get_weights())

    def train(self, workdir: Path, identity: str, progress: Progress, after_epoch: schedules.AfterEpoch) -> None:
        """Go on from the last finished epoch, if there is one, to the end.

        Parameters
        ----------
        workdir : Path
            Where the state after each epoch is kept.
        identity : str
            Of recipe, seed and data set: another training's state is not used.
        progress, after_epoch : callable
            Called after each epoch.
        """
        from models.training import callbacks

        every, logs = kept_every(), tensorboard_folder(f"{workdir.name.removesuffix('.training')}-{identity[:8]}")
        self._resume(checkpoints.load(workdir, identity))
        if self.state.history:
            after_epoch(self.state.history)
        else:
            checkpoints.forget_epochs(workdir)
        if schedules.is_finished(self.recipe, self.state.steering):
            return
        rows, state = self._training_rows(), self.state
        with _logged(logs, state.history) as log_epoch:
            self._fit(
                rows,
                [
                    callbacks.StartEpoch(state, rows, self.seed),
                    callbacks.Judge(state, self._judged),
                    callbacks.RefuseDivergence(state),
                    callbacks.KeepBest(state),
                    callbacks.AskOutside(state, after_epoch),
                    callbacks.AskOutside(state, log_epoch),
                    callbacks.KeepEpochs(workdir, every),
                    callbacks.Checkpoint(state, workdir, identity),
                    callbacks.Report(state, progress),
                    callbacks.StopEarly(state),
                ],
            )

    def _fit(self, rows: "TrainingRows", callbacks: list[Any]) -> None:
        try:
            self.model.fit(
                rows,
                epochs=self.recipe.epochs,
                initial_epoch=len(self.state.history),
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )
        except KeyboardInterrupt:
            log.warning("interrupted after epoch %d; the next run goes on from there", len(self.state.history))
            raise
        except Exception as error:
            if rows.error is not None:
                raise rows.error from None
            if not out_of_memory(error):
                raise
            raise SettingsError(memory.advice(self.model, self.recipe.batch_size)) from error

    def _resume(self, checkpoint: checkpoints.Checkpoint | None) -> None:
        if checkpoint is None:
            return
        self.model.set_weights(checkpoint.weights)
        for variable, value in zip(self.optimizer.variables, checkpoint.optimizer, strict=True):
            variable.assign(value)
        self.state.best_weights = checkpoint.best_weights
        self.state.history = list(checkpoint.history)
        log.info("going on after epoch %d of at most %d", len(self.state.history), self.recipe.epochs)

    def _training_rows(self) -> "TrainingRows":
        from models.training.keras_data import TrainingRows

        changes = batches.Changes(
            augment=self.recipe.augment,
            rand_augment=self.recipe.rand_augment,
            mixup=self.recipe.mixup,
            n_classes=len(self.dataset.class_names),
        )

        def draw(epoch: int) -> Iterator[batches.Batch]:
            drawn = batches.training_batches(
                self.dataset,
                self.contract,
                self.rows[0],
                size=self.recipe.batch_size,
                changes=changes,
                prepare=self.design.prepared,
                seed=self.seed,
                epoch=epoch,
            )
            return drawn if self.recipe.co_teaching is None else with_share(drawn, self.recipe.co_teaching, epoch)

        return TrainingRows(draw, math.ceil(int(self.rows[0].used.sum()) / self.recipe.batch_size))

    def own(self, weights: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """Return those of the model's weights that are of the network which is kept: all but the peer's."""
        return weights if self.recipe.co_teaching is None else taught_weights(self.model, weights)

    def _judged(self, model: Any) -> dict[str, float]:
        """Return the loss and the metrics of the validation rows; under co-teaching by the network that is kept."""
        model = model if self.recipe.co_teaching is None else taught_network(model)
        logits, labels, weights = [], [], []
        for block in batches.ahead(batches.blocks(self.dataset, self.contract, self.rows[1])):
            for start in range(0, len(block.labels), self.design.rows_at_once):
                part = batches.taken(block, slice(start, start + self.design.rows_at_once))
                inputs = self.design.inputs(part.pixels, part.metadata)
                logits.append(np.asarray(model.predict_on_batch(inputs), dtype=np.float32))
            labels.append(block.labels)
            weights.append(block.weights)
        judged = (np.concatenate(logits), np.concatenate(labels), np.concatenate(weights))
        return epoch_merits(self.recipe, self.design.module, self.dataset.class_names, *judged)


@contextmanager
def _logged(folder: Path | None, history: Sequence[Mapping[str, Any]]) -> Iterator[schedules.AfterEpoch]:
    """Give what logs an epoch for TensorBoard, and does nothing without a folder."""
    if folder is None:
        yield schedules.go_on
        return
    from models.training.tensorboard_logs import TensorBoardLogs

    with TensorBoardLogs(folder, history) as logs:
        yield lambda epochs: logs.add(epochs[-1])
