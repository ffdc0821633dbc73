"""Surveys with candidates in table files and images in FITS files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError
from pipeline.faults import faults_of, placed
from pipeline.io.results.night_manifest import Manifest
from pipeline.surveys.base import SURVEYS, Batch, ExposureImages, ExposureRow, Source
from pipeline.surveys.batches import detections_of
from pipeline.surveys.exposures.reader import ImageFiles, exposure_records
from pipeline.surveys.manifests import entry, require_unchanged
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.tables.rows import SurveyTables
from pipeline.surveys.tables.settings import TableInput


@SURVEYS.register("table", settings=TableInput)
class TableSurvey(Source[TableInput]):
    """Candidates and exposures from table files, pixels from FITS images, one exposure at a time."""

    has_images = True
    has_metadata = True
    knows_detections = True
    holds = "the survey's tables and images"

    def __init__(self, settings: SurveySettings, survey_input: TableInput, folder: Path | None = None) -> None:
        super().__init__(settings, survey_input, folder)
        survey_input.images.require(settings.channels)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that the input states."""
        return tuple(self.input.tables)

    @cached_property
    def _images(self) -> ImageFiles:
        return ImageFiles(self.settings, self.input.images, self.folder)

    @cached_property
    def _tables(self) -> SurveyTables:
        return SurveyTables(self.settings, self.input, self.folder, needs=self.context_needs)

    def nights(self) -> list[str]:
        """Return the nights that hold candidates."""
        return self._tables.nights()

    def frozen_input(self, night: str) -> Manifest:
        """Return counts and digests of the night's rows, and size and digest of each image file."""
        candidates = self._tables.candidates(night)
        exposures = self._tables.exposures(night, candidates)
        return {
            "queries": {"exposures": entry(exposures), "candidates": entry(candidates)},
            "files": self._images.manifest(exposures),
        }

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield one batch per exposure; images are read once, whatever the number of candidates."""
        candidates = self._tables.candidates(night)
        exposures = self._tables.exposures(night, candidates)
        self._require_frozen(night, manifest, candidates=candidates, exposures=exposures)
        records = exposure_records(exposures, night)
        work = _beside((each for each in records if each["exposure_id"] not in self._tables.faults), candidates)
        read = self._images.batches(work, manifest["files"], self.workers)
        for exposure in records:
            fault = self._tables.faults.get(exposure["exposure_id"])
            if fault is None:
                yield next(read)
            else:
                reason = f"exposure unusable: {fault}".replace(f"{self.folder}/", "")
                yield replace(self._images.without(pd.Series([exposure["exposure_id"]]), reason), lost=1)
        unknown = candidates[~candidates["exposure_id"].isin(exposures["exposure_id"])]
        if len(unknown):
            yield replace(self._images.without(unknown["candidate_id"], "exposure unknown"), exposures=0)

    def detections(self, night: str, manifest: Manifest) -> Iterator[pd.DataFrame]:
        """Yield all candidates of each exposure."""
        candidates = self._tables.candidates(night)
        exposures = self._tables.exposures(night, candidates)
        self._require_frozen(night, manifest, candidates=candidates, exposures=exposures)
        for exposure, rows in _beside(exposure_records(exposures, night), candidates):
            yield detections_of(rows, self.settings, exposure)

    def _require_frozen(self, night: str, manifest: Manifest, **tables: pd.DataFrame) -> None:
        candidates = self.input.candidates or self.input.catalogues
        files = {"candidates": candidates, "exposures": self.input.exposures or candidates}
        for name, rows in tables.items():
            what = f"the rows of the {name} in {files[name]}"
            require_unchanged(night, what, manifest["queries"][name], entry(rows))

    def images(self, night: str, manifest: Manifest) -> Iterator[ExposureImages | Batch]:
        """Yield science and template of each exposure for simulation."""
        exposures = self._tables.exposures(night)
        self._require_frozen(night, manifest, exposures=exposures)
        for exposure in exposure_records(exposures, night):
            yield self._images.pair(exposure, manifest["files"])

    def table_files(self, table: str, night: str) -> list[Path]:
        """Return the files that hold a reference table of a night."""
        named = self.input.tables.get(table)
        return [] if named is None else [self.folder / named.partition(":")[0].replace("{night}", night)]

    def table_rows(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of a reference table that belong to the night, or all for no night."""
        return self._tables.reference(table, night)

    def check(self) -> list[str]:
        """Read the tables, and look for the images and HDUs of the newest night."""
        nights: list[str] = []
        faults = faults_of([lambda: nights.extend(self.nights())])
        night = nights[-1] if nights else ""
        tables = [partial(self.reference, table, night) for table in self.tables]
        images = [lambda: self._faults_of_images(night, most=1)] if night or faults else []
        return list(dict.fromkeys([*self._unread(), *faults, *faults_of([*tables, *images])]))

    def _unread(self) -> list[str]:
        """Return a fault if ``columns`` names a column of labels, which nothing reads."""
        if "label" not in self.input.columns or self.settings.labels:
            return []
        theirs = self.input.columns["label"]
        return [
            f"input: columns.label is {theirs!r}, which nothing reads: labels come from `labels`, "
            f"as {{provider: list, table: TABLE, label_column: {theirs}}} of a table among `tables`"
        ]

    def check_night(self, night: str) -> list[str]:
        """Return what is wrong with the images, and with the catalogues beside them, of a night."""
        of_images = self._faults_of_images(night)
        of_catalogues = [(f"exposure {name}", [said]) for name, said in self._tables.faults.items()]
        return [*(told for where, said in of_catalogues for told in placed(where, said)), *of_images]

    def _faults_of_images(self, night: str, most: int | None = None) -> list[str]:
        try:
            candidates = self._tables.candidates(night)
            records = exposure_records(self._tables.exposures(night, candidates), night)[:most]
        except InputError as error:
            return [str(error), *faults_of([lambda: self._images.check_all(self._one_exposure(night))])]
        return self._images.check_all(records, _beside(records, candidates))

    def _one_exposure(self, night: str) -> Sequence[ExposureRow]:
        """Return an exposure by which images can be looked for, whatever else is wrong with the tables."""
        return exposure_records(self._tables.first_exposure(night), night)


def _beside(exposures: Iterable[ExposureRow], candidates: pd.DataFrame) -> Iterator[tuple[ExposureRow, pd.DataFrame]]:
    """Yield exposures, each with its candidates."""
    groups = candidates.groupby("exposure_id", sort=False).indices
    for exposure in exposures:
        yield exposure, candidates.iloc[groups.get(exposure["exposure_id"], [])].reset_index(drop=True)
