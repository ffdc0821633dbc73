"""Scores of objects over a range of nights, from one telescope or from several surveys together."""

from functools import cached_property
from typing import Any, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.night import night_range, parse_night
from pipeline.surveys.settings import SurveySettings
from tasks.fetch_cutouts import FetchCutouts
from tasks.infer import Infer
from tasks.parameters import NightParameter, SurveyTask


class ScoreObjects(SurveyTask):
    """Join the scores of an object's images, of each survey by its own classifier, into one."""

    start = NightParameter(description="First night, as 2026-01-01.")
    stop = NightParameter(description="Last night, included.")
    also = luigi.Parameter(default="", description="Further surveys, other telescopes, separated by commas.")
    rule = luigi.Parameter(default="longest_median", description="longest_median, median, mean or max.")
    release = luigi.Parameter(default="", description="Name of the processing; empty: the survey's.")
    packages = luigi.Parameter(
        default="", description="Packages that exist, in place of trained ones: one of all, or one of each survey."
    )
    suffix: ClassVar[str] = ".csv"

    @cached_property
    def surveys(self) -> list[str]:
        """The surveys whose scores are joined."""
        return list(dict.fromkeys([self.survey, *(name.strip() for name in self.also.split(",") if name.strip())]))

    @cached_property
    def nights(self) -> list[str]:
        """The nights, as ISO dates."""
        if not self.start or not self.stop:
            raise SettingsError("ScoreObjects needs --start and --stop, dates such as 2026-01-05")
        offset = self.settings.mjd_night_offset_days
        return [
            night.isoformat() for night in night_range(parse_night(self.start, offset), parse_night(self.stop, offset))
        ]

    @cached_property
    def package_of(self) -> dict[str, str]:
        """The package that was given for each survey; empty where its own is trained."""
        given = [name.strip() for name in self.packages.split(",") if name.strip()]
        if len(given) not in (0, 1, len(self.surveys)):
            raise SettingsError(
                f"--packages names {len(given)} packages; allowed: one of all surveys, or one of each of "
                f"{', '.join(self.surveys)}, in this order"
            )
        each = given if len(given) > 1 else (given or [""]) * len(self.surveys)
        return dict(zip(self.surveys, each, strict=True))

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, range of nights."""
        return self.survey, self.release or self.settings.release, f"{self.nights[0]}_{self.nights[-1]}"

    def readable(self) -> str:
        """Return the rule, and the surveys that join."""
        return "-".join([self.rule, *self.surveys[1:]])

    def requires(self) -> dict[str, luigi.Task]:
        """Scores and cutouts of every night of every survey."""
        tasks: dict[str, luigi.Task] = {}
        for survey in self.surveys:
            release = self.release or settings_files.load("surveys", survey, SurveySettings).release
            for night in self.nights:
                tasks[f"scores {survey} {night}"] = Infer(
                    survey=survey, night=night, release=release, package=self.package_of[survey]
                )
                tasks[f"cutouts {survey} {night}"] = FetchCutouts(survey=survey, night=night)
        return tasks

    def decides(self) -> dict[str, Any]:
        """The rule."""
        return {"rule": self.rule}

    def build(self, path: Any) -> None:
        """Join and write."""
        from pipeline.io.objects_file import write_objects

        keys = [f"{survey} {night}" for survey in self.surveys for night in self.nights]
        pairs = [(self.input_path(f"scores {key}"), self.input_path(f"cutouts {key}")) for key in keys]
        count = write_objects(path, pairs, self.rule)
        self.progress(100, f"{count} objects of {len(self.nights)} nights")
