"""Scores written back into a survey's database, from a scores file that exists; without a path it is a dry run.

Tested by tests/integration/databases/test_write_back.py.
"""

import datetime
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.io.database.score_columns import ScoreColumn
from pipeline.io.database.write_back import Counted, Run, write_back
from pipeline.io.database.writing import WritableDatabase
from pipeline.io.results.scores_file import models_of_scores, read_scores, require_score, scores_provenance
from pipeline.stages.write_back_job import WriteBack
from pipeline.surveys.write_back_settings import WriteBackSettings

log = logging.getLogger(__name__)
_MOST_NAMED: Final = 5


def write_back_scores(
    path: Path | None, job: WriteBack, about: Mapping[str, str], provenance: Mapping[str, object]
) -> str:
    """Write scores into their table, and what was done into a JSON file; return it in words.

    Parameters
    ----------
    path : Path or None
        JSON file to write; None: a dry run, which changes nothing and writes no file.
    job : WriteBack
        What is written, and where.
    about : mapping of str to str
        ``fingerprint``, ``survey``, ``release_name`` and ``nights`` of the run.
    provenance : mapping
        For the JSON file.

    Raises
    ------
    InputError
        If a scores file has no such ids or one of them twice, or the table cannot take the scores.
    SettingsError, ChangedInputError, UnreachableError
        As `pipeline.io.database.write_back.write_back` raises them.
    """
    found = pd.concat([_of_file(Path(name), job.settings.key) for name in job.scores], ignore_index=True)
    _require_once(found["id"], job)
    known = np.isfinite(found["score"].to_numpy(float))
    rows = list(zip(found["id"][known].astype(str), found["score"][known].astype(float), strict=True))
    packages = ", ".join(sorted({name for made in job.made_of for name in models_of_scores(made)}))
    scored_at = max(map(_made_at, job.made_of), default="")
    version = str(_mapping(provenance.get("code")).get("version", ""))
    run = Run(**about, packages=packages, scored_at=scored_at, version=version)
    counted = write_back(
        WritableDatabase(job.database, job.folder),
        _column(job.settings, run),
        rows,
        run,
        what=job.settings.key,
        marker_table=job.settings.marker_table,
        replace_newer=job.replace_newer,
        dry=path is None,
    )
    not_scored = int((~known).sum())
    if path is not None:
        said = {"run": asdict(run), **_facts(counted, not_scored), "missing": list(counted.missing)}
        path.write_text(json.dumps({**said, "provenance": dict(provenance)}, indent=1), encoding="utf-8")
    return _told(job, counted, not_scored, dry=path is None)


def _of_file(path: Path, key: str) -> pd.DataFrame:
    """Return ``id`` and ``score`` of a file."""
    found = read_scores(path, key)
    require_score(found, path, "writing back")
    return pd.DataFrame({"id": found[key], "score": found["score"]})


def _require_once(ids: pd.Series, job: WriteBack) -> None:
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(
            f"{', '.join(str(path) for path in job.scores[:_MOST_NAMED])}: {job.settings.key} {twice.iloc[0]!r} is in "
            f"{int((ids == twice.iloc[0]).sum())} rows; allowed: one score for each row of table {job.settings.table}"
        )


def _column(settings: WriteBackSettings, run: Run) -> ScoreColumn:
    texts = {settings.model_column: run.packages, settings.release_column: run.release_name}
    return ScoreColumn(
        table=settings.table,
        key=settings.key_column,
        score=settings.score_column,
        texts={name: text for name, text in texts.items() if name},
        time=settings.time_column,
    )


def _made_at(path: Path) -> str:
    """Return when scores were made, ISO, UTC: as a Parquet file says, else the time of the file."""
    said = "" if path.suffix == ".csv" else str(scores_provenance(path).get("ended", ""))
    return said or datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).isoformat(timespec="seconds")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _facts(counted: Counted, not_scored: int) -> dict[str, int]:
    return {
        "rows_matched": counted.matched,
        "rows_updated": counted.updated,
        "rows_unchanged": counted.unchanged,
        "rows_missing": len(counted.missing),
        "rows_not_scored": not_scored,
    }


def _told(job: WriteBack, counted: Counted, not_scored: int, *, dry: bool) -> str:
    """Return what was done in words; what deserves a look is a warning as well."""
    table = job.settings.table
    if counted.missing:
        some = [*counted.missing[:_MOST_NAMED], *(["..."] if len(counted.missing) > _MOST_NAMED else [])]
        log.warning("%d scored rows are not in table %s: %s", len(counted.missing), table, ", ".join(some))
    if not counted.updated:
        why = f"all {counted.matched} hold their score already" if counted.matched else "there is no score"
        log.warning("no row of table %s %s: %s", table, "would be updated" if dry else "was updated", why)
    done = "would be updated" if dry else "updated"
    return (
        f"{counted.matched} rows of table {table} matched: {counted.updated} {done}, {counted.unchanged} unchanged; "
        f"{len(counted.missing)} scored rows missing in it; {not_scored} rows without a score left alone"
    )
