"""The images of an exposure as frames: gain, noise, width and zeropoint, and where each is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.noise import with_sky_noise
from pipeline.psf import measure_fwhm
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import ELECTRONS_AN_ADU, FrameProperties


@dataclass(frozen=True, kw_only=True)
class ExposureFrames:
    """An exposure ready to be aligned, subtracted, or injected into.

    Attributes
    ----------
    science, template : Frame
        The template is empty, and without noise, where the survey has none.
    zeropoint, template_zeropoint : float
        Magnitude of 1 ADU in each image; NaN where nothing states it.
    notes : list of str
        What was assumed or measured because nothing states it.
    """

    science: Frame
    template: Frame
    zeropoint: float
    template_zeropoint: float
    notes: list[str] = field(default_factory=list)


def exposure_frames(
    images: ExposureImages, *, gain: float | None = None, zeropoint: float | None = None
) -> ExposureFrames:
    """Return the images of an exposure with what is known of them.

    The survey's settings say from which FITS keys, or state numbers; what the science image's header lacks is taken
    from the exposure's row. Without a gain it is 1, without a saturation nothing is saturated, without a FWHM it is
    measured, and each is noted. Where the variance of the pixels is known, a read noise need not be.

    Parameters
    ----------
    images : ExposureImages
    gain, zeropoint : float, optional
        Instead of those of the survey; the zeropoint of the science image alone.

    Raises
    ------
    InputError
        If a read noise is missing, a value cannot be used, or an image has no finite pixel.
    """
    notes: list[str] = []
    row = {name: value for name, value in images.exposure.items() if value is not None}
    settings, exposure_id = images.difference, str(images.exposure["exposure_id"])
    science = _Side(
        what="science image",
        where=f"exposure {exposure_id}: {images.science_file or 'its science image'}",
        key="input.images.difference.science",
        pixels=images.science,
        variance=images.science_variance,
        header=images.science_header,
        row=row,
        properties=settings.science,
        notes=notes,
    )
    frame, science_zeropoint = science.frame(gain), science.value("zeropoint", zeropoint, np.nan)
    if not settings.has_template:
        empty = replace(frame, pixels=images.template, variance_map=np.zeros_like(images.template), noise_kernel=None)
        return ExposureFrames(
            science=frame, template=empty, zeropoint=science_zeropoint, template_zeropoint=np.nan, notes=notes
        )
    template = replace(
        science,
        what="template",
        where=f"exposure {exposure_id}: {images.template_file or 'its template'}",
        key="input.images.difference.template",
        pixels=images.template,
        variance=images.template_variance,
        header=images.template_header,
        row={},
        properties=settings.template,
    )
    return ExposureFrames(
        science=frame,
        template=template.frame(gain),
        zeropoint=science_zeropoint,
        template_zeropoint=template.value("zeropoint", None, np.nan),
        notes=notes,
    )


def no_zeropoint(images: ExposureImages) -> InputError:
    """Return the error of an exposure whose zeropoint is needed and not known."""
    return InputError(
        f"exposure {images.exposure['exposure_id']}: {images.science_file or 'its science image'} has no FITS key "
        f"{images.difference.science.zeropoint}, its zeropoint: name the key that states it, or the number itself, in "
        "input.images.difference.science.zeropoint, or a catalogue in input.zeropoint"
    )


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of an exposure's two images, with what describes it; ``key`` is that of the settings."""

    what: str
    where: str
    key: str
    pixels: NDArray[np.float32]
    variance: NDArray[np.float32] | None
    header: Header
    row: Mapping[str, object]
    properties: FrameProperties
    notes: list[str]

    def frame(self, gain: float | None) -> Frame:
        if not np.isfinite(self.pixels).any():
            raise InputError(f"{self.where}: the {self.what} has no finite pixel")
        saturation = self.value("saturation", None, np.inf, "nothing is taken for saturated")
        if not saturation > 0:
            raise InputError(f"{self.where}: saturation of the {self.what} is {saturation}; allowed: above 0, or none")
        frame = Frame(
            pixels=self.pixels,
            gain=self._above_zero("gain", self._gain(gain)),
            read_noise=self.value("read_noise", None, None if self.variance is None else 0.0),
            saturation=saturation,
            fwhm_pixel=self._above_zero("fwhm_pixel", self._fwhm(saturation)),
            pedestal=self.value("pedestal", None),
            variance_map=self.variance,
        )
        return with_sky_noise(frame) if self.properties.sky_noise else frame

    def value(self, name: str, override: float | None, default: float | None = None, assumed: str = "") -> float:
        """Return a number: the override, the survey's, the header's, or the row's; else the default, noted."""
        stated = getattr(self.properties, name)
        if override is not None or not isinstance(stated, str):
            return float(stated if override is None else override)
        card = stated.removeprefix("-")
        for source, key in ((self.header, card), (self.row, name)):
            if key in source:
                number = self._number(source[key], card)
                return -number if source is self.header and stated != card else number
        if default is None:
            raise InputError(
                f"{self.where} has no FITS key {stated}, the {name} of the {self.what}: {self._remedy(name)}"
            )
        if assumed:
            self.notes.append(f"the {self.what} has no key {stated}: {assumed}; {self._remedy(name)}")
        return default

    def _remedy(self, name: str) -> str:
        return f"name the key that states it, or the number itself, in {self.key}.{name}"

    def _gain(self, override: float | None) -> float:
        """Return electrons an ADU; the header's ``EGAIN`` goes before its ``GAIN``, and a difference is noted."""
        by_key = override is None and self.properties.gain == "GAIN" and ELECTRONS_AN_ADU in self.header
        if not by_key:
            return self.value("gain", override, 1.0, "gain 1 electron/ADU")
        gain = self._number(self.header[ELECTRONS_AN_ADU], ELECTRONS_AN_ADU)
        stated = self._number(self.header.get("GAIN", gain), "GAIN")
        if stated != gain:
            self.notes.append(f"the {self.what} has EGAIN {gain:g} and GAIN {stated:g}: the first is taken")
        return gain

    def _fwhm(self, saturation: float) -> float:
        stated = self.properties.fwhm_pixel
        if not isinstance(stated, str) or stated in self.header or "fwhm_pixel" in self.row:
            return self.value("fwhm_pixel", None)
        try:
            width = measure_fwhm(self.pixels, saturation=saturation)
        except InputError as error:
            raise InputError(
                f"{self.where} has no FITS key {stated}, and {error}: {self._remedy('fwhm_pixel')}"
            ) from error
        self.notes.append(f"the {self.what} has no key {stated}: {width:.2f} pixel were measured")
        return width

    def _number(self, value: object, card: str) -> float:
        try:
            number = np.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = np.nan
        if np.isnan(number):
            raise InputError(f"{self.where}: {card} of the {self.what} is {str(value)!r}; allowed: a number")
        return number

    def _above_zero(self, name: str, value: float) -> float:
        if not 0 < value < np.inf:
            raise InputError(f"{self.where}: {name} of the {self.what} is {value}; allowed: above 0")
        return value
