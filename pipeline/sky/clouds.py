"""Cloud over the synthetic survey: patches that take another share of the light at every place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.sky.smooth import smooth_field


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """Exposures through cloud.

    Attributes
    ----------
    share : float
        Share of the exposures that are taken through cloud, 0 to 1.
    loss_min_magnitude : float, in mag
        Least that cloud takes on average over the image, on top of ``extinction_magnitude``; at least 0.
    loss_max_magnitude : float, in mag
        Most that cloud takes, not below ``loss_min_magnitude``.
    patchiness : float
        Scatter of the loss over the image as a share of its mean, at least 0.
    scale_pixel : float, in pixel
        Size of the patches, above 0; smaller than what the matching of flux scales follows over the field.
    """

    share: float = 0.25
    loss_min_magnitude: float = 0.3
    loss_max_magnitude: float = 1.5
    patchiness: float = 0.2
    scale_pixel: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.patchiness < 0 or not self.scale_pixel > 0:
            raise SettingsError(
                f"clouds: share {self.share} must be from 0 to 1, patchiness {self.patchiness} at least 0, "
                f"scale_pixel {self.scale_pixel} above 0"
            )
        if not 0 <= self.loss_min_magnitude <= self.loss_max_magnitude:
            raise SettingsError(
                f"clouds: loss_min_magnitude {self.loss_min_magnitude} must be at least 0 and not above "
                f"loss_max_magnitude {self.loss_max_magnitude}"
            )

    def draw_loss(self, rng: np.random.Generator) -> float:
        """Return the mean loss of one exposure in magnitudes, 0 for a clear one."""
        is_cloudy, loss = rng.random() < self.share, rng.uniform(self.loss_min_magnitude, self.loss_max_magnitude)
        return float(loss) if is_cloudy else 0.0


def transmission(
    size_pixel: int, loss_magnitude: float, settings: CloudSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the share of the light that comes through at each place over that on average, (y, x).

    Parameters
    ----------
    size_pixel : int
        Side of the image.
    loss_magnitude : float
        Mean loss by the cloud.
    settings : CloudSettings
        How large the patches are, and how much they differ.
    rng : Generator
        Draws the patches.
    """
    patches = smooth_field(size_pixel, settings.scale_pixel, rng)
    share = np.power(10.0, -0.4 * loss_magnitude * settings.patchiness * patches)
    return share / share.mean()
