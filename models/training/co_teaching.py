"""Two networks that choose for one another which rows of the first class they learn from.

Each leaves out those of a batch that its peer finds least likely to be of that class: what is labelled wrong has a
large loss before it is learned by heart, and two networks err unlike. This is co-teaching (Han et al. 2018,
arXiv:1804.06872) on one class alone, whose labels are doubtful where it is made of unlabelled rows. Both are one Keras
model, so that one optimiser, one checkpoint and one order of the rows serve them; the first is the one that is kept.

Tested by tests/models/training/test_co_teaching.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.framework import keras
from models.recipes.co_teaching import CoTeaching
from models.training.batches import Batch

DOUBTED: Final = 0
"""The class whose labels may be wrong: bogus, or the first of several."""

UNCOUNTED: Final = -1.0
"""In place of the share, of rows that stand twice in a batch and teach once."""

_NAMES: Final = ("taught", "peer")


def twins(taught: Any, peer: Any) -> Any:
    """Return one model of two networks of the same layers: the logits of the first, then those of the second."""
    layers, model = keras().layers, keras().Model
    inputs = [keras().Input(tensor.shape[1:], name=tensor.name) for tensor in taught.inputs]
    given = inputs if len(inputs) > 1 else inputs[0]
    for network, name in zip((taught, peer), _NAMES, strict=True):
        network.name = name
    return model(given, layers.Concatenate()([taught(given), peer(given)]))


def taught_network(model: Any) -> Any:
    """Return the network of a model of `twins` that is kept."""
    return model.get_layer(_NAMES[0])


def taught_weights(model: Any, weights: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return those weights of a model of `twins` that are of the network that is kept."""
    kept = {id(variable) for variable in taught_network(model).weights}
    return [array for variable, array in zip(model.weights, weights, strict=True) if id(variable) in kept]


def with_share(drawn: Iterator[Batch], setting: CoTeaching, epoch: int) -> Iterator[Batch]:
    """Yield batches whose targets, ``(n, 2)``, are the labels and the share that the loss leaves out.

    Rows without weight, which only fill the last batch up, have the share `UNCOUNTED` in its place.
    """
    share = setting.dropped_in(epoch)
    for batch in drawn:
        shares = np.where(batch.weights > 0, share, UNCOUNTED)
        yield replace(batch, targets=np.column_stack([batch.labels, shares]).astype("f4"))


def kept_rows(row_losses: Any, labels: Any, share: Any) -> Any:
    """Return 1 for each row that is learned from and 0 for others: a share of class `DOUBTED`, of the largest losses.

    Parameters
    ----------
    row_losses : tensor of float32, shape (n,)
        By the peer; no gradient goes through them.
    labels : tensor of int, shape (n,)
    share : tensor of float32, shape (n,)
        The same for all rows, but `UNCOUNTED` for rows that are not counted. Of 3 rows and a share of 0.5, 2 are left
        out, as the number is rounded; of rows of equal losses the first.

    Returns
    -------
    tensor of float32, shape (n,)
    """
    ops = keras().ops
    found = ops.stop_gradient(row_losses)
    doubted = ops.cast(ops.logical_and(ops.equal(labels, DOUBTED), share >= 0), "float32")
    place = ops.cumsum(ops.ones_like(found))
    alike = ops.logical_and(ops.equal(found[None, :], found[:, None]), place[None, :] < place[:, None])
    larger = ops.cast(ops.logical_or(found[None, :] > found[:, None], alike), "float32")
    rank = ops.sum(larger * doubted[None, :], axis=1)
    dropped = ops.cast(rank + 0.5 <= share * ops.sum(doubted), "float32") * doubted
    return 1.0 - dropped
