"""Visits: when, where and through which air the synthetic sky is looked at."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from astropy.wcs import WCS

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.night import MJD_EPOCH, night_name
from pipeline.rng import stream
from pipeline.sky.settings import SkySettings

_FIELD_STEP_DEG = 2.0

_DRIFT = 0.05
"""Change of the seeing from exposure to exposure, as a share, and from dusk to dawn, drawn for each night."""

_WIND_DEG = 15.0
"""Scatter of the PSF's direction from exposure to exposure."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One exposure as it was taken: when, where, and through which air.

    Attributes
    ----------
    exposure_id, night : str
    field : int
        Number of the field, from 0.
    time_mjd : float
        Middle of the exposure, UTC.
    fwhm_pixel, ellipticity, angle_deg : float
        The PSF at the centre of the image.
    x_tilt, y_tilt : float
        Change of the FWHM from the centre to the border, as a share.
    x_dither, y_dither : float
        Shift of the sky on the detector against the field's template grid, in pixels.
    zeropoint : float
        Magnitude of a source of 1 ADU in this exposure, on average over the image.
    cloud_magnitude : float
        Mean loss by cloud, which the zeropoint holds; 0 for a clear exposure.
    """

    exposure_id: str
    night: str
    field: int
    time_mjd: float
    fwhm_pixel: float
    ellipticity: float
    angle_deg: float
    x_dither: float
    y_dither: float
    zeropoint: float
    x_tilt: float = 0.0
    y_tilt: float = 0.0
    cloud_magnitude: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Air:
    """Air and focus of one night: the PSF at its beginning, its drift an exposure, the tilt of the detector."""

    fwhm_pixel: float
    drift: float
    ellipticity: float
    angle_deg: float
    x_tilt: float
    y_tilt: float

    @classmethod
    def draw(cls, settings: SkySettings, rng: np.random.Generator) -> "_Air":
        """Return the air of one night."""
        direction = rng.uniform(0.0, 2.0 * np.pi)
        tilt = rng.uniform(0.0, settings.seeing_tilt)
        return cls(
            fwhm_pixel=float(rng.uniform(settings.seeing_min_pixel, settings.seeing_max_pixel)),
            drift=float(rng.normal(0.0, _DRIFT) / settings.exposures_per_night),
            ellipticity=float(rng.uniform(0.0, settings.ellipticity_max)),
            angle_deg=float(rng.uniform(0.0, 180.0)),
            x_tilt=float(tilt * np.cos(direction)),
            y_tilt=float(tilt * np.sin(direction)),
        )


def plan_visits(settings: SkySettings, seed: int) -> list[Visit]:
    """Return all exposures of the survey in order of time."""
    first = (date.fromisoformat(settings.first_night) - MJD_EPOCH).days
    visits = []
    for number in range(settings.nights):
        night = night_name(first + number)
        rng = stream(seed, "night", night)
        air = _Air.draw(settings, rng)
        noon_mjd = first + number + 0.5 - settings.longitude_deg / 360.0
        for exposure in range(settings.exposures_per_night):
            exposure_id = f"{night.replace('-', '')}{exposure + 1:02d}"
            cloud = settings.clouds.draw_loss(stream(seed, "cloudy", exposure_id))
            hour = settings.first_hour + exposure * settings.interval_minute / 60.0
            visits.append(
                Visit(
                    exposure_id=exposure_id,
                    night=night,
                    field=number % settings.fields,
                    time_mjd=noon_mjd + hour / 24.0,
                    fwhm_pixel=float(air.fwhm_pixel * np.exp(air.drift * exposure + rng.normal(0.0, _DRIFT))),
                    ellipticity=float(min(air.ellipticity * np.exp(rng.normal(0.0, 0.3)), settings.ellipticity_max)),
                    angle_deg=float((air.angle_deg + rng.normal(0.0, _WIND_DEG)) % 180.0),
                    x_dither=float(rng.uniform(-1.0, 1.0) * settings.dither_pixel),
                    y_dither=float(rng.uniform(-1.0, 1.0) * settings.dither_pixel),
                    zeropoint=float(settings.zeropoint - rng.uniform(0.0, settings.extinction_magnitude) - cloud),
                    x_tilt=air.x_tilt,
                    y_tilt=air.y_tilt,
                    cloud_magnitude=cloud,
                )
            )
    return visits


def tangent_wcs(settings: SkySettings, field: int, x_shift: float = 0.0, y_shift: float = 0.0) -> WCS:
    """Return the tangential projection of a field whose centre is shifted on the detector, in pixels."""
    wcs = WCS(naxis=2)
    centre = (settings.size_pixel - 1) / 2.0
    scale = settings.pixel_scale_arcsec / ARCSEC_PER_DEG
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [settings.field_ra_deg, settings.field_dec_deg + field * _FIELD_STEP_DEG]
    wcs.wcs.crpix = [centre + 1.0 + x_shift, centre + 1.0 + y_shift]
    wcs.wcs.cdelt = [-scale, scale]
    wcs.wcs.set()
    return wcs
