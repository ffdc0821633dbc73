"""Adding a stamp to an image, as far as it lies inside."""

import numpy as np
from numpy.typing import NDArray


def add_stamp(image: NDArray[np.float64], stamp: NDArray[np.float64], first_x: int, first_y: int) -> None:
    """Add the part of a stamp that lies inside an image, in place, both (y, x)."""
    height, width = image.shape
    low_x, low_y = max(first_x, 0), max(first_y, 0)
    high_x, high_y = min(first_x + stamp.shape[1], width), min(first_y + stamp.shape[0], height)
    if low_x < high_x and low_y < high_y:
        part = stamp[low_y - first_y : high_y - first_y, low_x - first_x : high_x - first_x]
        image[low_y:high_y, low_x:high_x] += part
