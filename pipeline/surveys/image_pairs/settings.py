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
"""No exposure is as long, in seconds; milliseconds are."""


@dataclass(frozen=True, kw_only=True)
class ExposureKeys:
    """From which FITS keys the row of an exposure is taken; an empty key is not looked for.

    Attributes
    ----------
    exposure_id : str
        Empty: the path of the file without its ending, from where the pattern of files begins to vary.
    time : tuple of str
        The first of these that the header has counts, 0 being a blank: a number, be it written as text, is an MJD or
        JD, another text an ISO date. A time outside 1900 to 2100 is an error.
    clock : tuple of str
        Where the time of day is, if the date comes without.
    time_scale : str
        Where the scale of the time is: UTC, TAI or TT; UTC where the header states none. A date with a zone is UTC.
    time_at : str
        What the time is of the exposure: its ``start``, ``middle`` or ``end``.
    exposure_s : str or float
        Or the seconds themselves, where no header says them.
    band, telescope, detector, field : str
    columns : mapping
        Further columns, for braces in paths: name to key.
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
        A table file; a relative path starts at the folder above the settings.
    ra_deg, dec_deg : str
        Its columns of the positions, in degrees.
    radius_arcsec : float
        Inclusive.
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
        Where relative paths start; ``${NAME}`` is taken from the environment.
    files : str
        Pattern of the science images below it: ``*`` for any text in a name, ``**`` for any folders, ``{night}``
        for the night where each has a folder or name of its own.
    exposures : str
        Instead of that, a table with the column ``path`` and any other of the exposures' columns, which go before
        the headers; ``{night}`` in its name where each night has its own.
    exposure_columns : mapping
        Our name of a column to the table's, where they differ.
    keys : ExposureKeys
    bands : mapping
        What stands for the band in headers or the table, to the band's name.
    images : ImageSettings
        Where the images of an exposure are, ``path`` being the science image's file, and how their difference is
        made and searched.
    template_service : TemplateSource, optional
        An image service instead of ``images.hdus.template``, with columns in braces in its ``hips``. Neither is
        given where ``images.difference`` is none.
    zeropoint : ZeropointSettings, optional
    veto : VetoSettings, optional
    tables : mapping
        Reference tables for labels and evaluation: name to file, ``{night}`` as above.
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
                raise SettingsError("images.difference is none, which leaves no use for a template; allowed: science")
        elif templates != 1:
            raise SettingsError(
                "give exactly one of images.hdus.template, template_service; `images.difference: none` searches the "
                "science images as they are"
            )
        if self.template_service is not None and self.template_service.path:
            raise SettingsError("template_service names a path; allowed: hips. Files belong to images.hdus.template")
        if "difference" in self.images.hdus:
            raise SettingsError("images.hdus names a difference, which is made here; allowed: science, template")
