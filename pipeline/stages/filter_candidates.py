"""Candidates above a threshold: a list that a pipeline has for one image, or all of a night, cut by their scores.

Tested by tests/pipeline/stages/test_filter_candidates.py.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.crossmatch.match import all_within, match_one_to_one
from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores, require_score
from pipeline.io.tables.table_file import numbers_of, read_table
from pipeline.stages.candidate_filter import Filter

log = logging.getLogger(__name__)

COUNTS: Final = "counts.json"
"""The file beside the kept candidates."""
_IDS: Final = ("candidate_id", "object_id", "exposure_id")
_SCORED: Final = ("score", "p_0", "p_1", "model", "flags")
"""Columns of the scores that stand behind those of a list."""
_SHOWN: Final = (
    "ra_deg", "dec_deg", "x_pixel", "y_pixel", "time_mjd", "magnitude", "magnitude_error", "band", "fwhm_pixel",
)  # fmt: skip
_MOST_LISTED: Final = 1000


def filter_candidates(
    folder: Path, chosen: Filter, *, scores: Path, rows: Path | None, listed: Path | None, form: str
) -> dict[str, object]:
    """Write the candidates whose score reaches a threshold, best first, and how many there were; return the counts.

    Parameters
    ----------
    folder : Path
        An empty folder: ``candidates.csv``, ``.ecsv`` or ``.fits``, and ``counts.json``.
    chosen : Filter
        What is kept.
    scores : Path
        Scores file.
    rows : Path or None
        The cutout file that was scored, for positions and magnitudes.
    listed : Path or None
        A table of candidates with ``candidate_id``, or with ``ra_deg``, ``dec_deg`` and, if the scores are of several
        images, ``exposure_id``; its rows are kept with all their columns. None: all scored ones.
    form : {"csv", "ecsv", "fits"}
        Format of the kept candidates.

    Raises
    ------
    InputError
        If the scores are not of real and bogus, or of another package than the threshold; if there is no such exposure,
        the list has neither ids nor positions, or a position is that of candidates of several exposures.
    """
    known = _known(scores, rows, chosen.exposure)
    _require_package(known, scores, chosen.package)
    table, there = known, np.ones(len(known), bool)
    if listed is not None:
        table, there = _joined(read_table(listed, texts=_IDS), known, str(listed), chosen.radius_arcsec)
    score, threshold = table["score"].to_numpy(np.float32), np.float32(chosen.threshold)  # as what scores calls a row
    kept, missing = score >= threshold, np.flatnonzero(~there)
    counts: dict[str, object] = {
        **asdict(chosen),
        "candidates": len(table),
        "kept": int(kept.sum()),
        "below": int((score < threshold).sum()),
        "not_scored": int((there & np.isnan(score)).sum()),
        "missing_in_scores": len(missing),
        "missing_rows": [int(row) + 1 for row in missing[:_MOST_LISTED]],
    }
    if len(missing):
        log.warning("%d of %d candidates of %s have no score: rows %s", len(missing), len(table), listed, _some(counts))
    _write(folder, table[kept].sort_values("score", ascending=False, kind="stable"), form)
    (folder / COUNTS).write_text(json.dumps(counts, indent=1), encoding="utf-8")
    return counts


def _some(counts: dict[str, object]) -> str:
    rows = counts["missing_rows"]
    return ", ".join(map(str, rows[:5])) if isinstance(rows, list) else ""


def _require_package(known: pd.DataFrame, scores: Path, package: str) -> None:
    """Refuse scores that say that another package made them than the one whose threshold is taken."""
    others = set(known["model"].dropna().astype(str)) - {"", package} if "model" in known else set()
    if package and others:
        raise InputError(
            f"{scores} has scores of {sorted(others)[0]!r}, and the threshold is that of {package!r}; allowed: the "
            "package that made the scores, or --threshold"
        )


def _known(scores: Path, rows: Path | None, exposure: str) -> pd.DataFrame:
    """Return the scored candidates, of one exposure if it is named, with what their cutout file says of them."""
    found = read_scores(scores)
    require_score(found, scores, "a threshold")
    if exposure:
        images = found["exposure_id"] if "exposure_id" in found else pd.Series("", found.index)
        found = found[images == exposure].reset_index(drop=True)
        if not len(found):
            there = ", ".join(sorted(set(images))[:5]) or "none"
            raise InputError(f"{scores} has no candidate of exposure {exposure!r}; there are: {there} ...")
    keep = [name for name in (*_IDS, "night", *_SCORED) if name in found]
    found = found[keep]
    if rows is None:
        return found
    with open_cutouts(rows) as file:
        there = file.candidates()
    shown = [name for name in _SHOWN if name in there]
    return found.merge(there[["candidate_id", *shown]].drop_duplicates("candidate_id"), on="candidate_id", how="left")


def _joined(
    table: pd.DataFrame, known: pd.DataFrame, where: str, radius_arcsec: float
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return the rows of a list with their scores, and which of them are scored candidates, ``(n,)``."""
    columns = [name for name in ("candidate_id", *_SCORED) if name in known]
    own = table.rename(columns={name: f"{name}_listed" for name in columns[1:] if name in table})
    if "candidate_id" in own:
        twice = known["candidate_id"][known["candidate_id"].duplicated()]
        if len(twice):
            raise InputError(f"candidate_id {twice.iloc[0]!r} has several scores; allowed for {where}: one for each id")
        place = pd.Index(known["candidate_id"]).get_indexer(own["candidate_id"])
        columns.remove("candidate_id")
    else:
        place = _by_place(own, known, where, radius_arcsec)
    beside = known[columns].reindex(place).reset_index(drop=True)  # -1, which is no row, gives NaN
    return pd.concat([own.reset_index(drop=True), beside], axis=1), place >= 0


def _by_place(table: pd.DataFrame, known: pd.DataFrame, where: str, radius_arcsec: float) -> NDArray[np.intp]:
    """Return the row of the scored candidate at the place of each of a list, ``(n,)``; -1 for none."""
    if not {"ra_deg", "dec_deg"} <= set(table):
        raise InputError(
            f"{where} has neither candidate_id nor ra_deg and dec_deg; there: {', '.join(map(str, table))}"
        )
    if "ra_deg" not in known:
        raise InputError(f"{where} has positions and no candidate_id, and the scores name no cutouts with positions")
    ra_deg, dec_deg = (numbers_of(table, name, where).to_numpy() for name in ("ra_deg", "dec_deg"))
    place = np.full(len(table), -1, np.intp)
    if "exposure_id" not in table and "exposure_id" in known and known["exposure_id"].nunique() > 1:
        near = all_within(ra_deg, dec_deg, known["ra_deg"], known["dec_deg"], radius_arcsec)
        _require_one_image(near, known["exposure_id"].to_numpy(object), where)
    for mine, theirs in _of_one_image(table, known):
        there = known.iloc[theirs]
        pairs = match_one_to_one(ra_deg[mine], dec_deg[mine], there["ra_deg"], there["dec_deg"], radius_arcsec)
        place[mine[pairs[0]]] = theirs[pairs[1]]
    return place


def _of_one_image(table: pd.DataFrame, known: pd.DataFrame) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield rows of a list and scored rows that may be the same: of each exposure, if the list names them."""
    if "exposure_id" not in table or "exposure_id" not in known:
        yield np.arange(len(table)), np.arange(len(known))
        return
    for name in table["exposure_id"].unique():
        yield np.flatnonzero(table["exposure_id"] == name), np.flatnonzero(known["exposure_id"] == name)


def _require_one_image(near: Sequence[Sequence[int]], images: NDArray[np.object_], where: str) -> None:
    """Refuse a list of which nobody can say to which of several images its candidates belong."""
    for row, rows in enumerate(near):
        names = sorted({str(images[place]) for place in rows})
        if len(names) > 1:
            raise InputError(
                f"{where}: row {row + 1} lies at candidates of exposures {names[0]!r} and {names[1]!r}; state "
                "--exposure, or give the list a column exposure_id or candidate_id"
            )


def _write(folder: Path, kept: pd.DataFrame, form: str) -> None:
    path = folder / f"candidates.{form}"
    kept = kept.astype({"flags": np.int32}) if "flags" in kept else kept
    if form == "csv":
        write_csv(path, kept)
        return
    from astropy.table import Table

    columns = {name: column.to_numpy() for name, column in kept.items()}
    table = Table({name: v if v.dtype.kind in "iufb" else v.astype("U") for name, v in columns.items()})
    table.write(path, format={"ecsv": "ascii.ecsv", "fits": "fits"}[form])
