"""How a survey makes its difference images and searches them: the key ``difference`` of its images."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from pipeline.detection.settings import DetectionSettings
from pipeline.errors import SettingsError
from pipeline.io.fits.hotpants import Hotpants
from pipeline.subtraction.settings import SubtractionSettings

ELECTRONS_AN_ADU = "EGAIN"
"""The key that states electrons per ADU where ``GAIN`` is a setting of the camera."""

MADE = ("difference", "score")
"""Channels that are made from science image and template."""


@dataclass(frozen=True, kw_only=True)
class FrameProperties:
    """Where the properties of an image come from: each is the name of a FITS key, or the number itself.

    Attributes
    ----------
    gain : str or float, in electron/ADU
        Electrons per ADU, as a number above 0. ``EGAIN`` goes before ``GAIN``, which is a setting of the camera in
        some headers; 1 if both are missing, which is logged.
    read_noise : str or float, in electron
        Noise of reading a pixel, as a number at least 0. Missing: the exposure is lost, and the error names file, key
        and setting, unless ``inverse_variance`` of its mask states the noise.
    saturation : str or float, in ADU
        Level at which a pixel is full. Missing: nothing is saturated, which is logged.
    fwhm_pixel : str or float, in pixel
        Width of the stars, as a number above 0. Missing: measured.
    zeropoint : str or float, in mag
        Magnitude of 1 ADU. Missing: magnitudes are not known, and simulation loses the exposure; a template's
        follows from the flux scale of the stars.
    zeropoint_radius_pixel : float or None, in pixel
        Radius of the aperture whose flux the zeropoint is of, where it was determined with one: that of the whole light
        follows by the image's own PSF. None: it is of the whole light. Always a number, above 0.
    pedestal : str or float, in ADU
        Level without light: a bias, or minus the sky that was subtracted, as ``-KEY``.
    sky_noise : bool
        Whether the variance is scaled to the noise of the image's own sky, for images that were resampled or
        stacked.
    """

    gain: str | float = "GAIN"
    read_noise: str | float = "RDNOISE"
    saturation: str | float = "SATURATE"
    fwhm_pixel: str | float = "FWHM"
    zeropoint: str | float = "MAGZERO"
    zeropoint_radius_pixel: float | None = None
    pedestal: str | float = 0.0
    sky_noise: bool = False

    def __post_init__(self) -> None:
        for name in ("gain", "fwhm_pixel"):
            value = getattr(self, name)
            if not isinstance(value, str) and not value > 0:
                raise SettingsError(f"{name} is {value}; allowed: a FITS key, or a number above 0")
        if not isinstance(self.read_noise, str) and self.read_noise < 0:
            raise SettingsError(f"read_noise is {self.read_noise}; allowed: a FITS key, or a number of at least 0")
        if self.zeropoint_radius_pixel is not None and not 0 < self.zeropoint_radius_pixel < np.inf:
            raise SettingsError(f"zeropoint_radius_pixel is {self.zeropoint_radius_pixel}; allowed: above 0, or null")

    @property
    def keys(self) -> tuple[str, ...]:
        """The FITS keys that are looked for."""
        values = (self.gain, self.read_noise, self.saturation, self.fwhm_pixel, self.zeropoint, self.pedestal)
        named = tuple(value.removeprefix("-") for value in values if isinstance(value, str))
        return (ELECTRONS_AN_ADU, *named) if self.gain == "GAIN" else named


@dataclass(frozen=True, kw_only=True)
class DifferenceSettings:
    """How science image and template become a difference, and what counts as a candidate in it.

    The word ``none`` stands for ``method: none``: there is no template, and the science image is searched as it is.

    Attributes
    ----------
    alignment : {"wcs", "stars", "none"}
        ``wcs``: by the projections of both; ``stars``: by the pattern of their stars; ``none``: the template is on
        the science image's pixels already.
    method : {"kernel", "hotpants", "none"}
        ``kernel``, our own; ``hotpants``, the program; ``none``: nothing is subtracted, the same as the word ``none``
        for ``difference``.
    flatten_pixel : int, in pixel
        Side of the meshes in which what is left of the sky is taken off; 0 leaves it, else at least 8.
    science : FrameProperties
        Gain, noise and so on of the science image.
    template : FrameProperties
        Those of the template.
    subtraction : SubtractionSettings
        Of the method ``kernel``.
    detection : DetectionSettings
        What counts as a candidate, in image pairs and in images with injected sources.
    hotpants : Hotpants
        Of the method ``hotpants``.
    max_noise_factor : float
        An exposure whose difference scatters by more than this factor, above 1, over or under its predicted noise is
        lost; outside 0.8 to 1.25 it is warned about.
    max_wcs_offset_pixel : float or None, in pixel
        An exposure whose WCS is off by more than this, above 0, from the template's, by the stars of both, is lost; a
        smaller offset is corrected, and warned about above 1. None: ``max_offset_pixel`` of ``subtraction``.
    """

    alignment: Literal["wcs", "stars", "none"] = "wcs"
    WORDS: ClassVar[Mapping[str, Mapping[str, str]]] = {"none": {"method": "none"}}

    method: Literal["kernel", "hotpants", "none"] = "kernel"
    flatten_pixel: int = 32
    science: FrameProperties = field(default_factory=FrameProperties)
    template: FrameProperties = field(default_factory=FrameProperties)
    subtraction: SubtractionSettings = field(default_factory=SubtractionSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    hotpants: Hotpants = field(default_factory=Hotpants)
    max_noise_factor: float = 2.5
    max_wcs_offset_pixel: float | None = None

    def __post_init__(self) -> None:
        if self.flatten_pixel != 0 and self.flatten_pixel < 8:
            raise SettingsError(f"flatten_pixel is {self.flatten_pixel}; allowed: 0, or at least 8")
        if not self.max_noise_factor > 1.0:
            raise SettingsError(f"max_noise_factor is {self.max_noise_factor}; allowed: above 1")
        if not self.largest_wcs_offset_pixel > 0:
            raise SettingsError(f"max_wcs_offset_pixel is {self.max_wcs_offset_pixel}; allowed: above 0")

    @property
    def has_template(self) -> bool:
        """Whether something is subtracted from the science image before it is searched."""
        return self.method != "none"

    @property
    def sought(self) -> DetectionSettings:
        """What counts as a candidate; nothing below the sky where there is no template, for nothing fades there."""
        return self.detection if self.has_template else replace(self.detection, negative=False)

    @property
    def largest_wcs_offset_pixel(self) -> float:
        """The largest offset of a WCS that is corrected."""
        stated = self.max_wcs_offset_pixel
        return self.subtraction.max_offset_pixel if stated is None else stated


@dataclass(frozen=True, kw_only=True)
class ZeropointSettings:
    """The zeropoint of each exposure from stars of a catalogue.

    Attributes
    ----------
    catalogue : str
        Table file; a relative path starts at the folder above the settings.
    ra_deg : str
        Its column of right ascensions, in degrees.
    dec_deg : str
        Its column of declinations, in degrees.
    magnitude : str
        Its column of magnitudes, with columns of the exposure in braces: ``{band}_mag``.
    radius_arcsec : float, in arcsec
        Largest separation of a star from its catalogue row; above 0.
    min_stars : int
        Fewer matches give no zeropoint; at least 1.
    required : bool
        Whether an exposure without one is lost; else the header's is taken, and where there is none magnitudes are
        not known, and ``/dropped`` says so.
    """

    catalogue: str
    ra_deg: str = "ra_deg"
    dec_deg: str = "dec_deg"
    magnitude: str = "magnitude"
    radius_arcsec: float = 2.0
    min_stars: int = 3
    required: bool = False

    def __post_init__(self) -> None:
        if not self.radius_arcsec > 0 or self.min_stars < 1:
            raise SettingsError(
                f"radius_arcsec is {self.radius_arcsec} (allowed: above 0), min_stars {self.min_stars} (at least 1)"
            )
