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
        Where relative paths start; ``${NAME}`` is taken from the environment.
    candidates : str
        Table of candidates, ``{night}`` in its name where each night has its own; ``:HDU`` after it for a FITS
        table that is not the first.
    catalogues : str
        Instead of that, the table of each exposure's own candidates, ``path:HDU`` as images have it.
    exposures : str
        Table of exposures likewise; empty: the candidates' rows name the images themselves.
    images : ImageSettings
        Where the images of an exposure are.
    columns, exposure_columns : mapping
        Our name of a column to the file's, where they differ.
    time_format : str
        ``jd`` or ``mjd``, UTC, of the column for ``time_mjd``.
    bands : mapping
        Value in the table to the band's name.
    negative_values : tuple of str
        Values of the ``flux_sign`` column that mean science below template, beside those of `flux_signs`.
    tables : mapping
        Reference tables for labels and evaluation: name to file, ``{night}`` as above.
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
