"""What a provider says about candidates, and the registry of providers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.crossmatch.match import nearest
from pipeline.errors import InputError
from pipeline.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a provider says about each candidate.

    Attributes
    ----------
    label : ndarray of int8, (n,)
        Code of the class, such as 1 for real and 0 for bogus; -1 for no verdict.
    kind : ndarray of str, (n,)
        What the candidate is: ``mover``, ``variable``, ``transient``, ``bogus``; empty without a verdict.
    source : ndarray of str, (n,)
        The label source.
    group : ndarray of str, (n,), optional
        What links rows of different objects, such as one moving object; empty for nothing.
    """

    label: NDArray[np.int8]
    kind: NDArray[np.object_]
    source: NDArray[np.object_]
    group: NDArray[np.object_] | None = None


Tables = Mapping[str, pd.DataFrame]
"""What a provider reads, by the role that ``reads`` of its settings gives each table."""

Provider = Callable[..., Verdict]
"""From candidates, the tables that the provider reads and its own class of settings to what it says of each.

One that is registered with ``any_classes`` gets the names of the survey's classes as well; others know real and bogus.
"""

LABEL_PROVIDERS: Registry[Provider] = Registry("label provider")


def verdict(label: NDArray[np.int8], kind: NDArray[np.object_], source: NDArray[np.object_]) -> Verdict:
    """Return a verdict in which rows without a label have neither kind nor source."""
    silent = label == UNLABELLED
    return Verdict(label=label, kind=np.where(silent, "", kind), source=np.where(silent, "", source))


def alike(label: NDArray[np.int8], kind: str, source: str) -> Verdict:
    """Return a verdict whose labelled rows are all of one kind and source."""
    return verdict(label, np.full(len(label), kind, dtype=object), np.full(len(label), source, dtype=object))


def table_of(tables: Tables, role: str, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    """Return the table that a label provider reads.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        What was read for the provider, by role.
    role : str
        Which of them, as in the provider's ``reads()``.
    columns : tuple of str
        Columns that the provider needs.
    name : str
        What an error calls the table.

    Raises
    ------
    InputError
        If a column is missing; the message names it and those that exist.
    """
    table = tables.get(role, pd.DataFrame())
    absent = [column for column in columns if column not in table]
    if absent:
        raise InputError(f"labels {name!r}: column {absent[0]!r} is missing; there: {', '.join(table) or 'none'}")
    return table


def near(candidates: pd.DataFrame, table: pd.DataFrame, radius_arcsec: float) -> NDArray[np.intp]:
    """Return the row of the table nearest to each candidate, ``(n,)``; -1 if none is within the radius."""
    place = (candidates["ra_deg"].to_numpy(float), candidates["dec_deg"].to_numpy(float))
    which, separation = nearest(*place, table["ra_deg"].to_numpy(float), table["dec_deg"].to_numpy(float))
    return np.where(separation <= radius_arcsec, which, -1)


def near_movers(candidates: pd.DataFrame, table: pd.DataFrame, radius_arcsec: float) -> NDArray[np.bool_]:
    """Return which candidates lie at a mover's predicted position in their own exposure, ``(n,)``."""
    found = np.zeros(len(candidates), dtype=bool)
    for exposure_id, rows in candidates.groupby("exposure_id").indices.items():
        found[rows] = near(candidates.iloc[rows], table[table["exposure_id"] == exposure_id], radius_arcsec) >= 0
    return found
