"""The report of a night: read its input, cutouts and scores, compare with earlier nights, draw, write the folder.

Tested by tests/pipeline/stages/test_night_report.py.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.files.csv_cells import write_csv
from pipeline.io.packages.training_ids import packages_called
from pipeline.io.results.candidate_list_file import csv_text
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.night_manifest import Manifest
from pipeline.io.results.scores_file import read_scores, require_score
from pipeline.plots.data import PlotResult
from pipeline.plots.night_scores import score_distribution, share_by_night
from pipeline.report.candidates import NightPage
from pipeline.report.night import EarlierNight, NightData, exposure_page, night_numbers, night_page
from pipeline.report.night.earlier import earlier_scores
from pipeline.report.night.page import Shown
from pipeline.scores.candidate_list import listed
from pipeline.scores.ranking import Choice, rank
from pipeline.stages.figure_files import write_figures
from pipeline.stages.scored_candidates import ROW, ScoredNight, learned_from, read_cutouts, read_features, read_scored

log = logging.getLogger(__name__)

MOST_PAGES: Final = 200
"""Exposures that get a page, at most: those with the most candidates called real."""

_CAPTIONS: Final = {
    "score_distribution": (
        "Distribution of the scores",
        "The share of the night's scored candidates in each bin of the score, over the range of the earlier nights.",
    ),
    "share_by_night": (
        "Share called real, night by night",
        "With 68 % intervals by chance alone; the shaded span is where a night like the earlier ones lies.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class NightFiles:
    """What the report of a night is made from.

    Attributes
    ----------
    survey, night : str
        Name of the survey, and ISO date of the night, or ``all``.
    manifest : Manifest
        The frozen input.
    cutouts, scores : Path
        The night's cutout file, and its scores.
    package : Path
        The package that scored.
    earlier : mapping of str to Path
        Scores of earlier nights by the same package, the latest last.
    threshold : float
        The threshold in force.
    rule : str
        The rule that chose it.
    notes : sequence of str
        Sentences of the survey's settings that a reader must know.
    """

    survey: str
    night: str
    manifest: Manifest
    cutouts: Path
    scores: Path
    package: Path
    earlier: Mapping[str, Path]
    threshold: float
    rule: str
    notes: Sequence[str] = ()


def night_report(
    folder: Path,
    files: NightFiles,
    *,
    top: int,
    per_exposure: int,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Write the report of a night into a folder, and return its numbers.

    Parameters
    ----------
    folder : Path
        An empty folder: it gets ``index.html night.json candidates.csv``, ``figures``, ``tables`` and ``exposures``.
    files : NightFiles
        What it is made from.
    top, per_exposure : int
        Candidates on the page of the night and on that of an exposure, at most.
    provenance : mapping
        How the report comes about.
    progress : callable
        Called with how far the work is, 0 to 100, and a line of text.

    Raises
    ------
    InputError
        If the scores are not of two classes, or are not of these cutouts.
    """
    night = read_scored(files.scores, files.cutouts, files.night)
    data = _data(files, night)
    numbers = night_numbers(data, provenance)
    figures = _figures(data, numbers)
    about = _about(data, night)
    best = _shown(data, night, data.candidates, top)
    pages = _pages(numbers["exposures"])
    progress(20, f"{numbers['counts']['called']} of {numbers['counts']['scored']} scored candidates are called real")
    write_figures(folder, figures, f"{files.survey}, night {files.night}")
    _write_tables(folder / "tables", numbers)
    (folder / "candidates.csv").write_text(csv_text(best.listed), encoding="utf-8")
    (folder / "night.json").write_text(_json(numbers), encoding="utf-8")
    html = night_page(about, data, numbers, best, pages=pages, figures=list(_captions(figures)))
    (folder / "index.html").write_text(html, encoding="utf-8")
    for done, (name, text) in enumerate(_exposure_pages(about, data, night, numbers, pages, per_exposure)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        progress(20 + 80 * (done + 1) / len(pages), f"{done + 1} of {len(pages)} exposures")
    return numbers


def _data(files: NightFiles, night: ScoredNight) -> NightData:
    with open_cutouts(files.cutouts) as file:
        dropped, provenance = file.table("dropped"), file.provenance
    rows = {name: int(entry.get("rows", 0)) for name, entry in files.manifest.get("queries", {}).items()}
    frozen = rows or {"files": len(files.manifest.get("files", {}))}
    return NightData(
        survey=files.survey,
        night=files.night,
        class_names=night.header.class_names,
        threshold=files.threshold,
        rule=files.rule,
        frozen=frozen,
        dropped=dropped,
        candidates=night.candidates,
        about_cutouts=provenance,
        earlier=[EarlierNight(night=name, scores=_scores(path)) for name, path in files.earlier.items()],
        channels=night.header.channels,
        unlike=night.unlike,
        learned=int(learned_from(night, _packages(night, files.package)).sum()),
        notes=files.notes,
    )


def _packages(night: ScoredNight, package: Path) -> list[Path]:
    return packages_called(set(night.candidates["model"]), [package]) if "model" in night.candidates else []


def _scores(path: Path) -> pd.DataFrame:
    scores = read_scores(path)
    require_score(scores, path, "a comparison of nights")
    return scores


def _about(data: NightData, night: ScoredNight) -> NightPage:
    return NightPage(
        survey=data.survey,
        night=data.night,
        choice=Choice(),
        channels=night.header.channels,
        size_pixel=night.header.size_pixel,
        pixel_scale_arcsec=night.header.pixel_scale_arcsec,
        unlike=data.unlike,
        dropped={},
        notes=(),
        sources={},
        class_names=data.class_names,
    )


def _shown(data: NightData, night: ScoredNight, candidates: pd.DataFrame, most: int) -> Shown:
    """Return the candidates with the highest scores, with their pixels and the earlier scores of their objects."""
    ranking = rank(candidates, Choice(top=most))
    rows = listed(ranking.rows)
    places = np.asarray(ranking.rows[ROW]).tolist()
    pixels = read_features(night, places) if night.header.is_table else read_cutouts(night, places)
    visits = earlier_scores(data, set(rows["candidate_id"]))
    return Shown(listed=rows, pixels=pixels, eligible=ranking.eligible, visits=visits)


def _pages(exposures: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the file of each exposure that gets a page: a number, for a name may be anything."""
    most = sorted(exposures, key=lambda row: -row["called"])[:MOST_PAGES]
    chosen = {row["exposure_id"] for row in most}
    kept = [row["exposure_id"] for row in exposures if row["exposure_id"] in chosen]
    return {name: f"exposures/{place:04d}.html" for place, name in enumerate(kept, 1)}


def _exposure_pages(
    about: NightPage,
    data: NightData,
    night: ScoredNight,
    numbers: Mapping[str, Any],
    pages: Mapping[str, str],
    most: int,
) -> Iterator[tuple[str, str]]:
    """Yield place and content of the page of each exposure."""
    of_exposure = dict(tuple(data.candidates.groupby("exposure_id")))
    rows = {row["exposure_id"]: row for row in numbers["exposures"]}
    names = [Path(page).name for page in pages.values()]
    for place, (exposure, page) in enumerate(pages.items()):
        shown = _shown(data, night, of_exposure[exposure], most)
        before = names[place - 1] if place else ""
        after = names[place + 1] if place + 1 < len(names) else ""
        yield page, exposure_page(about, data, rows[exposure], shown, before=before, after=after)


def _figures(data: NightData, numbers: Mapping[str, Any]) -> dict[str, PlotResult]:
    earlier = {one.night: _known(one.scores) for one in data.earlier}
    return {
        "score_distribution": score_distribution(_known(data.candidates), earlier, data.threshold),
        "share_by_night": share_by_night(numbers["nights"], numbers["levels"]["share"]),
    }


def _known(scores: pd.DataFrame) -> NDArray[np.float64]:
    values = scores["score"].to_numpy(np.float64)
    return values[np.isfinite(values)]


def _captions(figures: Mapping[str, PlotResult]) -> Iterator[dict[str, object]]:
    for name, result in figures.items():
        title, caption = _CAPTIONS[name]
        width, height = (round(96 * side) for side in result.figure.get_size_inches())
        rows = len(result.table)
        yield {"name": name, "title": title, "caption": caption, "note": result.note, "width": width, "height": height,
               "rows": rows}  # fmt: skip


def _write_tables(folder: Path, numbers: Mapping[str, Any]) -> None:
    """Write the tables of the page, which anybody may want to plot."""
    for name in ("dropped", "nights", "exposures"):
        table = pd.DataFrame(numbers[name])
        if len(table):
            write_csv(folder / f"{name}.csv", table, float_format="%.9g", lineterminator="\n")


def _json(numbers: Mapping[str, Any]) -> str:
    return json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
