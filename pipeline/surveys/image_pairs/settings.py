"""What a survey of science images and templates states: the ``input`` of ``source: image_pairs``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.conversions import S_PER_DAY
from pipeline.errors import SettingsError
from pipeline.io.services.templates import TemplateSource
from pipeline.surveys.difference_settings import ZeropointSettings
from pipeline.surveys.exposures.settings import ImageSettings

_OURS = ("exposure_id", "night", "path", "time_mjd", "exposure_s", "band", "telescope", "detector", "field")

LONGEST_S = S_PER_DAY
"""No exposure is this long, in seconds; a larger number is in milliseconds."""


@dataclass(frozen=True, kw_only=True)
class ExposureKeys:
    """From which FITS keys the row of an exposure is taken; an empty key is not looked for.

    Attributes
    ----------
    exposure_id : str
        Empty: the path of the file without its ending, from where the pattern of files begins to vary.
    time : tuple of str
        The first that is there counts, 0 being a blank: a number, even one written as text, is an MJD or JD,
        another text an ISO date. A time outside 1900 to 2100 is an error. Where another of them states a time more
        than 1 s off, as beside an MJD of three decimals, a warning says so.
    clock : tuple of str
        Where the time of day is, if the date comes without: 12:30:00 or 123000.
    time_scale : str
        Where the scale of the time is: UTC, TAI or TT, UTC where the header states none; a date with a zone is UTC;
        empty: UTC whatever the header says.
    time_at : {"start", "middle", "end"}
        Which moment of the exposure the time states: its ``start``, ``middle`` or ``end``.
    exposure_s : str or float, in s
        Key of the exposure time, or the seconds themselves, 0 to below 86,400, where no header states them. If it is
        missing, the time is used as it is, which is logged.
    band : str
        Band.
    telescope : str
        Telescope; empty: the survey's.
    detector : str
        Detector.
    columns : mapping of str to str
        Further columns, for braces in paths: name to key.
    field : str
        Field.
    """

    exposure_id: str = ""
    time: tuple[str, ...] = ("MJD-OBS", "DATE-OBS")
    clock: tuple[str, ...] = ("TIME-OBS", "UT")
    time_scale: str = "TIMESYS"
    time_at: Literal["start", "middle", "end"] = "start"
    exposure_s: str | float = "EXPTIME"
    band: str = "FILTER"
    telescope: str = ""
    detector: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    field: str = "OBJECT"

    def __post_init__(self) -> None:
        taken = [name for name in self.columns if name in _OURS]
        if taken:
            raise SettingsError(f"columns names {taken[0]!r}, which has a key of its own; allowed: other names")
        if not isinstance(self.exposure_s, str) and not 0 <= self.exposure_s < LONGEST_S:
            raise SettingsError(
                f"exposure_s is {self.exposure_s:g}; allowed: a FITS key, or 0 to below {LONGEST_S:g} s"
            )


@dataclass(frozen=True, kw_only=True)
class VetoSettings:
    """Detections that stand on an object of a catalogue are dropped.

    Attributes
    ----------
    catalogue : str
        Table file; a relative path starts at the folder above the settings.
    ra_deg : str
        Its column of right ascensions, in degrees.
    dec_deg : str
        Its column of declinations, in degrees.
    radius_arcsec : float, in arcsec
        A detection this near is dropped, inclusive; at least 0.
    """

    catalogue: str
    ra_deg: str = "ra_deg"
    dec_deg: str = "dec_deg"
    radius_arcsec: float = 2.0

    def __post_init__(self) -> None:
        if not self.radius_arcsec >= 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: at least 0")


@dataclass(frozen=True, kw_only=True)
class ImagePairsInput:
    """The ``input`` of a survey of science images and templates, which is subtracted and searched here.

    Attributes
    ----------
    folder : str
        Where relative paths start.
    files : str
        Pattern of the science images below it: ``*`` for any text in a name, ``**`` for any folders, ``{night}``
        for the night where each has a folder or name of its own.
    exposures : str
        Instead of ``files``, a table with the column ``path`` and any other column of the exposures, which go
        before the headers; ``{night}`` in its name where each night has its own.
    exposure_columns : mapping of str to str
        Our name of a column to the table's, where they differ.
    keys : ExposureKeys
        From which FITS keys the exposures' columns are taken.
    bands : mapping of str to str
        What stands for the band in headers or the table, to the band's name.
    images : ImageSettings
        ``hdus`` of science, ``path:HDU`` with ``path`` the science image's file, and of the template, with columns
        as ``{band}``, which is left out where ``difference`` is ``none``; masks; ``difference``, whose default is
        `DifferenceSettings` here.
    template_service : TemplateSource or None
        An image service instead of a template in ``hdus``.
    zeropoint : ZeropointSettings or None
        A catalogue of stars; none: the header's zeropoint is taken.
    veto : VetoSettings or None
        A catalogue of known objects whose detections are dropped.
    tables : mapping of str to str
        Reference tables for labels and evaluation: name to file; a night has the rows of its column ``night``, else
        all.
    """

    folder: str
    files: str = ""
    exposures: str = ""
    exposure_columns: Mapping[str, str] = field(default_factory=dict)
    keys: ExposureKeys = field(default_factory=ExposureKeys)
    bands: Mapping[str, str] = field(default_factory=dict)
    images: ImageSettings
    template_service: TemplateSource | None = None
    zeropoint: ZeropointSettings | None = None
    veto: VetoSettings | None = None
    tables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.files) == bool(self.exposures):
            raise SettingsError("give exactly one of files, exposures")
        if self.files.startswith("/") or ".." in self.files.split("/"):
            raise SettingsError(f"files is {self.files!r}; allowed: a pattern below folder")
        start, is_nightly, rest = self.files.partition("{night}")
        if set("{}") & set(start + rest) or (is_nightly and set("*?[") & set(start)):
            raise SettingsError(f"files is {self.files!r}; allowed in braces: {{night}}, before any other wildcard")
        if "science" not in self.images.hdus:
            raise SettingsError("images.hdus does not say where the science image is; path:0 is the file's first HDU")
        templates = ("template" in self.images.hdus) + (self.template_service is not None)
        if self.images.difference is not None and not self.images.difference.has_template:
            if templates:
                raise SettingsError("images.difference is none, which needs no template; allowed: science")
        elif templates != 1:
            raise SettingsError(
                "give exactly one of images.hdus.template, template_service; `images.difference: none` searches the "
                "science images as they are"
            )
        if self.template_service is not None and self.template_service.path:
            raise SettingsError("template_service names a path; allowed: hips. Files belong to images.hdus.template")
        if "difference" in self.images.hdus:
            raise SettingsError("images.hdus names a difference, which is made here; allowed: science, template")
