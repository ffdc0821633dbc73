"""Training a network: repeatable, streamed block by block, stopped early, resumed after a kill.

Tested by tests/models/test_training.py.
"""

import logging
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from models import batches, checkpoints, networks
from models.contract import InputContract
from models.fitted import Progress
from models.framework import deterministic, keras, tensorflow
from models.recipes import ClassifierRecipe
from models.rows import PartRows
from pipeline.datasets.choice import DataSet
from pipeline.errors import SettingsError
from pipeline.fingerprint import fingerprint
from pipeline.rng import stream

log = logging.getLogger(__name__)

REVISION: Final = 1
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
) -> tuple[networks.FittedNetwork, pd.DataFrame]:
    """Train a network and return it with the best weights it had, and its history.

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

    Returns
    -------
    fitted : FittedNetwork
    history : DataFrame
        One row an epoch: ``epoch loss validation_loss validation_accuracy learning_rate seconds``.

    Raises
    ------
    SettingsError
        When the loss is no longer finite.
    """
    keras().utils.clear_session()
    threads = deterministic(seed, recipe.threads)
    design = networks.NetworkDesign(
        classifier=recipe.classifier,
        normalisation=recipe.normalisation,
        settings=recipe.settings,
        n_classes=len(dataset.class_names),
        size_pixel=contract.size_pixel,
        n_channels=len(contract.channels),
        symmetries=recipe.symmetries,
    )
    run = _Run(dataset, contract, recipe, rows, seed, networks.build(replace(design, symmetries=1), seed))
    identity = fingerprint([REVISION, recipe, seed, dataset.fingerprint, threads])
    run.resume(checkpoints.load(workdir, identity))
    while not run.finished:
        run.epoch()
        checkpoints.save(workdir, run.checkpoint(identity))
        progress(len(run.history) / recipe.epochs, run.message())
    run.model.set_weights(run.best_weights)
    model = networks.averaged(run.model, design)
    return networks.FittedNetwork(model=model, design=design, threads=threads), pd.DataFrame(run.history)


class _Run:
    """The changing state of one training."""

    def __init__(
        self,
        dataset: DataSet,
        contract: InputContract,
        recipe: ClassifierRecipe,
        rows: tuple[PartRows, PartRows],
        seed: int,
        model: Any,
    ) -> None:
        self.dataset, self.contract, self.recipe, self.rows, self.seed = dataset, contract, recipe, rows, seed
        self.model = model
        decay = recipe.weight_decay or None
        self.optimizer = keras().optimizers.Adam(recipe.learning_rate, weight_decay=decay)
        self.optimizer.build(model.trainable_variables)
        self.history: list[dict[str, Any]] = []
        self.best_weights = model.get_weights()
        self._step = _training_step(model, self.optimizer)
        self._forward = _forward(model)

    def resume(self, checkpoint: checkpoints.Checkpoint | None) -> None:
        """Go on from a checkpoint, if there is one."""
        if checkpoint is None:
            return
        self.model.set_weights(checkpoint.weights)
        for variable, value in zip(self.optimizer.variables, checkpoint.optimizer, strict=True):
            variable.assign(value)
        self.best_weights = checkpoint.best_weights
        self.history = list(checkpoint.history)
        log.info("going on after epoch %d of at most %d", len(self.history), self.recipe.epochs)

    def checkpoint(self, identity: str) -> checkpoints.Checkpoint:
        """Return all that the next epoch depends on."""
        return checkpoints.Checkpoint(
            identity=identity,
            weights=self.model.get_weights(),
            best_weights=self.best_weights,
            optimizer=[np.asarray(variable) for variable in self.optimizer.variables],
            history=self.history,
        )

    @property
    def finished(self) -> bool:
        """Tell whether the epochs are used up or the validation loss has not improved for long enough."""
        losses = [entry["validation_loss"] for entry in self.history]
        if not losses:
            return False
        waited = len(losses) - 1 - int(np.argmin(losses))
        return len(losses) >= self.recipe.epochs or waited >= self.recipe.early_stopping_patience

    def epoch(self) -> None:
        """Pass once over the training rows, then measure on the validation rows."""
        started, number = time.monotonic(), len(self.history)
        rate = _learning_rate(self.recipe, number)
        self.optimizer.learning_rate.assign(rate)
        _seed_dropouts(self.model, self.seed, number)
        loss = self._train(number)
        validation_loss, accuracy = self._validate()
        if not math.isfinite(loss + validation_loss):
            raise SettingsError(
                f"training diverged in epoch {number + 1}: loss {loss:g}, on validation rows {validation_loss:g}; "
                f"lower learning_rate ({self.recipe.learning_rate:g}) or choose another normalisation "
                f"({self.recipe.normalisation})"
            )
        if all(validation_loss < entry["validation_loss"] for entry in self.history):
            self.best_weights = self.model.get_weights()
        self.history.append(
            {
                "epoch": number + 1,
                "loss": loss,
                "validation_loss": validation_loss,
                "validation_accuracy": accuracy,
                "learning_rate": rate,
                "seconds": round(time.monotonic() - started, 3),
            }
        )
        log.info("%s", self.message())

    def message(self) -> str:
        """Return one line on the last epoch."""
        last = self.history[-1]
        return (
            f"epoch {last['epoch']} of at most {self.recipe.epochs}: loss {last['loss']:.4f}, "
            f"validation {last['validation_loss']:.4f}, accuracy {last['validation_accuracy']:.4f}"
        )

    def _train(self, epoch: int) -> float:
        total = weight = 0.0
        for batch in batches.training_batches(
            self.dataset,
            self.contract,
            self.rows[0],
            size=self.recipe.batch_size,
            augmentations=self.recipe.augment,
            seed=self.seed,
            epoch=epoch,
        ):
            loss, used = self._step(batch.pixels, batch.labels, batch.weights)
            total, weight = total + float(loss), weight + float(used)
        return total / weight if weight else math.nan

    def _validate(self) -> tuple[float, float]:
        loss = weight = hits = count = 0.0
        for block in batches.ahead(batches.blocks(self.dataset, self.contract, self.rows[1])):
            for start in range(0, len(block.labels), networks.BATCH):
                part = slice(start, start + networks.BATCH)
                losses, right = self._forward(block.pixels[part], block.labels[part])
                loss += float((losses.numpy().astype(np.float64) * block.weights[part]).sum())
                weight += float(block.weights[part].sum(dtype=np.float64))
                hits, count = hits + float(right.numpy().sum()), count + len(block.labels[part])
        return (loss / weight, hits / count) if count else (math.nan, math.nan)


def _learning_rate(recipe: ClassifierRecipe, epoch: int) -> float:
    """Return the learning rate of an epoch, a function of its number alone."""
    if recipe.learning_rate_schedule == "constant":
        return recipe.learning_rate
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * epoch / recipe.epochs))


def _seed_dropouts(model: Any, seed: int, epoch: int) -> None:
    """Set the state of each dropout layer to that of the start of an epoch."""
    rng = stream(seed, "dropout", str(epoch))
    for layer in model.layers:
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(rng.integers(2**32, size=2, dtype=np.uint32))


def _losses(labels: Any, logits: Any) -> Any:
    """Return the cross-entropy of each row."""
    tf = tensorflow()
    if logits.shape[-1] == 1:
        wanted = tf.cast(labels, tf.float32)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits[:, 0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def _training_step(model: Any, optimizer: Any) -> Any:
    """Return the compiled step ``(pixels, labels, weights) -> (weighted sum of losses, sum of weights)``."""
    tf = tensorflow()

    @tf.function(reduce_retracing=True)
    def step(pixels: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            losses = _losses(labels, model(pixels, training=True))
            total, used = tf.reduce_sum(losses * weights), tf.reduce_sum(weights)
            mean = total / tf.maximum(used, 1e-12)
        gradients = tape.gradient(mean, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return total, used

    return step


def _forward(model: Any) -> Any:
    """Return the compiled pass ``(pixels, labels) -> (losses, hits)``, each ``(n,)``."""
    tf = tensorflow()

    @tf.function(reduce_retracing=True)
    def forward(pixels: Any, labels: Any) -> tuple[Any, Any]:
        logits = model(pixels, training=False)
        binary = logits.shape[-1] == 1
        predicted = tf.cast(logits[:, 0] >= 0, tf.int64) if binary else tf.argmax(logits, axis=-1)
        return _losses(labels, logits), tf.cast(predicted == labels, tf.float32)

    return forward
