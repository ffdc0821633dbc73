"""Settings of the synthetic sky: everything that decides how the synthetic survey looks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.errors import SettingsError
from pipeline.night import is_night
from pipeline.sky.clouds import CloudSettings
from pipeline.sky.ghosts import GhostSettings
from pipeline.sky.rates import SkyRates
from pipeline.sky.satellites import SatelliteSettings
from pipeline.sky.transient_kinds import faults_of_shares

_LOWEST = {
    **dict.fromkeys(("nights", "exposures_per_night", "fields", "template_exposures"), 1),
    **dict.fromkeys(("stars", "galaxies", "transients", "variables", "agn", "movers"), 0),
    **dict.fromkeys(("cosmic_rays", "template_cosmic_rays", "hot_pixels", "dead_pixels", "bad_columns"), 0),
    "masked_edge_pixel": 0,
    **dict.fromkeys(("read_noise", "sky_level", "dither_pixel", "flat_error", "jitter_pixel"), 0),
    **dict.fromkeys(("seeing_field", "seeing_tilt", "ellipticity_field", "crosstalk"), 0),
    "size_pixel": 128,
}
_POSITIVE = (
    "gain",
    "saturation",
    "pixel_scale_arcsec",
    "seeing_min_pixel",
    "template_seeing_pixel",
    "exposure_s",
    "threshold_sigma",
    "star_slope",
    "galaxy_slope",
    "transient_slope",
)


@dataclass(frozen=True, kw_only=True)
class SkySettings:
    """Everything that decides how the synthetic survey looks.

    Attributes
    ----------
    telescope, detector, band : str
        Names that every exposure carries.
    longitude_deg : float
        East longitude of the site, which decides what UTC a night is.
    first_night : str
        Night of the first exposure, ``YYYY-MM-DD``.
    nights, exposures_per_night : int
        Nights in a row and exposures in each.
    first_hour : float
        Hours from local noon to the first exposure of a night.
    interval_minute : float
        Minutes between exposures of a night.
    exposure_s : float
        Exposure time in seconds.
    fields : int
        Fields that the nights visit in turn, each with its own sky and template.
    field_ra_deg, field_dec_deg : float
        Centre of the first field in degrees; the others lie 2 degrees apart in declination.
    size_pixel : int
        Side of an image.
    pixel_scale_arcsec : float
        Side of a pixel in arcsec.
    gain : float
        Electrons an ADU.
    read_noise : float
        In electrons.
    saturation : float
        Level in ADU at which a pixel is full; what is above bleeds along its column.
    zeropoint : float
        Magnitude of a source of 1 ADU in a clear exposure.
    extinction_magnitude : float
        Largest loss by thin cloud, drawn for each exposure.
    sky_level : float
        In ADU a pixel.
    sky_gradient : float
        Rise of the sky across the image as a share of its level, in a direction drawn for each exposure.
    seeing_min_pixel, seeing_max_pixel : float
        FWHM of the Moffat PSF at the centre of the image, drawn for each night; it drifts over the night.
    seeing_field : float
        Growth of the FWHM from the centre to a corner of the image, as a share.
    seeing_tilt : float
        Largest change of the FWHM from the centre to a border by the tilt of the detector, as a share, in a
        direction drawn for each night.
    psf_beta : float
        Exponent of the Moffat PSF.
    ellipticity_max : float
        Largest ellipticity of the PSF at the centre, drawn for each night and changed for each exposure.
    ellipticity_field : float
        Ellipticity that the optics add in a corner of the image, along the line to the centre.
    distortion_pixel : float
        Smooth displacement of the stars against the template, rms over the field.
    jitter_pixel : float
        Displacement of each star by the air, rms, drawn for each star and exposure.
    flat_error : float
        Error of the flat field, rms, smooth over about 50 pixels.
    dither_pixel : float
        Largest shift of the pointing in each axis.
    template_seeing_pixel : float
        FWHM of the template.
    template_exposures : int
        Exposures averaged in the template.
    rates : SkyRates or None
        Numbers a square degree of a real sky, which then take the place of ``stars galaxies transients
        transient_shares variables agn movers``.
    stars, star_bright_magnitude, star_faint_magnitude, star_slope : int and float
        Stars of a field, the limits of their magnitudes, and the slope of log10 N per magnitude.
    galaxies, galaxy_bright_magnitude, galaxy_faint_magnitude, galaxy_slope : int and float
        The same for galaxies.
    transients : int
        Transients of a field over all nights.
    transient_shares : mapping
        Kind (:data:`~pipeline.sky.transient_kinds.TRANSIENTS`) to its weight; empty takes the default shares.
    transient_bright_magnitude, transient_faint_magnitude, transient_slope : float
        Limits of their magnitudes at maximum, and the slope of log10 N per magnitude.
    hosted_share : float
        Share of the kinds that belong into a galaxy whose galaxy is bright enough to be there.
    variables, variable_bright_magnitude, variable_faint_magnitude : int and float
        Variable stars of a field and the limits of their mean magnitudes.
    amplitude_min_magnitude, amplitude_max_magnitude : float
        Limits of half their range.
    agn : int
        Galaxies of a field whose nuclei vary.
    variable_catalogue_share : float
        Share of the variables that the catalogue knows.
    movers, mover_bright_magnitude, mover_faint_magnitude : int and float
        Solar-system objects of a field in one night, and the limits of their magnitudes.
    mover_rate_min_arcsec_hour, mover_rate_max_arcsec_hour : float
        Limits of their motion.
    ephemeris_error_arcsec : float
        Error of the ephemeris in each coordinate, rms.
    cosmic_rays : int
        Mean number of cosmic rays in an exposure.
    template_cosmic_rays : int
        Mean number of tracks that are left in a template, weakened.
    hot_pixels : int
        Pixels of the detector that are hot, each in a share of the exposures.
    dead_pixels : int
        Traps of the detector that keep a part of the charge, each in a share of the exposures.
    bad_columns : int
        Columns of the detector that are masked in part.
    masked_edge_pixel : int
        Width of the masked border of the science image.
    masked_star_share : float
        Share of the saturated stars that the survey masks in the science image, with the charge that they bleed.
    crosstalk : float
        Share of the signal above a tenth of the full well that shows mirrored in the other half of the detector.
    clouds : CloudSettings
        Exposures through patchy cloud.
    satellites : SatelliteSettings
        Trails through the image.
    ghosts : GhostSettings
        Reflections of bright stars.
    eyeball_share : float
        Share of all candidates that people have looked at.
    eyeball_bright_magnitude, eyeball_bright_share : float
        Transients brighter than this have been looked at in this share.
    eyeball_error_rate : float
        Share of wrong answers.
    threshold_sigma : float
        Threshold of the detection.
    link_radius_arcsec : float
        Candidates closer than this, of any exposures, are one object.
    """

    telescope: str = "SYN1"
    detector: str = "C1"
    band: str = "r"
    longitude_deg: float = -17.88
    first_night: str = "2026-01-01"
    nights: int = 6
    exposures_per_night: int = 3
    first_hour: float = 9.0
    interval_minute: float = 40.0
    exposure_s: float = 60.0
    fields: int = 2
    field_ra_deg: float = 150.0
    field_dec_deg: float = 2.2
    size_pixel: int = 768
    pixel_scale_arcsec: float = 1.0
    gain: float = 1.5
    read_noise: float = 8.0
    saturation: float = 50000.0
    zeropoint: float = 27.0
    extinction_magnitude: float = 0.3
    sky_level: float = 300.0
    sky_gradient: float = 0.15
    seeing_min_pixel: float = 2.2
    seeing_max_pixel: float = 3.8
    seeing_field: float = 0.06
    seeing_tilt: float = 0.04
    psf_beta: float = 3.0
    ellipticity_max: float = 0.10
    ellipticity_field: float = 0.08
    distortion_pixel: float = 0.12
    jitter_pixel: float = 0.06
    flat_error: float = 0.01
    dither_pixel: float = 4.0
    template_seeing_pixel: float = 2.1
    template_exposures: int = 12
    rates: SkyRates | None = None
    stars: int = 1000
    star_bright_magnitude: float = 10.5
    star_faint_magnitude: float = 22.0
    star_slope: float = 0.2
    galaxies: int = 180
    galaxy_bright_magnitude: float = 15.0
    galaxy_faint_magnitude: float = 21.0
    galaxy_slope: float = 0.3
    transients: int = 56
    transient_shares: Mapping[str, float] = field(default_factory=dict)
    transient_bright_magnitude: float = 16.5
    transient_faint_magnitude: float = 20.7
    transient_slope: float = 0.15
    hosted_share: float = 0.8
    variables: int = 45
    variable_bright_magnitude: float = 14.0
    variable_faint_magnitude: float = 20.0
    amplitude_min_magnitude: float = 0.1
    amplitude_max_magnitude: float = 1.2
    agn: int = 10
    variable_catalogue_share: float = 0.9
    movers: int = 14
    mover_bright_magnitude: float = 16.5
    mover_faint_magnitude: float = 20.8
    mover_rate_min_arcsec_hour: float = 10.0
    mover_rate_max_arcsec_hour: float = 60.0
    ephemeris_error_arcsec: float = 0.2
    cosmic_rays: int = 45
    template_cosmic_rays: int = 8
    hot_pixels: int = 28
    dead_pixels: int = 18
    bad_columns: int = 2
    masked_edge_pixel: int = 6
    masked_star_share: float = 0.7
    crosstalk: float = 0.0004
    clouds: CloudSettings = field(default_factory=CloudSettings)
    satellites: SatelliteSettings = field(default_factory=SatelliteSettings)
    ghosts: GhostSettings = field(default_factory=GhostSettings)
    eyeball_share: float = 0.15
    eyeball_bright_magnitude: float = 19.0
    eyeball_bright_share: float = 0.8
    eyeball_error_rate: float = 0.02
    threshold_sigma: float = 5.0
    link_radius_arcsec: float = 1.5

    def __post_init__(self) -> None:
        faults = [*self._out_of_range(), *self._upside_down(), *faults_of_shares(self.transient_shares)]
        if not is_night(self.first_night):
            faults.append(f"first_night is {self.first_night!r}, must be a date such as 2026-01-01")
        if faults:
            raise SettingsError("sky: " + "; ".join(faults))

    def _out_of_range(self) -> Iterator[str]:
        """Yield a fault for each number outside its range."""
        for name, lowest in _LOWEST.items():
            if getattr(self, name) < lowest:
                yield f"{name} is {getattr(self, name)}, must be at least {lowest}"
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                yield f"{name} is {getattr(self, name)}, must be above 0"
        if not self.psf_beta > 1:
            yield f"psf_beta is {self.psf_beta}, must be above 1"
        for name in self.__dataclass_fields__:
            if name.endswith(("_share", "_rate")) and not 0.0 <= getattr(self, name) <= 1.0:
                yield f"{name} is {getattr(self, name)}, must be from 0 to 1"

    def _upside_down(self) -> Iterator[str]:
        """Yield a fault for each lower limit above its upper one."""
        for low in self.__dataclass_fields__:
            high = low.replace("_bright_", "_faint_").replace("_min_", "_max_")
            if high != low and high in self.__dataclass_fields__ and getattr(self, low) > getattr(self, high):
                yield f"{low} is above {high}: {getattr(self, low)}, {getattr(self, high)}"
