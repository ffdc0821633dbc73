"""Which packets a survey has: a table with a row per packet, from the index of its files.

Tested by tests/pipeline/surveys/alerts/test_packet_survey.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.conversions import MJD_OF_JD
from pipeline.errors import InputError
from pipeline.fingerprint import fingerprint
from pipeline.io.alerts.message_schemas import NO_SCHEMAS, MessageSchemas
from pipeline.io.alerts.packet_files import ARCHIVES, Packet, packet_files, printable, read_packets
from pipeline.io.alerts.packet_index import Indexed, IndexedFile, Span, Value, index_files
from pipeline.io.alerts.stored_packets import PacketNotes
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.settings_files import data_folder
from pipeline.night import MJD_EPOCH, night_of, parse_night
from pipeline.surveys.alerts import packet_rows
from pipeline.surveys.alerts.packet_layouts import PacketLayout
from pipeline.surveys.manifests import entry, require_unchanged
from pipeline.times import utc_mjd

_REVISION = 2
"""To be raised whenever the content of the index changes, so that older ones are made anew."""

_MARGIN_DAYS = 0.01
"""More than atomic time is ahead of UTC."""

_TYPES = {"where": "str", "candidate_id": "str", "digest": "str", "fault": "str", "time": "float64", "lost": "int64",
          "open_ended": "bool", "stored": "str"}  # fmt: skip
_ENTRY = ("where", "candidate_id", "time", "digest", "fault", "lost", "open_ended", "stored")


@dataclass(frozen=True, kw_only=True)
class PacketTable:
    """Finds the packets of a place.

    Attributes
    ----------
    place : str
        A folder, a pattern, an archive or a file.
    folder : Path
        Below which its files lie.
    layout : PacketLayout
        Where the packets keep their fields.
    scores : mapping of str to str
        Paths of other classifiers' scores, by name.
    longitude_deg : float
        Of the site; decides what a night is.
    schemas : MessageSchemas
        The schemas of packets that come without one.
    workers : int
        Processes that read files for the index; 0: one per core.
    """

    place: str
    folder: Path
    layout: PacketLayout
    scores: Mapping[str, str]
    longitude_deg: float
    schemas: MessageSchemas = NO_SCHEMAS
    workers: int = 1

    def name(self, path: Path) -> str:
        """Return what a file is called in tables and messages."""
        whole, folder = path.as_posix(), self.folder.as_posix().rstrip("/") + "/"
        return printable(whole[len(folder) :] if whole.startswith(folder) else path.relative_to(self.folder).as_posix())

    def read(self, path: Path) -> Iterator[Packet]:
        """Yield the packets of a file with all that is read of them, scores as well."""
        return read_packets(path, self.name(path), self._paths, schemas=self.schemas)

    def all(self) -> pd.DataFrame:
        """Return a row per packet, in the order of files and records; no cutout is decoded.

        Returns
        -------
        DataFrame
            ``where candidate_id night time digest fault lost open_ended stored file container size mtime_ns sha256``
            and ``score_<name>``. ``stored`` is the packet's note, see `PacketNotes`. A packet that cannot be used has
            a ``fault``, and an empty ``night`` where not even its time is known. ``container`` is the archive or the
            folder in which it lies.
        """
        return self._table(self._index(None))

    def _index(self, span: Span | None) -> Indexed:
        memory = data_folder() / ".packets.sqlite"
        files = packet_files(self.place)
        return index_files(files, self._key, memory, self.columns, span=span, workers=self.workers)

    def _table(self, found: Indexed) -> pd.DataFrame:
        table = self._frame(found.files)
        known = table["time"].notna()
        times = utc_mjd(table["time"][known], self.layout.time_format)
        table.loc[known, "night"] = night_of(times, self.longitude_deg)
        return table

    def night(self, night: str) -> pd.DataFrame:
        """Return the rows of a night; a packet without a time belongs to every night of its container.

        Raises
        ------
        InputError
            If a candidate appears in two packets that differ, or an archive is cut off.
        """
        found = self._index(self._span(night))
        table = self._table(found)
        if table.empty:
            return table
        nights_there = self._containers(found.timed) if (table["night"] == "").any() else {}
        nights_there |= table[table["night"] != ""].groupby("container", observed=True)["night"].agg(set).to_dict()
        may_be_here = [night in nights_there.get(container, {night}) for container in table["container"]]
        timeless = (table["night"] == "") & np.asarray(may_be_here, dtype=bool)
        rows = table[(table["night"] == night) | timeless].reset_index(drop=True)
        broken = rows[rows["open_ended"]]
        if len(broken):
            raise InputError(f"night {night}: {broken['where'].iloc[0]}: {broken['fault'].iloc[0]}")
        _require_agreement(table[(table["fault"] == "") & table["candidate_id"].isin(rows["candidate_id"])])
        return rows

    def _span(self, night: str) -> Span:
        """Return the first and the last time that the night's packets may give, some minutes more on either side."""
        first = (parse_night(night) - MJD_EPOCH).days + 0.5 - self.longitude_deg / 360.0
        first += MJD_OF_JD if self.layout.time_format == "jd" else 0.0
        return first - _MARGIN_DAYS, first + 1.0 + _MARGIN_DAYS

    def _containers(self, timed: frozenset[Path]) -> dict[str, set[str]]:
        """Return the containers of files that hold packets with times, each with no night yet."""
        return {container: set() for container in {self._container(self.name(path)) for path in timed}}

    @staticmethod
    def _container(file: str) -> str:
        return file if file.lower().endswith(ARCHIVES) else file.rpartition("/")[0]

    @property
    def _key(self) -> str:
        """A digest of what decides the index beside the files."""
        schemas = [self.schemas.digests()] if self.schemas.files else []
        return fingerprint([_REVISION, self._paths, self.layout.stored, self.layout.time_format, self.scores, *schemas])

    @property
    def _paths(self) -> tuple[str, ...]:
        return self.layout.paths(tuple(self.scores.values()))

    def _frame(self, found: Mapping[Path, IndexedFile]) -> pd.DataFrame:
        files = [self.name(path) for path in found]
        containers = [self._container(name) for name in files]
        counts = [len(indexed.columns["where"]) for indexed in found.values()]
        frame = pd.DataFrame(
            {
                name: list(chain.from_iterable(indexed.columns[name] for indexed in found.values()))
                for name in self._names
            }
        )
        return frame.astype(_TYPES).assign(
            file=_spread(files, counts),
            container=_spread(containers, counts),
            size=np.repeat([indexed.size for indexed in found.values()], counts),
            mtime_ns=np.repeat([indexed.mtime_ns for indexed in found.values()], counts),
            sha256=_spread([indexed.sha256 for indexed in found.values()], counts),
            night="",
        )

    @property
    def _names(self) -> list[str]:
        """The columns that are remembered."""
        return [*_ENTRY, *("score_" + name for name in self.scores)]

    def columns(self, path: Path) -> dict[str, list[Value]]:
        """Return what the index remembers of the packets of a file; no cutout is decoded."""
        columns: dict[str, list[Value]] = {name: [] for name in self._names}
        notes = PacketNotes(path, self.layout.stored)
        for packet in self.read(path):
            stored = "" if packet.fault else notes.note(packet.record)
            for name, value in (self._entry(packet) | {"stored": stored}).items():
                columns[name].append(value)
        return columns

    def _entry(self, packet: Packet) -> dict[str, Value]:
        record, fault, lost = packet.record, packet.fault, packet.lost
        entry: dict[str, Value] = {"where": packet.where, "candidate_id": "", "time": None, "digest": ""}
        try:
            if not fault:
                entry["time"] = packet_rows.packet_time(record, self.layout)
                entry["candidate_id"] = packet_rows.candidate_id(record, self.layout)
                entry["digest"] = packet_rows.packet_digest(record, self.layout.paths())
        except InputError as error:
            fault, lost = str(error), 1
        entry |= {"fault": fault, "lost": lost, "open_ended": packet.open_ended}
        return entry | {"score_" + name: packet_rows.packet_number(record, path) for name, path in self.scores.items()}


def _spread(values: Sequence[str], counts: Sequence[int]) -> pd.Categorical:
    """Return a value of each file for each of its packets."""
    return pd.Categorical(np.repeat(np.array(values, dtype=object), counts))


def packets_entry(rows: pd.DataFrame) -> Entry:
    """Return what a manifest says of rows, sound ones and damaged ones."""
    return entry(rows[["where", "candidate_id", "digest", "fault"]])


def files_of(rows: pd.DataFrame) -> dict[str, Entry]:
    """Return size and digest of the files that hold the rows."""
    files = rows.drop_duplicates("file")
    return {
        str(name): {"size": int(size), "sha256": str(digest)}
        for name, size, digest in zip(files["file"], files["size"], files["sha256"], strict=True)
    }


def require_frozen(night: str, rows: pd.DataFrame, manifest: Manifest) -> None:
    """Raise `ChangedInputError` if rows or files are no longer those of the manifest."""
    for name, now in files_of(rows).items():
        require_unchanged(night, f"the packet file {name}", manifest["files"].get(name, {}), now)
    require_unchanged(night, "the packets", manifest["queries"]["packets"], packets_entry(rows))


def _require_agreement(rows: pd.DataFrame) -> None:
    """Raise `InputError` if a candidate appears in two packets that differ in anything that is read."""
    first = rows.drop_duplicates("candidate_id").set_index("candidate_id")
    differs = rows["digest"].to_numpy() != first["digest"].reindex(rows["candidate_id"]).to_numpy()
    if differs.any():
        other = rows[differs].iloc[0]
        raise InputError(
            f"candidate_id {other['candidate_id']!r} appears in {first.loc[other['candidate_id'], 'where']} and, "
            f"with other contents, in {other['where']}; keep one of them"
        )
