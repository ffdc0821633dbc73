"""Magnitudes of what is injected: uniform, a power law, or from a list."""

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.recipes.injection import InjectionSettings


def draw_magnitudes(
    number: int,
    settings: InjectionSettings,
    rng: np.random.Generator,
    listed: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return magnitudes, (number,).

    Parameters
    ----------
    number : int
    settings : InjectionSettings
        Its range and distribution of magnitudes.
    rng : Generator
    listed : ndarray, optional
        The list that ``file`` draws from, with replacement.

    Raises
    ------
    InputError
        If a list is asked for and holds no magnitude between the limits.

    Examples
    --------
    >>> faint = InjectionSettings(magnitude_min=18.0, magnitude_max=20.0, magnitudes="power_law")
    >>> bool(np.median(draw_magnitudes(1000, faint, np.random.default_rng(1))) > 19.4)
    True
    """
    low, high = settings.magnitude_min, settings.magnitude_max
    if settings.magnitudes == "file":
        values = np.asarray([] if listed is None else listed, dtype=np.float64)
        inside = values[(values >= low) & (values <= high)]
        if not len(inside):
            raise InputError(f"none of {len(values)} listed magnitudes is from {low} to {high}")
        return rng.choice(inside, number)
    slope = settings.magnitude_slope
    if settings.magnitudes == "power_law" and abs(slope) > 1e-6:
        # the inverse of the cumulative number, written so that no power overflows
        span = 10.0 ** (-abs(slope) * (high - low))
        steps = np.log10(span + rng.random(number) * (1.0 - span)) / abs(slope)
        return np.clip(high + steps if slope > 0 else low - steps, low, high)
    return rng.uniform(low, high, number)
