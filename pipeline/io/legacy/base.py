"""The interface of every format of stamps: a set with its rows in memory and its pixels on request.

Tested by tests/conformance/test_stamp_sets.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES
from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutFile
from pipeline.registry import Registry

Rows: TypeAlias = NDArray[np.intp]
Pixels: TypeAlias = tuple[NDArray[np.float32], NDArray[np.object_]]
"""Cutouts ``(n, y, x, channel)`` and, for each, why it cannot be used; empty where it can."""

EXTRA = "extra"
"""Table of an imported cutout file with the format's further columns."""

_BLOCK = 256
_BLOCK_BYTES = 64 << 20
"""Of a block's pixels as float32: images of 512 pixels in three colours are read 21 at once."""


@dataclass(frozen=True, kw_only=True)
class StampSet:
    """An opened set of stamps.

    Attributes
    ----------
    rows : DataFrame
        One row per stamp: ``candidate_id`` (unique), every candidate column that the format holds, and ``split``
        where it knows a training and a test part.
    pixels : callable
        Called with row numbers in ascending order; returns their raw cutouts, NaN = missing, and for each an
        empty text or the reason why it cannot be used.
    channels : tuple of str
        Names of the channels.
    size_pixel : int
        Side of a cutout.
    class_names : tuple of str
        Index 0 is bogus (or "others").
    pixel_state : str
        ``raw``, or the normalisation that the pixels went through.
    extra : DataFrame
        The format's other columns, row by row the same; may be empty.
    dropped : DataFrame
        ``candidate_id step reason`` of the stamps that the set itself leaves out.
    """

    rows: pd.DataFrame
    pixels: Callable[[Rows], Pixels]
    channels: tuple[str, ...]
    size_pixel: int
    class_names: tuple[str, ...] = CLASS_NAMES
    pixel_state: str = "raw"
    extra: pd.DataFrame = field(default_factory=pd.DataFrame)
    dropped: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["candidate_id", "step", "reason"], dtype="str")
    )

    def blocks(self, rows: Rows | None = None, size: int = _BLOCK) -> Iterator[tuple[Rows, Pixels]]:
        """Yield row numbers with their pixels, at most ``size`` and 64 MB at once; all rows by default."""
        size = max(min(size, _BLOCK_BYTES // (4 * self.size_pixel**2 * len(self.channels))), 1)
        wanted = np.arange(len(self.rows)) if rows is None else np.sort(rows)
        for start in range(0, len(wanted), size):
            block = wanted[start : start + size]
            yield block, self.pixels(block)


class StampFormat(Protocol):
    """A format: made with its own options, reads sets and writes them. Registered in `STAMP_SETS`.

    Attributes
    ----------
    writes_directory : bool
        Whether `write` fills a directory instead of making one file.
    """

    writes_directory: ClassVar[bool]

    def __init__(self, options: object) -> None: ...

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the set in these files.

        Parameters
        ----------
        paths : sequence of Path
            Files and folders, as the format allows.
        channels : tuple of str, optional
            Names of the channels in their order; the format's own by default.
        size_pixel : int, optional
            Side to which stamps are cut around their middle; their own by default.
        """

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write a cutout file or data set to ``path``, a scratch name; a directory is there and empty."""


STAMP_SETS: Registry[type[StampFormat]] = Registry("stamp format")


def chosen_channel(cutouts: CutoutFile, wanted: str) -> int:
    """Return the index of the one channel that a format of single images takes; the difference by default."""
    channels = cutouts.header.channels
    if not wanted:
        return channels.index("difference") if "difference" in channels else 0
    if wanted not in channels:
        raise InputError(f"{cutouts.path} has no channel {wanted!r}; it has: {', '.join(channels)}")
    return channels.index(wanted)


def require_two_classes(cutouts: CutoutFile) -> None:
    """Raise `InputError` for a file of more classes than real and bogus."""
    names = cutouts.header.class_names
    if len(names) != 2:
        raise InputError(f"{cutouts.path} has {len(names)} classes: {', '.join(names[:4])} ...; allowed: two")


def extra_columns(cutouts: CutoutFile) -> pd.DataFrame:
    """Return the columns that an import kept beside the candidate columns; a data set has none."""
    try:
        extra = cutouts.table(EXTRA)
    except InputError:
        return pd.DataFrame()
    return extra if len(extra) == len(cutouts) else pd.DataFrame()


def channel_names(names: tuple[str, ...], own: tuple[str, ...], where: object) -> tuple[str, ...]:
    """Return the names that you gave for the channels, else the format's own; their number must fit."""
    if names and len(names) != len(own):
        raise InputError(f"{where} has {len(own)} channels; {len(names)} names were given: {', '.join(names)}")
    return names or own


def one_path(paths: Sequence[Path], what: str) -> Path:
    """Return the only path of a format that takes one."""
    if len(paths) != 1:
        raise InputError(f"{len(paths)} paths were given; allowed: one, {what}")
    return paths[0]
