"""The candidates of an exposure as places on its images, by pixel or by sky position, and their cutouts there."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.extract import Cutouts, extract_cutouts, rows_needed
from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile
from pipeline.io.fits.wcs import pixel_positions
from pipeline.surveys.exposures.masks import Mask
from pipeline.surveys.settings import SurveySettings

_FAR_OFF = -1e9
"""Where a candidate is put that the WCS of an image does not reach: off every image."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Candidates to be cut out.

    Attributes
    ----------
    x, y : ndarray of float64, (n,)
        Pixels, 0-based, on the grid of the exposure's first image.
    ra_deg, dec_deg : ndarray of float64, (n,)
        Positions on the sky; NaN where not known.
    size : int
        Side of a cutout in pixels.
    magic : tuple of float
        Values that mean "missing".
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    size: int
    magic: tuple[float, ...]

    def cut(
        self,
        file: FitsFile,
        hdu: str | int,
        *,
        sky: bool = False,
        mask: Mask | None = None,
        out: NDArray[np.float32] | None = None,
        shape: tuple[int, int] | None = None,
    ) -> Cutouts:
        """Return the cutouts of one image.

        Parameters
        ----------
        file : FitsFile
            The file that holds the image, open.
        hdu : str or int
            Where in the file.
        sky : bool
            Find the places by the WCS of this image.
        mask : Mask, optional
            Says which of its pixels are missing.
        out : ndarray of float32, (n, y, x), optional
            Where to put them.
        shape : tuple of int, optional
            What the image's shape must be.

        Raises
        ------
        InputError
            If image, mask or WCS cannot be used, or the shape is another one.
        """
        x, y = (self.x, self.y) if not sky else self._on_image(file, hdu)
        there = file.shape(hdu)
        if shape is not None and there != shape:
            raise InputError(
                f"HDU {hdu!r} of {file.path} has the shape {there}; the exposure's first image has {shape}"
            )
        rows = rows_needed(y, self.size, there[0])
        pixels, _ = file.image(hdu, rows)
        missing: tuple[float, ...] = self.magic
        if mask is not None or (self.magic and pixels.dtype != np.float32):
            pixels, missing = to_missing(pixels, self.magic)[0], ()
            pixels = pixels if mask is None else mask.applied(pixels, rows)
        return extract_cutouts(pixels, x, y, self.size, out=out, missing=missing)

    def place(self, file: FitsFile, hdu: str | int) -> "Targets":
        """Return the targets with the pixels that the WCS of an image gives, NaN where it does not reach."""
        x, y = pixel_positions(file.header(hdu), self.ra_deg, self.dec_deg, path=file.path, hdu=hdu)
        return replace(self, x=x, y=y)

    def moved(self, x_pixel: float, y_pixel: float) -> "Targets":
        """Return the targets that many pixels farther on the exposure's first image."""
        return replace(self, x=self.x + x_pixel, y=self.y + y_pixel)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which of the targets have a place on the exposure's first image, (n,)."""
        return np.isfinite(self.x) & np.isfinite(self.y)

    def chosen(self, rows: NDArray[np.bool_]) -> "Targets":
        """Return some of the targets."""
        arrays = {name: getattr(self, name)[rows] for name in ("x", "y", "ra_deg", "dec_deg")}
        return replace(self, **arrays)

    def _on_image(self, file: FitsFile, hdu: str | int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        placed = self.place(file, hdu)
        reached = placed.placed
        return np.where(reached, placed.x, _FAR_OFF), np.where(reached, placed.y, _FAR_OFF)


def targets_of(candidates: pd.DataFrame, survey: SurveySettings) -> Targets:
    """Return candidates as targets, where their columns say that they are; NaN where a column is missing."""

    def numbers(name: str) -> NDArray[np.float64]:
        return candidates[name].to_numpy(float) if name in candidates else np.full(len(candidates), np.nan)

    return Targets(
        x=numbers("x_pixel") - survey.pixel_origin,
        y=numbers("y_pixel") - survey.pixel_origin,
        ra_deg=numbers("ra_deg"),
        dec_deg=numbers("dec_deg"),
        size=survey.cutout_size_pixel,
        magic=survey.magic_values,
    )
