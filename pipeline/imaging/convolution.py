"""Convolution by Fourier transforms: scipy's, imported only when something is convolved.

``scipy.signal`` imports the whole of ``scipy.stats``, and a night of images that come with their difference needs no
convolution.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["full", "valid", "same"]


def fftconvolve(
    image: NDArray[np.floating],
    kernel: NDArray[np.floating],
    mode: Mode = "full",
    axes: tuple[int, ...] | None = None,
) -> NDArray[np.floating]:
    """Return an image convolved with a kernel by one Fourier transform; for a kernel about as large as the image.

    It is ``scipy.signal.fftconvolve``, imported when it is first needed.

    Parameters
    ----------
    image, kernel : ndarray of float
        Of the same number of dimensions.
    mode : str
        ``"full"``, ``"same"`` (as large as the image) or ``"valid"``.
    axes : tuple of int, optional
        The axes to convolve along; all by default.
    """
    from scipy import signal

    return np.asarray(signal.fftconvolve(image, kernel, mode=mode, axes=axes))


def oaconvolve(image: NDArray[np.floating], kernel: NDArray[np.floating], mode: Mode = "full") -> NDArray[np.floating]:
    """Return ``scipy.signal.oaconvolve(image, kernel, mode)``, for a kernel that is much smaller than the image."""
    from scipy import signal

    return np.asarray(signal.oaconvolve(image, kernel, mode=mode))
