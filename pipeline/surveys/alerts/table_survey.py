"""Surveys given as a table of alerts with a stack of stamps beside it: row i of one is row i of the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.cutouts.missing import Flag, to_missing
from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.io.executor import spread
from pipeline.io.files.damaged import naming
from pipeline.io.results import content
from pipeline.io.results.hdf5 import KIND, open_to_read
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.io.tables.table_file import numbers_of
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.alerts.cutout_stack import cut_stack, middle_of_stack
from pipeline.surveys.alerts.packet_layouts import FLUXES, REQUIRED, TimeFormat
from pipeline.surveys.alerts.table_rows import AlertRows
from pipeline.surveys.alerts.units import magnitudes
from pipeline.surveys.base import SURVEYS, Batch
from pipeline.surveys.batches import batch_of, detections_of, places_of
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.cutout_source import CutoutSource, Digests, Frozen
from pipeline.surveys.settings import SurveySettings

_BLOCK = 256
_NUMBERS = (*(name for name, kind in CANDIDATE_COLUMNS.items() if kind != TEXT and name != "flux_sign"), *FLUXES)
_MANY = 16_384
"""Rows that are read together where no pixels belong to them."""


@dataclass(frozen=True, kw_only=True)
class AlertTableInput:
    """The ``input`` of an alert-table survey.

    Attributes
    ----------
    folder : str
        Where both files lie.
    table : str
        Parquet table, one row per alert.
    cutouts : str
        HDF5 file with the stamps, in the order of the table's rows.
    cutouts_name : str
        Its data set.
    layout : {"channel_first", "channel_last"}
        ``channel_first`` is ``(n, channel, y, x)``, ``channel_last`` is ``(n, y, x, channel)``.
    columns : mapping of str to str
        Candidate column to table column: ``candidate_id``, ``object_id``, ``ra_deg``, ``dec_deg`` and ``time_mjd``
        at least; ``flux`` and ``flux_error`` become ``magnitude`` and its error.
    time_format : {"jd", "mjd", "mjd_tai"}
        Of the column given for ``time_mjd``: in UTC, or ``mjd_tai`` in International Atomic Time; timestamps and
        ISO texts count in the same scale, and a time outside 1900 to 2100 is an error.
    bands : mapping of str to str
        Value in the table to the band's name.
    negative_values : tuple of str
        Texts of the ``flux_sign`` column that mean science below template, numbers in quotes; docs/formats.md#signs
        lists all that are read.
    flux_zeropoint : float, in mag
        Magnitude of flux 1, for ``flux``; 31.4 is AB for nJy.
    stamp_size_pixel : int, in pixel
        Side of the stamps in the file, where they are larger than the survey's cutouts, which are cut about the
        pixel that holds the source; 0: as large, so that one that lacks lines was cut off by the border of its image,
        unless it is a smaller square in the middle.
    labels : mapping of str to str
        Columns for ``label`` and ``label_source`` of the reference table ``labels``.
    kinds : mapping of str to str
        Label source to kind.
    teacher : str
        Column with another classifier's score, the reference table ``teacher``.
    references : mapping of str to str
        Name to column of scores to compare with.
    """

    folder: str
    table: str = "alerts.parquet"
    cutouts: str = "cutouts.h5"
    cutouts_name: str = "cutouts"
    layout: Literal["channel_first", "channel_last"] = "channel_first"
    columns: Mapping[str, str]
    time_format: TimeFormat = "mjd"
    bands: Mapping[str, str] = field(default_factory=dict)
    negative_values: tuple[str, ...] = ("f", "0")
    flux_zeropoint: float = 31.4
    stamp_size_pixel: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    teacher: str = ""
    references: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = (*CANDIDATE_COLUMNS, *FLUXES)
        unknown = set(self.columns) - set(allowed)
        if unknown:
            raise SettingsError(f"columns names {min(unknown)!r}; allowed: {', '.join(allowed)}")
        for name in REQUIRED:
            if name not in self.columns:
                raise SettingsError(f"columns does not say which column is {name!r}")


@SURVEYS.register("alert_table", settings=AlertTableInput)
class AlertTableSurvey(CutoutSource[AlertTableInput]):
    """Reads a night's rows of the table and their stamps."""

    counted = "alerts"
    has_metadata = True
    knows_detections = True

    def __init__(self, settings: SurveySettings, survey_input: AlertTableInput, folder: Path | None = None) -> None:
        super().__init__(settings, survey_input, folder)
        self.require_context(survey_input.columns)

    @property
    def holds(self) -> str:
        """The two files."""
        return f"{self.input.table} and {self.input.cutouts}"

    @property
    def compared(self) -> tuple[Frozen, Frozen]:
        """The two files: rows and cutouts."""
        table, cutouts = self.input.table, self.input.cutouts
        return Frozen(table, f"the rows of {table}"), Frozen(cutouts, f"the cutouts in {cutouts}")

    @property
    def _rows(self) -> AlertRows:
        return AlertRows(
            path=self.folder / self.input.table,
            columns={**self.input.columns, **self.settings.metadata_paths},
            time_format=self.input.time_format,
            longitude_deg=self.settings.longitude_deg,
        )

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that the input states."""
        return (*("labels",) * bool(self.input.labels), *self._scores)

    @property
    def _scores(self) -> dict[str, str]:
        """Columns with other classifiers' scores, by the name of their reference table."""
        return {**self.input.references, **({"teacher": self.input.teacher} if self.input.teacher else {})}

    def nights(self) -> list[str]:
        """Return the nights that hold alerts."""
        return self._rows.nights()

    def rows_entry(self, night: str) -> Entry:
        """Return count and digest of the night's rows."""
        return self._rows.summary(night, _BLOCK)

    def digests(self, night: str) -> Iterator[Digests]:
        """Yield the digests of the night's stamps."""
        rows = self._rows.blocks(night, _BLOCK, columns=("candidate_id",))
        return spread(self._digests, rows, workers=self.workers)

    def blocks(self, night: str) -> Iterator[tuple[Batch, Digests]]:
        """Yield the night's alerts in blocks."""
        blocks = (block.assign(night=night) for block in self._rows.blocks(night, _BLOCK))
        return spread(self._read_block, blocks, workers=self.workers)

    def detections(self, night: str, manifest: Manifest) -> Iterator[pd.DataFrame]:  # noqa: ARG002 (`read` compares)
        """Yield the night's alerts in blocks."""
        for block in self._rows.blocks(night, _MANY):
            yield detections_of(self._named(self._numbered(block)), self.settings)

    def _digests(self, block: pd.DataFrame) -> Digests:
        """Return a digest of each stamp of a block of rows."""
        return self._digests_of(self._stack(block["row"].to_numpy()))

    def _digests_of(self, stack: NDArray[np.float32]) -> Digests:
        return content.row_digests(middle_of_stack(stack, self.settings.cutout_size_pixel))

    def _read_block(self, block: pd.DataFrame) -> tuple[Batch, Digests]:
        """Return the batch of a block of rows, and a digest of each stamp; which process reads it changes nothing."""
        stack = self._stack(block["row"].to_numpy())
        return self._batch(self._numbered(block), stack), self._digests_of(stack)

    def _batch(self, rows: pd.DataFrame, stack: NDArray[np.float32]) -> Batch:
        places = places_of(rows, self.settings)
        marked, _ = to_missing(stack, self.settings.magic_values)
        size = self.settings.cutout_size_pixel
        pixels, is_unsure = cut_stack(marked, *places, size, one_size=self._stack_side == size)
        batch = batch_of(self._named(rows), pixels, self.settings, places=places)
        unsure = batch.candidates["candidate_id"].isin(rows.loc[is_unsure, "candidate_id"])
        batch.candidates.loc[unsure, "flags"] |= int(Flag.UNSURE_CENTRE)
        return batch

    def _numbered(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with numbers where the table holds the texts of numbers; blank texts are "not known"."""
        numbers = rows.columns.intersection([*_NUMBERS, *self.settings.metadata_paths])
        texts = [name for name in numbers if rows[name].dtype.kind not in "biuf"]
        number = rows["row"].tolist()
        return rows.assign(**{name: numbers_of(rows, name, self.input.table, number) for name in texts})

    def _named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with bands by name, signs as +1, -1 and 0, and magnitudes where there are fluxes."""
        named = rows.copy()
        if "band" in named:
            named["band"] = [self.input.bands.get(text, text) for text in as_text(named["band"])]
        if "flux_sign" in named:
            what = f"{self.input.table}: column {self.input.columns['flux_sign']!r}"
            named["flux_sign"] = flux_signs(named["flux_sign"], self.input.negative_values, what)
        if "flux" in named and "magnitude" not in named:
            error = named["flux_error"] if "flux_error" in named else np.full(len(named), np.nan)
            named["magnitude"], named["magnitude_error"] = magnitudes(named["flux"], error, self.input.flux_zeropoint)
        return named

    @property
    def _stack_side(self) -> int:
        return max(self.settings.cutout_size_pixel, self.input.stamp_size_pixel)

    def _stack(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        path = self.folder / self.input.cutouts
        whole, channels = self._stack_side, len(self.settings.channels)
        with naming(path, KIND), open_to_read(path) as file:
            if self.input.cutouts_name not in file:
                raise InputError(f"{path}: no data set {self.input.cutouts_name!r}; there: {', '.join(file)}")
            data = file[self.input.cutouts_name]
            if len(rows) and rows.max() >= len(data):
                raise InputError(f"{path} holds {len(data)} stamps; {self.input.table} has a row {rows.max()}")
            stamps = np.asarray(data[np.sort(rows)]) if len(rows) else np.zeros((0, *data.shape[1:]), data.dtype)
        if self.input.layout == "channel_first":
            stamps = np.moveaxis(stamps, 1, -1)
        if stamps.shape[1:] != (whole, whole, channels):
            raise InputError(
                f"{path}: stamps are {stamps.shape[1:]}; the survey's settings say {(whole, whole, channels)}"
            )
        return stamps

    def table_files(self, table: str, night: str) -> list[Path]:  # noqa: ARG002 (one file holds all)
        """Return the files that hold a reference table of a night."""
        return [self.folder / self.input.table]

    def table_rows(self, table: str, night: str) -> pd.DataFrame:
        """Return ``labels``, ``teacher`` or a reference's scores, by candidate_id; of all nights for none."""
        if table == "labels" and self.input.labels:
            return self._labels(self._column_table(night, tuple(self.input.labels.values())))
        column = self._scores[table]
        rows = self._column_table(night, (column,))
        return pd.DataFrame({"candidate_id": rows["candidate_id"], "score": rows["extra_" + column]})

    def _column_table(self, night: str, names: tuple[str, ...]) -> pd.DataFrame:
        """Return ids and some columns of a night's rows, or of all."""
        blocks = list(self._rows.blocks(night, _MANY, columns=("candidate_id",), extra=names))
        if blocks:
            return pd.concat(blocks, ignore_index=True)
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("candidate_id", *(f"extra_{n}" for n in names))})

    def _labels(self, rows: pd.DataFrame) -> pd.DataFrame:
        frame = pd.DataFrame({"candidate_id": rows["candidate_id"]})
        for name, column in self.input.labels.items():
            frame[name] = rows["extra_" + column].fillna(UNLABELLED if name == "label" else "")
        if "label_source" in frame:
            frame["kind"] = [self.input.kinds.get(str(source), "") for source in frame["label_source"]]
        return frame

    def check(self) -> list[str]:
        """Look for the folder, the columns and the stamps."""
        teacher = (self.input.teacher,) if self.input.teacher else ()
        extra = (*self.input.labels.values(), *self.input.references.values(), *teacher)
        try:
            first = next(self._rows.blocks("", 1, extra=extra), pd.DataFrame({"row": np.zeros(0, np.int64)}))
            self._stack(first["row"].to_numpy())
        except NightsiftError as error:
            return [str(error)]
        return []
