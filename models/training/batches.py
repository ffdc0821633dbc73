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
from pipeline.datasets.dataset import DataSet
from pipeline.rng import stream

T = TypeVar("T")

Prepare = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From raw pixels ``(n, y, x, channel)`` to those that go into a network: another array, or the same."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows for one step: pixels ``(n, size, size, channel)``, labels and weights ``(n,)``, metadata ``(n, k)``."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    metadata: NDArray[np.float32] | None = None


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
    augmentations: tuple[str, ...],
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
    augmentations : tuple of str
        Applied to raw pixels, in this order.
    prepare : callable
        Makes of augmented pixels those that go into the network.
    seed, epoch : int
        Of the order and of the augmentations; epochs from 0.
    """

    def shuffled() -> Iterator[Batch]:
        for number, block in enumerate(ahead(blocks(dataset, contract, rows))):
            rng = stream(seed, "training batches", f"{epoch}/{number}")
            drawn = taken(block, rng.permutation(len(block.labels)))
            yield replace(drawn, pixels=prepare(augment(drawn.pixels, augmentations, rng)))

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
    )


def _join(first: Batch, second: Batch) -> Batch:
    return Batch(
        pixels=np.concatenate([first.pixels, second.pixels]),
        labels=np.concatenate([first.labels, second.labels]),
        weights=np.concatenate([first.weights, second.weights]),
        metadata=None
        if first.metadata is None or second.metadata is None
        else np.concatenate([first.metadata, second.metadata]),
    )


def _filled_up(batch: Batch, size: int) -> Batch:
    full = taken(batch, np.arange(size) % len(batch.labels))
    weights = np.where(np.arange(size) < len(batch.labels), full.weights, np.float32(0.0))
    return replace(full, weights=weights)
