"""Recipes of simulation into images: what is injected, with which PSF, on which galaxies.

Tested by tests/pipeline/stages/test_simulation_files.py.
"""

from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import SettingsError

PsfSource = Literal["stars", "file", "moffat"]
OffsetName = Literal["disc", "normal", "uniform", "nuclear"]


@dataclass(frozen=True, kw_only=True)
class PsfRecipe:
    """Where the PSF of an image is from.

    Attributes
    ----------
    sources : tuple of {"stars", "file", "moffat"}
        In the order of preference: ``stars`` of the image itself, a ``file``, a ``moffat`` profile of the image's
        FWHM. Which one was taken, and why not an earlier one, is in the log and in the result.
    file : str
        PSFEx model or snapshots of the science image, with columns of the exposure in braces:
        ``psf/{exposure_id}.psf``; relative to the survey's folder.
    template_file : str
        The same of the template.
    detector : str
        Which PSF of a file that holds several: an HDU's name, or a value of its column ``ccdname``; a column of the
        exposure in braces: ``{detector}``.
    first_x : float, in pixel
        X of the images' first pixel on the detector, from 0, where they were cut out of it.
    first_y : float, in pixel
        Y of the images' first pixel on the detector.
    beta : float
        Exponent of the Moffat profile, above 1, at most 20.
    min_stars : int
        Fewest stars that make a PSF, at least 3 and at most ``max_stars`` and ``cell_stars``.
    max_stars : int
        Most stars for each PSF, not below ``min_stars``.
    cell_stars : int
        With four (nine) times as many the image is divided into 2 x 2 (3 x 3) cells with PSFs of their own; not below
        ``min_stars``.
    max_residual : float
        A PSF that puts more than this share of the light of the image's stars into wrong pixels does not fit, and the
        next source is taken; above 0, at most 1.
    """

    sources: tuple[PsfSource, ...] = ("moffat",)
    file: str = ""
    template_file: str = ""
    detector: str = ""
    first_x: float = 0.0
    first_y: float = 0.0
    beta: float = 3.0
    min_stars: int = 12
    max_stars: int = 80
    cell_stars: int = 40
    max_residual: float = 0.1

    def __post_init__(self) -> None:
        if not self.sources or len(set(self.sources)) < len(self.sources):
            raise SettingsError(f"sources are {list(self.sources)}; allowed: each of stars, file, moffat once")
        if "file" in self.sources and not self.file:
            raise SettingsError("sources name 'file', but the key file is empty; give the path of a PSF")
        if not 1 < self.beta <= 20:
            raise SettingsError(f"beta is {self.beta}; allowed: above 1, at most 20")
        if not 3 <= self.min_stars <= min(self.max_stars, self.cell_stars):
            raise SettingsError(
                f"min_stars is {self.min_stars}; allowed: at least 3, at most max_stars {self.max_stars} and "
                f"cell_stars {self.cell_stars}"
            )
        if not 0 < self.max_residual <= 1:
            raise SettingsError(f"max_residual is {self.max_residual}; allowed: above 0, at most 1")


@dataclass(frozen=True, kw_only=True)
class HostCatalogue:
    """Galaxies that transients are put on.

    Attributes
    ----------
    file : str
        Parquet, CSV, ECSV or FITS; a relative path starts at the folder above the settings.
    ra_deg : str
        Its column of right ascensions, in degrees.
    dec_deg : str
        Its column of declinations, in degrees.
    host_id : str
        Its column of names; empty: file and row.
    radius_arcsec : str
        Its column of half-light radii, in arcsec; empty: 1 pixel.
    magnitude : str
        Its column of magnitudes; required for ``movers``.
    """

    file: str
    ra_deg: str = "ra_deg"
    dec_deg: str = "dec_deg"
    host_id: str = ""
    radius_arcsec: str = ""
    magnitude: str = ""


@dataclass(frozen=True, kw_only=True)
class InjectionSettings:
    """What is injected into one exposure: how many sources, how bright, of which kinds, and where.

    Each setting is stated here and nowhere else: recipes and everything that draws read this class.

    Attributes
    ----------
    per_exposure : int
        Sources per exposure, at most 100,000.
    magnitude_min : float, in mag
        Brightest source; below ``magnitude_max``, at least -30.
    magnitude_max : float, in mag
        Faintest source, at most 50.
    magnitudes : {"uniform", "power_law", "file"}
        ``uniform``; ``power_law``: 10^(``magnitude_slope`` m) sources per magnitude; ``file``: drawn from a list.
    magnitude_slope : float, in 1/mag
        Slope of the power law, -5 to 5.
    positions : {"uniform", "grid"}
        Of sources without a host: ``uniform``, or ``grid``, at a sub-pixel place of each node.
    host_share : float
        Share placed on galaxies, 0 to 1; the rest lie as ``positions`` says.
    offset : {"disc", "normal", "uniform", "nuclear"}
        How sources lie around a host: ``disc`` (its light), ``normal``, ``uniform`` (a square) or ``nuclear``.
    offset_scale : float, in half-light radii
        Mean distance (``disc``), standard deviation (``normal``) or half the side (``uniform``); at least 0.
    offset_scale_arcsec : float, in arcsec
        The same in arcsec, at least 0; 0: ``offset_scale`` counts.
    negative_share : float
        Share injected with negative flux, 0 to 1: sources that were brighter in the template.
    variable_share : float
        Share that are stars of the image which changed, 0 to 1.
    amplitude_min : float, in mag
        Smallest change of such a star, above 0.
    amplitude_max : float, in mag
        Largest change of such a star, at most 20.
    trail_share : float
        Share, of those without a host, that move while the shutter is open, 0 to 1.
    trail_min_fwhm : float, in FWHM
        Shortest trail, above 0.
    trail_max_fwhm : float, in FWHM
        Longest trail, at most 100.
    min_separation_fwhm : float, in FWHM
        Smallest distance of two sources from each other, and to known candidates; at least 0.

    Raises
    ------
    SettingsError
        For a value out of its range, which the message states.
    """

    per_exposure: int = 40
    magnitude_min: float = 17.0
    magnitude_max: float = 21.0
    magnitudes: Literal["uniform", "power_law", "file"] = "uniform"
    magnitude_slope: float = 0.6
    positions: Literal["uniform", "grid"] = "uniform"
    host_share: float = 0.5
    offset: OffsetName = "disc"
    offset_scale: float = 0.9
    offset_scale_arcsec: float = 0.0
    negative_share: float = 0.3
    variable_share: float = 0.0
    amplitude_min: float = 0.3
    amplitude_max: float = 2.0
    trail_share: float = 0.0
    trail_min_fwhm: float = 2.0
    trail_max_fwhm: float = 10.0
    min_separation_fwhm: float = 5.0

    def __post_init__(self) -> None:
        if self.magnitude_min >= self.magnitude_max:
            raise SettingsError(f"magnitude_min {self.magnitude_min} is not below magnitude_max {self.magnitude_max}")
        if not -30 <= self.magnitude_min < self.magnitude_max <= 50:
            raise SettingsError(f"magnitudes from {self.magnitude_min} to {self.magnitude_max}; allowed: -30 to 50")
        if not 0 <= self.per_exposure <= 100_000:
            raise SettingsError(f"per_exposure is {self.per_exposure}; allowed: 0 to 100,000")
        if not abs(self.magnitude_slope) <= 5:
            raise SettingsError(f"magnitude_slope is {self.magnitude_slope}; allowed: -5 to 5")
        for name in ("host_share", "negative_share", "variable_share", "trail_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; allowed: 0 to 1")
        self._require_ranges()

    def _require_ranges(self) -> None:
        for low, high, most in (("amplitude_min", "amplitude_max", 20.0), ("trail_min_fwhm", "trail_max_fwhm", 100.0)):
            first, last = getattr(self, low), getattr(self, high)
            if not 0 < first <= last <= most:
                raise SettingsError(f"{low} is {first} and {high} {last}; allowed: above 0, in order, up to {most:g}")
        for name in ("offset_scale", "offset_scale_arcsec", "min_separation_fwhm"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; allowed: at least 0")


@dataclass(frozen=True, kw_only=True)
class ImageSimulation(InjectionSettings):
    """Sources injected into copies of a survey's images: `InjectionSettings`, and what is needed from the survey.

    Attributes
    ----------
    magnitude_file : str
        Table of magnitudes, Parquet, CSV, ECSV or FITS; with ``magnitudes: file``.
    magnitude_column : str
        Its column of magnitudes.
    hosts : HostCatalogue or None
        Catalogue of galaxies; none: they are detected in the science image.
    match_radius_fwhm : float, in FWHM
        A detection this near recovers an injection; at least 0.
    gain : float or None, in electron/ADU
        Electrons per ADU, above 0; none: the header's ``GAIN``, else 1, which is logged and kept.
    zeropoint : float or None, in mag
        Magnitude of 1 ADU in the science image; none: that of the survey, its catalogue's or the header's
        ``MAGZERO``.
    psf : PsfRecipe
        A Moffat profile of the image's FWHM, or another one.
    """

    magnitude_file: str = ""
    magnitude_column: str = "magnitude"
    hosts: HostCatalogue | None = None
    match_radius_fwhm: float = 1.0
    gain: float | None = None
    zeropoint: float | None = None
    psf: PsfRecipe = field(default_factory=PsfRecipe)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.magnitudes == "file") != bool(self.magnitude_file):
            raise SettingsError(
                f"magnitudes is {self.magnitudes!r} and magnitude_file {self.magnitude_file!r}; allowed: 'file' with "
                "a path, or another one without"
            )
        if self.match_radius_fwhm < 0:
            raise SettingsError(f"match_radius_fwhm is {self.match_radius_fwhm}; allowed: at least 0")
        if self.gain is not None and not self.gain > 0:
            raise SettingsError(f"gain is {self.gain}; allowed: above 0")
