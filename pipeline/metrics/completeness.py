"""Completeness: the fraction of the injections that is found, against magnitude and more, and the 50 % limit."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.completeness_limit import Curve, Limit, fit_kept, fit_limit
from pipeline.metrics.intervals import binomial_interval

__all__ = ["COLUMNS", "Curve", "Limit", "bin_edges", "fit_kept", "fit_limit", "fraction_found", "fraction_tables"]

COLUMNS = ("column", "stratum", "bin_low", "bin_high", "n", "n_found", "fraction", "low", "high")
"""Columns of a table of fractions; ``n`` is an effective number if injections have weights."""

LEVEL = 0.68
_BINS = 10
_NUMBERS = ("magnitude", "snr", "host_surface_brightness")
_NO_BAND = "not stated"


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
        Such as magnitudes; values that are not finite are in no bin.
    found : array-like of bool, (n,)
    edges : array-like, (bins + 1,)
        In ascending order; each bin includes its lower edge, the last also its upper one.
    weight : array-like, (n,), optional
        How many injections each stands for.

    Returns
    -------
    DataFrame
        ``bin_low bin_high n n_found fraction low high``, one row per bin, including empty ones.

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
    place, inside = _places(number, bounds)
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


def _places(number: NDArray[np.float64], bounds: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the bin of each number, and whether it is in any."""
    place = np.clip(np.searchsorted(bounds, number, side="right") - 1, 0, len(bounds) - 2)
    return place, np.isfinite(number) & (number >= bounds[0]) & (number <= bounds[-1])


def _weights(
    values: NDArray[np.float64],
    edges: ArrayLike,
    recovered: NDArray[np.bool_],
    judged: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return how many injections each stands for if not all recovered ones are judged.

    A missed injection counts as the share of its bin's recovered ones that are judged, so that the fraction found is
    the fraction recovered times the fraction of the judged that is kept. If none of a bin's recovered ones is judged,
    nothing counts.
    """
    bounds = np.asarray(edges, np.float64)
    place, inside = _places(values, bounds)
    all_of, seen = (
        np.bincount(place[inside], weights=rows[inside].astype(float), minlength=len(bounds) - 1)
        for rows in (recovered, recovered & judged)
    )
    share = np.divide(seen, all_of, out=np.ones_like(seen), where=all_of > 0)
    return np.where(recovered, judged.astype(float), share[place])


def fraction_tables(truth: pd.DataFrame, *, found: str = "recovered", judged: str = "") -> pd.DataFrame:
    """Return the fraction found against magnitude, SNR and host surface brightness, and in each band.

    Parameters
    ----------
    truth : DataFrame
        One row per injection, with the column ``found`` (bool), and those of
        ``magnitude snr host_surface_brightness band`` that exist.
    found, judged : str
        Names of columns. If only some of the ``recovered`` (a column) can have been found, ``judged`` (bool) says
        which, and these stand for the others in their bin: the fraction never exceeds the fraction recovered.

    Returns
    -------
    DataFrame
        With :data:`COLUMNS`; bins without injections are left out.
    """
    recovered, seen = (truth[name].to_numpy(bool) for name in (("recovered", judged) if judged else (found, found)))

    def fractions(values: NDArray[np.float64], edges: ArrayLike, rows: NDArray[np.bool_] | slice) -> pd.DataFrame:
        mass = _weights(values, edges, recovered[rows], seen[rows])
        return fraction_found(values, truth[found].to_numpy(bool)[rows], edges, weight=mass)

    tables = []
    for name in (column for column in _NUMBERS if column in truth):
        values = truth[name].to_numpy(np.float64, na_value=np.nan)
        if name != "magnitude":  # zero is how a blank is written there
            values = np.where(values > 0, values, np.nan)
        edges = bin_edges(values, logarithmic=name == "snr")
        if len(edges):
            table = fractions(values, edges, slice(None))
            tables.append(table[table["n"] > 0].assign(column=name, stratum=""))
    if "band" in truth:
        bands = truth["band"].astype(str).replace("", _NO_BAND)
        for band in sorted(bands.unique()):
            rows = (bands == band).to_numpy()
            table = fractions(np.zeros(rows.sum()), [-1.0, 1.0], rows)
            tables.append(table[table["n"] > 0].assign(column="band", stratum=band, bin_low=np.nan, bin_high=np.nan))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def bin_edges(values: NDArray[np.float64], *, logarithmic: bool = False) -> NDArray[np.float64]:
    """Return the edges of equally wide bins over the finite values; empty if all are equal."""
    finite = values[np.isfinite(values)]
    if not len(finite) or np.ptp(finite) == 0:
        return np.empty(0)
    low, high = np.percentile(finite, [0.5, 99.5]) if logarithmic else (finite.min(), finite.max())
    if logarithmic:
        return np.asarray(np.geomspace(low, high, _BINS + 1))
    return np.linspace(low, high, _BINS + 1)
