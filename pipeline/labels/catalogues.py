"""Labels by position from a catalogue whose entries have a class: an export of the TNS, a survey's own list."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED, label_names, label_values
from pipeline.crossmatch.match import all_within
from pipeline.errors import InputError, SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, table_of, verdict
from pipeline.labels.references import OBJECT, Of, Reference
from pipeline.photometry.flux_sign import plain_text
from pipeline.times import column_mjd

log = logging.getLogger(__name__)

CLASS: Final = "class"
TIME: Final = "time"
"""What the columns of a file are called once they are read."""


@dataclass(frozen=True, kw_only=True)
class CatalogueLabels:
    """Labels of candidates at the places of catalogued sources, by the class of each.

    Attributes
    ----------
    table : str
        Reference table of the survey.
    catalogue : str
        File to read instead: Parquet, CSV, ECSV or FITS.
    ra_column, dec_column : str
        What the file calls right ascension and declination, degrees; a table of the survey has ``ra_deg dec_deg``.
    class_column : str
        What the file or table calls the class of an entry.
    classes : mapping of str to str
        The label that each class stands for: one of the survey's classes (``real`` or ``bogus`` of a survey that states
        none) or ``none``. Case and blanks around a class do not count; a number is the same class as 1 and as 1.0.
    other : str
        The label of classes that ``classes`` does not name, and of entries without one.
    radius_arcsec : float, in arcsec
        How near a candidate must be; above 0.
    time_column : str
        What the file or table calls the time of an entry, such as its discovery: MJD or JD, or ISO date and time in
        UTC. Empty: entries match at any time.
    days_before, days_after : float, in days
        With ``time_column``: a candidate matches from so long before that time to so long after it; at least 0.
    source : str
        ``label_source`` of the rows; empty: ``catalogue``.
    of : {"detection", "object"}
        What the labels are of (docs/labels.md#detections-and-objects).
    """

    table: str = "catalogue"
    catalogue: str = ""
    ra_column: str = "ra_deg"
    dec_column: str = "dec_deg"
    class_column: str = "class"
    classes: Mapping[str, str] = field(default_factory=dict)
    other: str = "none"
    radius_arcsec: float = 1.0
    time_column: str = ""
    days_before: float = 30.0
    days_after: float = 365.0
    source: str = ""
    of: Of = OBJECT

    def __post_init__(self) -> None:
        if not self.radius_arcsec > 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0")
        for name in ("days_before", "days_after"):
            days = getattr(self, name)
            if not (math.isfinite(days) and days >= 0):
                raise SettingsError(f"{name} is {days}; allowed: at least 0")
        spellings = [plain_text(word) for word in self.classes]
        if twice := [word for word, plain in zip(self.classes, spellings, strict=True) if spellings.count(plain) > 1]:
            named = " and ".join(map(repr, twice))
            raise SettingsError(f"classes name {named}, which are one class; allowed: each once")
        if not self.classes and self.other == "none":
            raise SettingsError(
                "classes is empty and other is 'none', so that nothing gets a label; allowed: `classes: {SN Ia: real}` "
                "and the like, or `other: real` for every entry"
            )

    def class_faults(self, class_names: Sequence[str]) -> list[str]:
        """Return what the settings say of classes that the survey does not have."""
        names = [*label_names(class_names).values()]
        known = {name.lower() for name in names}
        said = {**{f"classes.{word}": label for word, label in self.classes.items()}, "other": self.other}
        return [
            f"{key} is {label!r}; allowed: {', '.join(names)}"
            for key, label in said.items()
            if label.lower() not in known
        ]

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        if not self.catalogue:
            return {"catalogue": Reference(name=self.table)}
        columns = {"ra_deg": self.ra_column, "dec_deg": self.dec_column, CLASS: self.class_column}
        columns |= {TIME: self.time_column} if self.time_column else {}
        return {
            "catalogue": Reference(
                name=self.catalogue, kind="catalogue", columns=tuple(columns.items()), texts=(CLASS,),
                times=(TIME,) if self.time_column else (),
            )
        }  # fmt: skip


@LABEL_PROVIDERS.register("catalogue", settings=CatalogueLabels, any_classes=True)
def catalogue_labels(
    candidates: pd.DataFrame, tables: Tables, settings: CatalogueLabels, class_names: Sequence[str] = CLASS_NAMES
) -> Verdict:
    """Match candidates to the entries of a catalogue; entries of different labels at one place give none.

    Parameters
    ----------
    candidates : DataFrame
        The rows to label.
    tables : mapping of str to DataFrame
        The catalogue, by its role.
    settings : CatalogueLabels
        What its columns and classes are.
    class_names : sequence of str
        The survey's classes, at the index of their codes.
    """
    entries = _entries(tables, settings, class_names)
    label, kind = np.full(len(candidates), UNLABELLED, np.int8), np.full(len(candidates), "", object)
    seen = candidates["time_mjd"].to_numpy(np.float64)
    names, codes, times = (entries[name].to_numpy() for name in (CLASS, "label", TIME))
    ambiguous = 0
    for row, near in enumerate(all_within(*_places(candidates), *_places(entries), settings.radius_arcsec)):
        matched = np.asarray(near, np.intp)
        if settings.time_column:
            since = seen[row] - times[matched]
            matched = matched[(since >= -settings.days_before) & (since <= settings.days_after)]
        if len(set(codes[matched].tolist())) > 1:
            ambiguous += 1
        elif len(matched):
            label[row], kind[row] = codes[matched[0]], names[matched[0]]
    if ambiguous:
        log.info("labels %r: %d of %d candidates lie near entries of different labels, and get none",
                 _name(settings), ambiguous, len(candidates))  # fmt: skip
    return verdict(label, _kinds(kind, label, class_names), np.full(len(label), settings.source or "catalogue", object))


def _places(rows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rows["ra_deg"].to_numpy(np.float64), rows["dec_deg"].to_numpy(np.float64)


def _name(settings: CatalogueLabels) -> str:
    return settings.catalogue or settings.table


def _entries(tables: Tables, settings: CatalogueLabels, class_names: Sequence[str]) -> pd.DataFrame:
    """Return ``ra_deg dec_deg class label time`` of the entries; those without a needed time are left out."""
    is_file = bool(settings.catalogue)
    columns = {CLASS: CLASS if is_file else settings.class_column}
    columns |= {TIME: TIME if is_file else settings.time_column} if settings.time_column else {}
    table = table_of(tables, "catalogue", ("ra_deg", "dec_deg", *columns.values()), _name(settings))
    words = table[columns[CLASS]].astype(object).where(table[columns[CLASS]].notna(), "").astype("str").str.strip()
    values = label_values(class_names)
    meaning = {plain_text(word): values[label.lower()] for word, label in settings.classes.items()}
    codes = [meaning.get(plain_text(word), values[settings.other.lower()]) for word in words]
    times = np.full(len(table), np.nan)
    if settings.time_column:
        what = f"labels {_name(settings)!r}: column {settings.time_column!r}"
        times = column_mjd(table[columns[TIME]].to_numpy(), what, time_format="mjd_or_jd")
    found = pd.DataFrame(
        {"ra_deg": table["ra_deg"], "dec_deg": table["dec_deg"], CLASS: words, "label": codes, TIME: times}
    )
    undated = found[TIME].isna() & bool(settings.time_column)
    if undated.any():
        log.info("labels %r: %d of %d entries have no time and match nothing",
                 _name(settings), int(undated.sum()), len(found))  # fmt: skip
    wrong = ~(np.isfinite(found["ra_deg"].astype(float)) & found["dec_deg"].astype(float).between(-90, 90))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"labels {_name(settings)!r}: row {row + 1} lies at {found['ra_deg'].iloc[row]}, "
            f"{found['dec_deg'].iloc[row]}; allowed: right ascension and declination in degrees"
        )
    return found[~undated].reset_index(drop=True)


def _kinds(kind: NDArray[np.object_], label: NDArray[np.int8], class_names: Sequence[str]) -> NDArray[np.object_]:
    """Return the class of each entry as the kind of a row; without one, the name of its label."""
    named = [class_names[code] if code >= 0 else "" for code in label.tolist()]
    return np.where(kind == "", np.asarray(named, object), kind)
