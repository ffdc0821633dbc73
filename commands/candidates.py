"""``nightsift candidates``: the best candidates of a night, as a page, as CSV or as VOTable.

Tested by tests/integration/test_candidates.py.
"""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import luigi
import numpy as np
import pandas as pd

from pipeline.cutouts.dropped import dropped_words
from pipeline.errors import MissingInputError, SettingsError
from pipeline.io.packages.named_packages import package_folder, shipped_folders
from pipeline.io.packages.training_ids import package_folders, packages_called
from pipeline.io.results.candidate_list_file import csv_text, votable_bytes
from pipeline.io.results.commit import commit
from pipeline.io.results.scores_file import rows_of_scores, scores_provenance
from pipeline.io.settings_files import data_folder, place_in
from pipeline.scores.candidate_list import listed
from pipeline.scores.ranking import Choice, Ranking, rank
from pipeline.scores.unlike_training import unlike_words
from pipeline.stages.scored_candidates import ROW, ScoredNight, learned_from, read_cutouts, read_features, read_scored
from tasks.infer import Infer

FORMATS: Final = {
    ".html": "html",
    ".htm": "html",
    ".csv": "csv",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
}
"""What is written, by the ending of a file's name."""

_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files that a list is made from, and where it goes.

    Attributes
    ----------
    scores, rows : str
        A scores file in place of the task's, and the cutout file with its candidates; empty for none.
    to : str
        A file, or a format alone.
    """

    scores: str = ""
    rows: str = ""
    to: str = "html"


def candidates(infer: Infer, files: Files, choice: Choice) -> int:
    """Write the best candidates of a night; nothing is built.

    Parameters
    ----------
    infer : Infer
        The task of the night's scores.
    files : Files
        In place of the task's, and where the list goes.
    choice : Choice
        Which candidates.

    Raises
    ------
    MissingInputError
        If the night has no scores, or no cutouts; the message has the command that makes them.
    SettingsError
        If there is no such format, or the file cannot be written.
    """
    if not infer.night_name:
        raise SettingsError("`nightsift candidates` needs a night: give a date such as 2026-01-05")
    kind, target = _destination(files.to, f"candidates-{infer.survey}-{infer.night_name}.html")
    scores = _scores(infer, files.scores)
    night = read_scored(scores, _rows(infer, scores, files), infer.night_name)
    ranking = rank(night.candidates, choice)
    content = _content(kind, infer, night, ranking, choice)
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    _write(target, content)
    left_out = f"; left out: {dropped_words(night.dropped)}" if night.dropped else ""
    sys.stdout.write(f"{target}: {len(ranking.rows)} of {ranking.night} candidates{left_out}\n")
    return 0


def _write(target: Path, content: bytes) -> None:
    def write(path: Path) -> None:
        path.write_bytes(content)

    try:
        commit(target, write)
    except OSError as error:
        raise SettingsError(f"--to {target} cannot be written: {error.strerror or error}") from error


def _destination(to: str, page: str) -> tuple[str, Path | None]:
    """Return the format, and the file; None is standard output."""
    if to == "html":
        return "html", Path(page)
    if to in ("csv", "votable"):
        return to, None
    if Path(to).suffix.lower() not in FORMATS:
        raise SettingsError(f"--to {to}: unknown ending; allowed: csv, votable, html, or a file {', '.join(FORMATS)}")
    return FORMATS[Path(to).suffix.lower()], Path(to)


def _scores(infer: Infer, named: str) -> Path:
    """Return the scores file that you name, or the task's."""
    if named and not Path(named).is_file():
        raise MissingInputError(f"no scores file {named}")
    if named:
        return Path(named)
    place = Path(infer.output().path)
    if place.is_file():
        return place
    others = sorted(data_folder().glob(f"{infer.survey}/*/{infer.night_name}/Infer-*.parquet"))
    there = "".join(f" --scores {shlex.quote(str(path))}" for path in others[:_MOST_NAMED])
    raise MissingInputError(
        f"night {infer.night_name} of {infer.survey} has no scores of release {infer.release_name} by "
        f"{infer.readable()} with its present settings; run {_command('Infer', infer)}"
        + (f"; existing scores:{there}" if there else "")
    )


def _rows(infer: Infer, scores: Path, files: Files) -> Path:
    """Return the file with the cutouts of the scores: that you name, or that the scores name, or the night's."""
    if files.rows:
        return Path(files.rows)
    found = rows_of_scores(scores, data_folder())
    if found:
        return found
    if files.scores:
        raise MissingInputError(f"{scores} does not name its cutouts, or they are gone; name the file with --rows")
    fetched = Path(infer.fetch.output().path)
    if not fetched.is_file():
        raise MissingInputError(
            f"night {infer.night_name} of {infer.survey} is scored, but its cutouts are missing; "
            f"run {_command('FetchCutouts', infer.fetch)}"
        )
    return fetched


def _command(name: str, task: luigi.Task) -> str:
    """Return the command that makes a task's result, with what was files."""
    defaults = {key: parameter._default for key, parameter in task.get_params() if key not in ("survey", "night")}
    stated = {key: value for key, value in task.param_kwargs.items() if key not in defaults or value != defaults[key]}
    words = [
        f"--{key.replace('_', '-')} {shlex.quote(str(value))}" for key, value in sorted(stated.items(), reverse=True)
    ]
    return " ".join(["luigi --module tasks", name, *words, "--local-scheduler"])


def _content(kind: str, infer: Infer, night: ScoredNight, ranking: Ranking, choice: Choice) -> bytes:
    rows = listed(ranking.rows)
    if kind == "csv":
        return csv_text(rows).encode()
    sources = _sources(night, ranking)
    if kind == "votable":
        about = {"survey": infer.survey, "night": infer.night_name, **sources}
        return votable_bytes(rows, description=f"Candidates of night {infer.night_name} of {infer.survey}", about=about)
    return _page(infer, night, ranking, choice, rows, sources).encode()


def _page(
    infer: Infer, night: ScoredNight, ranking: Ranking, choice: Choice, rows: pd.DataFrame, sources: dict[str, str]
) -> str:
    from pipeline.report.candidates import NightPage, candidates_page

    chosen = np.asarray(ranking.rows[ROW]).tolist()
    shown = read_features(night, chosen) if night.header.is_table else read_cutouts(night, chosen)
    about = NightPage(
        survey=infer.survey,
        night=infer.night_name,
        choice=choice,
        channels=night.header.channels,
        size_pixel=night.header.size_pixel,
        pixel_scale_arcsec=night.header.pixel_scale_arcsec,
        unlike=night.unlike,
        dropped=night.dropped,
        learned=int(learned_from(night, _packages(infer, night)).sum()),
        notes=infer.settings.notes,
        sources=sources,
        class_names=night.header.class_names,
    )
    return candidates_page(about, ranking, rows, shown)


def _packages(infer: Infer, night: ScoredNight) -> list[Path]:
    """Return the packages in the folder of results that may have made the scores."""
    if "model" not in night.candidates:
        return []
    named = [package_folder(infer.package)] if infer.package else []
    return packages_called(
        set(night.candidates["model"]), [*named, *package_folders(data_folder()), *shipped_folders()]
    )


def _sources(night: ScoredNight, ranking: Ranking) -> dict[str, str]:
    """Return what the list was made of, in words."""
    record = {} if night.scores.suffix == ".csv" else scores_provenance(night.scores)
    said = {
        "scores": _place(night.scores),
        "cutouts": _place(night.cutouts),
        "fingerprint of the scores": str(record.get("fingerprint", "")),
        "version": str(record.get("code", {}).get("version", "")),
        "scored": str(record.get("ended", "")),
        "candidates of the night": str(ranking.night),
        "caution": unlike_words(night.unlike),
        "left out": dropped_words(night.dropped),
    }
    said |= {f"without a score, {reason}": str(n) for reason, n in ranking.not_scored.items()}
    return {name: value for name, value in said.items() if value}


def _place(path: Path) -> str:
    """Return where a result lies in the data folder; of another file its name."""
    place = place_in(data_folder(), path)
    return path.name if Path(place).is_absolute() else place
