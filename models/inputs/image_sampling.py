"""At which FWHM of the PSF features are measured: that of the training, unless the images to score are far from it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MEASURED_ROWS: Final = 256
"""First rows, of a file or night, or of each class that trains, in whose stars the FWHM is measured."""

LIKE: Final = 1.4
"""FWHMs within this factor of the training's are seeing, which training rows differ in as well."""


@dataclass(frozen=True, kw_only=True)
class FeatureSampling:
    """How cutouts are brought to the sampling of the features of a model.

    Attributes
    ----------
    fwhm_pixel : float
        Stated to what measures features, as the typical FWHM of all of the cutouts; NaN where they are measured as they
        are. Where they are unlike those of the training it brings their PSF to the width that its PSF had there.
    extent : float
        Side in pixels of what is 1 pixel wide in cutouts like those of the training.
    """

    fwhm_pixel: float = math.nan
    extent: float = 1.0


def sampling_of(features: Mapping[str, Any] | None, fwhm_pixel: float = math.nan) -> FeatureSampling:
    """Return how cutouts of some FWHM are measured for a model.

    Parameters
    ----------
    features : mapping or None
        ``external_features`` of its description; None of a model that takes none.
    fwhm_pixel : float
        Typical FWHM of the cutouts; NaN where it is not known: they count as those of the training.

    Examples
    --------
    >>> trained = {"fwhm_pixel": 2.1}
    >>> [round(sampling_of(trained, fwhm).fwhm_pixel, 2) for fwhm in (2.9, 4.2, math.nan)]
    [2.1, 4.4, 2.1]
    >>> round(sampling_of(trained, 4.2).extent, 2)
    2.18
    """
    from pipeline.features.sampling import REFERENCE_FWHM, resampled_fwhm, sampling_factor  # slow to load

    trained = None if features is None else features.get("fwhm_pixel")
    if trained is None:
        return FeatureSampling()
    far = not math.isnan(fwhm_pixel) and abs(math.log(fwhm_pixel / trained)) > math.log(LIKE)
    if not far:
        return FeatureSampling(fwhm_pixel=trained)
    stated = fwhm_pixel * REFERENCE_FWHM / resampled_fwhm(trained)
    return FeatureSampling(fwhm_pixel=stated, extent=sampling_factor(trained) / sampling_factor(stated))


def measured_fwhm(blocks: Iterable[NDArray[np.float32]], channels: tuple[str, ...], most: int = MEASURED_ROWS) -> float:
    """Return the typical FWHM in pixels of the stars in the first rows, to 3 decimals; NaN if it is not known.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, each ``(n, y, x, channel)``
        Raw cutouts; no block is taken after enough rows are there.
    channels : tuple of str
        Names along the last axis.
    most : int
        Rows that are looked at.
    """
    from pipeline.features.seeing import typical_fwhm

    taken, count = [], 0
    for block in blocks if most else ():
        taken.append(block[: most - count])
        count += len(taken[-1])
        if count >= most:
            break
    return round(typical_fwhm(np.concatenate(taken), channels), 3) if count else math.nan
