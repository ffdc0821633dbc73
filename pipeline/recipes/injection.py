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
    sources : tuple of str
        In the order of preference: ``stars`` of the image itself, a ``file``, a ``moffat`` profile of the
        image's FWHM. Which one was taken, and why not an earlier one, stands in the log and in the result.
    file, template_file : str
        Path of a PSFEx model or of snapshots, for science image and template, with names of columns of the
        exposure in braces: ``psf/{exposure_id}.psf``. Relative to the survey's folder.
    detector : str
        Which PSF of a file that holds several, or the column of the exposure in braces: ``{detector}``.
    first_x, first_y : float
        x and y of the images' first pixel on the detector, from 0, where they were cut out of it.
    beta : float
        Exponent of the Moffat profile.
    min_stars, max_stars, cell_stars : int
        Fewest and most stars for a PSF; where there are four or nine times ``cell_stars`` the image is
        divided into cells with PSFs of their own.
    max_residual : float
        A PSF that puts more than this share of the light of the image's stars into wrong pixels does not
        fit, and the next source is taken.
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
        Path of a table: Parquet, CSV, ECSV or FITS.
    ra_deg, dec_deg : str
        Its columns of the positions, in degrees.
    host_id, radius_arcsec, magnitude : str
        Its columns of names, half-light radii in arcsec and magnitudes; empty where it has none.
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
        Sources an exposure.
    magnitude_min, magnitude_max : float
        Range of their magnitudes.
    magnitudes : str
        ``uniform``; ``power_law``: ``10^(magnitude_slope m)`` a magnitude; ``file``: drawn from a list, of which only
        what lies within the range is taken.
    magnitude_slope : float
        Of the power law; 0.6 is what sources evenly spread through space have.
    positions : str
        Of sources without a host: ``uniform``, or ``grid``, on a square grid over the image, each at a sub-pixel
        place of its own.
    host_share : float
        Share placed on galaxies; the rest lie as ``positions`` says.
    offset : str
        How sources lie around a host, a name in :data:`~pipeline.injection.offsets.OFFSETS`: ``disc``, ``normal``,
        ``uniform`` or ``nuclear``.
    offset_scale : float
        Scale of that, in half-light radii of the host.
    offset_scale_arcsec : float
        The same in arcsec, for hosts of unknown size too; 0: in half-light radii.
    negative_share : float
        Share injected with negative flux: sources that were brighter in the template.
    variable_share : float
        Share that are stars of the image which changed.
    amplitude_min, amplitude_max : float
        Range of their changes in magnitudes.
    trail_share : float
        Share, of those without a host, that leave a trail.
    trail_min_fwhm, trail_max_fwhm : float
        Range of its length in units of the FWHM.
    min_separation_fwhm : float
        Smallest distance of two sources, and to known candidates, in units of the FWHM.

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
    """Sources injected into copies of a survey's images: what `InjectionSettings` say, and what they stand on.

    Attributes
    ----------
    magnitude_file, magnitude_column : str
        A table and its column of magnitudes, for ``magnitudes: file``.
    hosts : HostCatalogue or None
        The galaxies; without one they are detected in the science image.
    match_radius_fwhm : float
        A detection this near, in units of the FWHM, recovers an injection.
    gain : float or None
        Electrons an ADU; else the header's key ``GAIN``, else 1, which is logged.
    zeropoint : float or None
        Magnitude of 1 ADU in the science image; else the header's key ``MAGZERO``.
    psf : PsfRecipe
        Which PSF the sources have.
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
