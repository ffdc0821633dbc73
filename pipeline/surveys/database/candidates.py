"""The candidates that the queries of a database give: united, checked, and handed out one exposure at a time.

Tested by tests/pipeline/surveys/database/test_survey_queries.py.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.ids.hashes import id_hashes, repeated_hashes
from pipeline.io.database.row_spool import RowSpool, merged_groups
from pipeline.io.database.typed_columns import to_frame
from pipeline.io.results.content import frame_digest
from pipeline.io.results.night_manifest import Entry
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.base import ExposureRow
from pipeline.times import column_mjd

_NUMBERS = (
    "ra_deg", "dec_deg", "x_pixel", "y_pixel", "magnitude", "magnitude_error", "zeropoint", "fwhm_pixel", "snr",
)  # fmt: skip

Groups: TypeAlias = Callable[[], Iterator[tuple[str, pd.DataFrame]]]
"""Begins a pass over a night's candidates: each exposure's id and rows, in the order of the ids' bytes."""


@dataclass(frozen=True, kw_only=True)
class NightCandidates:
    """A night's candidates, of which memory holds one exposure at a time, and what is known of all of them.

    Attributes
    ----------
    groups : callable
        Begins a pass over them.
    rows : int
        Their number.
    sha256 : str
        Digest of their columns and values, whatever the order in which the server gave them.
    exposures : frozenset of str
        The exposures that they name.
    no_rows : DataFrame
        A table of their columns without rows.
    """

    groups: Groups
    rows: int
    sha256: str
    exposures: frozenset[str]
    no_rows: pd.DataFrame

    @property
    def entry(self) -> Entry:
        """What a manifest says of them."""
        return {"rows": self.rows, "sha256": self.sha256}

    def beside(self, exposures: Iterable[ExposureRow]) -> Iterator[tuple[ExposureRow, pd.DataFrame]]:
        """Yield exposures, which must come in the order of their ids' bytes, each with its candidates."""
        groups = self.groups()
        name, rows = next(groups, ("", None))
        for exposure in exposures:
            asked = str(exposure["exposure_id"])
            while rows is not None and name.encode() < asked.encode():
                name, rows = next(groups, ("", None))
            yield exposure, self.no_rows if rows is None or name != asked else _as_ours(rows)


def night_candidates(groups: Groups, no_rows: pd.DataFrame, needs: Sequence[str], name: str) -> NightCandidates:
    """Check a night's candidates in a pass that keeps 8 bytes of each id, and return them.

    Parameters
    ----------
    groups : callable
        Begins a pass over the candidates.
    no_rows : DataFrame
        A table of their columns without rows.
    needs : sequence of str
        The columns that are required.
    name : str
        The query, for messages.

    Raises
    ------
    InputError
        If a column is missing, an id appears twice, or a value is not a number, sign or time as its column requires.
    """
    missing = [column for column in needs if column not in no_rows]
    if missing:
        raise InputError(f"query {name}: column {missing[0]!r} is missing; there: {', '.join(no_rows)}")
    digest = hashlib.sha256("\n".join(no_rows).encode())
    hashes, exposures, count = [], set(), 0
    for exposure, rows in groups():
        _require_sound(rows, name)
        digest.update(frame_digest(rows).encode())
        hashes.append(id_hashes(rows["candidate_id"]))
        exposures.add(exposure)
        count += len(rows)
    _require_once(groups, repeated_hashes(hashes), name)
    return NightCandidates(
        groups=groups, rows=count, sha256=digest.hexdigest(), exposures=frozenset(exposures), no_rows=no_rows
    )


def united(spools: Sequence[RowSpool], names: Sequence[str]) -> Groups:
    """Return a function that begins a pass over the rows of several queries, equal rows once.

    It gives them by exposure, in the order of the bytes of their ids.

    Parameters
    ----------
    spools : sequence of RowSpool
        The rows of each query by ``exposure_id``, with ``candidate_id``.
    names : sequence of str
        The queries, for messages.

    Raises
    ------
    InputError
        If the queries differ in their columns; during a pass, if they give different rows for one id.
    """
    for spool, name in zip(spools, names, strict=True):
        apart = sorted(set(spool.names) ^ set(spools[0].names))
        if apart:
            raise InputError(f"queries {names[0]} and {name} do not unite: only one has column {apart[0]!r}")

    def groups() -> Iterator[tuple[str, pd.DataFrame]]:
        for exposure, tables in merged_groups(spools):
            yield exposure, _unite([to_frame(table) for table in tables], " + ".join(names))

    return groups


def _unite(found: Sequence[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the rows that several queries give for one exposure."""
    if len(found) == 1:
        return found[0]
    rows = pd.concat([rows for rows in found if len(rows)], ignore_index=True).drop_duplicates()
    twice = rows["candidate_id"][rows["candidate_id"].duplicated()]
    if len(twice):
        raise InputError(f"query {name}: candidate_id {twice.iloc[0]!r} appears in rows that differ")
    return rows.sort_values("candidate_id", kind="stable", ignore_index=True)


def _as_ours(rows: pd.DataFrame, name: str = "") -> pd.DataFrame:
    """Return rows with ``flux_sign`` and ``time_mjd`` read from whatever type the server uses for them."""
    rows = with_times(rows, name)
    if "flux_sign" not in rows:
        return rows
    return rows.assign(flux_sign=flux_signs(rows["flux_sign"], what=f"query {name}: column 'flux_sign'"))


def with_times(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return rows of a query with ``time_mjd``, where there is one, as UTC MJDs, whatever the server's type.

    Raises
    ------
    InputError
        If a value is not a time, or is a JD.
    """
    if "time_mjd" not in rows:
        return rows
    what, remedy = f"query {name}: column 'time_mjd'", "let the query subtract 2400000.5"
    return rows.assign(time_mjd=column_mjd(rows["time_mjd"], what, remedy=remedy))


def _require_sound(candidates: pd.DataFrame, name: str) -> None:
    """Raise `InputError` where an id is empty, or a value is not a number, sign or time as its column requires."""
    blank = candidates["candidate_id"] == ""
    if blank.any():
        raise InputError(f"query {name}: {int(blank.sum())} rows have no candidate_id; allowed: a text or number")
    for column in candidates.columns.intersection(_NUMBERS):
        if pd.api.types.is_numeric_dtype(candidates[column]):
            continue
        wrong = pd.to_numeric(candidates[column], errors="coerce").isna() & candidates[column].notna()
        if wrong.any():
            row = candidates[wrong].iloc[0]
            raise InputError(
                f"query {name}: column {column!r} of candidate_id {row['candidate_id']!r} is {row[column]!r}; "
                "allowed: a number"
            )
    _as_ours(candidates, name)


def _require_once(groups: Groups, suspects: NDArray[np.uint64], name: str) -> None:
    """Raise `InputError` where an id appears twice; ids with equal hashes are compared in another pass."""
    seen: dict[str, str] = {}
    for exposure, rows in groups() if len(suspects) else ():
        for candidate in rows["candidate_id"][np.isin(id_hashes(rows["candidate_id"]), suspects)]:
            if candidate in seen:
                where = f", in exposures {seen[candidate]!r} and {exposure!r}" if seen[candidate] != exposure else ""
                raise InputError(f"query {name}: candidate_id {candidate!r} appears twice{where}")
            seen[candidate] = exposure
