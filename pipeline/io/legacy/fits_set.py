"""Sets of stamps with one FITS file per stamp: unreadable files are listed and do not stop the set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError, NightsiftError
from pipeline.io.legacy.base import Pixels, Rows
from pipeline.io.legacy.crop_or_pad import crop_or_pad
from pipeline.io.legacy.fits_stamp import AUTO, read_stamp

TOO_SMALL = "smaller than the cutout"
_TRIED = 100
"""After so many unreadable files in succession, the set is taken to hold no stamps at all."""


@dataclass(frozen=True, kw_only=True)
class FitsPixels:
    """Reads the pixels of the rows of a FITS set; called with ascending row numbers.

    Attributes
    ----------
    paths : Series of str
        The file of each row.
    size_pixel : int
        Side of a cutout.
    hdu : str or int
        HDU of the image.
    magic_values : tuple of float
        Pixel values that mean "bad".
    pad : bool
        Whether smaller stamps are padded with NaN instead of being dropped.
    before : ndarray of object (n, 2), optional
        For each row whether what its axes (y, x) lack was cut off before their first pixel; None: not known.
    shift : ndarray of int (n, 2), optional
        For each row by how many pixels it is moved along its axes (y, x), so that its source comes to the middle.
    """

    paths: pd.Series
    size_pixel: int
    hdu: str | int = AUTO
    magic_values: tuple[float, ...] = ()
    pad: bool = False
    before: NDArray[np.object_] | None = None
    shift: NDArray[np.intp] | None = None

    def __call__(self, rows: Rows) -> Pixels:
        """Return the cutouts and, where there is none, why."""
        cutouts = np.full((len(rows), self.size_pixel, self.size_pixel, 1), np.nan, dtype=np.float32)
        reasons = np.full(len(rows), "", dtype=object)
        for place, row in enumerate(rows.tolist()):
            try:
                image = read_stamp(Path(self.paths.iloc[row]), self.hdu, self.magic_values)
            except NightsiftError as error:
                reasons[place] = f"unreadable: {error}"
                continue
            if min(image.shape) < self.size_pixel and not self.pad:
                reasons[place] = TOO_SMALL
                continue
            before = (None, None) if self.before is None else (self.before[row][0], self.before[row][1])
            shift = (0, 0) if self.shift is None else (int(self.shift[row][0]), int(self.shift[row][1]))
            cutouts[place, :, :, 0] = crop_or_pad(image, self.size_pixel, before, shift)
        return cutouts, reasons


def size_of(paths: pd.Series, hdu: str | int, where: object) -> int:
    """Return the larger side of the first stamp that can be read; 1 for an empty set."""
    faults = []
    for path in paths[:_TRIED]:
        try:
            return int(max(read_stamp(Path(path), hdu).shape))
        except NightsiftError as error:
            faults.append(str(error))
    if faults:
        raise InputError(f"{where}: none of the first {len(faults)} stamps can be read; {faults[0]}")
    return 1
