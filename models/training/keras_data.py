"""Rows and losses as Keras' loop takes them. The module loads Keras, so that only what trains imports it.

Tested by tests/models/training/test_keras_data.py.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.framework import keras as load_keras
from models.recipes import losses
from models.recipes.classifier import ClassifierRecipe
from models.training.batches import Batch
from models.training.co_teaching import kept_rows

load_keras()  # sets its backend
from keras.losses import Loss  # noqa: E402
from keras.utils import PyDataset  # noqa: E402

Inputs = NDArray[np.float32] | tuple[NDArray[np.float32], NDArray[np.float32]]
"""Pixels, or pixels and metadata."""

Rows = tuple[Inputs, NDArray[np.int64] | NDArray[np.float32], NDArray[np.float32]]
"""Inputs, labels or shares of the classes, weights."""

FIRST: Final = 0


class TrainingRows(PyDataset):
    """Batches of an epoch in their order, which the number of the epoch decides.

    Parameters
    ----------
    draw : callable
        From an epoch's number, from 0, to its batches, each of one size.
    n_batches : int
        Batches of each epoch.

    Attributes
    ----------
    epoch : int
        The epoch that the next pass is of, from 0.
    error : BaseException or None
        What reading raised, which Keras' backends wrap in errors of their own.
    """

    def __init__(self, draw: Callable[[int], Iterator[Batch]], n_batches: int) -> None:
        super().__init__()
        self.epoch = 0
        self.error: BaseException | None = None
        self._draw, self._n_batches = draw, n_batches
        self._coming: Iterator[Batch] = iter(())
        self._next = -1

    def __len__(self) -> int:
        return self._n_batches

    def __getitem__(self, index: int) -> Rows:
        """Return inputs, labels and weights of a batch; the first begins a pass, and the others follow in order.

        Mixed rows have the shares of the classes in place of labels.
        """
        try:
            return self._at(index)
        except BaseException as error:
            self.error = error
            raise

    def _at(self, index: int) -> Rows:
        if index == FIRST:
            self._coming, self._next = self._draw(self.epoch), FIRST
        while self._next < index:
            next(self._coming)
            self._next += 1
        batch = next(self._coming)
        self._next = index + 1
        inputs = batch.pixels if batch.metadata is None else (batch.pixels, batch.metadata)
        return inputs, batch.labels if batch.targets is None else batch.targets, batch.weights


class RowLoss(Loss):
    """The loss of a recipe: the weighed mean over the rows of a batch.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Which loss, and its label smoothing.
    """

    def __init__(self, recipe: ClassifierRecipe) -> None:
        super().__init__(reduction="mean_with_sample_weight", name=recipe.loss)
        self.recipe = recipe

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row."""
        return losses.row_losses(self.recipe.loss, y_true, y_pred, label_smoothing=self.recipe.label_smoothing)


class TwinLoss(RowLoss):
    """The sum of both networks' losses; each row that a network's peer finds too unlikely counts nothing in its own.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Which loss, and its label smoothing.
    """

    def __init__(self, recipe: ClassifierRecipe) -> None:
        super().__init__(recipe)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row.

        Parameters
        ----------
        y_true : tensor, shape (n, 2)
            Label, and share of the rows of the first class that are left out.
        y_pred : tensor, shape (n, 2 k)
            Logits of both networks.
        """
        ops = load_keras().ops
        labels, share = ops.cast(y_true[:, 0], "int32"), y_true[:, 1]
        columns = y_pred.shape[-1] // 2
        name, smoothing = self.recipe.loss, self.recipe.label_smoothing
        mine, other = (
            losses.row_losses(name, labels, part, label_smoothing=smoothing)
            for part in (y_pred[:, :columns], y_pred[:, columns:])
        )
        return kept_rows(other, labels, share) * mine + kept_rows(mine, labels, share) * other
