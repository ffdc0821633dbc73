"""The seeing of the synthetic sky: width and shape of the PSF at the centre of an image, by night and by exposure."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from pipeline.sky.grid import GridSettings
from pipeline.sky.ranges import above, at_least

_DRIFT = 0.05
"""Change of the seeing from exposure to exposure, as a share, and from dusk to dawn, drawn for each night."""

_WIND_DEG = 15.0
"""Scatter of the PSF's direction from exposure to exposure."""

_SHAPE_SCATTER = 0.3
"""Change of the ellipticity from exposure to exposure, as a share."""


@dataclass(frozen=True, kw_only=True)
class SeeingSettings(GridSettings):
    """How wide the PSF is at the centre of an image, and how far from round.

    Attributes
    ----------
    seeing_min_pixel : float, in pixel
        Smallest FWHM of the Moffat PSF at the centre of the image, drawn for each night; it drifts over the night.
    seeing_max_pixel : float, in pixel
        Largest FWHM.
    seeing_tilt : float
        Largest change of the FWHM from the centre to a border by the tilt of the detector, as a share, in a direction
        drawn for each night.
    ellipticity_max : float
        Largest ellipticity of the PSF at the centre, drawn for each night and changed for each exposure.
    """

    seeing_min_pixel: float = field(default=2.2, metadata=above(0))
    seeing_max_pixel: float = 3.8
    seeing_tilt: float = field(default=0.04, metadata=at_least(0))
    ellipticity_max: float = 0.10


@dataclass(frozen=True, kw_only=True)
class NightSeeing:
    """Air and focus of one night.

    Attributes
    ----------
    fwhm_pixel : float
        FWHM at the beginning of the night.
    drift : float
        Change of the logarithm of the FWHM from one exposure to the next.
    ellipticity, angle_deg : float
        Mean shape of the PSF, and its direction from x towards y.
    most_ellipticity : float
        What the ellipticity of no exposure exceeds.
    x_tilt, y_tilt : float
        Change of the FWHM from the centre to the border by the tilt of the detector, as a share.
    """

    fwhm_pixel: float
    drift: float
    ellipticity: float
    angle_deg: float
    most_ellipticity: float
    x_tilt: float
    y_tilt: float

    @classmethod
    def draw(cls, settings: SeeingSettings, exposures: int, rng: np.random.Generator) -> Self:
        """Return the seeing of a night of ``exposures`` exposures."""
        direction = rng.uniform(0.0, 2.0 * np.pi)
        tilt = rng.uniform(0.0, settings.seeing_tilt)
        return cls(
            fwhm_pixel=float(rng.uniform(settings.seeing_min_pixel, settings.seeing_max_pixel)),
            drift=float(rng.normal(0.0, _DRIFT) / exposures),
            ellipticity=float(rng.uniform(0.0, settings.ellipticity_max)),
            angle_deg=float(rng.uniform(0.0, 180.0)),
            most_ellipticity=settings.ellipticity_max,
            x_tilt=float(tilt * np.cos(direction)),
            y_tilt=float(tilt * np.sin(direction)),
        )

    def of_exposure(self, number: int, rng: np.random.Generator) -> tuple[float, float, float]:
        """Return FWHM in pixels, ellipticity and angle in degrees of the night's exposure ``number``, from 0."""
        fwhm = self.fwhm_pixel * np.exp(self.drift * number + rng.normal(0.0, _DRIFT))
        ellipticity = min(self.ellipticity * np.exp(rng.normal(0.0, _SHAPE_SCATTER)), self.most_ellipticity)
        angle = (self.angle_deg + rng.normal(0.0, _WIND_DEG)) % 180.0
        return float(fwhm), float(ellipticity), float(angle)
