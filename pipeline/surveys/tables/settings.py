"""Which table files a survey has: the ``input`` of a survey with ``source: table``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import SettingsError
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.surveys.exposures.settings import ImageSettings, parse_place


@dataclass(frozen=True, kw_only=True)
class TableInput:
    """The ``input`` of a survey of table files.

    Attributes
    ----------
    folder : str
        Where relative paths start.
    candidates : str
        Table of candidates: ``candidate_id``, ``ra_deg``, ``dec_deg``, the place that ``images`` needs, and a time
        or a night, here or in the exposures.
    catalogues : str
        Instead of ``candidates``, the table of each exposure's own candidates, ``path:HDU`` as in `ImageSettings`;
        ids are ``exposure_id-row`` where it has none.
    exposures : str
        Table of exposures; empty: the candidates' rows name the images themselves.
    images : ImageSettings
        Where the images of an exposure are.
    columns : mapping of str to str
        Candidate column to the column of the table, where they differ.
    exposure_columns : mapping of str to str
        Column of the exposures to the column of their table, where they differ.
    time_format : {"jd", "mjd"}
        Of the numbers in the column for ``time_mjd``, in UTC; timestamps and ISO texts need none, and numbers that
        are times in the other format alone are an error.
    bands : mapping of str to str
        Value in the table to the band's name.
    negative_values : tuple of str
        Texts of the ``flux_sign`` column that mean science below template, numbers in quotes; docs/formats.md#signs
        lists all that are read.
    tables : mapping of str to str
        Reference tables for labels and evaluation: name to file; a night has the rows that name it in a column
        ``night``, else those of its candidates, else all.
    """

    folder: str
    candidates: str = ""
    catalogues: str = ""
    exposures: str = ""
    images: ImageSettings
    columns: Mapping[str, str] = field(default_factory=dict)
    exposure_columns: Mapping[str, str] = field(default_factory=dict)
    time_format: Literal["jd", "mjd"] = "mjd"
    bands: Mapping[str, str] = field(default_factory=dict)
    negative_values: tuple[str, ...] = ("-1", "f", "0")
    tables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.columns) - set(CANDIDATE_COLUMNS)
        if unknown:
            raise SettingsError(f"columns names {min(unknown)!r}; allowed: {', '.join(CANDIDATE_COLUMNS)}")
        if bool(self.candidates) == bool(self.catalogues):
            raise SettingsError("give exactly one of candidates, catalogues")
        if "{night}" in self.candidates and self.candidates.startswith("/"):
            raise SettingsError(f"candidates is {self.candidates!r}; allowed with {{night}}: a path below folder")
        if self.catalogues:
            parse_place(self.catalogues, "catalogues")
            if not self.exposures:
                raise SettingsError("catalogues belong to exposures; give the table of exposures")
