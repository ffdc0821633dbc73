"""How a column divides rows into strata: by its values, or by disjoint bins of a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.photometry.magnitudes import known_magnitudes
from pipeline.registry import Registry

MISSING = "missing"
OTHERS = "all others"
MOST_CATEGORIES = 24


@dataclass(frozen=True, kw_only=True)
class Stratification:
    """How one column divides the rows.

    Attributes
    ----------
    column, title, unit : str
        The column, its name for a reader, its unit.
    numeric : bool
        Whether the column is cut into bins with about equal numbers of rows; otherwise each value is a stratum.
    edges : tuple of float
        Edges of the bins instead of quantiles; both ends are open.
    names : tuple of str
        Names of the bins between ``edges``; by default their ends.
    sentinels : bool
        0 and impossible magnitudes, such as -999 and 99, mean "not measured".
    """

    column: str
    title: str
    unit: str = ""
    numeric: bool = False
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    sentinels: bool = False


STRATA: Registry[Stratification] = Registry("stratification")
for _place, _entry in enumerate(
    (
        Stratification(column="kind", title="Kind"),
        Stratification(column="label_source", title="Label source"),
        Stratification(column="flux_sign", title="Sign of the difference"),
        Stratification(column="magnitude", title="Magnitude", unit="mag", numeric=True, sentinels=True),
        Stratification(column="snr", title="Signal to noise", numeric=True),
        Stratification(column="band", title="Band"),
        Stratification(column="night", title="Night"),
        Stratification(column="detector", title="Detector"),
        Stratification(column="host_offset_arcsec", title="Offset from the host", unit="arcsec", numeric=True),
        Stratification(
            column="edge_fraction",
            title="Part outside the image",
            numeric=True,
            edges=(0.0, 1e-6, 0.1, 0.5, 1.0),
            names=("none", "up to 10 %", "10 to 50 %", "above 50 %"),
        ),
        Stratification(
            column="nan_fraction",
            title="Part without pixels",
            numeric=True,
            edges=(0.0, 1e-6, 0.01, 0.1, 1.0),
            names=("none", "up to 1 %", "1 to 10 %", "above 10 %"),
        ),
    )
):
    STRATA.register(_entry.column, title=_entry.title, unit=_entry.unit, place=_place)(_entry)


def quantile_edges(values: NDArray[np.float64], bins: int = 5) -> NDArray[np.float64]:
    """Return the edges of at most ``bins`` disjoint bins with about equal numbers of the finite values."""
    usable = values[np.isfinite(values)]
    if not len(usable):
        return np.empty(0)
    edges = np.unique(np.quantile(usable, np.linspace(0.0, 1.0, bins + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0]])


def part_rows(
    values: pd.Series, rule: Stratification, edges: Sequence[float] | NDArray[np.float64] | None, bins: int
) -> tuple[NDArray[np.str_], dict[str, float], dict[str, float]]:
    """Divide rows into strata by the values of one column.

    Parameters
    ----------
    values : Series, (n,)
        The column.
    rule : Stratification
        Whether the column is a number, and its fixed edges and names if it has any.
    edges : sequence of float, (b + 1,), or None
        Edges of the bins, instead of those of the rule or the quantiles.
    bins : int
        The most bins by quantiles; used where neither ``edges`` nor the rule gives edges.

    Returns
    -------
    stratum : ndarray of str, (n,)
        The name of each row's stratum; :data:`MISSING` where there is no value.
    low, high : dict of str to float
        The lower and the upper end of each bin by name, in the unit of the column; empty for categories.
    """
    if not rule.numeric and edges is None:
        return _categories(values), {}, {}
    numbers = measured(values, rule)
    chosen = np.asarray(edges if edges is not None else (rule.edges or quantile_edges(numbers, bins)), dtype=float)
    if len(chosen) < 2:
        return np.full(len(values), MISSING), {}, {}
    index = np.clip(np.searchsorted(chosen, numbers, side="right") - 1, 0, len(chosen) - 2)
    labels = list(rule.names) if rule.names and edges is None else _bin_names(chosen, rule.unit)
    names = np.where(np.isfinite(numbers), np.array(labels)[index], MISSING)
    ends = {label: (chosen[i], chosen[i + 1]) for i, label in enumerate(labels)}
    return names, {k: float(v[0]) for k, v in ends.items()}, {k: float(v[1]) for k, v in ends.items()}


def _bin_names(edges: NDArray[np.float64], unit: str) -> list[str]:
    digits = next(
        d for d in range(3, 18) if len({f"{edge:.{d}g}" for edge in np.unique(edges)}) == len(np.unique(edges))
    )
    return [f"{low:.{digits}g} to {high:.{digits}g} {unit}".rstrip() for low, high in pairwise(edges)]


def _categories(values: pd.Series) -> NDArray[np.str_]:
    names = values.astype(object).where(values.notna(), MISSING).astype(str).to_numpy(dtype=object)
    names[names == ""] = MISSING
    kinds, counts = np.unique(names.astype(str), return_counts=True)
    if len(kinds) > MOST_CATEGORIES:
        kept = kinds[np.argsort(-counts, kind="stable")[: MOST_CATEGORIES - 1]]
        names = np.where(np.isin(names.astype(str), kept), names, OTHERS)
    return names.astype(str)


def in_order(names: NDArray[np.str_], low: dict[str, float]) -> list[str]:
    """Return the names that occur: bins in order of their lower end, values by number or name, the rest last."""
    present = set(names.tolist())
    last = [name for name in (OTHERS, MISSING) if name in present]
    order = sorted(present - set(last), key=lambda name: (low.get(name, 0.0), _as_number(name), name))
    return order + last


def _as_number(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0.0


def measured(values: pd.Series, rule: Stratification) -> NDArray[np.float64]:
    """Return a column as float64 with NaN for what was not measured."""
    numbers = numbers_of(values)
    if rule.sentinels:
        numbers = np.where(numbers == 0, np.nan, known_magnitudes(numbers))
    return np.where(np.isfinite(numbers), numbers, np.nan)


def numbers_of(values: pd.Series) -> NDArray[np.float64]:
    """Return a column as float64; NaN where it does not hold a number."""
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def is_empty(values: pd.Series) -> bool:
    """Return whether a column holds nothing but missing values and empty strings."""
    return bool((values.isna() | (values.astype(str) == "")).all())
