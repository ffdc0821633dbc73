"""A frame: one image with the detector's properties that its noise follows from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RAISED_SIGMA = 5.0


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image and what its noise follows from.

    Attributes
    ----------
    pixels : ndarray of float32, (y, x)
        Sky included, in ADU; NaN where missing.
    gain : float
        Electrons an ADU.
    read_noise : float
        In electrons.
    saturation : float
        Level in ADU from which pixels are saturated.
    fwhm_pixel : float
        Width of the stars.
    """

    pixels: Image
    gain: float
    read_noise: float
    saturation: float
    fwhm_pixel: float

    def saturated(self) -> Mask:
        """Return where the image is missing or saturated."""
        return ~(self.pixels < self.saturation)

    def variance(self, sky_level: float) -> Image:
        """Return the variance of each pixel in ADU squared, from counts and read noise.

        The counts are smoothed, for those of a pixel that happens to be low would call its noise low and make
        the low pixels significant; where a source stands far above its surroundings they are not.
        """
        counts = np.clip(np.where(np.isfinite(self.pixels), self.pixels, np.float32(sky_level)), 0.0, None)
        smooth = gaussian_filter(counts, self.fwhm_pixel / 2.3548, truncate=3.0)
        read_variance = np.float32((self.read_noise / self.gain) ** 2)
        variance = smooth / np.float32(self.gain) + read_variance
        raised = counts - smooth > _RAISED_SIGMA * np.sqrt(variance)
        return np.where(raised, counts / np.float32(self.gain) + read_variance, variance)
