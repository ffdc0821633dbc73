"""Random fields that are smooth over some tens of pixels."""

import numpy as np
from numpy.typing import NDArray

_BLUR = 0.6
"""Width of a bump over the distance between two."""


def smooth_field(size_pixel: int, scale_pixel: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a random field of mean 0 and standard deviation 1, (y, x), that changes over a scale."""
    nodes = np.arange(-1.0, size_pixel / scale_pixel + 2.0) * scale_pixel
    weight = np.exp(-0.5 * ((np.arange(size_pixel)[:, None] - nodes) / (_BLUR * scale_pixel)) ** 2)
    smooth = weight @ rng.normal(size=(len(nodes), len(nodes))) @ weight.T
    return (smooth - smooth.mean()) / smooth.std()
