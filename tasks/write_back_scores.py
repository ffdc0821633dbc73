"""Scores written into a column of the survey's own database, if you say so; else a dry run.

Tested by tests/integration/databases/test_write_back.py.
"""

import logging
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.files.digests import file_digest
from pipeline.io.files.path_list import read_path_list
from pipeline.io.results import provenance
from pipeline.settings import parse
from pipeline.stages.write_back_job import WriteBack
from pipeline.surveys.write_back_settings import WriteBackSettings
from tasks.base import ResultTarget
from tasks.infer import Infer
from tasks.parameters import RangeTask, SurveyTask
from tasks.progress import Progress
from tasks.score_objects import ScoreObjects

log = logging.getLogger(__name__)
_TASKS_A_NIGHT = 4


class _Told(ResultTarget):
    """What a dry run leaves: nothing; it is there while the process lives that has told what would be written."""

    told = False

    def exists(self) -> bool:
        """Tell whether this process has told it."""
        return self.told


class WriteBackScores(RangeTask, SurveyTask):
    """Write scores into the table that the survey names, in one transaction; without --commit-rows only say so."""

    commit_rows = luigi.BoolParameter(default=False, description="Write; else say what would be written, and end.")
    replace_newer = luigi.BoolParameter(default=False, description="Also replace scores of a newer release.")
    scores = luigi.Parameter(default="", description="Scores files that exist, Parquet or CSV, in place of nights.")
    also = luigi.Parameter(default="", description="Further surveys whose images count for objects, as ScoreObjects.")
    release = luigi.Parameter(default="", description="Name of the processing; empty: the survey's.")
    packages = luigi.Parameter(
        default="",
        description="Packages, by folder or name, in place of trained ones: one for all, or one for each survey.",
    )
    suffix: ClassVar[str] = ".json"

    @cached_property
    def block(self) -> WriteBackSettings:
        """Where the scores go."""
        if self.settings.write_back is None:
            raise SettingsError(
                f"surveys/{self.survey}.yaml has no `write_back`: state table, key_column and score_column"
            )
        return self.settings.write_back

    @cached_property
    def database(self) -> DatabaseSettings:
        """The database of the table."""
        stated = self.settings.input.get("database")
        if self.block.database is None and (stated is None or self.settings.made):
            raise SettingsError(
                f"surveys/{self.survey}.yaml: write_back needs its own `database`, because the survey "
                + ("is a result, which never changes" if self.settings.made else "reads none")
            )
        return self.block.database or parse(DatabaseSettings, stated, f"surveys/{self.survey}.yaml: input.database")

    @cached_property
    def release_name(self) -> str:
        """The release's name."""
        return self.release or self.settings.release

    @cached_property
    def night_names(self) -> list[str]:
        """The nights, as ISO dates; none where files are given."""
        if self.scores and not (self.nights or self.start or self.stop):
            return []
        if self.scores:
            raise SettingsError("--scores names files, which need no nights: leave out --nights, --start and --stop")
        settings = self.settings
        return self.asked_nights(
            settings.mjd_night_offset_days, tasks_a_night=_TASKS_A_NIGHT, what="scores", has_nights=settings.has_nights
        )

    @property
    def span(self) -> str:
        """The range of nights."""
        return "_".join(dict.fromkeys([self.night_names[0], self.night_names[-1]])) if self.night_names else "files"

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, range of nights."""
        return self.survey, self.release_name, self.span

    def readable(self) -> str:
        """Return table and column."""
        return f"{self.block.table}-{self.block.score_column}"

    def requires(self) -> dict[str, luigi.Task]:
        """The scores: of the objects, or of the candidates of each night."""
        if not self.night_names:
            return {}
        common = {"survey": self.survey, "release": self.release_name}
        if self.block.key == "object_id":
            more = {"also": self.also, "packages": self.packages, "rule": self.block.rule}
            return {"scores": ScoreObjects(**common, **more, nights=",".join(self.night_names))}
        if self.also:
            raise SettingsError(f"--also is {self.also!r}, which is of objects: allowed with write_back.key object_id")
        return {f"scores {night}": Infer(**common, night=night, package=self.packages) for night in self.night_names}

    def decides(self) -> dict[str, object]:
        """The table and its columns, the release, and the files that you name."""
        keys = ("engine", "host", "port", "name", "file")
        place = {key: settings_files.expand(str(getattr(self.database, key)), f"the database's {key}") for key in keys}
        if self.database.engine == "sqlite":  # a copy of the survey's folder holds another database
            place["file"] = str((self.file_folder() / place["file"]).resolve())
        return {
            "release": self.release_name,
            "write_back": {**asdict(self.block), "database": place},
            "scores": [file_digest(path) for path in self.given],
        }

    @property
    def given(self) -> list[Path]:
        """The scores files that you name."""
        return read_path_list(self.scores)

    def output(self) -> ResultTarget:
        """Return the file that says what was written; of a dry run nothing that another run would find."""
        return super().output() if self.commit_rows else self._told

    @cached_property
    def _told(self) -> _Told:
        return _Told(super().output().path.with_suffix(".dry-run"), directory=False)

    def _run(self) -> None:
        if self.commit_rows:
            return super()._run()
        self._started = provenance.now()
        with Progress(self.task_family, self) as self._progress:
            self.build(self._told.path)
        self._told.told = True
        log.warning("dry run: nothing was written; add --commit-rows to write")
        return None

    def build(self, path: Path) -> None:
        """Write the rows, and what was done; without --commit-rows only tell."""
        from pipeline.stages.write_back_scores import write_back_scores

        about = {"fingerprint": self.fingerprint, "survey": self.survey, "release_name": self.release_name}
        about |= {"nights": self.span}
        told = write_back_scores(path if self.commit_rows else None, self.job(), about, self.provenance())
        log.info("%s", told)
        self.progress(100, told)

    def job(self) -> WriteBack:
        """Return what is written, and where."""
        scores = self.given or [self.input_path(name) for name in self._required]
        images = [task for name, task in self.images().items() if name.startswith("scores ")]
        return WriteBack(
            settings=self.block,
            database=self.database,
            folder=self.file_folder(),
            scores=scores,
            made_of=[Path(task.output().path) for task in images] or scores,
            replace_newer=self.replace_newer,
        )

    def file_folder(self) -> Path:
        """Return where the file of an SQLite database lies: the survey's folder, which no server needs."""
        if self.database.engine != "sqlite":
            return Path()
        return Path(settings_files.expand(str(self.settings.input.get("folder", "")), "the survey's files"))

    def images(self) -> dict[str, luigi.Task]:
        """Return the tasks that scored images, by names that begin with ``scores``."""
        joined = self._required.get("scores")
        return joined.requires() if isinstance(joined, ScoreObjects) else self._required
