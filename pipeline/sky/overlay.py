"""Laying a small image over a large one, as far as it lies inside."""

import numpy as np
from numpy.typing import NDArray


def add_inside(image: NDArray[np.float64], light: NDArray[np.float64], first_x: int, first_y: int) -> None:
    """Add the part of a small image that lies inside a large one, in place.

    Parameters
    ----------
    image, light : ndarray of float64, (y, x)
        The large image, which is changed, and the small one.
    first_x, first_y : int
        Pixel of the large image in which the first pixel of the small one comes to lie; may lie outside.
    """
    height, width = image.shape
    low_x, low_y = max(first_x, 0), max(first_y, 0)
    high_x, high_y = min(first_x + light.shape[1], width), min(first_y + light.shape[0], height)
    if low_x < high_x and low_y < high_y:
        part = light[low_y - first_y : high_y - first_y, low_x - first_x : high_x - first_x]
        image[low_y:high_y, low_x:high_x] += part
