"""Visits: when, where and through which air the synthetic sky is looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from astropy.wcs import WCS

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.night import MJD_EPOCH, is_night, night_name
from pipeline.rng import stream
from pipeline.sky.clouds import CloudSettings
from pipeline.sky.grid import GridSettings
from pipeline.sky.ranges import above, at_least
from pipeline.sky.seeing import NightSeeing, SeeingSettings

_FIELD_STEP_DEG = 2.0


@dataclass(frozen=True, kw_only=True)
class VisitSettings(SeeingSettings):
    """When and where the sky is looked at, and through which air.

    Attributes
    ----------
    telescope : str
        Name that every exposure carries.
    band : str
        Name of the filter.
    longitude_deg : float, in degree
        East longitude of the site, which decides what UTC a night is.
    first_night : str
        Night of the first exposure, ``YYYY-MM-DD``.
    nights : int
        Nights in a row.
    exposures_per_night : int
        Exposures in each night.
    first_hour : float, in h
        Time from local noon to the first exposure of a night.
    interval_minute : float, in min
        Time from one exposure of a night to the next.
    exposure_s : float, in s
        Exposure time.
    fields : int
        Fields that the nights visit in turn, each with its own sky and template.
    dither_pixel : float, in pixel
        Largest shift of the pointing in each axis.
    zeropoint : float, in mag
        Magnitude of a source of 1 ADU in a clear exposure.
    extinction_magnitude : float, in mag
        Largest loss by thin cloud, drawn for each exposure.
    clouds : CloudSettings
        Exposures through patchy cloud.
    """

    telescope: str = "SYN1"
    band: str = "r"
    longitude_deg: float = -17.88
    first_night: str = "2026-01-01"
    nights: int = field(default=6, metadata=at_least(1))
    exposures_per_night: int = field(default=3, metadata=at_least(1))
    first_hour: float = 9.0
    interval_minute: float = 40.0
    exposure_s: float = field(default=60.0, metadata=above(0))
    fields: int = field(default=2, metadata=at_least(1))
    dither_pixel: float = field(default=4.0, metadata=at_least(0))
    zeropoint: float = 27.0
    extinction_magnitude: float = 0.3
    clouds: CloudSettings = field(default_factory=CloudSettings)

    def faults(self) -> Iterator[str]:
        """Yield each fault, also of a first night that is no date."""
        yield from super().faults()
        if not is_night(self.first_night):
            yield f"first_night is {self.first_night!r}, must be a date such as 2026-01-01"


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


def plan_visits(settings: VisitSettings, seed: int) -> list[Visit]:
    """Return all exposures of the survey in order of time."""
    first = (date.fromisoformat(settings.first_night) - MJD_EPOCH).days
    visits = []
    for number in range(settings.nights):
        night = night_name(first + number)
        rng = stream(seed, "night", night)
        seeing = NightSeeing.draw(settings, settings.exposures_per_night, rng)
        noon_mjd = first + number + 0.5 - settings.longitude_deg / 360.0
        for exposure in range(settings.exposures_per_night):
            exposure_id = f"{night.replace('-', '')}{exposure + 1:02d}"
            cloud = settings.clouds.draw_loss(stream(seed, "cloudy", exposure_id))
            hour = settings.first_hour + exposure * settings.interval_minute / 60.0
            fwhm, ellipticity, angle = seeing.of_exposure(exposure, rng)
            visits.append(
                Visit(
                    exposure_id=exposure_id,
                    night=night,
                    field=number % settings.fields,
                    time_mjd=noon_mjd + hour / 24.0,
                    fwhm_pixel=fwhm,
                    ellipticity=ellipticity,
                    angle_deg=angle,
                    x_dither=float(rng.uniform(-1.0, 1.0) * settings.dither_pixel),
                    y_dither=float(rng.uniform(-1.0, 1.0) * settings.dither_pixel),
                    zeropoint=float(settings.zeropoint - rng.uniform(0.0, settings.extinction_magnitude) - cloud),
                    x_tilt=seeing.x_tilt,
                    y_tilt=seeing.y_tilt,
                    cloud_magnitude=cloud,
                )
            )
    return visits


def tangent_wcs(settings: GridSettings, field: int, x_shift: float = 0.0, y_shift: float = 0.0) -> WCS:
    """Return the tangential projection of a field, north up and east to the left.

    Parameters
    ----------
    settings : GridSettings
        Side and scale of the pixels, and where the fields lie.
    field : int
        Number of the field, from 0.
    x_shift, y_shift : float
        Pixels by which the field's centre lies off the centre of the image.
    """
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
