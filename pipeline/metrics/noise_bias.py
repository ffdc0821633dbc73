"""Subtract the noise from figures that noise can only raise, as it does every mean of absolute gaps."""

import numpy as np
from numpy.typing import NDArray


def without_noise(value: float, drawn: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return a figure and its replicates after subtracting, in squares, the noise that they contain.

    A bin's gap between score and fraction of reals scatters even if scores are calibrated, and its absolute value
    counts that as an error. Kumar, Liang & Ma (2019, Verified Uncertainty Calibration, section 4) subtract from the
    squared error the squared noise. Here the noise is measured: a sample contains it once and a replicate, which is
    drawn from the sample, twice, so that ``noise^2 = mean(replicate^2) - value^2``; this is the noise over groups,
    because replicates are drawn over groups. What remains is ``value^2 - noise^2`` of the sample and
    ``replicate^2 - 2 noise^2`` of a replicate, whose mean is the former, so the figure lies amid its replicates. It is
    never below 0.

    Parameters
    ----------
    value : float
        The figure of the sample, 0 or more.
    drawn : ndarray of float64, (r,)
        The figures of the replicates; NaN for one without a value.

    Examples
    --------
    >>> value, drawn = without_noise(0.05, np.array([0.05, 0.07]))
    >>> float(round(value, 3)), drawn.round(3).tolist()
    (0.036, [0.01, 0.05])
    """
    usable = drawn[np.isfinite(drawn)]
    if not len(usable):
        return value, drawn
    noise = float(np.mean(usable**2)) - value**2
    return float(np.sqrt(max(value**2 - noise, 0.0))), np.sqrt(np.clip(drawn**2 - 2.0 * noise, 0.0, None))


def centred(value: float, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the replicates of a difference of two such figures, moved so that their mean is its value.

    If one of the figures is cut at 0, so are its replicates, and more often on one side.

    Examples
    --------
    >>> centred(0.5, np.array([0.25, 1.25])).tolist()
    [0.0, 1.0]
    """
    usable = drawn[np.isfinite(drawn)]
    return drawn + (value - float(usable.mean())) if len(usable) else drawn
