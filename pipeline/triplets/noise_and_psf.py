"""What the planes of a cutout say of its noise and its PSFs, while the cutout is edited."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.cutouts.planes import centred_psf
from pipeline.psf.sampled import SampledPsf

IMAGES = 3
"""Science, template, difference; a cutout with planes has a variance and a PSF of each behind them."""


@dataclass(kw_only=True)
class KnownPlanes:
    """Variance and PSF of the three images of a cutout.

    Attributes
    ----------
    variance : ndarray of float32, ``(y, x, 3)``
        Square of the noise of each pixel; NaN where it is not known.
    psf : ndarray of float32, ``(y, x, 3)``
        Image of a source of flux 1 in the middle of the central pixel; all NaN where it is not known.
    photons : ndarray of float64, ``(3,)``
        Variance that a source adds for each unit of its light; NaN where the variance is not known.
    """

    variance: NDArray[np.float32]
    psf: NDArray[np.float32]
    photons: NDArray[np.float64]

    def has_psf(self, image: int) -> bool:
        """Tell whether the PSF of an image is known."""
        return bool(np.isfinite(self.psf[..., image]).all())

    def has_variance(self, image: int) -> bool:
        """Tell whether the variance of an image is known somewhere."""
        return bool(np.isfinite(self.photons[image]))

    def source(self, image: int, y: float, x: float) -> NDArray[np.float32]:
        """Return a source of flux 1 at ``(y, x)`` pixels from the centre of the central pixel, by the image's PSF."""
        return shifted_psf(self.psf[..., image], y, x)

    def photon_noise(self, image: int, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the noise of the photons of a source's light ``(y, x)`` in an image."""
        return np.sqrt(np.maximum(light, 0) * np.float32(self.photons[image]))

    def stacked(self) -> NDArray[np.float32]:
        """Return the planes as they stand behind the images, ``(y, x, 6)``."""
        return np.concatenate([self.variance, self.psf], axis=-1)


def known_planes(cutout: NDArray[np.float32]) -> KnownPlanes | None:
    """Return the planes of a cutout ``(y, x, 9)``; None of one of three images alone."""
    if cutout.shape[-1] == IMAGES:
        return None
    pixels, variance, psf = (cutout[..., first : first + IMAGES].copy() for first in (0, IMAGES, 2 * IMAGES))
    photons = [photon_variance(pixels[..., image], variance[..., image]) for image in range(IMAGES)]
    return KnownPlanes(variance=variance, psf=psf, photons=np.array(photons))


def photon_variance(pixels: NDArray[np.float32], variance: NDArray[np.float32]) -> float:
    """Return the variance that each unit of light adds to an image, in its unit; NaN where no variance is known.

    It is the slope of the variance over the pixels, at least 0: the inverse of the gain where the photons' noise is
    part of the variance. A variance of the sky alone says 0.

    Parameters
    ----------
    pixels, variance : ndarray of float32, ``(y, x)``
        One image; NaN where missing.

    Examples
    --------
    >>> pixels = np.array([[0.0, 10.0], [20.0, np.nan]], np.float32)
    >>> photon_variance(pixels, 100 + pixels / 4)
    0.25
    """
    both = np.isfinite(pixels) & np.isfinite(variance)
    if not both.any():
        return float("nan")
    light, noise = (np.asarray(image[both], np.float64) - image[both].mean() for image in (pixels, variance))
    square = float((light**2).sum())
    return max(float((light * noise).sum()) / square, 0.0) if square > 0 else 0.0


def shifted_psf(psf: NDArray[np.float32], y: float, x: float) -> NDArray[np.float32]:
    """Return a square PSF ``(y, x)`` whose source is moved by part of a pixel, with its sum as it was."""
    whole = psf.astype(np.float64)
    return centred_psf(SampledPsf(samples=whole)(x, y) * whole.sum(), len(psf))


def psf_width(psf: NDArray[np.float32]) -> float:
    """Return the width of a PSF ``(y, x)``, FWHM / 2.3548 in pixels."""
    return SampledPsf(samples=psf.astype(np.float64)).fwhm_pixel / FWHM_PER_SIGMA
