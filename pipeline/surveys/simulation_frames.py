"""The images of an exposure as frames for simulation: gain, noise, width and zeropoint, and where each is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.psf import measure_fwhm
from pipeline.simulation_recipes import ImageSimulation
from pipeline.subtraction import Frame
from pipeline.surveys.base import ExposureImages

_CARDS = {"gain": "GAIN", "read_noise": "RDNOISE", "saturation": "SATURATE", "fwhm_pixel": "FWHM"}
_ZEROPOINT = "MAGZERO"


@dataclass(frozen=True, kw_only=True)
class SimulationFrames:
    """An exposure ready for injection.

    Attributes
    ----------
    science, template : Frame
    zeropoint, template_zeropoint : float
        Magnitude of 1 ADU in each.
    notes : list of str
        What was assumed or measured because nothing states it.
    """

    science: Frame
    template: Frame
    zeropoint: float
    template_zeropoint: float
    notes: list[str] = field(default_factory=list)


def simulation_frames(item: ExposureImages, settings: ImageSimulation) -> SimulationFrames:
    """Return the images of an exposure with what is known of them.

    The gain is that of the settings, else of the header's ``GAIN``, else 1; noise, saturation and FWHM are the
    header's ``RDNOISE SATURATE FWHM``, for the science image else those of the exposure's row; without them
    nothing is saturated and the FWHM is measured. The zeropoint is that of the settings, ``MAGZERO`` or the row.

    Raises
    ------
    InputError
        If a read noise or zeropoint is missing, a value cannot be used, or an image has no finite pixel.
    """
    notes: list[str] = []
    row = {name: value for name, value in item.exposure.items() if value is not None}
    exposure_id = str(item.exposure["exposure_id"])
    science = _Side("science image", exposure_id, item.science, item.science_header, row, notes)
    template = _Side("template", exposure_id, item.template, item.template_header, {}, notes)
    zeropoint = science.value("zeropoint", _ZEROPOINT, settings.zeropoint)
    return SimulationFrames(
        science=science.frame(settings.gain),
        template=template.frame(settings.gain),
        zeropoint=zeropoint,
        template_zeropoint=template.value("zeropoint", _ZEROPOINT, None),
        notes=notes,
    )


@dataclass(frozen=True)
class _Side:
    """One of an exposure's two images, with what describes it."""

    what: str
    exposure_id: str
    pixels: NDArray[np.float32]
    header: Any
    row: Mapping[str, Any]
    notes: list[str]

    def frame(self, gain: float | None) -> Frame:
        if not np.isfinite(self.pixels).any():
            raise InputError(f"exposure {self.exposure_id}: the {self.what} has no finite pixel")
        saturation = self.value("saturation", _CARDS["saturation"], None, np.inf, "nothing is taken for saturated")
        return Frame(
            pixels=self.pixels,
            gain=self._above_zero("gain", self.value("gain", _CARDS["gain"], gain, 1.0, "gain 1 electron/ADU")),
            read_noise=self.value("read_noise", _CARDS["read_noise"], None),
            saturation=saturation,
            fwhm_pixel=self._above_zero("fwhm_pixel", self._fwhm(saturation)),
        )

    def value(
        self, name: str, card: str, given: float | None, default: float | None = None, assumed: str = ""
    ) -> float:
        """Return a number from the settings, the header, or the exposure's row; else the default, which is noted."""
        if given is not None:
            return given
        for source, key in ((self.header, card), (self.row, name)):
            if key in source:
                return self._number(source[key], card)
        if default is None:
            raise InputError(
                f"exposure {self.exposure_id}: FITS key {card} is missing in the header of the {self.what}"
            )
        self.notes.append(f"the {self.what} has no key {card}: {assumed}")
        return default

    def _fwhm(self, saturation: float) -> float:
        if _CARDS["fwhm_pixel"] in self.header or "fwhm_pixel" in self.row:
            return self.value("fwhm_pixel", _CARDS["fwhm_pixel"], None)
        try:
            width = measure_fwhm(self.pixels, saturation=saturation)
        except InputError as error:
            raise InputError(f"exposure {self.exposure_id}: the {self.what} has no key FWHM, and {error}") from error
        self.notes.append(f"the {self.what} has no key FWHM: {width:.2f} pixel were measured")
        return width

    def _number(self, value: object, card: str) -> float:
        try:
            number = float(value)  # type: ignore[arg-type]
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
