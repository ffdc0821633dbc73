"""Physical features, measured once where the same pixels are asked for again and again, as the trials of a search do.

Tested by tests/models/searches/test_tuning.py.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import numpy as np
from numpy.typing import NDArray

_Key = tuple[bytes, tuple[int, ...], tuple[str, ...], float]
_REMEMBERED: Final[ContextVar[dict[_Key, NDArray[np.float32]] | None]] = ContextVar("remembered features", default=None)


@contextmanager
def features_remembered() -> Iterator[None]:
    """Within it, blocks of pixels that were measured are not measured again: their features are kept by a digest.

    A digest takes about a hundredth of the time that the features take, and the features a hundredth of the room of
    the pixels.
    """
    token = _REMEMBERED.set({})
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def measured_features(
    pixels: NDArray[np.float32], channels: Sequence[str], fwhm_pixel: float = math.nan
) -> NDArray[np.float32]:
    """Return `pipeline.features.physical_features`, of memory where it remembers them.

    Parameters
    ----------
    pixels : ndarray of float32, shape (n, y, x, channel)
        Raw pixels.
    channels : sequence of str
        Names along their last axis.
    fwhm_pixel : float
        Typical FWHM of the PSF, in pixels; NaN where it is not known.

    Returns
    -------
    ndarray of float32, shape (n, f)
    """
    from pipeline.features import physical_features  # it takes a while to load, which networks need not
    from pipeline.features.sampling import sampling_factor

    remembered = _REMEMBERED.get()
    if remembered is None:
        return physical_features(pixels, tuple(channels), fwhm_pixel)
    digest = hashlib.sha256(pixels.tobytes()).digest()
    key = (digest, pixels.shape, tuple(channels), sampling_factor(fwhm_pixel))
    if key not in remembered:
        remembered[key] = physical_features(pixels, tuple(channels), fwhm_pixel)
        remembered[key].flags.writeable = False
    return remembered[key]
