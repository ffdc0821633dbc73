"""Settings of the synthetic sky: everything that decides how the synthetic survey looks."""

from dataclasses import dataclass, field

from pipeline.sky.counts import CountSettings
from pipeline.sky.exposure import ExposureSettings
from pipeline.sky.ranges import SHARE, above


@dataclass(frozen=True, kw_only=True)
class SkySettings(CountSettings, ExposureSettings):
    """Everything that decides how the synthetic survey looks: the settings of every room of the sky, and its survey's.

    Each room declares its own settings beside the code that uses them, and asks for no others. They are put together
    by inheritance, so that the keys of a settings file stay flat, a room takes the whole sky where it needs a part of
    it, and every fault is named at once. A new key belongs in the class of its room alone.

    Attributes
    ----------
    eyeball_share : float
        Share of all candidates that people have looked at.
    eyeball_bright_magnitude : float, in mag
        Transients brighter than this are looked at more.
    eyeball_bright_share : float
        Share of those that people have looked at.
    eyeball_error_rate : float
        Share of wrong answers.
    threshold_sigma : float, in sigma
        Least signal to noise of a detection on the difference, in units of the predicted error.
    link_radius_arcsec : float, in arcsec
        Candidates closer than this, of any exposures, are one object.
    """

    eyeball_share: float = field(default=0.15, metadata=SHARE)
    eyeball_bright_magnitude: float = 19.0
    eyeball_bright_share: float = field(default=0.8, metadata=SHARE)
    eyeball_error_rate: float = field(default=0.02, metadata=SHARE)
    threshold_sigma: float = field(default=5.0, metadata=above(0))
    link_radius_arcsec: float = 1.5
