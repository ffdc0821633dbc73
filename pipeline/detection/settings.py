"""Which detections count as candidates: only the settings, so that parsing them loads no image processing."""

from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class DetectionSettings:
    """What counts as a candidate.

    Attributes
    ----------
    threshold_sigma : float, in sigma
        Height of the PSF-filtered difference in units of its noise; above 0.
    min_area_pixel : int, in pixel
        Pixels above the threshold that make a candidate; at least 1.
    negative : bool
        Whether what lies below the sky counts as well: what has faded. Never without a template.
    """

    threshold_sigma: float = 5.0
    min_area_pixel: int = 1
    negative: bool = True

    def __post_init__(self) -> None:
        if not self.threshold_sigma > 0 or self.min_area_pixel < 1:
            raise SettingsError(
                f"threshold_sigma is {self.threshold_sigma} (allowed: above 0), min_area_pixel {self.min_area_pixel} "
                "(at least 1)"
            )
