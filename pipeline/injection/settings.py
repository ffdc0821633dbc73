"""What is injected into one exposure: how many, how bright, of which kinds, and where."""

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SettingsError

_BRIGHTEST, _FAINTEST = -30.0, 50.0


@dataclass(frozen=True, kw_only=True)
class MagnitudeSettings:
    """How magnitudes are drawn.

    Attributes
    ----------
    minimum, maximum : float
        Brightest and faintest.
    distribution : str
        ``uniform``; ``power_law``, with ``10^(slope m)`` sources a magnitude; ``file``, drawn from a list,
        of which only what lies between minimum and maximum is taken.
    slope : float
        0.6 is what sources evenly spread through space have.
    """

    minimum: float = 17.0
    maximum: float = 21.0
    distribution: Literal["uniform", "power_law", "file"] = "uniform"
    slope: float = 0.6

    def __post_init__(self) -> None:
        if not _BRIGHTEST <= self.minimum < self.maximum <= _FAINTEST:
            raise SettingsError(
                f"magnitudes from {self.minimum} to {self.maximum}; allowed: the first below the second, "
                f"both from {_BRIGHTEST:g} to {_FAINTEST:g}"
            )
        if not abs(self.slope) <= 5:
            raise SettingsError(f"slope is {self.slope}; allowed: -5 to 5")


@dataclass(frozen=True, kw_only=True)
class InjectionSettings:
    """What is injected into one exposure.

    Attributes
    ----------
    number : int
        Sources.
    magnitude_min, magnitude_max : float
        Limits of their magnitudes.
    magnitudes : str
        Their distribution, see :class:`MagnitudeSettings`.
    magnitude_slope : float
        Of ``power_law``.
    positions : str
        Where sources without a host lie: ``uniform``, or ``grid``, on a square grid over the image, each at
        a sub-pixel place of its own.
    host_share : float
        Share of them on galaxies; the rest lie anywhere.
    negative_share : float
        Share of them that are in the template and not in the science image.
    variable_share : float
        Share of them that are stars of the image that changed.
    trail_share : float
        Share of those anywhere that move while the shutter is open.
    trail_min_fwhm, trail_max_fwhm : float
        Limits of the lengths of their trails, in units of the FWHM.
    amplitude_min, amplitude_max : float
        Limits of the change of a star, in magnitudes.
    offset : str
        How sources lie around their hosts, a name in :data:`~pipeline.injection.offsets.OFFSETS`.
    offset_scale : float
        Scale of that, in units of the host's half-light radius.
    offset_scale_pixel : float
        The same in pixels, for hosts of unknown size and where it is above 0.
    min_separation_fwhm : float
        Smallest distance between two sources, and to what is avoided, in units of the FWHM.
    """

    number: int = 40
    magnitude_min: float = 17.0
    magnitude_max: float = 21.0
    magnitudes: Literal["uniform", "power_law", "file"] = "uniform"
    magnitude_slope: float = 0.6
    positions: Literal["uniform", "grid"] = "uniform"
    host_share: float = 0.5
    negative_share: float = 0.0
    variable_share: float = 0.0
    trail_share: float = 0.0
    trail_min_fwhm: float = 2.0
    trail_max_fwhm: float = 10.0
    amplitude_min: float = 0.3
    amplitude_max: float = 2.0
    offset: str = "disc"
    offset_scale: float = 0.9
    offset_scale_pixel: float = 0.0
    min_separation_fwhm: float = 5.0
