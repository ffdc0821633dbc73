"""Ratios and logarithms that stay finite and small for any input."""

import numpy as np
from numpy.typing import NDArray


def ratio(numerator: NDArray, denominator: NDArray, limit: float = 5.0) -> NDArray[np.float32]:
    """Return ``numerator / denominator`` held within ``limit`` in absolute value; 0 for 0 / 0."""
    sign = np.where(denominator < 0, -1.0, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        value = numerator / (denominator + sign * 1e-6)
    return np.clip(np.nan_to_num(value, posinf=limit, neginf=-limit), -limit, limit).astype(np.float32)


def logarithm(value: NDArray) -> NDArray[np.float32]:
    """Return ``log10(1 + |value|)`` with the sign of ``value``."""
    return (np.sign(value) * np.log10(1 + np.abs(value))).astype(np.float32)
