"""Ratios and logarithms that stay finite and small for any input."""

import numpy as np
from numpy.typing import NDArray


def ratio(numerator: NDArray[np.number], denominator: NDArray[np.number], limit: float = 5.0) -> NDArray[np.float32]:
    """Return ``numerator / denominator`` held within ``limit`` in absolute value; 0 for 0 / 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = numerator / (denominator + np.where(denominator < 0, -1e-6, 1e-6))
    held = np.minimum(np.maximum(value, -limit), limit)  # NaN stays; np.nan_to_num takes three times as long
    return np.where(np.isnan(held), 0.0, held).astype(np.float32)


def logarithm(value: NDArray[np.number]) -> NDArray[np.float32]:
    """Return ``log10(1 + |value|)`` with the sign of ``value``."""
    return (np.sign(value) * np.log10(1 + np.abs(value))).astype(np.float32)
