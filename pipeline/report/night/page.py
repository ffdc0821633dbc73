"""The pages of a night's report: the night as a whole, and one page per exposure; they load nothing from elsewhere.

Tested by tests/pipeline/stages/test_night_report.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.missing import Flag
from pipeline.report.candidates import FLAG_WORDS, NightPage, centre, entries
from pipeline.report.html_templates import html_template
from pipeline.report.night.data import NightData
from pipeline.report.night.earlier import Visit
from pipeline.report.page import flat
from pipeline.report.wording import NONE, count, number, per_cent
from pipeline.scores.unlike_training import unlike_words

MOST_VISITS: Final = 8
"""Earlier scores of an object that are shown with a candidate, the latest ones."""

_LEVELS: Final[Mapping[str, tuple[str, str, Callable[[float], str]]]] = {
    "candidates": ("Candidates", "number of candidates", count),
    "share": ("Share called real", "share called real", per_cent),
    "mean": ("Mean score", "mean score", number),
}
"""Title of each figure, what it is called in a sentence, and how its values are told."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Candidates that a page shows.

    Attributes
    ----------
    listed : DataFrame
        They, as from `pipeline.scores.candidate_list.listed`.
    pixels : ndarray of float32, (n, y, x, channel), or DataFrame
        Their cutouts; of a table their features.
    eligible : int
        How many there are to show.
    visits : mapping of str to sequence of Visit
        Earlier scores of the object of each candidate, the earliest first.
    """

    listed: pd.DataFrame
    pixels: NDArray[np.float32] | pd.DataFrame
    eligible: int
    visits: Mapping[str, Sequence[Visit]]


def night_page(
    about: NightPage,
    data: NightData,
    numbers: Mapping[str, Any],
    shown: Shown,
    *,
    pages: Mapping[str, str],
    figures: Sequence[Mapping[str, object]],
) -> str:
    """Return the page of the night as HTML; what comes from data is escaped.

    Parameters
    ----------
    about : NightPage
        What a page of candidates needs to know of all of them.
    data : NightData
        What the report is made from.
    numbers : mapping
        From `night_numbers`.
    shown : Shown
        The candidates with the highest scores.
    pages : mapping of str to str
        Address of the page of each exposure that has one.
    figures : sequence of mapping
        ``name title caption width height rows`` of each figure that was written.
    """
    return html_template("night/page.html").render(
        about=about,
        numbers=numbers,
        real=data.class_names[-1],
        levels=list(_levels(numbers)),
        caveats=list(_caveats(data, numbers)),
        flags=[(name, FLAG_WORDS.get(Flag[name], name), n) for name, n in numbers["flags"].items()],
        entries=list(_entries(about, data, shown, pages)),
        shown=shown,
        pages=pages,
        figures=figures,
        has_cutouts=not isinstance(shown.pixels, pd.DataFrame),
        centre=centre(about.size_pixel),
        provenance=list(flat(numbers["provenance"])),
    )


def exposure_page(
    about: NightPage,
    data: NightData,
    exposure: Mapping[str, Any],
    shown: Shown,
    *,
    before: str = "",
    after: str = "",
) -> str:
    """Return the page of one exposure as HTML.

    Parameters
    ----------
    about : NightPage
        What a page of candidates needs to know of all of them.
    data : NightData
        What the report is made from.
    exposure : mapping
        Its entry in ``exposures`` of `night_numbers`.
    shown : Shown
        Its candidates with the highest scores.
    before, after : str
        Addresses of the pages of its neighbours; empty for none.
    """
    return html_template("night/exposure.html").render(
        about=about,
        exposure=exposure,
        real=data.class_names[-1],
        threshold=data.threshold,
        entries=list(_entries(about, data, shown, {})),
        shown=shown,
        before=before,
        after=after,
        has_cutouts=not isinstance(shown.pixels, pd.DataFrame),
        centre=centre(about.size_pixel),
    )


def _entries(about: NightPage, data: NightData, shown: Shown, pages: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what a page says of each candidate, with its posterior, its earlier scores and its exposure's page."""
    beside = data.candidates.set_index("candidate_id")
    for row, entry in zip(shown.listed.to_dict("records"), entries(about, shown.listed, shown.pixels), strict=True):
        own = beside.loc[row["candidate_id"]]
        entry["facts"] += [*_posterior(own), _history(shown.visits.get(row["candidate_id"], ()))]
        page = pages.get(row["exposure_id"])
        entry["links"] = ({"this exposure": page} if page else {}) | dict(entry["links"])
        yield entry


def _posterior(row: pd.Series) -> Iterator[tuple[str, str, str]]:
    """Yield the posterior of a score, if dropout samples or the members of a stack were drawn."""
    if pd.notna(row.get("score_std")):
        parts = [(name, row.get(key)) for name, key in (("entropy", "entropy"), ("BALD", "bald"))]
        words = ", ".join(f"{name} {number(float(value))} nat" for name, value in parts if pd.notna(value))
        yield "posterior", f"{number(float(row['score']))} ± {number(float(row['score_std']))}", words


def _history(visits: Sequence[Visit]) -> tuple[str, str, str]:
    """Return the earlier scores of an object as a fact, the latest `MOST_VISITS` of them."""
    if not visits:
        return "earlier scores", "none", ""
    latest = visits[-MOST_VISITS:]
    lines = "\n".join(
        f"{visit.night}  {'not scored' if np.isnan(visit.score) else number(visit.score)}" for visit in latest
    )
    more = len(visits) - len(latest)
    return "earlier scores", lines, f"and {count(more)} before" if more else ""


def _levels(numbers: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Yield each figure of the night beside what earlier nights let expect."""
    for name, (title, _, words) in _LEVELS.items():
        level = numbers["levels"][name]
        known = level["low"] is not None
        yield {
            "title": title,
            "value": NONE if level["value"] is None else words(level["value"]),
            "expected": words(level["expected"]) if known else NONE,
            "span": f"{words(level['low'])} to {words(level['high'])}" if known else "not known",
            "jumped": level["jumped"],
        }


def _caveats(data: NightData, numbers: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader must know before trusting the night's scores, the gravest first."""
    counts = numbers["counts"]
    for name, (_, called, words) in _LEVELS.items():
        level = numbers["levels"][name]
        if level["jumped"]:
            yield (
                f"The {called}, {words(level['value'])}, lies outside {words(level['low'])} to {words(level['high'])}, "
                f"where {per_cent(numbers['level'], 0)} of nights like the {level['nights']} before would lie: look "
                "for clouds, bad subtractions, a changed setting or a changed template before trusting its scores."
            )
    if data.unlike:
        unlike = unlike_words(data.unlike)
        yield f"{unlike[0].upper()}{unlike[1:]}: how well it does on these is not known."
    if data.learned:
        yield (
            f"The classifier learned from {count(data.learned)} of these {count(counts['cut'])} candidates: their "
            "scores follow their labels, right or wrong."
        )
    if counts["exposures_lost"]:
        yield f"{count(counts['exposures_lost'])} of {count(counts['exposures'])} exposures could not be read."
    if counts["cut"] and not counts["scored"]:
        yield "No candidate of the night has a score."
    few = numbers["levels"]["share"]
    if counts["scored"] and few["low"] is None:
        yield (
            f"{count(few['nights'])} earlier night{'s' if few['nights'] != 1 else ''} with scores: too few to say "
            "whether this one is unlike them."
        )
    yield from data.notes
