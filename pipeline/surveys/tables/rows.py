"""The table files of a survey: candidates, exposures and reference tables of a night, in our names and types.

Tested by tests/pipeline/surveys/tables/test_survey.py.
"""

import logging
from collections.abc import Mapping
from glob import escape
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.unmatched import warn_unmatched
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.io.tables.table_file import numbers_of, read_table, require_columns
from pipeline.night import is_night, night_of, stated_nights
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.reader import exposure_records
from pipeline.surveys.exposures.settings import fill_columns, parse_place
from pipeline.surveys.night_paths import NIGHT, matching, require_nights, stated_night
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.tables.settings import TableInput
from pipeline.times import column_mjd

log = logging.getLogger(__name__)

_OURS = ("label", "label_source", "group_id", "edge_fraction", "nan_fraction", "flags")
"""Columns that fetching fills; a table's own columns of these names mean something else and are left out."""
_NUMBERS = tuple(name for name, kind in CANDIDATE_COLUMNS.items() if kind != TEXT and name not in ("flux_sign", *_OURS))
_EXPOSURE_NUMBERS = ("time_mjd", "zeropoint", "fwhm_pixel", "saturation", "gain", "read_noise", "exposure_s")
_OF_EXPOSURE = ("exposure_id", "night", "telescope", "detector", "time_mjd", "band", "zeropoint", "fwhm_pixel")
_TEXTS = {name for name, kind in CANDIDATE_COLUMNS.items() if kind == TEXT}
_REFERENCE_IDS = {"candidate_id", "object_id", "exposure_id", "source_id", "night"} | {
    f"{kind}_id" for kind in ("mover", "variable", "host")
}


class SurveyTables:
    """Reads the table files of one survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    survey_input : TableInput
        Its tables.
    folder : Path
        Where relative paths start.
    needs : tuple of str
        Columns that candidates must have beside those that their images need.
    """

    def __init__(
        self, settings: SurveySettings, survey_input: TableInput, folder: Path, needs: tuple[str, ...] = ()
    ) -> None:
        self.settings = settings
        self.needs = needs
        self.input = survey_input
        self.folder = folder
        self.faults: dict[str, str] = {}
        """Exposures whose own catalogue could not be read when candidates were last asked for, and why."""
        self._read: dict[tuple[object, ...], pd.DataFrame] = {}

    def _table(self, named: str, night: str, texts: set[str]) -> tuple[pd.DataFrame | None, str]:
        """Return a table file, read once as long as it does not change, and its name; None where it is absent."""
        name, _, hdu = named.partition(":")
        name = name.replace(NIGHT, night)
        path = self.folder / name
        if not path.is_file() and NIGHT in named:
            self._require_nights(named, night)
            return None, name
        return self._cached(path, texts, hdu), name

    def _cached(self, path: Path, texts: set[str], hdu: str) -> pd.DataFrame:
        status = path.stat() if path.is_file() else None
        key = (path, hdu, frozenset(texts), status and (status.st_size, status.st_mtime_ns))
        if key not in self._read:
            self._read[key] = read_table(path, texts=texts, hdu=hdu)
        return self._read[key]

    def _from_catalogues(self, night: str) -> pd.DataFrame:
        """Return the catalogues of a night's exposures as one table; candidates without an id get one."""
        place, texts = parse_place(self.input.catalogues, "catalogues"), self._texts(self.input.columns)
        paths = ImagePaths(self.input.images, self.folder)
        theirs, tables = self.input.columns.get("candidate_id", "candidate_id"), []
        self.faults = {}
        for exposure in exposure_records(self.exposures(night)):
            name = exposure["exposure_id"]
            try:
                path, hdu = paths.find(paths.name(place, exposure)), paths.hdu(place, exposure)
                rows = self._cached(path, texts, str(hdu)).assign(exposure_id=name, night=exposure["night"])
            except InputError as error:
                self.faults[name] = str(error)
                continue
            if theirs not in rows:
                rows[theirs] = [f"{name}-{row}" for row in range(len(rows))]
            tables.append(rows)
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _texts(self, columns: Mapping[str, str]) -> set[str]:
        """Return the columns of a file that are text: those of the schema, the paths, and what fills patterns."""
        images = self.input.images
        places = [*images.places.values(), *images.planes.values(), *images.frame_places]
        paths = {column for place in places for column in place.columns}
        return {columns.get(name, name) for name in _TEXTS | paths}

    def _renamed(self, table: pd.DataFrame, columns: Mapping[str, str], where: str) -> pd.DataFrame:
        require_columns(table, columns.values(), where)
        taken = set(columns.values())
        ours = {name: table[theirs] for name, theirs in columns.items()}
        rest = {name: table[name] for name in table if name not in taken and name not in ours}
        return pd.DataFrame({**rest, **ours})

    def candidates(self, night: str) -> pd.DataFrame:
        """Return the candidates of a night, or all of them for no night, in the file's order."""
        where = self.input.catalogues
        table: pd.DataFrame | None = None
        if self.input.catalogues:
            table = self._from_catalogues(night)
        else:
            table, where = self._table(self.input.candidates, night, self._texts(self.input.columns))
        if table is None or not len(table.columns):
            return pd.DataFrame({name: pd.Series(dtype="str") for name in ("candidate_id", "exposure_id", "night")})
        rows = self._renamed(table, {**self.input.columns, **self.settings.metadata_paths}, where)
        require_columns(rows, ("candidate_id",), where)
        rows = self._with_times(rows.drop(columns=[*_OURS], errors="ignore"), self.input.columns, where)
        if "exposure_id" not in rows:
            rows["exposure_id"] = self._first_paths(rows, where)
        if "object_id" not in rows:
            rows["object_id"] = rows["candidate_id"]
        _require_ids(rows, where)
        for name in rows.columns.intersection(_NUMBERS):
            rows[name] = numbers_of(rows, name, where)
        require_columns(rows, ("ra_deg", "dec_deg", *self.input.images.needs, *self.needs), where)
        rows = self._named(rows, where)
        rows["night"] = self._nights(rows, self.input.candidates, night, where)
        return (rows[rows["night"] == night] if night else rows).reset_index(drop=True)

    def _first_paths(self, rows: pd.DataFrame, where: str) -> list[str]:
        """Return the place of each row's first image as the id of its exposure."""
        first = next(name for name in self.settings.channels if name in self.input.images.hdus)
        place = self.input.images.places[first]
        if self.input.exposures or not place.columns or "exposure_id" in place.columns:
            raise InputError(f"{where}: column 'exposure_id' is missing; there: {', '.join(rows)}")
        require_columns(rows, sorted(place.columns), where)
        written = f"{{{place.path}}}" if place.is_column else place.path
        pattern = f"{written}:{place.hdu}" if "{" in place.hdu else written
        texts = {name: as_text(rows[name]) for name in place.columns}
        each = (dict(zip(texts, values, strict=True)) for values in zip(*texts.values(), strict=True))
        return [fill_columns(pattern, row) for row in each]

    def _with_times(self, rows: pd.DataFrame, columns: Mapping[str, str], where: str) -> pd.DataFrame:
        if "time_mjd" in rows:
            what = f"{where}: column {columns.get('time_mjd', 'time_mjd')!r}"
            rows["time_mjd"] = column_mjd(rows["time_mjd"], what, time_format=self.input.time_format)
        return rows

    def _named(self, rows: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return the rows with bands by name and signs as +1, -1 and 0."""
        if "band" in rows:
            rows["band"] = [self.input.bands.get(text, text) for text in as_text(rows["band"])]
        if "flux_sign" in rows:
            what = f"{where}: column {self.input.columns.get('flux_sign', 'flux_sign')!r}"
            rows["flux_sign"] = flux_signs(rows["flux_sign"], self.input.negative_values, what)
        return rows

    def _nights(self, rows: pd.DataFrame, named: str, night: str, where: str) -> list[str]:
        """Return the night of each row: from the file's name, a column, the time, or its exposure."""
        if NIGHT in named:
            return [night] * len(rows)
        if "night" in rows:
            days = self.settings.mjd_night_offset_days
            return stated_nights(as_text(rows["night"]), f"{where}: column 'night'", days)
        if "time_mjd" in rows:
            try:
                return night_of(rows["time_mjd"], self.settings.longitude_deg).tolist()
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        if self.input.exposures and named == self.input.candidates:
            return self._nights_of_exposures(rows, night, where)
        raise InputError(f"{where}: neither column 'night' nor 'time_mjd' says when; there: {', '.join(rows)}")

    def _nights_of_exposures(self, rows: pd.DataFrame, night: str, where: str) -> list[str]:
        """Return the night of each row's exposure; empty for those of nights whose own file is not looked at."""
        one_file = NIGHT not in self.input.exposures
        exposures = self.exposures("" if one_file else night).set_index("exposure_id")["night"]
        nights = rows["exposure_id"].map(exposures)
        unknown = nights.isna().to_numpy()
        if one_file and unknown.any():
            row = int(unknown.argmax())
            raise InputError(
                f"{where}: row {row + 1}: exposure_id {rows['exposure_id'].iloc[row]!r} is in no row of "
                f"{self.input.exposures}, so its night is not known"
            )
        return nights.fillna("").tolist()

    def exposures(self, night: str, candidates: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the exposures of a night, or all of them for no night."""
        if not self.input.exposures:
            return self._exposures_of(self.candidates(night) if candidates is None else candidates)
        table, where = self._table(self.input.exposures, night, self._texts(self.input.exposure_columns))
        if table is None:
            return pd.DataFrame({name: pd.Series(dtype="str") for name in ("exposure_id", "night")})
        rows = self._with_times(
            self._renamed(table, self.input.exposure_columns, where), self.input.exposure_columns, where
        )
        require_columns(rows, ("exposure_id",), where)
        twice = rows["exposure_id"][rows["exposure_id"].duplicated()]
        if len(twice):
            raise InputError(f"{where}: exposure_id {twice.iloc[0]!r} appears twice")
        for name in rows.columns.intersection(_EXPOSURE_NUMBERS):
            rows[name] = numbers_of(rows, name, where)
        if "flux_sign" in rows:
            what = f"{where}: column {self.input.exposure_columns.get('flux_sign', 'flux_sign')!r}"
            signs = flux_signs(rows["flux_sign"], self.input.negative_values, what)
            rows["flux_sign"] = pd.Series(signs, rows.index, dtype="float64").replace(0.0, float("nan"))
        rows["night"] = self._nights(rows, self.input.exposures, night, where)
        return (rows[rows["night"] == night] if night else rows).reset_index(drop=True)

    def first_exposure(self, night: str) -> pd.DataFrame:
        """Return the first exposure that the tables name, by those of its columns that they have; no row for none."""
        named, columns = self.input.candidates, self.input.columns
        if self.input.exposures:
            named, columns = self.input.exposures, self.input.exposure_columns
        table, where = self._table(named, night, self._texts(columns))
        if table is None or not len(table):
            return pd.DataFrame()
        there = {name: theirs for name, theirs in columns.items() if theirs in table}
        row = self._renamed(table.iloc[:1], there, where)
        return row if "exposure_id" in row else row.assign(exposure_id=f"of the first row of {where}")

    def _exposures_of(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return the exposures that the candidates' rows name; all rows of one must agree in what fills its paths."""
        first = candidates.drop_duplicates("exposure_id")
        needed = {name for name in self._texts({}) if name in candidates}
        for name in sorted(needed - _TEXTS):
            values = candidates[name].astype(str).groupby(candidates["exposure_id"], sort=False).nunique()
            if (values > 1).any():
                raise InputError(f"{self.input.candidates}: exposure_id {values.idxmax()!r} has more than one {name}")
        own = [name for name in candidates if name not in CANDIDATE_COLUMNS or name in _OF_EXPOSURE]
        for name in candidates.columns.intersection(_EXPOSURE_NUMBERS):
            first = first.assign(**{name: numbers_of(first, name, self.input.candidates)})
        return first[own].reset_index(drop=True)

    def nights(self) -> list[str]:
        """Return the nights that hold candidates."""
        if self.input.catalogues:
            return sorted(set(self.exposures("")["night"]))
        name = self.input.candidates.partition(":")[0]
        if NIGHT in name:
            self._require_nights(name)
            found = {path: stated_night(path, name) for path in matching(self.folder, escape(name))}
            return sorted(text for path, text in found.items() if is_night(text) and name.replace(NIGHT, text) == path)
        return sorted(set(self.candidates("")["night"]) - {""})

    def _require_nights(self, named: str, night: str = "") -> None:
        name = named.partition(":")[0]
        require_nights(self.folder, escape(name), name, night)

    def reference(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of a reference table that belong to the night, or all for no night.

        They are those of the column ``night``, else those of the night's candidates, else all. Columns that the
        candidates' settings rename have our names; an id that ``labels`` call as the file does keeps that name as well.
        """
        texts = {*_REFERENCE_IDS, *self.settings.id_columns, *self._texts(self.input.columns)}
        rows, where = self._table(self.input.tables[table], night, texts)
        if rows is None:
            raise MissingInputError(f"no table {self.folder / where}")
        ours = {theirs: name for name, theirs in self.input.columns.items() if theirs in rows and name not in rows}
        asked = {theirs: rows[theirs] for theirs in ours if theirs in self.settings.id_columns}
        rows = rows.rename(columns=ours).assign(**asked)
        if night and "night" in rows:
            rows = rows[[each == night for each in self._nights(rows, "", night, where)]]
        elif night and "candidate_id" in rows:
            candidates = self.candidates(night)["candidate_id"]
            mine = rows["candidate_id"].isin(candidates)
            if len(rows) and len(candidates) and not mine.any():
                warn_unmatched(log, str(self.folder / where), len(rows), f"a candidate of the night {night}")
            rows = rows[mine]
        return rows.reset_index(drop=True)


def _require_ids(rows: pd.DataFrame, where: str) -> None:
    for name in ("candidate_id", "exposure_id"):
        empty = (rows[name] == "").to_numpy()
        if empty.any():
            raise InputError(f"{where}: row {empty.argmax() + 1}: {name} is empty; allowed: a name")
    twice = rows["candidate_id"].duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise InputError(f"{where}: row {row + 1}: candidate_id {rows['candidate_id'].iloc[row]!r} appears twice")
