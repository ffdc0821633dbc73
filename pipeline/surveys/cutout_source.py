"""Sources whose rows bring their cutouts with them, and no images: read in blocks and compared with the manifest."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError, NightsiftError
from pipeline.faults import faults_of
from pipeline.io.results.content import array_digest, row_digests
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.io.tables.table_file import numbers_of, require_columns
from pipeline.surveys.base import Batch, OwnInput, Source
from pipeline.surveys.batches import batch_of
from pipeline.surveys.manifests import entry, require_unchanged

Digests = NDArray[np.uint64]
"""A hash of the pixels of each cutout of a block, ``(n,)``."""

_NEEDS = ("candidate_id", "object_id")
_NUMBERS = tuple(name for name, kind in CANDIDATE_COLUMNS.items() if kind != TEXT and name != "flux_sign")


class Frozen(NamedTuple):
    """Something that is frozen of a night: its name in the manifest, and what messages call it."""

    key: str
    words: str


class CutoutSource(Source[OwnInput]):
    """A source that reads rows with their cutouts; an adapter says the rows' entry, and gives blocks and their digests.

    It counts candidates, for it reads no exposures. That the rows are the frozen ones is known before the first batch,
    that the cutouts are, after the last: they are read once.
    """

    counted = "candidates"

    @property
    def compared(self) -> tuple[Frozen, Frozen]:
        """What the rows and the cutouts are called."""
        return Frozen("rows", f"the rows of {self.holds}"), Frozen("cutouts", f"the cutouts of {self.holds}")

    @abstractmethod
    def rows_entry(self, night: str) -> Entry:
        """Return what a manifest says of the night's rows, ``rows sha256``."""

    @abstractmethod
    def digests(self, night: str) -> Iterable[Digests]:
        """Yield the digests of the night's cutouts, block by block."""

    @abstractmethod
    def blocks(self, night: str) -> Iterable[tuple[Batch, Digests]]:
        """Yield the night's batches, each with the digests of the cutouts that were read for it."""

    def frozen_input(self, night: str) -> Manifest:
        """Return counts and digests of the night's rows and of their cutouts."""
        rows, cutouts = self.compared
        stated = self.rows_entry(night)
        return {
            "queries": {rows.key: stated},
            "files": {cutouts.key: _cutouts_entry(stated["rows"], self.digests(night))},
        }

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield the night's batches; that the cutouts are the frozen ones is known after the last."""
        rows, cutouts = self.compared
        now = self.rows_entry(night)
        require_unchanged(night, rows.words, manifest["queries"][rows.key], now)
        digests: list[Digests] = []
        for batch, read in self.blocks(night):
            digests.append(read)
            yield replace(batch, exposures=len(read))
        require_unchanged(night, cutouts.words, manifest["files"][cutouts.key], _cutouts_entry(now["rows"], digests))


class WholeNightSource(CutoutSource[OwnInput]):
    """A source whose nights are small enough to be read at once: an adapter says nights, rows and cutouts.

    Both are asked only for nights that `nights` names.
    """

    @abstractmethod
    def rows(self, night: str) -> pd.DataFrame:
        """Return what is known of the night's candidates, under our names; ``night`` need not be among them."""

    @abstractmethod
    def cutouts(self, night: str) -> NDArray[np.number]:
        """Return the cutouts of the night's rows, ``(n, y, x, channel)``, as they are stored."""

    def night_rows(self, night: str) -> pd.DataFrame:
        """Return the rows of a night, or of all nights for an empty one, with numbers in the columns of numbers.

        Raises
        ------
        InputError
            If ``candidate_id`` or ``object_id`` is missing, or a value in a column of numbers is not a number.
        """
        read = [self._checked(name) for name in self.nights() if night in (name, "")]
        return pd.concat(read, ignore_index=True) if read else pd.DataFrame(columns=list(CANDIDATE_COLUMNS))

    def _checked(self, night: str) -> pd.DataFrame:
        rows, where = self.rows(night), f"{self.holds}, night {night}"
        require_columns(rows, _NEEDS, where)
        numbers = {name: numbers_of(rows, name, where) for name in _NUMBERS if name in rows}
        return rows.assign(night=night, **numbers)

    def night_cutouts(self, night: str, count: int) -> NDArray[np.float32]:
        """Return the cutouts of a night that has ``count`` rows, NaN where they are missing.

        Raises
        ------
        InputError
            If they cannot be read, or are not as many or not of the size and channels that the settings say.
        """
        size, channels = self.settings.cutout_size_pixel, len(self.settings.channels)
        try:
            cutouts = self.cutouts(night)
        except NightsiftError:
            raise
        except (OSError, ValueError) as error:
            raise InputError(f"night {night}: the cutouts of {self.holds} cannot be read: {error}") from error
        if cutouts.shape != (count, size, size, channels):
            raise InputError(
                f"night {night}: the cutouts of {self.holds} are {cutouts.shape}; rows and the survey's settings say "
                f"{(count, size, size, channels)}"
            )
        return to_missing(cutouts, self.settings.magic_values)[0]

    def rows_entry(self, night: str) -> Entry:
        """Return what a manifest says of the night's rows."""
        return entry(self.night_rows(night))

    def digests(self, night: str) -> Iterator[Digests]:
        """Yield the digests of the night's cutouts."""
        rows = self.night_rows(night)
        if len(rows):
            yield row_digests(self.night_cutouts(night, len(rows)))

    def blocks(self, night: str) -> Iterator[tuple[Batch, Digests]]:
        """Yield the whole night as one batch, none where it has no rows."""
        rows = self.night_rows(night)
        if len(rows):
            cutouts = self.night_cutouts(night, len(rows))
            yield batch_of(rows, cutouts, self.settings), row_digests(cutouts)

    def check(self) -> list[str]:
        """Read the newest night."""
        return faults_of([lambda: tuple(len(read) for night in self.nights()[-1:] for read in self.digests(night))])


def _cutouts_entry(count: int, digests: Iterable[Digests]) -> Entry:
    """Return what a manifest says of cutouts."""
    return {"rows": count, "sha256": array_digest(np.concatenate([np.zeros(0, np.uint64), *digests]))}
