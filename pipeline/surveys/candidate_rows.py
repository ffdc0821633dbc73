"""Candidates as the queries of a database give them: united, and looked at before anything is cut."""

from collections.abc import Sequence

import pandas as pd

from pipeline.errors import InputError

_NUMBERS = (
    "ra_deg", "dec_deg", "x_pixel", "y_pixel", "time_mjd", "magnitude", "magnitude_error", "zeropoint", "fwhm_pixel",
    "snr", "flux_sign",
)  # fmt: skip


def unite(found: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Return the rows of several queries in the order of their ids, equal rows once.

    Parameters
    ----------
    found : sequence of DataFrame
        The rows of each query, with ``candidate_id``.
    names : sequence of str
        The queries, for messages.

    Raises
    ------
    InputError
        If the queries differ in their columns, or give one id rows that differ.
    """
    if len(found) == 1:
        return found[0]
    for rows, name in zip(found, names, strict=True):
        apart = sorted(set(rows) ^ set(found[0]))
        if apart:
            raise InputError(f"queries {names[0]} and {name} do not unite: only one has column {apart[0]!r}")
    united = pd.concat([rows for rows in found if len(rows)] or found[:1], ignore_index=True).drop_duplicates()
    _require_once(united, " + ".join(names), "with rows that differ")
    return united.sort_values("candidate_id", kind="stable", ignore_index=True)


def require_sound(candidates: pd.DataFrame, needs: Sequence[str], name: str) -> None:
    """Raise `InputError` where a column is missing, an id stands there twice, or a number is none.

    Parameters
    ----------
    candidates : DataFrame
        What the query gave.
    needs : sequence of str
        Columns that must be there.
    name : str
        The query, for messages.
    """
    missing = [column for column in needs if column not in candidates]
    if missing:
        raise InputError(f"query {name}: column {missing[0]!r} is missing; there: {', '.join(candidates)}")
    _require_once(candidates, name, "twice")
    blank = candidates["candidate_id"] == ""
    if blank.any():
        raise InputError(f"query {name}: {int(blank.sum())} rows have no candidate_id; allowed: a text or number")
    for column in candidates.columns.intersection(_NUMBERS):
        wrong = pd.to_numeric(candidates[column], errors="coerce").isna() & candidates[column].notna()
        if wrong.any():
            row = candidates[wrong].iloc[0]
            raise InputError(
                f"query {name}: column {column!r} of candidate_id {row['candidate_id']!r} is {row[column]!r}; "
                "allowed: a number"
            )


def _require_once(candidates: pd.DataFrame, name: str, how: str) -> None:
    twice = candidates["candidate_id"][candidates["candidate_id"].duplicated()]
    if len(twice):
        raise InputError(f"query {name}: candidate_id {twice.iloc[0]!r} stands there {how}")
