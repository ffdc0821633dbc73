"""Surveys given as alert packets: Avro or Parquet files with the cutouts in them."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from pipeline.cutouts.dropped import dropped_words
from pipeline.cutouts.planes import images_of
from pipeline.errors import InputError, MissingInputError, NightsiftError, SettingsError
from pipeline.io.alerts.message_schemas import MessageSchemas, find_schemas
from pipeline.io.alerts.packet_files import folder_of, packet_files
from pipeline.io.executor import spread
from pipeline.io.results.night_manifest import Manifest
from pipeline.surveys.alerts import packet_rows
from pipeline.surveys.alerts.packet_layouts import PacketLayout, TimeFormat, packet_layout
from pipeline.surveys.alerts.packet_parts import PacketPart, PacketReader
from pipeline.surveys.alerts.packet_table import PacketTable, files_of, packets_entry, require_frozen
from pipeline.surveys.base import SURVEYS, Batch, Source
from pipeline.surveys.batches import detections_of
from pipeline.surveys.night_parts import read_in_parts
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AlertPacketsInput:
    """The ``input`` of a survey of alert packets; keys that are left out are as in the layout.

    Attributes
    ----------
    packets : str
        A folder, a pattern, a tar archive or one file; ``${NAME}`` is taken from the environment.
    layout : str
        Where the fields are: ``ztf``, ``fink`` or ``lsst``.
    columns : mapping of str to str or tuple of str
        Candidate column, ``flux`` or ``flux_error`` to a dotted path, or to a list of paths, of which the first with a
        value counts.
    stamps : mapping of str to str
        Channel to the dotted path of the FITS bytes of its cutout.
    planes : mapping of str to str
        ``variance`` and ``psf`` to the name, ``EXTNAME``, of the HDU of each of these FITS files that holds it.
    time_format : {"jd", "mjd", "mjd_tai"} or None
        Of the field given for ``time_mjd``: in UTC, or ``mjd_tai``.
    bands : mapping of str to str or None
        Value in the packet to the band's name.
    negative_values : tuple of str or None
        Texts of the ``flux_sign`` field that mean science below template, numbers in quotes; docs/formats.md#signs
        lists all that are read.
    flux_zeropoint : float or None, in mag
        Magnitude of flux 1.
    detector_size_pixel : tuple of int or None, in pixel
        Width and height of the detector, to place cutouts of the packet that were cut off at its edge.
    stamp_size_pixel : int or None, in pixel
        Side of a whole cutout of the packet; 0 where they are of many sizes about their candidate.
    teacher : str
        Path of another classifier's score, the reference table ``teacher``.
    references : mapping of str to str
        Name to path of scores to compare with.
    schemas : str or mapping of str to str
        The schemas of Kafka messages, which come without them (docs/packets.md#messages-without-their-schema): a folder
        of schemas, or schema id to file.
    """

    packets: str
    layout: str = "ztf"
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    planes: Mapping[str, str] = field(default_factory=dict)
    time_format: TimeFormat | None = None
    bands: Mapping[str, str] | None = None
    negative_values: tuple[str, ...] | None = None
    flux_zeropoint: float | None = None
    detector_size_pixel: tuple[int, ...] | None = None
    stamp_size_pixel: int | None = None
    teacher: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    schemas: str | Mapping[str, str] = ""

    def __post_init__(self) -> None:
        self.merged()

    @property
    def folder(self) -> str:
        """Where the packets are, as other surveys state their folder."""
        return self.packets

    def merged(self) -> PacketLayout:
        """Return the layout with what the settings change of it."""
        layout = packet_layout(self.layout)
        columns = {name: (paths,) if isinstance(paths, str) else tuple(paths) for name, paths in self.columns.items()}
        changed = ("time_format", "bands", "negative_values", "flux_zeropoint", "detector_size_pixel",
                   "stamp_size_pixel")  # fmt: skip
        return replace(
            layout,
            columns={**layout.columns, **columns},
            stamps={**layout.stamps, **self.stamps},
            planes={**layout.planes, **self.planes},
            **{name: getattr(self, name) for name in changed if getattr(self, name) is not None},
        )


@SURVEYS.register("alert_packets", settings=AlertPacketsInput)
class AlertPacketsSurvey(Source[AlertPacketsInput]):
    """Reads a night's packets from the files that hold them."""

    holds = "alert packets"
    counted = "packets"
    has_metadata = True
    knows_detections = True
    has_planes = True
    wanted = "a folder, an archive or a file of alert packets"

    def __init__(self, settings: SurveySettings, survey_input: AlertPacketsInput, folder: Path | None = None) -> None:
        super().__init__(settings, survey_input, folder)
        self.layout = replace(survey_input.merged(), metadata=settings.metadata_paths)
        self.require_context(self.layout.columns)
        for channel in images_of(settings.channels):
            if channel not in self.layout.stamps:
                raise SettingsError(f"input: stamps does not say where channel {channel!r} is")
            for plane, kind in self.layout.planes_of(channel, settings.channels).items():
                if kind not in self.layout.planes:
                    raise SettingsError(f"input: planes does not say which HDU holds the {kind}, for channel {plane!r}")

    @property
    def folder(self) -> Path:
        """The folder below which the packets lie, which may be stated as a pattern, an archive or one file."""
        folder = folder_of(self.place)
        if not folder.is_dir():
            raise MissingInputError(
                f"no alert packets in {self.place}: there is no folder {folder}; packets is {self.input.packets!r}, "
                f"allowed: {self.wanted}"
            )
        return folder

    @property
    def _scores(self) -> dict[str, str]:
        """Paths of other classifiers' scores, by the name of their reference table."""
        return {**self.input.references, **({"teacher": self.input.teacher} if self.input.teacher else {})}

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that the input states."""
        return tuple(self._scores)

    def _packets(self) -> PacketTable:
        return PacketTable(
            place=self.place,
            folder=self.folder,
            layout=self.layout,
            scores=self._scores,
            longitude_deg=self.settings.longitude_deg,
            schemas=self._schemas,
            workers=self.workers,
        )

    @cached_property
    def _schemas(self) -> MessageSchemas:
        return find_schemas(self.input.schemas)

    def nights(self) -> list[str]:
        """Return the nights that hold packets; damaged packets are warned about, and it is an error if all are."""
        rows = self._packets().all()
        if len(rows) and (rows["night"] == "").all():
            where, fault = rows[["where", "fault"]].iloc[0]
            raise InputError(f"none of {len(rows)} packets in {self.place} can be read; {where}: {fault}")
        damaged = rows[rows["fault"] != ""]
        if len(damaged):
            why = dropped_words((damaged["where"] + ": " + damaged["fault"]).value_counts().to_dict())
            log.warning("%d of %d packets in %s cannot be used: %s", len(damaged), len(rows), self.place, why)
        return sorted(set(rows["night"]) - {""})

    def frozen_input(self, night: str) -> Manifest:
        """Return count and digest of the night's packets, size and digest of each file that holds some."""
        rows = self._packets().night(night)
        return {"queries": {"packets": packets_entry(rows)}, "files": files_of(rows)}

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield the night's packets in blocks; those that cannot be used are listed and counted as lost."""
        return read_in_parts(self, night, manifest)

    def parts(self, night: str, manifest: Manifest) -> Iterator[PacketPart | Batch]:
        """Yield the night's packets in parts, after a batch of those that the index calls damaged."""
        rows = self._packets().night(night)
        require_frozen(night, rows, manifest)
        damaged = rows["fault"] != ""
        if damaged.any():
            yield self._reader.lost(rows[damaged])
        twice = ~damaged & rows["candidate_id"].where(~damaged, rows["where"]).duplicated()
        if twice.any():
            log.info("night %s: %d packets are there more than once", night, int(twice.sum()))
            reasons = "the same packet stands there more than once: " + rows["where"][twice]
            yield self._reader.without(rows[twice], reasons)
        yield from self._reader.parts(rows[~damaged & ~twice])

    def detections(self, night: str, manifest: Manifest) -> Iterator[pd.DataFrame]:
        """Yield the night's usable packets in blocks; no cutout is decoded."""
        yield from spread(self._detections, self.parts(night, manifest), workers=self.workers)

    def _detections(self, part: PacketPart | Batch) -> pd.DataFrame:
        """Return the candidates of a part; none of what is listed as unusable."""
        rows = pd.DataFrame() if isinstance(part, Batch) else self._reader.rows(part)
        return detections_of(rows, self.settings)

    def read_part(self, part: PacketPart | Batch) -> list[Batch]:
        """Return the batches of a part."""
        return [part] if isinstance(part, Batch) else self._reader.read(part)

    @property
    def _reader(self) -> PacketReader:
        return PacketReader(folder=self.folder, layout=self.layout, settings=self.settings, schemas=self._schemas)

    def table_rows(self, table: str, night: str) -> pd.DataFrame:
        """Return ``teacher`` or a reference's scores, by candidate_id; of all nights for an empty one."""
        rows = self._packets().all()
        rows = rows[(rows["fault"] == "") & ((rows["night"] == night) | (night == ""))].drop_duplicates("candidate_id")
        scores = {"candidate_id": rows["candidate_id"], "score": rows["score_" + table].astype("float64")}
        return pd.DataFrame(scores).reset_index(drop=True)

    def check(self) -> list[str]:
        """Read the first packet with its cutouts, and look for the columns that the settings name."""
        packet = None
        try:
            path = packet_files(self.place)[0]
            self._schemas.digests()
            packet = next(self._packets().read(path), None)
            if packet is None:
                return [f"{path} holds no packets"]
            if packet.fault:
                return [f"{packet.where}: {packet.fault}"]
            self._reader.decoded(packet)
        except NightsiftError as error:
            return [f"{packet.where}: {error}" if packet else str(error)]
        return [
            f"{packet.where}: no field {' or '.join(paths)} for {name!r}"
            for name, paths in self._stated()
            if not any(packet_rows.has_field(packet.record, path) for path in paths)
        ]

    def _stated(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the columns, scores and metadata that the settings name themselves, with their paths."""
        stated = [(name, self.layout.columns[name]) for name in self.input.columns]
        single = {**self._scores, **self.layout.metadata}
        return stated + [(name, (path,)) for name, path in single.items()]
