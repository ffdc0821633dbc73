"""A frame: one image with the properties of the detector that determine its noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RAISED_SIGMA = 5.0


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image and what determines its noise.

    Attributes
    ----------
    pixels : ndarray of float32, (y, x)
        Sky included, in ADU; NaN where missing.
    gain : float
        Electrons per ADU.
    read_noise : float
        In electrons.
    saturation : float
        Level in ADU from which pixels are saturated.
    fwhm_pixel : float
        Width of the stars.
    pedestal : float
        Level in ADU of pixels on which no light fell: a bias, or minus the sky that was subtracted.
    variance_map : ndarray of float32, (y, x), optional
        Variance of each pixel in ADU squared, if it is known in another way; gain, read noise and pedestal are then not
        used for it.
    noise_kernel : ndarray of float32, (y, x), optional
        The kernel with which white noise must be convolved to be correlated like this image's noise, with a unit sum of
        squares; an image that was never resampled has none.
    """

    pixels: Image
    gain: float
    read_noise: float
    saturation: float
    fwhm_pixel: float
    pedestal: float = 0.0
    variance_map: Image | None = None
    noise_kernel: Image | None = None

    def saturated(self) -> Mask:
        """Return where the image is missing or saturated."""
        return ~(self.pixels < self.saturation)

    def variance(self, sky_level: float) -> Image:
        """Return the variance of each pixel in ADU squared, from counts and read noise.

        The counts are smoothed, because a pixel that happens to be low would otherwise get a low noise, and low pixels
        would seem significant. Where a source is far above its surroundings, they are not smoothed.
        """
        if self.variance_map is not None:
            return np.where(np.isfinite(self.variance_map), self.variance_map, np.float32(0.0))
        light = self.pixels - np.float32(self.pedestal)
        counts = np.clip(np.where(np.isfinite(light), light, np.float32(sky_level - self.pedestal)), 0.0, None)
        from scipy.ndimage import gaussian_filter

        smooth = gaussian_filter(counts, self.fwhm_pixel / FWHM_PER_SIGMA, truncate=3.0)
        read_variance = np.float32((self.read_noise / self.gain) ** 2)
        variance = smooth / np.float32(self.gain) + read_variance
        raised = counts - smooth > _RAISED_SIGMA * np.sqrt(variance)
        return np.where(raised, counts / np.float32(self.gain) + read_variance, variance)
