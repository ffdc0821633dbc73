"""Scores of objects over a range of nights, from one telescope or from several surveys together.

Tested by tests/integration/test_given_files.py.
"""

from functools import cached_property
from pathlib import Path

import luigi

from pipeline.io import settings_files
from pipeline.stages.surveys_packages import package_of_each
from pipeline.surveys.settings import SurveySettings
from tasks.fetch_cutouts import FetchCutouts
from tasks.infer import Infer
from tasks.parameters import RangeTask, SurveyTask

_TASKS_A_NIGHT = 4
"""Tasks of each survey for one night: closed, frozen, cut out, scored."""


class ScoreObjects(RangeTask, SurveyTask):
    """Join the scores of an object's images into one score; each survey is scored by its own classifier."""

    also = luigi.Parameter(default="", description="Further surveys, other telescopes, separated by commas.")
    rule = luigi.Parameter(default="longest_median", description="longest_median, median, mean or max.")
    release = luigi.Parameter(default="", description="Name of the processing; empty: the survey's.")
    packages = luigi.Parameter(
        default="",
        description="Packages, by folder or name, in place of trained ones: one for all, or one for each survey.",
    )
    history = luigi.BoolParameter(
        default=False, description="Write every visit of each object, Parquet, in place of one row for each."
    )

    @property
    def suffix(self) -> str:  # type: ignore[override]
        """The ending of the file."""
        return ".parquet" if self.history else ".csv"

    @cached_property
    def surveys(self) -> list[str]:
        """The surveys whose scores are joined."""
        return list(dict.fromkeys([self.survey, *(name.strip() for name in self.also.split(",") if name.strip())]))

    @cached_property
    def night_names(self) -> list[str]:
        """The nights, as ISO dates."""
        return self.asked_nights(
            self.settings.mjd_night_offset_days,
            tasks_a_night=_TASKS_A_NIGHT * len(self.surveys),
            what=f"scores of {' and '.join(self.surveys)}",
        )

    @cached_property
    def package_of(self) -> dict[str, str]:
        """The package of each survey; empty where its own is trained."""
        return package_of_each(self.packages, self.surveys)

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, range of nights."""
        return self.survey, self.release or self.settings.release, f"{self.night_names[0]}_{self.night_names[-1]}"

    def readable(self) -> str:
        """Return the rule, and the surveys that join."""
        return "-".join([self.rule, *(["history"] if self.history else []), *self.surveys[1:]])

    def requires(self) -> dict[str, luigi.Task]:
        """Scores and cutouts of every night of every survey."""
        tasks: dict[str, luigi.Task] = {}
        for survey in self.surveys:
            release = self.release or settings_files.load("surveys", survey, SurveySettings).release
            for night in self.night_names:
                tasks[f"scores {survey} {night}"] = Infer(
                    survey=survey, night=night, release=release, package=self.package_of[survey]
                )
                tasks[f"cutouts {survey} {night}"] = FetchCutouts(survey=survey, night=night)
        return tasks

    def decides(self) -> dict[str, object]:
        """The rule, and whether all visits are written."""
        return {"rule": self.rule} | ({"history": True} if self.history else {})

    def build(self, path: Path) -> None:
        """Join and write."""
        from pipeline.stages.score_objects import score_objects

        keys = [(f"{survey} {night}", survey) for survey in self.surveys for night in self.night_names]
        images = [(self.input_path(f"scores {key}"), self.input_path(f"cutouts {key}"), name) for key, name in keys]
        count = score_objects(path, images, self.rule, self.provenance() if self.history else None)
        self.progress(100, f"{count} objects of {len(self.night_names)} nights")
