"""Surveys with candidates in a database and images in FITS files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.faults import faults_of
from pipeline.io.database import select as database
from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import read_query
from pipeline.io.database.row_spool import RowSpool
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.database.typed_columns import to_frame
from pipeline.io.results.night_manifest import Manifest
from pipeline.io.settings_files import expand
from pipeline.night import MJD_EPOCH, parse_night, stated_nights
from pipeline.surveys.base import SURVEYS, Batch, ExposureImages, ExposureRow, Source
from pipeline.surveys.batches import detections_of
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.database.candidates import NightCandidates, night_candidates, united, with_times
from pipeline.surveys.exposures.placed_cutouts import PlacedCutouts
from pipeline.surveys.exposures.reader import ImageFiles, exposure_records
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.manifests import entry, require_unchanged
from pipeline.surveys.settings import SurveySettings

_KEYS = {
    "exposures": "exposure_id", "eyeballs": "candidate_id", "movers": "mover_id", "variables": "variable_id",
    "hosts": "host_id", "truth": "candidate_id",
}  # fmt: skip
_IDS = ("candidate_id", "object_id", "exposure_id", "mover_id", "variable_id", "host_id", "source_id", "night")
_CANDIDATE_NEEDS = ("candidate_id", "object_id", "exposure_id", "ra_deg", "dec_deg")
_OF_THE_NIGHT = ("night", "night_mjd", "night_start_mjd", "night_stop_mjd", "longitude_deg")
_FAR_NIGHT = "1900-01-01"
_NEWEST = ("nights", "exposures")
"""Queries without which no exposure of the newest night is known."""
_CHECK_S = 10.0
"""How long a query may take while settings are checked."""


@dataclass(frozen=True, kw_only=True)
class DatabaseInput:
    """The ``input`` of a database survey.

    Attributes
    ----------
    folder : str
        Where relative paths of images, and of an SQLite file, start.
    database : DatabaseSettings
        Where the tables are.
    queries : str
        The set of named queries, a folder of ``config/queries``.
    candidates : tuple of str
        Queries that select candidates; their rows are united, equal rows once.
    empty_exposures : bool
        Whether exposures without candidates count: they are frozen, and simulation may use them.
    parameters : mapping of str to str or int or float
        Values that the queries name beside those of the night: text or numbers.
    images : ImageSettings
        Where the images of the exposures query are.
    tables : tuple of str
        Reference tables that the queries offer, for labels and evaluation.
    """

    folder: str
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    queries: str
    candidates: tuple[str, ...] = ("candidates",)
    empty_exposures: bool = True
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    images: ImageSettings
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        taken = [name for name in self.parameters if name in _OF_THE_NIGHT]
        if taken:
            raise SettingsError(f"parameters: {taken[0]!r} is given by the night itself; allowed: other names")
        if not self.candidates:
            raise SettingsError("candidates names no query; allowed: at least one")


@SURVEYS.register("database", settings=DatabaseInput)
class DatabaseSurvey(Source[DatabaseInput]):
    """Candidates and exposures from named queries, pixels from FITS images, one exposure at a time."""

    has_images = True
    has_metadata = True
    knows_detections = True
    holds = "the survey's images"

    def __init__(self, settings: SurveySettings, survey_input: DatabaseInput, folder: Path | None = None) -> None:
        super().__init__(settings, survey_input, folder)
        survey_input.images.require(settings.channels)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that the input states."""
        return self.input.tables

    @property
    def folder(self) -> Path:
        """The survey's folder, which may be missing: a server may name every image from the root on."""
        return Path(self.place)

    @cached_property
    def _images(self) -> ImageFiles:
        return ImageFiles(self.settings, self.input.images, self.folder)

    @cached_property
    def _database(self) -> Database:
        return Database(self.input.database, self.folder)

    def _select(self, name: str, night: str = _FAR_NIGHT) -> pd.DataFrame:
        key = "candidate_id" if name in self.input.candidates else _KEYS.get(name, "")
        query = read_query(self.input.queries, name, self.input.database.engine)
        return database.select(self._database, query, self._parameters(night), order_by=key, ids=self._ids)

    @property
    def _ids(self) -> tuple[str, ...]:
        return (*_IDS, *self.settings.id_columns)

    def _parameters(self, night: str) -> dict[str, object]:
        """Return what every query may name: the night as text and in time, and the survey's own parameters."""
        number = (parse_night(night) - MJD_EPOCH).days
        noon = number + 0.5 - self.settings.longitude_deg / 360.0
        return {
            "night": night,
            "night_mjd": number - self.settings.mjd_night_offset_days,
            "night_start_mjd": noon,
            "night_stop_mjd": noon + 1.0,
            "longitude_deg": self.settings.longitude_deg,
            **self.input.parameters,
        }

    def _exposures(self, night: str, candidates: NightCandidates) -> pd.DataFrame:
        """Return the night's exposures, those without candidates only if they count."""
        exposures = self._select("exposures", night)
        with_times(exposures, self._named("exposures"))  # refuses what is not a time before anything is frozen
        if self.input.empty_exposures:
            return exposures
        return exposures[exposures["exposure_id"].isin(candidates.exposures)].reset_index(drop=True)

    def _records(self, exposures: pd.DataFrame, night: str) -> Sequence[ExposureRow]:
        return exposure_records(with_times(exposures, self._named("exposures")), night)

    @contextmanager
    def candidates(self, night: str) -> Iterator[NightCandidates]:
        """Ask all candidate queries, and keep each candidate once, on disk, while the context is open."""
        with ExitStack() as kept:
            spools = [kept.enter_context(self._spooled(name, night)) for name in self.input.candidates]
            groups = united(spools, [f"{self.input.queries}/{name}" for name in self.input.candidates])
            yield night_candidates(groups, to_frame(spools[0].no_rows()), self._needs, self._named("candidates"))

    def _spooled(self, name: str, night: str) -> AbstractContextManager[RowSpool]:
        query = read_query(self.input.queries, name, self.input.database.engine)
        order = ("exposure_id", "candidate_id")
        return database.spooled(self._database, query, self._parameters(night), order_by=order, ids=self._ids)

    def nights(self) -> list[str]:
        """Return the nights that the query ``nights`` names, as dates or as ``night_number``, the MJD of the date."""
        found = self._select("nights")
        name = next((name for name in ("night_number", "night") if name in found), "")
        if not name:
            raise InputError(f"query {self.input.queries}/nights: column 'night' is missing; there: {', '.join(found)}")
        texts = filter(None, as_text(found[name]))
        return sorted(stated_nights(texts, f"query {self.input.queries}/nights: column {name!r}"))

    def finds(self, query: str, night: str) -> bool:
        """Tell whether a query finds a row for a night."""
        return len(self._select(query, night)) > 0

    def frozen_input(self, night: str) -> Manifest:
        """Return counts and digests of the night's rows, and size and digest of each image file."""
        with self.candidates(night) as candidates:
            exposures = self._exposures(night, candidates)
            queries = {"exposures": entry(exposures), "candidates": candidates.entry}
        return {"queries": queries, "files": self._images.manifest(exposures)}

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield one batch per exposure; images are read once, whatever the number of candidates."""
        with self._frozen(night, manifest) as (exposures, candidates):
            work = candidates.beside(self._records(exposures, night))
            yield from self._images.batches(work, manifest["files"], self.workers)
            unknown_exposures = candidates.exposures - set(exposures["exposure_id"])
            for exposure, rows in candidates.groups() if unknown_exposures else ():
                if exposure in unknown_exposures:
                    yield replace(self._images.without(rows["candidate_id"], "exposure unknown"), exposures=0)

    def detections(self, night: str, manifest: Manifest) -> Iterator[pd.DataFrame]:
        """Yield all candidates of each exposure."""
        with self._frozen(night, manifest) as (exposures, candidates):
            for exposure, rows in candidates.beside(self._records(exposures, night)):
                yield detections_of(rows, self.settings, exposure)

    @property
    def _needs(self) -> tuple[str, ...]:
        """The columns that candidates must have."""
        kept = (*self.settings.metadata_paths, *self.context_needs)
        return tuple(dict.fromkeys((*_CANDIDATE_NEEDS, *self.input.images.needs, *kept)))

    def _named(self, name: str) -> str:
        names = self.input.candidates if name == "candidates" else (name,)
        return " + ".join(f"{self.input.queries}/{each}" for each in names)

    @contextmanager
    def _frozen(self, night: str, manifest: Manifest) -> Iterator[tuple[pd.DataFrame, NightCandidates]]:
        """Give exposures and candidates, which must be what they were when the night was frozen."""
        with self.candidates(night) as candidates:
            exposures = self._exposures(night, candidates)
            for name, now in (("exposures", entry(exposures)), ("candidates", candidates.entry)):
                require_unchanged(night, f"the rows of query {self._named(name)}", manifest["queries"][name], now)
            yield exposures, candidates

    def _frozen_exposures(self, night: str, manifest: Manifest) -> pd.DataFrame:
        with self._frozen(night, manifest) as (exposures, _):
            return exposures

    def images(self, night: str, manifest: Manifest) -> Iterator[ExposureImages | Batch]:
        """Yield science and template of each exposure for simulation."""
        exposures = self._frozen_exposures(night, manifest)
        for exposure in self._records(exposures, night):
            yield self._images.pair(exposure, manifest["files"])

    def cutouts_at(self, night: str, manifest: Manifest, places: pd.DataFrame) -> Iterator[PlacedCutouts | Batch]:
        """Yield cutouts at sky positions, ``exposure_id candidate_id ra_deg dec_deg``, an exposure at a time."""
        exposures = self._frozen_exposures(night, manifest)
        for exposure in self._records(exposures, night):
            mine = places[places["exposure_id"] == exposure["exposure_id"]]
            if len(mine):
                yield self._images.cutouts_at(exposure, mine, manifest["files"])

    def table_files(self, table: str, night: str) -> list[Path]:  # noqa: ARG002 (one file holds all)
        """Return the files that hold a reference table of a night; there are none on a server."""
        database_file, engine = self.input.database.file, self.input.database.engine
        return [self.folder / expand(database_file, "the survey's database file")] if engine == "sqlite" else []

    def reference(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of a query for the night; any query of the set will do, whether or not `tables` names it."""
        return self._select(table, night)

    def check(self) -> list[str]:
        """Ask every query for its columns, and look for the images and HDUs of the newest night."""
        quick = replace(self.input.database, attempts=1, statement_timeout_s=_CHECK_S, connect_timeout_s=5)
        asked = type(self)(self.settings, replace(self.input, database=quick), self.folder)
        try:
            faults = asked._faults_of_queries()
        except ConnectionError as error:
            return [str(error)]
        images = [lambda: asked._images.check_all(asked._newest())] if faults.keys().isdisjoint(_NEWEST) else []
        return list(dict.fromkeys([*chain.from_iterable(faults.values()), *faults_of(images)]))

    def _newest(self) -> Sequence[ExposureRow]:
        """Return one exposure of the newest night, or nothing where no night has one."""
        night = max(self.nights(), default="")
        return self._records(self._select("exposures", night), night)[:1] if night else []

    def check_night(self, night: str) -> list[str]:
        """Return what is wrong with the images of a night, and with the places of its candidates."""
        records = self._records(self._select("exposures", night), night)
        with self.candidates(night) as candidates:
            return self._images.check_all(records, candidates.beside(records))

    def _faults_of_queries(self) -> dict[str, list[str]]:
        """Return what is wrong with each query that fails, by its name.

        Raises
        ------
        UnreachableError
            If the database does not answer.
        """
        faults: dict[str, list[str]] = {}
        asked = ("exposures", *self.input.candidates, "nights", *self.input.tables, self.settings.closed.query)
        for name in filter(None, dict.fromkeys(asked)):
            try:
                query = read_query(self.input.queries, name, self.input.database.engine)
                there = database.columns_of(self._database, query, self._parameters(_FAR_NIGHT))
            except ConnectionError:
                raise
            except NightsiftError as error:
                faults[name] = [str(error)]
                continue
            needed = self._needs if name in self.input.candidates else (_KEYS.get(name),)
            absent = [column for column in needed if column and column not in there]
            if absent:
                lists = ", ".join(there)
                faults[name] = [
                    f"query {query.name}: column {column!r} is missing; there: {lists}" for column in absent
                ]
        return faults
