"""Scores of a night, of a data set's rows, or of a cutout file, with a model package."""

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import luigi

from pipeline.io.digests import file_digest
from pipeline.night import parse_night
from tasks.fetch_cutouts import FetchCutouts
from tasks.parameters import ClassifierTask, NightParameter
from tasks.train_classifier import TrainClassifier


class ReleaseTask(ClassifierTask):
    """A task of a release: a named processing of the survey."""

    release = luigi.Parameter(default="", description="Name of this processing of the survey; empty: the survey's.")
    suffix: ClassVar[str] = ".parquet"

    @cached_property
    def release_name(self) -> str:
        """The release's name."""
        return self.release or self.settings.release

    def release_parameters(self) -> dict[str, Any]:
        """Return the parameters that name package and release, resolved, for tasks upstream."""
        return {**self.classifier_parameters(), "release": self.release_name}

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, and the range of nights of the data set."""
        return self.survey, self.release_name, TrainClassifier(**self.classifier_parameters()).folder()[2]

    def readable(self) -> str:
        """Return data set, classifier and seed."""
        return TrainClassifier(**self.classifier_parameters()).readable()


class Infer(ReleaseTask):
    """Score candidates with a package: of --night, of --cutouts, else the rows of the data set."""

    night = NightParameter(default="", description="Night to score, as 2026-01-05; empty: the data set's rows.")
    cutouts = luigi.Parameter(default="", description="A cutout file to score, in place of a night.")
    package = luigi.Parameter(default="", description="A model package that exists, in place of a trained one.")
    batch_size = luigi.IntParameter(default=256, significant=False, description="Rows a forward pass.")
    threads = luigi.IntParameter(default=0, significant=False, description="Threads of the runtime; 0: all cores.")

    @cached_property
    def night_name(self) -> str:
        """The night as an ISO date, or empty."""
        offset = self.settings.mjd_night_offset_days
        return parse_night(self.night, offset).isoformat() if self.night else ""

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, and the night or what else is scored."""
        survey, release, span = super().folder()
        return survey, release, self.night_name or ("files" if self.cutouts else span)

    def requires(self) -> dict[str, luigi.Task]:
        """The package and what it scores, each unless it was given."""
        train = TrainClassifier(**self.classifier_parameters())
        tasks: dict[str, luigi.Task] = {} if self.package else {"package": train}
        if self.night_name:
            tasks["rows"] = FetchCutouts(survey=self.survey, night=self.night_name)
        elif not self.cutouts and not self.dataset_file:
            tasks["rows"] = train.requires()["dataset"]
        return tasks

    def decides(self) -> dict[str, Any]:
        """The release, the night, and the files that were given."""
        given = self.cutouts or (self.dataset_file if not self.night_name else "")
        return {
            "release": self.release_name,
            "night": self.night_name,
            "rows": file_digest(Path(given)) if given else "",
            "package": self._package_digest(),
        }

    def _package_digest(self) -> str:
        if not self.package:
            return ""
        from pipeline.io.content import content_sha256

        return content_sha256(Path(self.package))

    def build(self, path: Path) -> None:
        """Stream the rows through the package."""
        from models.runtime import load
        from models.scoring import score_file

        score_file(
            path,
            load(Path(self.package) if self.package else self.input_path("package"), threads=self.threads),
            rows=Path(self.cutouts or self.dataset_file) if "rows" not in self._required else self.input_path("rows"),
            batch_size=self.batch_size,
            release=self.release_name,
            seed=self.seed,
            provenance=self.provenance(),
            progress=lambda share, message: self.progress(100 * share, message),
        )


class ScoreFolds(ReleaseTask):
    """Scores of every labelled row, each by a model that saw neither its group nor, by night, its night."""

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of each fold's data set."""
        parameters = self.release_parameters()
        return {f"fold {fold}": Infer(**{**parameters, "fold": fold}) for fold in range(self.recipe.split.folds)}

    def decides(self) -> dict[str, Any]:
        """The release."""
        return {"release": self.release_name}

    def build(self, path: Path) -> None:
        """Put the test rows of all folds together."""
        from pipeline.io.scores_file import concatenate

        paths = [self.input_path(name) for name in self._required]
        concatenate(path, paths, split=2, provenance=self.provenance())
