"""The exposures of a survey of FITS files: one row for each, from its header or a table, with its night."""

import logging
import re
from collections.abc import Mapping
from glob import escape
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io.fits import Header

from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile
from pipeline.io.tables.table_file import numbers_of, read_table, require_columns
from pipeline.night import (
    MJD_EPOCH,
    is_night,
    night_name,
    night_number,
    night_of,
    parse_night,
    respelled_night,
    stated_nights,
)
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.settings import Place
from pipeline.surveys.image_pairs.headers import Cell, header_row, times_apart
from pipeline.surveys.image_pairs.settings import ImagePairsInput
from pipeline.surveys.image_pairs.templates import ServiceTemplates
from pipeline.surveys.night_paths import NIGHT, matching, require_nights, stated_night
from pipeline.surveys.settings import SurveySettings
from pipeline.times import column_mjd, is_possible

log = logging.getLogger(__name__)

TEMPLATE_COLUMN = "template_path"
"""Column of the exposures with the file that a service's template is kept in."""

_ENDING = re.compile(r"\.(fits|fit|fts)(\.(gz|fz|bz2))?$", re.IGNORECASE)
_NUMBERS = ("time_mjd", "exposure_s", "saturation", "gain", "read_noise", "fwhm_pixel", "zeropoint")
_WILD = set("*?[{")
_FAULT = "refused for what its header says"
"""Column that says why a header cannot be used."""
_NIGHTS_OFF = 1
"""By how many nights a file's time may differ from the night it is filed under: systems count nights differently."""
_NAMED = "named by its path"
"""Column of the id that an exposure has where its header gives none."""


class ExposureList:
    """Finds the exposures of one survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    survey_input : ImagePairsInput
        Where its images are.
    folder : Path
        Where relative paths start.

    Attributes
    ----------
    faults : dict
        Files that are not used, as their header could not be read, states no time or contradicts their night, and
        why; as of the last call.
    lost : set of str
        Those of them whose night is known, so that it lacks them.
    """

    def __init__(self, settings: SurveySettings, survey_input: ImagePairsInput, folder: Path) -> None:
        self.settings, self.input, self.folder = settings, survey_input, folder
        self.faults: dict[str, str] = {}
        self.lost: set[str] = set()
        self._place: Place = survey_input.images.places["science"]
        self._paths = ImagePaths(survey_input.images, folder)
        self._read: dict[tuple[object, ...], dict[str, Cell]] = {}
        self._apart: dict[str, tuple[str, str, float]] = {}
        service = survey_input.template_service
        self.templates = ServiceTemplates(service, self._paths, self._place) if service else None

    def nights(self) -> list[str]:
        """Return the nights that hold exposures, sorted."""
        return sorted(set(self.rows("")["night"]))

    def rows(self, night: str) -> pd.DataFrame:
        """Return the exposures of a night in the order of their times, or of all nights for no night.

        A file whose header cannot be read keeps its row where its night is known: reading it will say what is wrong.
        """
        self.faults, self.lost = {}, set()
        found = []
        for stated in self._listed(night):
            if night not in ("", stated.get("night", night)):
                continue
            row = self._row(stated)
            if row is not None and night in ("", row["night"]):
                found.append(row)
        found.sort(key=lambda row: (row["night"], row.get("time_mjd", np.inf), row["exposure_id"]))
        rows = pd.DataFrame(self._once(found), columns=None if found else ["exposure_id", "night", "path"])
        for name in rows.columns.intersection(_NUMBERS):
            rows[name] = rows[name].astype(np.float64)
        if night:
            self._say_what_is_lacking(rows)
            self._say_which_times_differ(rows)
        return rows

    def _say_which_times_differ(self, rows: pd.DataFrame) -> None:
        """Warn of exposures whose header states two times: that of the first key, perhaps rounded, was taken."""
        apart = {path: self._apart[path] for path in rows["path"] if path in self._apart}
        if apart:
            path = max(apart, key=lambda each: apart[each][2])
            taken, other, seconds = apart[path]
            log.warning(
                "%s and %s state different times in %d of %d exposures, by up to %.1f s (%s): %s is taken, which "
                "may be rounded; name the right one alone in input.keys.time",
                taken, other, len(apart), len(rows), seconds, path, taken,
            )  # fmt: skip

    def _say_what_is_lacking(self, rows: pd.DataFrame) -> None:
        """Warn of exposures whose times are taken for their middles because nothing states their exposure time."""
        keys = self.input.keys
        if keys.time_at == "middle" or not len(rows) or "time_mjd" not in rows:
            return
        known = rows["exposure_s"].notna() if "exposure_s" in rows else pd.Series(False, rows.index)
        lacking = rows.loc[rows["time_mjd"].notna() & ~known, "path"]
        if len(lacking):
            log.warning(
                "%d of %d exposures have no FITS key %s, %s the first: their times are those of the %s; name the "
                "key, or the seconds themselves, in input.keys.exposure_s",
                len(lacking), len(rows), keys.exposure_s or "for the exposure time", lacking.iloc[0], keys.time_at,
            )  # fmt: skip

    def _once(self, rows: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
        """Return the first row of each id; the others are faults."""
        once: dict[str, dict[str, Cell]] = {}
        for row in rows:
            if once.setdefault(str(row["exposure_id"]), row) is not row:
                self.faults[str(row["path"])] = f"exposure_id {row['exposure_id']!r} appears twice"
        return list(once.values())

    def _listed(self, night: str) -> list[dict[str, Cell]]:
        """Return what files and tables say of exposures before a header is read."""
        if self.input.exposures:
            return self._from_table(night)
        pattern = self.input.files
        fixed = _fixed(pattern.replace(NIGHT, "*"))
        listed: list[dict[str, Cell]] = []
        others = set()
        for name in matching(self.folder, pattern, night):
            row: dict[str, Cell] = {"path": name, _NAMED: _ENDING.sub("", name.removeprefix(fixed))}
            stated = stated_night(name, pattern) if NIGHT in pattern else ""
            if NIGHT in pattern and not is_night(stated):
                others.add(stated)
            else:
                listed.append(row | ({"night": stated} if stated else {}))
        if not listed:
            require_nights(self.folder, pattern, pattern, night)
        for other in sorted(text for text in others if respelled_night(text)):
            self.faults[pattern.replace(NIGHT, other)] = f"{other!r} is not a night; allowed: {respelled_night(other)}"
        return listed

    def _from_table(self, night: str) -> list[dict[str, Cell]]:
        named = self.input.exposures
        paths = [self.folder / named.replace(NIGHT, night)]
        if NIGHT in named and not night:
            require_nights(self.folder, escape(named), named)
            paths = [self.folder / name for name in matching(self.folder, escape(named))]
        listed = []
        for path in paths:
            if NIGHT in named and not path.is_file():
                require_nights(self.folder, escape(named), named, night)
                continue
            texts = {"exposure_id", "night", "path", "band", "telescope", "detector", "field"}
            theirs = {self.input.exposure_columns.get(name, name) for name in texts | self._place.columns}
            table = read_table(path, texts=theirs)
            where = path.name
            require_columns(table, self.input.exposure_columns.values(), where)
            rows = table.rename(columns={theirs: ours for ours, theirs in self.input.exposure_columns.items()})
            require_columns(rows, ("path",), where)
            if "time_mjd" in rows:
                rows["time_mjd"] = _times(rows["time_mjd"], where)
            for column in rows.columns.intersection(_NUMBERS):
                rows[column] = numbers_of(rows, column, where)
            days, what = self.settings.mjd_night_offset_days, f"{where}: column 'night'"
            for row in rows.to_dict("records"):
                known = {str(key): value for key, value in row.items() if pd.notna(value) and value != ""}
                if "night" in known:
                    known["night"] = stated_nights(as_text([known["night"]]), what, days)[0]
                if "path" in known:
                    listed.append(known)
        return listed

    def _row(self, stated: Mapping[str, Cell]) -> dict[str, Cell] | None:
        """Return the row of an exposure, what is stated before what its header says; None where it has no night."""
        row, path, fault = dict(stated), str(stated["path"]), ""
        try:
            row = self._from_header(row) | row
        except InputError as error:
            fault = self._said(error)
        refused = row.pop(_FAULT, "") or self._contradiction(stated, row)
        if refused:
            self.faults[path] = str(refused)
            self.lost |= {path} if "night" in stated else set()
            return None
        row.setdefault("exposure_id", row.pop(_NAMED, _ENDING.sub("", path)))
        row.pop(_NAMED, None)
        row = self._with_band(row)
        if "night" not in row:
            if "time_mjd" not in row:
                self.faults[path] = fault
                return None
            row["night"] = str(night_of(float(row["time_mjd"]), self.settings.longitude_deg)[0])
        return row

    def _said(self, error: InputError) -> str:
        return " ".join(str(error).split()).replace(f"{self.folder}/", "")

    def _contradiction(self, stated: Mapping[str, Cell], row: Mapping[str, Cell]) -> str:
        """Return how the stated night and the time contradict each other; empty where they agree."""
        if "night" not in stated or "time_mjd" not in row:
            return ""
        number = int(night_number(float(row["time_mjd"]), self.settings.longitude_deg))
        if abs(number - (parse_night(str(stated["night"])) - MJD_EPOCH).days) <= _NIGHTS_OFF:
            return ""
        time = f"MJD {float(row['time_mjd']):.5f}"
        return f"is filed under night {stated['night']}, and its time, {time}, belongs to night {night_name(number)}"

    def _from_header(self, row: Mapping[str, Cell]) -> dict[str, Cell]:
        path, hdu = self._paths.find(str(row["path"])), self._paths.hdu(self._place, row)
        status = path.stat()
        with_time = "time_mjd" not in row
        key = (path, hdu, with_time, status.st_size, status.st_mtime_ns)
        if key not in self._read:
            with FitsFile(path) as file:
                header, first, shape = file.header(hdu), file.header(0), file.shape(hdu)
            try:
                found = header_row(header, first, self.input, where=str(path), with_time=with_time)
            except InputError as error:
                found = {_FAULT: self._said(error)}
            apart = times_apart(header, first, self.input.keys) if with_time else None
            self._apart |= {str(row["path"]): apart} if apart else {}
            self._read[key] = found | self._template(self._with_band({**found, **row}), header, shape)
        found = dict(self._read[key])
        if not {"time_mjd", _FAULT} & set(found) and not {"night", "time_mjd"} & set(row):
            raise InputError(
                f"{path} states no time: none of the keys {', '.join(self.input.keys.time)} is usable; name the key "
                "that states it in input.keys.time, or the times in the column time_mjd of a table, input.exposures"
            )
        return found

    def _with_band(self, row: dict[str, Cell]) -> dict[str, Cell]:
        """Return a row with the name of its band in place of what the header or table says."""
        return row | {"band": self.input.bands.get(str(row["band"]), row["band"])} if "band" in row else row

    def _template(self, row: Mapping[str, Cell], header: Header, shape: tuple[int, int]) -> dict[str, Cell]:
        """Return the column that names the file of a service's template; nothing where it cannot be asked for."""
        if self.templates is None:
            return {}
        try:
            return {TEMPLATE_COLUMN: self.templates.name(row, header, shape)}
        except InputError:
            return {}


def _fixed(pattern: str) -> str:
    """Return the folders at the beginning of a pattern that do not vary."""
    parts = pattern.split("/")[:-1]
    wild = next((number for number, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return "".join(f"{part}/" for part in parts[:wild])


def _times(stated: pd.Series, where: str) -> pd.Series:
    """Return MJDs of a table whose times are moments, MJDs or JDs, as headers have them; 0 is a blank."""
    times = pd.Series(column_mjd(stated, f"{where}: time_mjd", time_format="mjd_or_jd"), stated.index)
    bad = times.notna().to_numpy() & ~is_possible(times)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"{where}: row {row + 1}: time_mjd is {stated.iloc[row]}; allowed: MJD or JD of 1900 to 2100")
    return times
