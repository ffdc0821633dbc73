"""What every PSF offers: its image at any sub-pixel position, which may depend on the place in the image.

Tested by tests/pipeline/psf/test_sampled.py.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Psf = Callable[[float, float], NDArray[np.float64]]
"""``psf(x_offset, y_offset)`` gives a square image of odd side and sum 1, (y, x), whose source lies that many
pixels, -0.5 to 0.5, off its central pixel."""


@runtime_checkable
class PlacedPsf(Protocol):
    """A PSF that may depend on the place in the image."""

    def at(self, x_pixel: float, y_pixel: float) -> Psf:
        """Return the PSF at a place of the image, 0-based pixels."""


class PsfModel(PlacedPsf, Protocol):
    """The PSF of an image, at each of its places.

    Attributes
    ----------
    kind : str
        ``moffat``, ``empirical``, ``psfex`` or ``snapshots``.
    fwhm_pixel : float
        Full width at half maximum in the middle of the image, in pixels.
    wing_fraction : float
        Share of a source's light beyond the square, which the unit sum puts into it; exact for a Moffat profile,
        otherwise an estimate from the outermost samples.
    """

    @property
    def kind(self) -> str:
        """The kind of PSF."""

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum."""

    @property
    def wing_fraction(self) -> float:
        """Share of the light beyond the square."""


class LightProfile(Protocol):
    """How the total light of a point source is distributed over the pixels; fluxes are measured with it.

    Attributes
    ----------
    fwhm_pixel : float
        Full width at half maximum.
    """

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum."""

    def shares(self, x_offset: ArrayLike, y_offset: ArrayLike, size_pixel: int) -> NDArray[np.float64]:
        """Return the share of a source's whole light in each pixel around it, (n, y, x).

        Parameters
        ----------
        x_offset, y_offset : array-like, (n,)
            Centroid of each source minus the centre of pixel ``size_pixel // 2``, in pixels.
        size_pixel : int
            Side of the square images. Light beyond them is missing from their sum, which is below 1.
        """
