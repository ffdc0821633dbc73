"""A PSF that varies over the image, known in cells of a grid and blended between their middles.

Tested by tests/pipeline/psf/test_sampled.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.psf.sampled import SampledPsf


@dataclass(frozen=True, kw_only=True, eq=False)
class PsfGrid:
    """PSF samples in the cells of a grid over the image.

    Attributes
    ----------
    planes : ndarray of float64, (row, column, y, x)
        Samples in each cell, see :class:`~pipeline.psf.sampled.SampledPsf`.
    sampling : float
        Step of the samples in pixels.
    shape : tuple of int
        Height and width of the image that the cells divide evenly.
    kind : str
        ``snapshots`` or ``empirical``.

    Raises
    ------
    InputError
        If the planes do not have four axes, or one of them is not a PSF.
    """

    planes: NDArray[np.float64]
    sampling: float
    shape: tuple[int, int]
    kind: str = "snapshots"

    def __post_init__(self) -> None:
        if self.planes.ndim != 4 or min(self.planes.shape) < 1 or min(self.shape) < 1:
            raise InputError(
                f"PSF grid has shape {self.planes.shape} on an image of {self.shape}; "
                "allowed: (row, column, y, x) on an image with pixels"
            )
        sums = self.planes.sum(axis=(2, 3), keepdims=True)
        if not (np.isfinite(sums).all() and (sums > 0).all()):
            raise InputError("a cell of the PSF grid is not finite or its sum is not positive")
        object.__setattr__(self, "planes", self.planes / sums)
        self._middle()  # refuses what is no PSF

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum in the middle of the image."""
        return self._middle().fwhm_pixel

    @property
    def wing_fraction(self) -> float:
        """Share of the light beyond the square in the middle of the image, an estimate."""
        return self._middle().wing_fraction

    def at(self, x_pixel: float, y_pixel: float) -> SampledPsf:
        """Return the PSF at a place in 0-based pixels; beyond the outermost middles, that of the nearest cell."""
        rows, columns = (
            _blend(place, size, cells)
            for place, size, cells in zip((y_pixel, x_pixel), self.shape, self.planes.shape[:2], strict=True)
        )
        samples = np.einsum("r,c,rcyx->yx", rows, columns, self.planes)
        return SampledPsf(samples=samples, sampling=self.sampling, kind=self.kind)

    def _middle(self) -> SampledPsf:
        return self.at((self.shape[1] - 1) / 2.0, (self.shape[0] - 1) / 2.0)


def _blend(place: float, size: int, cells: int) -> NDArray[np.float64]:
    """Return the weights of cells along one axis, linear between their middles."""
    position = float(np.clip((place + 0.5) / size * cells - 0.5, 0.0, cells - 1.0))
    return np.maximum(0.0, 1.0 - np.abs(np.arange(cells) - position))
