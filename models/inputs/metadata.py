"""Metadata: columns of the candidates as a second input of a classifier, scaled, with what is missing marked.

Tested by tests/models/inputs/test_metadata.py.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.inputs.measured import measured_features
from pipeline.cutouts.missing import HUGE
from pipeline.errors import DataSetError, IncompatiblePackageError, SettingsError

if TYPE_CHECKING:  # what reads a recipe need not load it
    import pandas as pd

log = logging.getLogger(__name__)

METADATA: Final = "metadata"
"""What the second input of a graph is called, and where a model's description keeps the scaling."""

STEEPEST: Final = 1e9
"""Largest distance from the median, in widths, that is told from larger ones: its square is within float32."""

IQR_OF_SIGMA: Final = 1.3489795
"""Interquartile range of a normal distribution with standard deviation 1."""

_UNEVEN: Final = 0.2
"""A column that is missing in shares of two classes which differ by more than this is warned about."""


def values_of(candidates: "pd.DataFrame", columns: Sequence[str]) -> NDArray[np.float32]:
    """Return columns of candidates as a classifier takes them, ``(n, k)``, NaN where they are missing.

    Raises
    ------
    SettingsError
        If one is absent, or is not of numbers.
    """
    numbers = [str(name) for name in candidates if candidates[name].dtype.kind in "fiub"]
    for name in columns:
        if name not in numbers:
            what = "holds text" if name in candidates else "is not there"
            raise SettingsError(
                f"'metadata.columns' names {name!r}, which {what}; columns of numbers: {', '.join(sorted(numbers))}; a "
                "survey's file keeps further ones by its keys 'metadata' and 'context'"
            )
    return np.stack([candidates[name].to_numpy(np.float32) for name in columns], axis=1)


@dataclass(frozen=True, kw_only=True)
class MetadataScaling:
    """Columns of metadata with the constants that bring them to a scale of about 1.

    A value ``v`` becomes ``asinh((v - centre) / width)``, which is linear within a width of the centre and logarithmic
    far from it, so that a few wild values spoil nothing. One that is missing, infinite or above 1e30 becomes 0, and a
    second number, 1 for missing and 0 else, tells it from a value at the centre.

    Attributes
    ----------
    columns : tuple of str
        Their names, k of them.
    centre : tuple of float
        Median of each over the training rows.
    width : tuple of float
        Interquartile range of each over 1.349, which is the standard deviation of a normal distribution; the standard
        deviation itself where more than half of the rows have one value. Above 0.
    """

    columns: tuple[str, ...]
    centre: tuple[float, ...]
    width: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.columns or len({len(self.columns), len(self.centre), len(self.width)}) > 1:
            raise SettingsError("columns, centre and width differ in length; allowed: one of each a column")
        if not all(np.isfinite([*self.centre, *self.width])) or min(self.width) <= 0:
            raise SettingsError(f"centre or width is not finite, or width is not above 0: {list(self.width)}")

    def encoded(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled values and whether each is missing, ``(n, 2 k)``, of raw ones, ``(n, k)``."""
        centre, width = np.asarray(self.centre, np.float32), np.asarray(self.width, np.float32)
        with np.errstate(invalid="ignore"):
            known = np.abs(values) <= np.float32(HUGE)
        deviation = np.where(known, values, centre) - centre
        scaled = np.arcsinh(np.clip(deviation / width, -STEEPEST, STEEPEST))
        return np.concatenate([scaled, ~known], axis=1).astype(np.float32)


def fit_scaling(values: NDArray[np.float32], columns: Sequence[str]) -> MetadataScaling:
    """Return the scaling of the training rows that are used.

    Parameters
    ----------
    values : ndarray of float32, shape (n, k)
        Raw columns of these rows.
    columns : sequence of str
        Their names.

    Raises
    ------
    DataSetError
        If a column has no value or one value in all rows, so that nothing can be learnt from it.
    """
    centres, widths = [], []
    for name, column in zip(columns, values.T, strict=True):
        known = column[np.abs(np.nan_to_num(column, nan=np.inf)) <= HUGE].astype(np.float64)
        if not len(known) or known.min() == known.max():
            found = f"{known[0]:g} in all {len(known)} training rows with it" if len(known) else "in no training row"
            raise DataSetError(f"metadata column {name!r} is {found}: nothing can be learnt from it; leave it out")
        low, middle, high = np.percentile(known, [25, 50, 75])
        centres.append(float(np.float32(middle)))
        widths.append(float(np.float32((high - low) / IQR_OF_SIGMA if high > low else known.std())))
    return MetadataScaling(columns=tuple(columns), centre=tuple(centres), width=tuple(widths))


def require_given(scaling: MetadataScaling | None, metadata: NDArray[np.float32] | None) -> None:
    """Refuse pixels alone for a model that takes metadata beside them.

    Raises
    ------
    IncompatiblePackageError
        With the columns that it needs.
    """
    if scaling is not None and metadata is None:
        raise IncompatiblePackageError(f"the model needs the columns {', '.join(scaling.columns)}; none were given")


def features_of(
    pixels: NDArray[np.float32],
    channels: Sequence[str],
    metadata: NDArray[np.float32] | None,
    scaling: MetadataScaling | None,
    fwhm_pixel: float = math.nan,
) -> NDArray[np.float32]:
    """Return what a classifier on features takes: physical features, and encoded metadata behind them if it takes any.

    Parameters
    ----------
    pixels : ndarray of float32, shape (n, y, x, channel)
        Raw pixels.
    channels : sequence of str
        Names along their last axis.
    metadata : ndarray of float32, shape (n, k), or None
        Raw columns.
    scaling : MetadataScaling or None
        Of these columns.
    fwhm_pixel : float
        Typical FWHM of the PSF, in pixels, by which the features are measured; NaN where it is not known.

    Raises
    ------
    IncompatiblePackageError
        When the model takes metadata and none is given.
    """
    require_given(scaling, metadata)
    features = measured_features(pixels, channels, fwhm_pixel)
    if scaling is None or metadata is None:
        return features
    return np.concatenate([features, scaling.encoded(metadata)], axis=1)


def warn_where_unevenly_missing(
    values: NDArray[np.float32], labels: NDArray[np.int64], columns: Sequence[str], class_names: Sequence[str]
) -> None:
    """Log a warning for each column whose absence tells the class, as that of a column made of labels does.

    Parameters
    ----------
    values : ndarray of float32, shape (n, k)
        Raw columns of the training rows that are used.
    labels : ndarray of int, shape (n,)
        Their classes.
    columns, class_names : sequence of str
        Names of the columns and of the classes.
    """
    missing = ~np.isfinite(values)
    shares = np.stack([missing[labels == index].mean(axis=0) for index in range(len(class_names))])
    for name, each in zip(columns, shares.T, strict=True):
        if np.ptp(each) > _UNEVEN:
            said = ", ".join(f"{share:.0%} of {label}" for label, share in zip(class_names, each, strict=True))
            log.warning(
                "metadata column %r is missing in %s training rows: whether it is there tells the class, perhaps only "
                "in this data set", name, said
            )  # fmt: skip
