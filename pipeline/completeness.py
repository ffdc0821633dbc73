"""Completeness: which fraction of what was injected is found, against magnitude and more, and the 50 % limit."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from pipeline.errors import InputError
from pipeline.metrics.intervals import binomial_interval

COLUMNS = ("column", "stratum", "bin_low", "bin_high", "n", "n_found", "fraction", "low", "high")
"""Columns of a table of fractions: ``n`` is an effective number where injections have weights."""

LEVEL = 0.68
_FEWEST = 10
_BINS = 10
_NUMBERS = ("magnitude", "snr", "host_surface_brightness")
_NO_BAND = "not stated"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Where a fraction falls to one half.

    Attributes
    ----------
    magnitude, error : float
        The limit and its standard error, NaN where there is none.
    plateau, width : float
        The fitted fraction of bright sources and how fast it falls, in magnitudes:
        ``plateau / (1 + exp((m - m0) / width))``.
    reason : str
        Why there is no limit, or empty.
    """

    magnitude: float = np.nan
    error: float = np.nan
    plateau: float = np.nan
    width: float = np.nan
    reason: str = ""

    def fraction(self, magnitude: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted fraction at magnitudes."""
        start = self.magnitude - self.width * np.log(max(2.0 * self.plateau - 1.0, 1e-12))
        return np.asarray(_logistic(np.asarray(magnitude, np.float64), start, self.width, self.plateau))


def fraction_found(
    values: ArrayLike,
    found: ArrayLike,
    edges: ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return the fraction found in bins, with Jeffreys' 68 % intervals.

    Parameters
    ----------
    values : array-like, (n,)
        Such as magnitudes; what is not finite counts nowhere.
    found : array-like of bool, (n,)
    edges : array-like, (bins + 1,)
        In order; each bin holds its lower edge, the last also its upper one.
    weight : array-like, (n,), optional
        What each injection stands for.

    Returns
    -------
    DataFrame
        ``bin_low bin_high n n_found fraction low high``, one row a bin, empty ones as well.

    Raises
    ------
    InputError
        If lengths differ or edges are out of order.
    """
    number, hit = np.asarray(values, np.float64), np.asarray(found, dtype=bool)
    bounds = np.asarray(edges, np.float64)
    mass = np.ones(len(number)) if weight is None else np.asarray(weight, np.float64)
    if not (number.shape == hit.shape == mass.shape) or number.ndim != 1:
        raise InputError(f"values {number.shape}, found {hit.shape} and weight {mass.shape} must be of one length")
    if bounds.ndim != 1 or len(bounds) < 2 or (np.diff(bounds) <= 0).any():
        raise InputError(f"bin edges must increase, given {bounds.tolist()}")
    place = np.clip(np.searchsorted(bounds, number, side="right") - 1, 0, len(bounds) - 2)
    inside = np.isfinite(number) & (number >= bounds[0]) & (number <= bounds[-1])
    size = len(bounds) - 1
    total, squares, hits = (
        np.bincount(place[inside], weights=one[inside], minlength=size) for one in (mass, mass**2, mass * hit)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = hits / total
        # Kish's number of equal injections that would scatter as much
        effective = np.where(total > 0, total**2 / squares, 0.0)
    low, high = binomial_interval(np.nan_to_num(fraction) * effective, effective, LEVEL)
    return pd.DataFrame(
        {
            "bin_low": bounds[:-1],
            "bin_high": bounds[1:],
            "n": effective,
            "n_found": np.nan_to_num(fraction) * effective,
            "fraction": fraction,
            "low": low,
            "high": high,
        }
    )


def fraction_tables(truth: pd.DataFrame, *, found: str = "recovered", weight: str = "") -> pd.DataFrame:
    """Return the fraction found against magnitude, SNR and host surface brightness, and in each band.

    Parameters
    ----------
    truth : DataFrame
        One row an injection, with the columns ``found`` (bool), ``weight`` if one is named, and of
        ``magnitude snr host_surface_brightness band`` those that there are.

    Returns
    -------
    DataFrame
        With :data:`COLUMNS`; bins without injections are left out.
    """
    mass = truth[weight].to_numpy(float) if weight else np.ones(len(truth))
    tables = []
    for name in (column for column in _NUMBERS if column in truth):
        values = truth[name].to_numpy(np.float64, na_value=np.nan)
        if name != "magnitude":  # zero is how a blank is written there
            values = np.where(values > 0, values, np.nan)
        edges = bin_edges(values, logarithmic=name == "snr")
        if len(edges):
            table = fraction_found(values, truth[found], edges, weight=mass)
            tables.append(table[table["n"] > 0].assign(column=name, stratum=""))
    if "band" in truth:
        bands = truth["band"].astype(str).replace("", _NO_BAND)
        for band in sorted(bands.unique()):
            rows = (bands == band).to_numpy()
            table = fraction_found(np.zeros(rows.sum()), truth[found][rows], [-1.0, 1.0], weight=mass[rows])
            tables.append(table.assign(column="band", stratum=band, bin_low=np.nan, bin_high=np.nan))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def bin_edges(values: NDArray[np.float64], *, logarithmic: bool = False) -> NDArray[np.float64]:
    """Return the edges of equally wide bins over what is finite, empty where nothing differs."""
    finite = values[np.isfinite(values)]
    if not len(finite) or np.ptp(finite) == 0:
        return np.empty(0)
    low, high = np.percentile(finite, [0.5, 99.5]) if logarithmic else (finite.min(), finite.max())
    if logarithmic:
        return np.asarray(np.geomspace(low, high, _BINS + 1))
    return np.linspace(low, high, _BINS + 1)


def fit_limit(magnitude: ArrayLike, found: ArrayLike, *, weight: ArrayLike | None = None) -> Limit:
    """Fit how the fraction found falls with magnitude, and return where it is one half.

    A falling logistic curve with a free plateau, by maximum likelihood of each single injection, not of bins. Its width
    is not below the mean distance of two injections in magnitude: they tell of nothing narrower, and a step between two
    of them would have no error.

    Parameters
    ----------
    magnitude : array-like, (n,)
    found : array-like of bool, (n,)
    weight : array-like, (n,), optional

    Returns
    -------
    Limit
        Without a magnitude, and with a reason, where there are fewer than 10 injections, all or none are
        found, the curve never crosses one half, or only outside the magnitudes given.
    """
    number, hit = np.asarray(magnitude, np.float64), np.asarray(found, dtype=bool)
    mass = np.ones(len(number)) if weight is None else np.asarray(weight, np.float64)
    known = np.isfinite(number)
    number, hit, mass = number[known], hit[known], mass[known]
    if len(number) < _FEWEST:
        return Limit(reason=f"{len(number)} injections with a magnitude, a limit takes {_FEWEST}")
    if hit.all() or not hit.any():
        return Limit(reason=f"{'all' if hit.any() else 'none'} of {len(hit)} injections found")
    middle, span = float(np.median(number)), max(float(np.ptp(number)), 1e-3)
    narrowest = span / len(number)
    solution = _fitted(number, hit, mass, middle, span)
    _, width, plateau = _natural(solution, narrowest)
    if plateau <= 0.5:
        return Limit(plateau=plateau, width=width, reason=f"even the bright ones are found in {plateau:.0%} only")
    limit = _half(solution, narrowest)
    if not number.min() <= limit <= number.max():
        return Limit(
            plateau=plateau, width=width, reason=f"one half lies outside {number.min():.2f} ... {number.max():.2f}"
        )
    return Limit(
        magnitude=limit, error=_half_error(solution, number, hit, mass, narrowest), plateau=plateau, width=width
    )


def _logistic(magnitude: NDArray[np.float64], start: float, width: float, plateau: float) -> NDArray[np.float64]:
    return np.asarray(plateau / (1.0 + np.exp(np.clip((magnitude - start) / width, -50.0, 50.0))))


def _natural(parameters: NDArray[np.float64], narrowest: float) -> tuple[float, float, float]:
    """Return start, width and plateau of free parameters."""
    return (
        float(parameters[0]),
        narrowest + float(np.exp(np.clip(parameters[1], -8.0, 4.0))),
        float(1.0 / (1.0 + np.exp(-np.clip(parameters[2], -30.0, 30.0)))),
    )


def _half(parameters: NDArray[np.float64], narrowest: float) -> float:
    start, width, plateau = _natural(parameters, narrowest)
    return start + width * float(np.log(max(2.0 * plateau - 1.0, 1e-12)))


def _loss(
    parameters: NDArray[np.float64],
    number: NDArray[np.float64],
    hit: NDArray[np.bool_],
    mass: NDArray[np.float64],
    narrowest: float,
) -> float:
    """Return minus the logarithm of the likelihood."""
    chance = np.clip(_logistic(number, *_natural(parameters, narrowest)), 1e-9, 1.0 - 1e-9)
    # a weak preference for a plateau below 1 keeps the fit finite where every bright source is found
    return float(-(mass * np.where(hit, np.log(chance), np.log1p(-chance))).sum() + 1e-3 * parameters[2] ** 2)


def _fitted(
    number: NDArray[np.float64], hit: NDArray[np.bool_], mass: NDArray[np.float64], middle: float, span: float
) -> NDArray[np.float64]:
    """Return the best free parameters from several first guesses."""
    guesses = [np.array([middle + shift * span, np.log(0.1 * span), 2.0]) for shift in (-0.25, 0.0, 0.25)]
    options = {"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000}
    given = (number, hit, mass, span / len(number))
    made = [minimize(_loss, one, args=given, method="Nelder-Mead", options=options) for one in guesses]
    return np.asarray(min(made, key=lambda one: float(one.fun)).x, dtype=np.float64)


def _half_error(
    parameters: NDArray[np.float64],
    number: NDArray[np.float64],
    hit: NDArray[np.bool_],
    mass: NDArray[np.float64],
    narrowest: float,
) -> float:
    """Return the standard error of the limit from the curvature of the likelihood."""
    given = (number, hit, mass, narrowest)
    steps = np.array([1e-3, 1e-3, 1e-2])
    hessian = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            corners = [
                a * b * _loss(parameters + a * steps[i] * np.eye(3)[i] + b * steps[j] * np.eye(3)[j], *given)
                for a in (1, -1)
                for b in (1, -1)
            ]
            hessian[i, j] = sum(corners) / (4.0 * steps[i] * steps[j])
    slope = np.array(
        [(_half(parameters + s, narrowest) - _half(parameters - s, narrowest)) / (2 * s.sum()) for s in np.diag(steps)]
    )
    # an effective number below the sum of weights: correct as for Kish's
    spread = (mass**2).sum() / mass.sum()
    variance = float(slope @ np.linalg.pinv(hessian) @ slope) * spread
    return float(np.sqrt(variance)) if variance > 0 else float("nan")
