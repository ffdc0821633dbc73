"""The page of a night's candidates: cutouts, numbers and links of each, in one file that loads nothing else."""

import base64
import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES
from pipeline.cutouts.dropped import dropped_words
from pipeline.cutouts.missing import Flag
from pipeline.cutouts.planes import images_of
from pipeline.plots.cutout_pictures import picture
from pipeline.report.html_templates import html_template
from pipeline.report.wording import NONE, count, number, number_digits, significant
from pipeline.scores.ranking import Choice, Ranking
from pipeline.scores.sky_links import RADIUS_ARCSEC, links
from pipeline.scores.unlike_training import unlike_words

DIFFERENCE: Final = "difference"
"""The channel whose pixels are shown with their sign."""

FLAG_WORDS: Final[Mapping[Flag, str]] = {
    Flag.EDGE: "part of the cutout lies outside the image",
    Flag.MISSING_PIXELS: "pixels are missing",
    Flag.NO_TEMPLATE: "no template",
    Flag.SATURATED: "saturated",
    Flag.ALL_MISSING: "the difference has no pixels",
    Flag.CONSTANT: "a channel is constant",
    Flag.NOT_SCORED: "not scored",
    Flag.BORDERLINE_LABEL: "labels disagree",
    Flag.UNSURE_CENTRE: "may not be centred on the source",
    Flag.PLANE_MISSING: "a variance or a PSF is missing",
    Flag.UNLIKE_TRAINING: "unlike all that the classifier learned from",
}
_SIGN_WORDS: Final = {1: "brighter than the template", -1: "fainter than the template"}
_LOOKS: Final = dict(enumerate(CLASS_NAMES))
"""How what is called the first and the second class looks, by the names of the style sheet."""

_NO_KIND: Final = ("", "unknown")
"""Kinds that add nothing to the label."""

_DRAWN: Final = "bogus_draw"
"""Label source of rows that were drawn at random to be bogus, for training."""

_Row = Mapping[Hashable, Any]
"""A candidate with the columns of `pipeline.scores.candidate_list.COLUMNS`."""


@dataclass(frozen=True, kw_only=True)
class NightPage:
    """What the page says about all candidates.

    Attributes
    ----------
    survey, night : str
        Name of the survey, and ISO date of the night.
    choice : Choice
        Which candidates were asked for.
    channels : tuple of str
        Channels of the cutouts, in their order.
    size_pixel : int
        Side of a cutout, in pixels.
    pixel_scale_arcsec : float
        Side of a pixel, in arcsec.
    unlike : mapping
        How the cutouts differ from those that the model learned from, as for `unlike_words`.
    dropped : mapping of str to int
        Numbers of candidates that were left out when the night was cut, by reason.
    learned : int
        From how many of the night's candidates the model learned.
    notes : sequence of str
        Sentences of the survey's settings that a reader must know.
    sources : mapping of str to str
        The files that the page was made from, by what they are.
    class_names : tuple of str
        The names of the two classes; a score is the probability of the second.
    """

    survey: str
    night: str
    choice: Choice
    channels: tuple[str, ...]
    size_pixel: int
    pixel_scale_arcsec: float
    unlike: Mapping[str, Mapping[str, str | float]]
    dropped: Mapping[str, int]
    notes: Sequence[str]
    sources: Mapping[str, str]
    learned: int = 0
    class_names: tuple[str, ...] = CLASS_NAMES


def candidates_page(
    about: NightPage, ranking: Ranking, listed: pd.DataFrame, shown: NDArray[np.float32] | pd.DataFrame
) -> str:
    """Return the page as HTML; what comes from data is escaped, and the page forbids itself to load anything else.

    Parameters
    ----------
    about : NightPage
        What the page says about all candidates.
    ranking : Ranking
        The chosen candidates, and how many are left out.
    listed : DataFrame
        The chosen candidates, as from :func:`pipeline.scores.candidate_list.listed`.
    shown : ndarray of float32, (n, y, x, channel), or DataFrame
        Cutouts of the same rows; of a table their features, a column each.
    """
    script = files("pipeline.report").joinpath("candidates.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return html_template("candidates.html").render(
        about=about,
        models=", ".join(sorted(set(listed["model"]) - {""})) or "a model that the scores do not name",
        releases=", ".join(sorted(set(listed["release"]) - {""})),
        ranking=ranking,
        chosen=_chosen(about.choice),
        cautions=[*_cautions(about, ranking, listed), *about.notes],
        has_cutouts=not isinstance(shown, pd.DataFrame),
        entries=list(entries(about, listed, shown)),
        centre=centre(about.size_pixel),
        side_arcsec=about.size_pixel * about.pixel_scale_arcsec,
        radius_arcsec=f"{RADIUS_ARCSEC:g}",
        script=script,
        script_digest=digest,
    )


def _chosen(choice: Choice) -> str:
    """Return in words by what the candidates were chosen."""
    words = ["the best of each object"] if choice.by_object else []
    words += [f"only those {_SIGN_WORDS[choice.sign]}"] if choice.sign else []
    words += [f"scores from {choice.min_score:g} up"] if not np.isnan(choice.min_score) else []
    return ", ".join(words)


def _cautions(about: NightPage, ranking: Ranking, listed: pd.DataFrame) -> Iterator[str]:
    if about.unlike:
        words = unlike_words(about.unlike)
        yield f"{words[0].upper()}{words[1:]}: how well it does on these is not known."
    if about.learned:
        yield (
            f"The classifier learned from {count(about.learned)} of these {count(ranking.night)} candidates: their "
            "scores follow their labels, right or wrong, so that a transient labelled bogus scores too low."
        )
    if listed["score_std"].notna().any():
        yield (
            "The number after ± behind a score is how far it scatters over the dropout samples of a network, or over "
            "the members of a stack; it is not the error of the score."
        )
    if ranking.tied:
        yield (
            f"{count(ranking.tied)} more {_have(ranking.tied)} the score of the last one here; "
            "equal scores are in the order of their ids."
        )
    if about.dropped:
        yield f"Left out before the night was scored: {dropped_words(about.dropped)}."
    for reason, n in ranking.not_scored.items():
        yield f"{count(n)} candidate{'s' if n != 1 else ''} of the night {_have(n)} no score ({reason})."


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def entries(
    about: NightPage, listed: pd.DataFrame, shown: NDArray[np.float32] | pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Yield what ``candidate.html`` shows of each candidate; parameters as for `candidates_page`."""
    is_table = isinstance(shown, pd.DataFrame)
    own: list[Any] = shown.to_dict("records") if isinstance(shown, pd.DataFrame) else list(shown)
    for row, beside in zip(listed.to_dict("records"), own, strict=True):
        scored = not np.isnan(row["score"])
        label = _label(row, about.class_names)
        yield {
            "rank": row["rank"],
            "object_id": row["object_id"] or row["candidate_id"],
            "score": number(row["score"], number_digits(row["score"])) if scored else "not scored",
            "spread": "" if np.isnan(row["score_std"]) else f"± {number(row['score_std'])}",
            "share": f"{100 * row['score']:.1f}" if scored else "",
            "called": f"called {about.class_names[row['label_predicted']]}" if row["label_predicted"] >= 0 else "",
            "verdict": _LOOKS.get(row["label_predicted"], "unjudged"),
            "sign": row["flux_sign"],
            "sign_words": _SIGN_WORDS.get(row["flux_sign"], "sign not known"),
            "label": label,
            "facts": list(_facts_of_table(row) if is_table else _facts(row)),
            "features": [(name, _known(value)) for name, value in beside.items()] if is_table else [],
            "flags": [words for flag, words in FLAG_WORDS.items() if row["flags"] & flag],
            "images": [] if is_table else list(pictures(about.channels, beside)),
            "links": links(row["ra_deg"], row["dec_deg"]),
        }


def _label(row: _Row, class_names: Sequence[str]) -> str:
    """Return the label of a candidate and its source in words; empty if it is unlabelled."""
    if row["label_source"] == _DRAWN:
        return "drawn as bogus, not judged by anyone"
    kind = "" if row["kind"] in _NO_KIND else row["kind"]
    named = class_names[row["label"]] if row["label"] >= 0 else ""
    label = ", ".join(dict.fromkeys(word for word in (named, kind) if word))
    return f"label: {label} ({row['label_source'] or 'source not stated'})" if label else ""


def _facts_of_table(row: _Row) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and addition of the facts of a row of a table that are known."""
    yield "candidate", row["candidate_id"], ""
    yield from (fact for fact in list(_facts(row))[:3] if not fact[1].startswith((NONE, "not known")))


def _known(value: float) -> str:
    return NONE if np.isnan(value) else significant(value)


def _facts(row: _Row) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and addition of each fact; the addition is shown in small letters."""
    degrees = f"{row['ra_deg']:.6f}  {row['dec_deg']:+.6f}".replace("-", "−") if row["ra_hms"] else ""
    yield "position", f"{row['ra_hms']}  {row['dec_dms']}".replace("-", "−") if degrees else "not known", degrees
    error = "" if np.isnan(row["magnitude_error"]) else f"± {row['magnitude_error']:.2f}"
    yield "magnitude", f"{_known_number(row['magnitude'], 2)} {row['band']}".strip(), error
    yield "time, UTC", row["time_utc"] or "not known", f"MJD {row['time_mjd']:.6f}" if row["time_utc"] else ""
    snr = f"S/N {_known_number(row['snr'], 1)}"
    yield "detection", snr, f"FWHM {_known_number(row['fwhm_pixel'], 1)} pixel"
    n = row["detections"]
    yield "candidate", row["candidate_id"], f"{count(n)} detection{'s' if n != 1 else ''} this night"
    place = f"at x {_known_number(row['x_pixel'], 1)}, y {_known_number(row['y_pixel'], 1)} from 0"
    yield "exposure", row["exposure_id"], " ".join(part for part in (row["telescope"], row["detector"], place) if part)


def _known_number(value: float, digits: int) -> str:
    return NONE if np.isnan(value) else number(value, digits)


def pictures(channels: Sequence[str], images: NDArray[np.float32]) -> Iterator[dict[str, str]]:
    """Yield the images of one cutout ``(y, x, channel)``, without planes, as data addresses of PNG images."""
    for index, channel in enumerate(images_of(channels)):
        encoded = base64.b64encode(picture(images[..., index], signed=channel == DIFFERENCE)).decode()
        missing = not np.isfinite(images[..., index]).any()
        yield {"channel": channel, "address": f"data:image/png;base64,{encoded}", "note": "missing" if missing else ""}


def centre(size_pixel: int) -> dict[str, str]:
    """Return where the source's pixel is in a picture, in per cent from the left and from the top."""
    place = 100 * (size_pixel // 2 + 0.5) / size_pixel
    return {"left": f"{place:.2f}", "top": f"{100 - place:.2f}"}
