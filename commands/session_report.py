"""``nightsift session-report``: how much, how fast and how well people judged candidates, and what is left to judge.

Tested by tests/commands/test_session_report.py.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from commands.table import grid
from pipeline.errors import InputError
from pipeline.io import settings_files
from pipeline.io.files.path_list import read_path_list
from pipeline.labels.references import DETECTION, OBJECT
from pipeline.night import night_name_of
from pipeline.people.report import people_report
from pipeline.people.retirement import Retirement
from pipeline.recipes.people_labels import utc
from pipeline.redaction import shown
from pipeline.stages.judged_rows import judged_rows, newest_cutouts
from pipeline.stages.survey_verdicts import survey_verdicts
from pipeline.surveys.settings import SurveySettings

Values = Mapping[str, Any]
"""An object of the report, as it would be printed by ``--json``."""
_SESSIONS: Final = (
    "person",
    "begin, UTC",
    "minutes",
    "verdicts",
    "undone",
    "a minute",
    "s a verdict",
    "keys a verdict",
)
_PAIRS: Final = ("people", "both judged", "agree on", "Cohen's kappa")


def session_report(
    survey: str, *, night: str, since: str, rows: str, retirement: Retirement, as_json: bool
) -> int:  # fmt: skip
    """Print what is to be said of the people who judged candidates of a survey.

    Parameters
    ----------
    survey : str
        Name of the survey.
    night : str
        Only verdicts on candidates of this night; empty: of all.
    since : str
        Only verdicts from this moment on, UTC; empty: all.
    rows : str
        Cutout files or data sets that know class and SNR of what was judged, separated by commas; empty: the newest
        cutout file of each night.
    retirement : Retirement
        When an item needs no more votes.
    as_json : bool
        Whether to print one JSON object instead of tables.

    Raises
    ------
    InputError
        If no verdict is left.
    """
    settings, data = settings_files.load("surveys", survey, SurveySettings), settings_files.data_folder()
    night = night and night_name_of(night, settings.mjd_night_offset_days, has_nights=settings.has_nights)
    verdicts = _asked(survey_verdicts(survey, settings, data), night, since)
    files = read_path_list(rows) or newest_cutouts(data, survey, verdicts["night"])
    told = people_report(verdicts, judged_rows(files, verdicts["candidate_id"]), settings.class_names, retirement)
    if as_json:
        sys.stdout.write(json.dumps({"survey": survey, **told}, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{shown(line)}\n" for line in _lines(survey, told))
    return 0


def _asked(verdicts: pd.DataFrame, night: str, since: str) -> pd.DataFrame:
    """Return the verdicts on a night and from a moment on."""
    found = verdicts[verdicts["night"] == night] if night else verdicts
    if since:
        found = found[pd.to_datetime(found["at_utc"], utc=True, format="ISO8601") >= utc(since, "--since")]
    if not len(found):
        nights = sorted(set(verdicts["night"]))
        raise InputError(
            f"no verdict {f'on night {night} ' if night else ''}{f'since {since} ' if since else ''}among "
            f"{len(verdicts)}; there are some on {', '.join(nights) or 'no night'}"
        )
    return found


def _lines(survey: str, told: Values) -> Iterator[str]:
    people = {one["person"] for one in told["sessions"]}
    yield f"{survey}: {told['verdicts']} verdicts of {len(people)} {'person' if len(people) == 1 else 'people'}"
    yield from grid(list(_SESSIONS), map(_session, told["sessions"]))
    for of in (DETECTION, OBJECT):
        if told[of]["people"]:
            yield from _judged(of, told[of], told["class_names"])
    states = [f"{count} {name.replace('_', ' ')}" for name, count in told["states"].items() if count]
    if states:
        yield f"no votes: {', '.join(states)}"


def _session(one: Values) -> list[str]:
    return [
        str(one["person"]), str(one["begin"]).removesuffix("+00:00"), _number(one["minutes"], 1), str(one["verdicts"]),
        str(one["undone"]), _number(one["per_minute"], 1), _number(one["seconds_per_verdict"], 1),
        _number(one["keys_per_verdict"], 2),
    ]  # fmt: skip


def _judged(of: str, told: Values, class_names: list[str]) -> Iterator[str]:
    """Yield what is said of the votes on detections, or on objects."""
    items = told["items"]
    yield f"{of}s: {', '.join(f'{count} {state}' for state, count in items.items())}"
    ways = {"by_consensus": "known", "by_gold": "of gold"}
    head = ["person", "votes", "agrees with others"]
    head += [f"{name} {words}" for words in ways.values() for name in class_names]
    rows = [
        [one["person"], str(one["votes"]), _rate(one["agrees"])]
        + [_rate(one[way][name]) for way in ways for name in class_names]
        for one in told["people"]
    ]
    yield from grid(head, rows)
    if told["pairs"]:
        pairs = [
            [
                f"{pair['first']}, {pair['second']}",
                str(pair["shared"]),
                _percent(pair["agreed"]),
                _number(pair["kappa"], 2),
            ]
            for pair in told["pairs"]
        ]
        yield from grid(list(_PAIRS), pairs)
        yield f"Fleiss' kappa of all: {_number(told['fleiss_kappa'], 2)}"
    yield from (f"{one['person']}: {one['snr_slope']['words']}" for one in told["people"])


def _rate(one: Values) -> str:
    if one["value"] is None:
        return "-"
    return f"{_percent(one['value'])} ({100 * one['low']:.0f} to {100 * one['high']:.0f}), {one['votes']:.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
