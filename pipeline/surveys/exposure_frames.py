"""The images of an exposure as frames: gain, noise, width and zeropoint, and where each is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.frame import Frame
from pipeline.noise import with_sky_noise
from pipeline.psf import measure_fwhm
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import ELECTRONS_AN_ADU, FrameProperties


@dataclass(frozen=True, kw_only=True)
class ExposureFrames:
    """An exposure ready to be aligned, subtracted, or injected into.

    Attributes
    ----------
    science, template : Frame
    zeropoint, template_zeropoint : float
        Magnitude of 1 ADU in each; NaN where nothing states it.
    notes : list of str
        What was assumed or measured because nothing states it.
    """

    science: Frame
    template: Frame
    zeropoint: float
    template_zeropoint: float
    notes: list[str] = field(default_factory=list)


def exposure_frames(
    item: ExposureImages, *, gain: float | None = None, zeropoint: float | None = None
) -> ExposureFrames:
    """Return the images of an exposure with what is known of them.

    The survey's settings say from which FITS keys, or state numbers; what the science image's header lacks is taken
    from the exposure's row. Without a gain it is 1, without a saturation nothing is saturated, without a FWHM it is
    measured, and each is noted. Where the variance of the pixels is known, a read noise need not be.

    Parameters
    ----------
    item : ExposureImages
    gain, zeropoint : float, optional
        Instead of those of the survey; the zeropoint of the science image alone.

    Raises
    ------
    InputError
        If a read noise is missing, a value cannot be used, or an image has no finite pixel.
    """
    notes: list[str] = []
    row = {name: value for name, value in item.exposure.items() if value is not None}
    exposure_id = str(item.exposure["exposure_id"])
    how = item.difference
    science = _Side(
        "science image", exposure_id, item.science, item.science_variance, item.science_header, row, how.science, notes
    )
    template = _Side(
        "template", exposure_id, item.template, item.template_variance, item.template_header, {}, how.template, notes
    )
    return ExposureFrames(
        science=science.frame(gain),
        template=template.frame(gain),
        zeropoint=science.value("zeropoint", zeropoint, np.nan),
        template_zeropoint=template.value("zeropoint", None, np.nan),
        notes=notes,
    )


@dataclass(frozen=True)
class _Side:
    """One of an exposure's two images, with what describes it."""

    what: str
    exposure_id: str
    pixels: NDArray[np.float32]
    variance: NDArray[np.float32] | None
    header: Any
    row: Mapping[str, Any]
    properties: FrameProperties
    notes: list[str]

    def frame(self, gain: float | None) -> Frame:
        if not np.isfinite(self.pixels).any():
            raise InputError(f"exposure {self.exposure_id}: the {self.what} has no finite pixel")
        saturation = self.value("saturation", None, np.inf, "nothing is taken for saturated")
        if not saturation > 0:
            raise InputError(
                f"exposure {self.exposure_id}: saturation of the {self.what} is {saturation}; allowed: above 0, or none"
            )
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

    def value(self, name: str, given: float | None, default: float | None = None, assumed: str = "") -> float:
        """Return a number: the one given, the survey's, the header's, or the row's; else the default, noted."""
        stated = getattr(self.properties, name)
        if given is not None or not isinstance(stated, str):
            return float(stated if given is None else given)
        card = stated.removeprefix("-")
        for source, key in ((self.header, card), (self.row, name)):
            if key in source:
                number = self._number(source[key], card)
                return -number if source is self.header and stated != card else number
        if default is None:
            raise InputError(
                f"exposure {self.exposure_id}: FITS key {stated} is missing in the header of the {self.what}"
            )
        if assumed:
            self.notes.append(f"the {self.what} has no key {stated}: {assumed}")
        return default

    def _gain(self, given: float | None) -> float:
        """Return electrons an ADU; the header's ``EGAIN`` goes before its ``GAIN``, and a difference is noted."""
        by_key = given is None and self.properties.gain == "GAIN" and ELECTRONS_AN_ADU in self.header
        if not by_key:
            return self.value("gain", given, 1.0, "gain 1 electron/ADU")
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
                f"exposure {self.exposure_id}: the {self.what} has no key {stated}, and {error}"
            ) from error
        self.notes.append(f"the {self.what} has no key {stated}: {width:.2f} pixel were measured")
        return width

    def _number(self, value: object, card: str) -> float:
        try:
            number = np.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = np.nan
        if np.isnan(number):
            raise InputError(
                f"exposure {self.exposure_id}: {card} of the {self.what} is {str(value)!r}; allowed: a number"
            )
        return number

    def _above_zero(self, name: str, value: float) -> float:
        if not 0 < value < np.inf:
            raise InputError(f"exposure {self.exposure_id}: {name} of the {self.what} is {value}; allowed: above 0")
        return value
