"""Blocks of a data set as batches of pixels for a model: selected, shuffled, augmented, of one size."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.rows import PartRows
from pipeline.cutouts.augment import augment
from pipeline.datasets.choice import DataSet
from pipeline.rng import stream

T = TypeVar("T")

BLOCK_ROWS: Final = 512
"""Rows read and shuffled together: 24 MB of 63 x 63 x 3."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows for one step: pixels ``(n, size, size, channel)``, labels ``(n,)`` and weights ``(n,)``."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]


def blocks(dataset: DataSet, contract: InputContract, rows: PartRows) -> Iterator[Batch]:
    """Yield the usable rows of a part in order, block by block; rows that cannot be scored are left out."""
    for where, cutouts in dataset.batches(rows.part, BLOCK_ROWS):
        used = rows.used[where]
        selected = contract.select(cutouts[used], dataset.channels)
        scorable = contract.scorable(selected)
        yield Batch(
            pixels=selected[scorable],
            labels=rows.labels[where][used][scorable],
            weights=rows.weights[where][used][scorable],
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
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """Yield batches of exactly ``size`` rows, drawn anew for each epoch.

    Which rows share a batch, and how each is turned, depends on seed and epoch alone. The last batch is
    filled up with earlier rows of weight 0.
    """
    left: Batch | None = None
    for number, block in enumerate(ahead(blocks(dataset, contract, rows))):
        rng = stream(seed, "training batches", f"{epoch}/{number}")
        fresh = _augmented(_take(block, rng.permutation(len(block.labels))), augmentations, rng)
        joined = fresh if left is None else _join(left, fresh)
        whole = len(joined.labels) // size * size
        for start in range(0, whole, size):
            yield _take(joined, slice(start, start + size))
        left = _take(joined, slice(whole, None))
    if left is not None and len(left.labels):
        yield _filled_up(left, size)


def _augmented(block: Batch, names: tuple[str, ...], rng: np.random.Generator) -> Batch:
    return Batch(pixels=augment(block.pixels, names, rng), labels=block.labels, weights=block.weights)


def _take(batch: Batch, which: slice | NDArray[np.int64]) -> Batch:
    return Batch(pixels=batch.pixels[which], labels=batch.labels[which], weights=batch.weights[which])


def _join(first: Batch, second: Batch) -> Batch:
    return Batch(
        pixels=np.concatenate([first.pixels, second.pixels]),
        labels=np.concatenate([first.labels, second.labels]),
        weights=np.concatenate([first.weights, second.weights]),
    )


def _filled_up(batch: Batch, size: int) -> Batch:
    full = _take(batch, np.arange(size) % len(batch.labels))
    weights = np.where(np.arange(size) < len(batch.labels), full.weights, np.float32(0.0))
    return Batch(pixels=full.pixels, labels=full.labels, weights=weights)
