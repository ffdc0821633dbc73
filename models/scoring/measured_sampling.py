"""The FWHM of cutouts to score, from their first rows: the same number however they are cut into blocks and spread."""

import logging
import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.inputs.image_sampling import measured_fwhm
from models.scoring.opened_package import OpenedPackage
from models.scoring.regressor import RegressorPackage

log = logging.getLogger(__name__)

_Package = TypeVar("_Package", bound=OpenedPackage | RegressorPackage)


def at_sampling_of(
    package: _Package,
    first: Callable[[], Iterable[NDArray[np.float32]]],
    channels: tuple[str, ...],
    stated: float | None = None,
) -> _Package:
    """Return a package as it scores cutouts of the sampling of some rows.

    Parameters
    ----------
    package : OpenedPackage or RegressorPackage
        One that measures no features is returned as it is, and no row is read.
    first : callable
        Returns the first raw cutouts ``(n, y, x, channel)``, block by block.
    channels : tuple of str
        Names along their last axis.
    stated : float, optional
        Typical FWHM of the survey's images in pixels, where it is known: then no row is read.
    """
    if not isinstance(package, OpenedPackage) or not package.measures_features:
        return package
    fwhm_pixel = measured_fwhm(first(), channels) if stated is None else stated
    if math.isnan(fwhm_pixel):
        log.warning(
            "too few stars to measure the FWHM of the cutouts: it counts as that of the training, and scores are worth "
            "nothing if it is another; a survey states it by its key 'fwhm_pixel'"
        )
    return package.at_fwhm(fwhm_pixel)  # type: ignore[return-value]
