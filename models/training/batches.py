"""Blocks of a data set as batches of pixels for a model: selected, shuffled, augmented, of one size."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.inputs.contract import InputContract
from models.training.rows import PartRows, block_rows
from pipeline.cutouts.augment import augment
from pipeline.cutouts.mixup import mix
from pipeline.cutouts.rand_augment import RandAugment, rand_augment
from pipeline.datasets.dataset import DataSet
from pipeline.rng import stream

T = TypeVar("T")

Prepare = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From raw pixels ``(n, y, x, channel)`` to those that go into a network: another array, or the same."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows for one step: pixels ``(n, size, size, channel)``, labels and weights ``(n,)``, metadata ``(n, k)``.

    Mixed rows have ``targets``, the shares of the classes ``(n, class)``, which take the place of their labels.
    """

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    metadata: NDArray[np.float32] | None = None
    targets: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is done to training rows, in this order.

    Attributes
    ----------
    augment : tuple of str
        Names in ``AUGMENTATIONS``.
    rand_augment : RandAugment or None
        Changes drawn for each row.
    mixup : float
        Parameter of the distribution of shares by which two rows are mixed, 0 for none.
    n_classes : int
        Classes of the targets of mixed rows.
    """

    augment: tuple[str, ...] = ()
    rand_augment: RandAugment | None = None
    mixup: float = 0.0
    n_classes: int = 2

    def apply(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Return the changed rows."""
        pixels = augment(batch.pixels, self.augment, rng)
        if self.rand_augment is not None:
            pixels = rand_augment(pixels, self.rand_augment, rng)
        if not self.mixup:
            return replace(batch, pixels=pixels)
        targets = np.eye(self.n_classes, dtype=np.float32)[batch.labels]
        pixels, targets, weights = mix(pixels, targets, batch.weights, self.mixup, rng)
        return replace(batch, pixels=pixels, targets=targets, weights=weights)


def blocks(dataset: DataSet, contract: InputContract, rows: PartRows) -> Iterator[Batch]:
    """Yield the usable rows of a part in order, block by block."""
    for where, cutouts in dataset.batches(rows.part, block_rows(dataset)):
        used = rows.used[where]
        kept = cutouts if used.all() else cutouts[used]  # copying a block costs a sixth of reading it
        yield Batch(
            pixels=contract.select(kept, dataset.channels),
            labels=rows.labels[where][used],
            weights=rows.weights[where][used],
            metadata=None if rows.metadata is None else rows.metadata[where][used],
        )


def ahead(values: Iterator[T]) -> Iterator[T]:
    """Yield values in their order; the next is read in a thread while the last is used."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, values, None)
        while (value := coming.result()) is not None:
            coming = reader.submit(next, values, None)
            yield value


def training_batches(
    dataset: DataSet,
    contract: InputContract,
    rows: PartRows,
    *,
    size: int,
    changes: Changes,
    prepare: Prepare,
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """Yield batches of exactly ``size`` rows, drawn anew for each epoch.

    Which rows share a batch, and how each is turned, depends on seed and epoch alone. The last batch is
    filled up with earlier rows of weight 0.

    Parameters
    ----------
    dataset : DataSet
        Read block by block.
    contract : InputContract
        Which pixels are seen.
    rows : PartRows
        Of the training part.
    size : int
        Rows per batch.
    changes : Changes
        Of raw pixels; rows are mixed within a block.
    prepare : callable
        Makes of changed pixels those that go into the network.
    seed, epoch : int
        Of the order and of the changes; epochs from 0.
    """

    def shuffled() -> Iterator[Batch]:
        for number, block in enumerate(ahead(blocks(dataset, contract, rows))):
            rng = stream(seed, "training batches", f"{epoch}/{number}")
            drawn = changes.apply(taken(block, rng.permutation(len(block.labels))), rng)
            yield replace(drawn, pixels=prepare(drawn.pixels))

    for batch in _of_size(size, shuffled()):
        yield batch if len(batch.labels) == size else _filled_up(batch, size)


def _of_size(size: int, parts: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the rows of some parts in batches of one size, the last as long as it comes; few of them are copied."""
    left: Batch | None = None
    for part in parts:
        first = 0 if left is None else size - len(left.labels)
        if left is not None:
            left = _join(left, taken(part, slice(first)))
            if len(left.labels) < size:
                continue
            yield left
        left = None
        for start in range(first, len(part.labels), size):
            left = taken(part, slice(start, start + size))
            if len(left.labels) == size:
                yield left
                left = None
    if left is not None:
        yield left


def taken(batch: Batch, which: slice | NDArray[np.int64]) -> Batch:
    """Return some rows of a batch, in the order given."""
    return Batch(
        pixels=batch.pixels[which],
        labels=batch.labels[which],
        weights=batch.weights[which],
        metadata=None if batch.metadata is None else batch.metadata[which],
        targets=None if batch.targets is None else batch.targets[which],
    )


def _join(first: Batch, second: Batch) -> Batch:
    def both(one: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        return None if one is None or other is None else np.concatenate([one, other])

    return Batch(
        pixels=np.concatenate([first.pixels, second.pixels]),
        labels=np.concatenate([first.labels, second.labels]),
        weights=np.concatenate([first.weights, second.weights]),
        metadata=both(first.metadata, second.metadata),
        targets=both(first.targets, second.targets),
    )


def _filled_up(batch: Batch, size: int) -> Batch:
    full = taken(batch, np.arange(size) % len(batch.labels))
    weights = np.where(np.arange(size) < len(batch.labels), full.weights, np.float32(0.0))
    return replace(full, weights=weights)
