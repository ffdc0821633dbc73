"""``nightsift eyeball``: the page on which people look at candidates and judge them.

Tested by tests/commands/test_eyeball.py.
"""

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.results.scores_file import rows_of_scores
from pipeline.io.settings_files import data_folder, load, names
from pipeline.io.tables.table_file import read_table, require_columns
from pipeline.io.verdicts import open_store
from pipeline.surveys.settings import SurveySettings
from tasks.infer import Infer
from web.answers import Desk
from web.app import bound, serve, token_for
from web.candidates import Candidates, read_candidates
from web.details import Details
from web.pictures import Pictures
from web.verdict_book import VerdictBook

log = logging.getLogger(__name__)

_OTHER_NIGHTS: Final = 100
"""Nights whose files the history of an object is read from, the last ones."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the page shows and where it listens, as it was typed; empty texts are not given.

    Attributes
    ----------
    infer : Infer or None
        The task of the scores of a night or of the rows of a data set.
    rows, scores, report : str
        A cutout file or data set, scores, and a report, in place of a task's.
    suspicious, selected : str
        Lists of candidates: of suspicious labels, and of what to label next.
    person : str
        Who judges.
    address : str
        Where the page listens.
    port : int
        0 takes a free one.
    """

    infer: Infer | None
    rows: str = ""
    scores: str = ""
    report: str = ""
    suspicious: str = ""
    selected: str = ""
    person: str = ""
    address: str = "127.0.0.1"
    port: int = 8765


def eyeball(asked: Asked) -> int:
    """Serve the page until it is interrupted.

    Raises
    ------
    MissingInputError
        If there are no cutouts to show; the message says what makes them.
    SettingsError
        If it is not said what to show, or the port is taken.
    """
    candidates = _candidates(asked)
    is_known = candidates.survey in names("surveys")
    settings = load("surveys", candidates.survey, SurveySettings).verdicts if is_known else None
    store = open_store(candidates.survey, settings, data=data_folder(), class_names=candidates.header.class_names)
    desk = Desk(
        candidates=candidates,
        pictures=Pictures(candidates.cutouts),
        book=VerdictBook(store, candidates.survey),
        details=_details(candidates),
        person=asked.person,
        queue=_first_queue(asked),
    )
    token = token_for(asked.address)
    sockets = bound(asked.address, asked.port)
    port = sockets[0].getsockname()[1]

    def ready() -> None:
        sys.stdout.write(f"{candidates.title}: {len(candidates.rows)} candidates\n{_url(asked.address, port, token)}\n")
        sys.stdout.flush()

    try:
        serve(desk, sockets, token, ready)
    except KeyboardInterrupt:
        sys.stdout.write("ended; everything that the page calls stored is on disk\n")
    finally:
        store.close()
        desk.pictures.close()
    return 0


def _url(address: str, port: int, token: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}/" + (f"login?token={token}" if token else "")


def _first_queue(asked: Asked) -> str:
    if asked.suspicious:
        return "suspicious"
    if asked.selected:
        return "selected"
    return "mistakes" if asked.report else "all"


def _candidates(asked: Asked) -> Candidates:
    lists = {
        name: _ids(Path(path))
        for name, path in (("suspicious", asked.suspicious), ("selected", asked.selected))
        if path
    }
    if asked.report:
        return _of_report(Path(asked.report), lists)
    scores = Path(asked.scores) if asked.scores else None
    if asked.rows or asked.infer is None:
        rows = Path(asked.rows) if asked.rows else rows_of_scores(scores, data_folder()) if scores else None
        if rows is None:
            raise SettingsError(
                "it is not said what to show: give --survey with --night or --dataset, --rows FILE, --scores FILE or "
                "--report FOLDER"
            )
        return read_candidates(rows, scores, lists=lists)
    infer = asked.infer
    what = f"night {infer.night_name}" if infer.night_name else f"data set {infer.dataset_name}"
    return read_candidates(_rows(infer), scores or _scores(infer), title=f"{infer.survey}, {what}", lists=lists)


def _rows(infer: Infer) -> Path:
    """Return the cutouts of a night, or the data set, that a task scores."""
    task = infer.fetch if infer.night_name else infer.packaging().building()
    place = Path(task.output().path)
    if not place.is_file():
        more = f" --night {infer.night_name}" if infer.night_name else f" --dataset {infer.dataset_name}"
        raise MissingInputError(
            f"there are no cutouts to show; run luigi --module tasks {task.task_family} --survey {infer.survey}{more} "
            "--local-scheduler"
        )
    return place


def _scores(infer: Infer) -> Path | None:
    """Return the scores of a task if they are there; candidates without scores can be judged as well."""
    place = Path(infer.output().path)
    if place.is_file():
        return place
    log.warning("no scores %s; the candidates are shown without scores", place)
    return None


def _of_report(report: Path, lists: Mapping[str, list[str]]) -> Candidates:
    """Return the rows that a report judges, with the scores of its classifier."""
    path = report / "provenance.json"
    if not path.is_file():
        raise MissingInputError(f"no report {report}: it has no provenance.json")
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        scores = {name: place for name, place in record["inputs"].items() if name.startswith("scores")}
        judged = record.get("identity", {}).get("decides", {}).get("judged", [])
        name = next((f"scores {one}" for one in judged if f"scores {one}" in scores), next(iter(scores)))
        place = data_folder() / scores[name]
    except (ValueError, KeyError, AttributeError, TypeError, StopIteration) as error:
        raise InputError(f"{path} does not say which scores the report judges") from error
    rows = rows_of_scores(place, data_folder())
    if rows is None:
        raise MissingInputError(f"the scores {place} of the report, or their cutouts, are gone")
    return read_candidates(rows, place, title=f"report {report.name}", lists=lists)


def _ids(path: Path) -> list[str]:
    """Return the candidates of a list, in its order; a folder of suspicious labels is its list."""
    file = path / "suspicious.csv" if path.is_dir() else path
    if not file.is_file():
        raise MissingInputError(f"no list of candidates {file}")
    table = read_table(file, texts=("candidate_id",))
    require_columns(table, ("candidate_id",), str(file))
    return list(table["candidate_id"])


def _details(candidates: Candidates) -> Details:
    """Return what reads the history of objects from other nights in the folder of results."""
    folder = data_folder() / candidates.survey
    cutouts = [path for path in _newest(folder, "all/*/FetchCutouts-*.h5") if path != candidates.cutouts]
    return Details(cutouts, _newest(folder, "*/*/Infer-*.parquet"))


def _newest(folder: Path, pattern: str) -> list[Path]:
    """Return the files of the last nights, the newest first."""
    return sorted(folder.glob(pattern), key=lambda path: (path.parent.name, path.stat().st_mtime), reverse=True)[
        :_OTHER_NIGHTS
    ]
