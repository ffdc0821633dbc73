"""Divides the packets of a night into parts, and reads a part: its cutouts, and its fields as candidate rows."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.missing import Flag, mark_missing
from pipeline.cutouts.planes import cleaned_planes, image_pixels
from pipeline.errors import InputError
from pipeline.io.alerts.message_schemas import MessageSchemas
from pipeline.io.alerts.packet_files import Packet, read_packets
from pipeline.io.alerts.stored_packets import FileState, StoredPaths, read_stored
from pipeline.night import night_of
from pipeline.surveys.alerts import packet_rows
from pipeline.surveys.alerts.packet_layouts import PacketLayout
from pipeline.surveys.alerts.units import magnitudes
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.batches import batch_of
from pipeline.surveys.candidate_columns import candidates_frame
from pipeline.surveys.edge_policy import outside_of_cutouts
from pipeline.surveys.settings import SurveySettings
from pipeline.times import utc_mjd

TOGETHER = 256
"""Number of packets in a part."""


class Piece(NamedTuple):
    """One packet of a part: its candidate and where it is.

    ``packet`` is None if the process that reads the part is to read it from its file. ``stored`` is what the index
    noted of it, empty if nothing, and ``state`` the state of the file then.
    """

    candidate_id: str
    where: str
    file: str
    packet: Packet | None = None
    stored: str = ""
    state: FileState = FileState(0, 0)


@dataclass(frozen=True, kw_only=True)
class PacketPart:
    """Packets that are read together."""

    pieces: tuple[Piece, ...]

    def __repr__(self) -> str:
        first, last = self.pieces[0].where, self.pieces[-1].where
        return f"{len(self.pieces)} packets, from {first} to {last}"


@dataclass(frozen=True, kw_only=True)
class PacketReader:
    """Reads packets that the index calls sound; a bad cutout shows only here.

    Attributes
    ----------
    folder : Path
        Below which the files lie.
    layout : PacketLayout
        Where the packets keep their fields.
    settings : SurveySettings
        The survey's.
    schemas : MessageSchemas
        The schemas of packets that come without one.
    """

    folder: Path
    layout: PacketLayout
    settings: SurveySettings
    schemas: MessageSchemas

    def parts(self, rows: pd.DataFrame) -> Iterator[PacketPart]:
        """Yield the packets of some rows of the index in parts of `TOGETHER`.

        A packet that has a file of its own, or of which the index has a note, is read by the process that reads the
        part; any other file that holds several is read here once, from beginning to end.
        """
        held: list[Piece] = []
        for piece in self._pieces(rows):
            held.append(piece)
            if len(held) == TOGETHER:
                yield PacketPart(pieces=tuple(held))
                held = []
        if held:
            yield PacketPart(pieces=tuple(held))

    def _pieces(self, rows: pd.DataFrame) -> Iterator[Piece]:
        for file, pieces in _by_file(rows).items():
            if [piece.where for piece in pieces] == [file] or all(piece.stored for piece in pieces):
                yield from pieces
                continue
            left = {piece.where: piece for piece in pieces}
            for packet in self._packets(file, set(left)):
                yield left.pop(packet.where)._replace(packet=packet)
            for piece in left.values():
                yield piece._replace(packet=_gone(piece.where))

    def _packets(self, file: str, only: set[str]) -> Iterator[Packet]:
        return read_packets(self.folder / file, file, self._paths, only, schemas=self.schemas)

    def _packet(self, piece: Piece) -> Packet:
        """Return the packet of a piece, from its note if there is one and its file has not changed."""
        if piece.packet is None and piece.stored:
            record = read_stored(self.folder / piece.file, piece.state, self._stored, piece.stored)
            if record is not None:
                return Packet(where=piece.where, record=record)
        return piece.packet or next(self._packets(piece.file, {piece.where}), _gone(piece.where))

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return self.layout.paths()

    @cached_property
    def _stored(self) -> StoredPaths:
        return self.layout.stored

    def read(self, part: PacketPart) -> list[Batch]:
        """Return the batches of a part: one for each packet that cannot be used, and one for all others."""
        kept: list[tuple[dict[str, Any], packet_rows.PacketCutout]] = []
        lost: list[Batch] = []
        for piece in part.pieces:
            try:
                kept.append(self.decoded(self._packet(piece)))
            except InputError as error:
                row = {"candidate_id": [piece.candidate_id], "where": [piece.where], "fault": [str(error)], "lost": [1]}
                lost.append(self.lost(pd.DataFrame(row)))
        return [*lost, self._batch(kept)] if kept else lost

    def rows(self, part: PacketPart) -> pd.DataFrame:
        """Return the candidate rows of a part without their cutouts, of those packets that state one rightly."""
        rows = []
        for packet in map(self._packet, part.pieces):
            with suppress(InputError):  # which `read` lists
                rows += [] if packet.fault else [packet_rows.packet_row(packet.record, self.layout)]
        return pd.DataFrame(rows)

    def decoded(self, packet: Packet) -> tuple[dict[str, Any], packet_rows.PacketCutout]:
        """Return the candidate row of a packet, as the packet states it, and its cutout.

        Raises
        ------
        InputError
            If the packet cannot be used.
        """
        if packet.fault:
            raise InputError(packet.fault)
        row = packet_rows.packet_row(packet.record, self.layout)
        x, y = (row.get(name, np.nan) - self.settings.pixel_origin for name in ("x_pixel", "y_pixel"))
        size, channels = self.settings.cutout_size_pixel, self.settings.channels
        return row, packet_rows.packet_cutout(packet.record, self.layout, channels, size, x, y)

    def lost(self, rows: pd.DataFrame) -> Batch:
        """Return a batch that counts packets as lost and lists them with file and fault."""
        count = int(rows["lost"].sum())
        return replace(self.without(rows, rows["where"] + ": " + rows["fault"]), exposures=count, lost=count)

    def without(self, rows: pd.DataFrame, reasons: pd.Series) -> Batch:
        """Return a batch of dropped rows alone."""
        size, channels = self.settings.cutout_size_pixel, len(self.settings.channels)
        dropped = dropped_rows(rows["candidate_id"], "read", "").assign(reason=reasons.to_numpy())
        empty = np.zeros(0)
        return Batch(
            cutouts=np.zeros((0, size, size, channels), np.float32),
            candidates=candidates_frame(pd.DataFrame(index=range(0)), {}, self.settings, empty, empty),
            dropped=dropped,
            exposures=0,
        )

    def _batch(self, kept: Sequence[tuple[dict[str, Any], packet_rows.PacketCutout]]) -> Batch:
        rows = pd.DataFrame([row for row, _ in kept])
        pixels, missing = self._marked(np.stack([cutout.pixels for _, cutout in kept]))
        rows["time_mjd"] = utc_mjd(rows["time_mjd"], self.layout.time_format)
        rows["night"] = night_of(rows["time_mjd"], self.settings.longitude_deg)
        if "flux" in rows and "magnitude" not in rows:
            error = rows["flux_error"] if "flux_error" in rows else np.full(len(rows), np.nan)
            rows["magnitude"], rows["magnitude_error"] = magnitudes(rows["flux"], error, self.layout.flux_zeropoint)
        batch = batch_of(rows, pixels, self.settings, outside=outside_of_cutouts(self._images(pixels), missing))
        unsure = {row["candidate_id"] for row, cutout in kept if cutout.is_unsure}
        if unsure:
            batch.candidates.loc[batch.candidates["candidate_id"].isin(unsure), "flags"] |= int(Flag.UNSURE_CENTRE)
        return replace(batch, exposures=len(kept))

    def _images(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return image_pixels(pixels, self.settings.channels)

    def _marked(self, stack: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return cutouts with NaN where they are missing, and where that is in their images."""
        images, missing = mark_missing(self._images(stack), self.settings.magic_values)
        number = images.shape[-1]
        if number == stack.shape[-1]:
            return images, missing
        planes = cleaned_planes(stack[..., number:], self.settings.channels[number:])
        return np.concatenate([images, planes], axis=-1), missing


def _by_file(rows: pd.DataFrame) -> dict[str, list[Piece]]:
    """Return the packets of each file, in their order."""
    found: dict[str, list[Piece]] = {}
    names = ("file", "where", "candidate_id", "stored", "size", "mtime_ns")
    for file, where, candidate, stored, *state in zip(*(rows[name].tolist() for name in names), strict=True):
        found.setdefault(file, []).append(Piece(candidate, where, file, None, stored, FileState(*state)))
    return found


def _gone(where: str) -> Packet:
    return Packet(where=where, fault="is no longer there", lost=1)
