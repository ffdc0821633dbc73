"""Champion against challenger: read both reports with their scores, require the same rows, compare, write the folder.

Tested by tests/pipeline/stages/test_compare_models.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.scores_file import read_scores, require_score
from pipeline.io.settings_files import place_in
from pipeline.metrics import scored_mask
from pipeline.plots.data import Mistakes, labelled_rows
from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.binary.measures import rows_digest
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.compare import Comparison, Side, comparison_numbers, comparison_page
from pipeline.report.compare.data import CHANGES, changes
from pipeline.stages.mistake_cutouts import with_cutouts
from pipeline.stages.scored_rows import scores_with_candidates
from pipeline.stages.stored_report import StoredReport


@dataclass(frozen=True, kw_only=True)
class NightOfBoth:
    """A night that both models scored as a whole.

    Attributes
    ----------
    night : str
        ISO date.
    champion, challenger : Path
        The scores of each.
    """

    night: str
    champion: Path
    challenger: Path


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a comparison.

    Attributes
    ----------
    how : Bootstrap
        How many samples of groups, and the seed.
    rules : GateRules
        By which the challenger may go live.
    shown : int
        Candidates that the page shows of each way to change side, at most.
    night : NightOfBoth or None
        A night to count the calls of.
    """

    how: Bootstrap
    rules: GateRules
    shown: int
    night: NightOfBoth | None = None


def compare_models(
    folder: Path,
    champion: StoredReport,
    challenger: StoredReport,
    asked: Asked,
    *,
    data: Path,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Write a comparison into a folder, and return its numbers.

    Parameters
    ----------
    folder : Path
        An empty folder: it gets ``index.html``, ``comparison.json``, ``changes.csv`` and ``strata.csv``.
    champion, challenger : StoredReport
        Who serves now, and who may take its place.
    asked : Asked
        What is asked of the comparison.
    data : Path
        The data folder, below which the scores of both lie.
    provenance : mapping
        How the comparison comes about.
    progress : callable
        Called with how far the work is, 0 to 100, and a line of text.

    Raises
    ------
    InputError
        If the two were judged on other rows, or their scores are no longer those of their reports.
    """
    require_same_rows(champion, challenger)
    files = list(dict.fromkeys([*champion.rows(data), *challenger.rows(data)]))
    own = [_judged(report, files, data) for report in (champion, challenger)]
    joined = _beside(*own)
    comparison = Comparison(
        champion=_side(champion, data),
        challenger=_side(challenger, data),
        rows=joined,
        only_one=len(set(own[0]["candidate_id"]) ^ set(own[1]["candidate_id"])),
        night=asked.night.night if asked.night else "",
        of_night=_of_night(asked.night) if asked.night else None,
    )
    progress(20, f"comparing on {len(joined)} rows")
    numbers = comparison_numbers(comparison, asked.how, asked.rules, provenance)
    changed = _changed(comparison)
    galleries = {name: _gallery(changed[changed["change"] == name], asked.shown, files) for name in CHANGES}
    write_csv(folder / "changes.csv", changed, float_format="%.9g", lineterminator="\n")
    write_csv(folder / "strata.csv", pd.DataFrame(numbers["strata"]), float_format="%.9g", lineterminator="\n")
    text = json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "comparison.json").write_text(text, encoding="utf-8")
    (folder / "index.html").write_text(comparison_page(numbers, galleries), encoding="utf-8")
    verdict = "may go live" if numbers["gate"]["promote"] else "is refused by the gate"
    progress(100, f"{challenger.model} {verdict}; {len(changed)} of {len(joined)} rows change side")
    return numbers


def require_same_rows(champion: StoredReport, challenger: StoredReport) -> None:
    """Raise `InputError` that names both reports if these judge other rows or labels."""
    theirs, ours = (report.numbers["counts"].get("rows_sha256") for report in (champion, challenger))
    if theirs is None or theirs != ours:
        told = [
            f"{report.folder} judges {report.numbers['counts']['judged']} rows ({str(digest or 'no digest')[:12]})"
            for report, digest in ((champion, theirs), (challenger, ours))
        ]
        raise InputError(
            f"the champion's report {told[0]}, the challenger's {told[1]}; allowed: reports of the same rows with the "
            "same labels, such as of one data set"
        )


def _side(report: StoredReport, data: Path) -> Side:
    return Side(name=report.model, place=place_in(data, report.folder), numbers=report.numbers)


def _judged(report: StoredReport, files: list[Path], data: Path) -> pd.DataFrame:
    """Return the rows that a report judged, with the model's scores; those of its classifier must be what it says."""
    scores = report.scores(data)
    rows = labelled_rows(scores_with_candidates(scores, files), report.numbers["judged_part"])
    rows = rows[scored_mask(rows["label"], rows["score"])]
    stated = report.numbers["counts"]["rows_sha256"]
    if report.model == report.numbers["classifier"] and rows_digest(rows) != stated:
        raise InputError(
            f"{scores} has {len(rows)} judged rows that are not the {report.numbers['counts']['judged']} of "
            f"{report.folder}: the scores or the labels were made again since; make the report again"
        )
    return rows


def _beside(champion: pd.DataFrame, challenger: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that both scored, in the order of the champion's."""
    other = challenger[["candidate_id", "score"]].rename(columns={"score": "score_challenger"})
    own = champion.rename(columns={"score": "score_champion"})
    return own.merge(other, on="candidate_id", validate="one_to_one").reset_index(drop=True)


def _of_night(night: NightOfBoth) -> pd.DataFrame:
    tables = []
    for path, name in ((night.champion, "score_champion"), (night.challenger, "score_challenger")):
        scores = read_scores(path)
        require_score(scores, path, "a comparison of a night")
        tables.append(scores[["candidate_id", "score"]].rename(columns={"score": name}))
    return tables[0].merge(tables[1], on="candidate_id", validate="one_to_one")


def _changed(comparison: Comparison) -> pd.DataFrame:
    """Return the rows that change side, those whose scores differ most first."""
    rows = comparison.rows.assign(change=changes(comparison))
    shown = ["candidate_id", "object_id", "exposure_id", "night", "kind", "band", "magnitude", "label"]
    kept = ["change", *(name for name in shown if name in rows), "score_champion", "score_challenger"]
    rows = rows.loc[rows["change"] != "", kept]
    apart = np.abs(rows["score_challenger"] - rows["score_champion"])
    order = rows.assign(apart=apart).sort_values(["apart", "candidate_id"], ascending=[False, True])
    return order.drop(columns="apart")


def _gallery(rows: pd.DataFrame, most: int, files: list[Path]) -> Mistakes | None:
    return with_cutouts(rows.head(most).reset_index(drop=True), files)
