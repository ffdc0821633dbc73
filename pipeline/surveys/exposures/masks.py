"""The plane that says which pixels of a channel's image are missing, or what their variance is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.imaging.masks import masked_pixels
from pipeline.io.fits.image import FitsFile
from pipeline.surveys.exposures.settings import MaskSettings

Rows = list[tuple[int, int]]
"""Ranges of rows of an image, first and one past the last."""


@dataclass(frozen=True, kw_only=True)
class Mask:
    """The mask or weight plane of one image.

    Attributes
    ----------
    file : FitsFile
        The file that holds it, open.
    hdu : str or int
        Where in the file.
    settings : MaskSettings
        What its values mean.
    """

    file: FitsFile
    hdu: str | int
    settings: MaskSettings

    def applied(self, pixels: NDArray[np.float32], rows: Rows | None = None) -> NDArray[np.float32]:
        """Return an image with NaN where this says that a pixel is missing; it is changed in place.

        Parameters
        ----------
        pixels : ndarray of float32, (y, x)
            The image.
        rows : list of pair of int, optional
            The rows of it that count; the others are not read.

        Raises
        ------
        InputError
            If the plane has another shape than its image, or cannot be read as a mask.
        """
        if self.file.shape(self.hdu) != pixels.shape:
            raise InputError(
                f"the mask in {self._place} has the shape {self.file.shape(self.hdu)}; its image has {pixels.shape}"
            )
        settings = self.settings
        try:
            values, _ = self.file.image(self.hdu, rows)
            bad = masked_pixels(values, weight=settings.weight, bits=settings.bits, values=settings.values)
        except InputError as error:
            raise InputError(f"{self._place}: {error}") from None
        pixels[bad] = np.nan
        return pixels

    def variance(self) -> NDArray[np.float32] | None:
        """Return the variance of the image's pixels, NaN where the weights give none; None of any other plane."""
        if not self.settings.inverse_variance:
            return None
        weights = self.file.image(self.hdu)[0].astype(np.float64)
        with np.errstate(divide="ignore", over="ignore"):
            variance = np.where(weights > 0, 1.0 / weights, np.nan).astype(np.float32)
        return np.where(np.isfinite(variance), variance, np.float32(np.nan))

    @property
    def _place(self) -> str:
        return f"HDU {self.hdu!r} of {self.file.path}"
