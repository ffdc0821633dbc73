"""Candidates above a threshold, of a night or of the list that a pipeline has for one image.

Tested by tests/integration/test_filter_candidates.py.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io.files.digests import file_digest
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.settings_files import data_folder
from pipeline.stages.candidate_filter import Filter, threshold_of
from pipeline.stages.package_identity import scoring_digest
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import OptionalRatioParameter, RatioParameter
from tasks.parameters import ReleaseTask

FORMATS = ("csv", "ecsv", "fits")


class FilterCandidates(ReleaseTask):
    """Keep the candidates whose score reaches a threshold: of a night, of an exposure, or of a list."""

    suffix: ClassVar[str] = ""
    night = NightParameter(default="", description="Night whose scores decide.")
    cutouts = luigi.Parameter(default="", description="A cutout file whose scores decide, in place of a night.")
    files = luigi.Parameter(default="", description="FITS cutouts whose scores decide, as for Infer.")
    scores = luigi.Parameter(default="", description="A scores file that exists, Parquet or CSV, in place of these.")
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    exposure = luigi.Parameter(default="", description="The only exposure whose candidates count; empty: all.")
    candidates = luigi.Parameter(
        default="", description="Table of candidates to cut: candidate_id, or ra_deg and dec_deg; empty: all scored."
    )
    threshold = OptionalRatioParameter(description="Lowest score that is kept, 0 to 1; empty: that of the package.")
    radius_arcsec = RatioParameter(
        default=1.0, description="How far a candidate of a list without ids may lie from the scored one, in arcsec."
    )
    format = luigi.Parameter(default="csv", description="Format of the kept candidates: csv, ecsv or fits.")

    @cached_property
    def scoring(self) -> Infer:
        """The task that scores."""
        named = {"night": self.night, "cutouts": self.cutouts, "files": self.files, "package": self.package}
        return Infer(**self.classifier_parameters(), release=self.release_name, **named)

    @property
    def given_span(self) -> str:
        """The night, or that files were scored."""
        return "files" if self.scores else self.scoring.given_span

    def readable(self) -> str:
        """Return the exposure or the list, and what the scores are called."""
        what = self.exposure or Path(self.candidates).stem
        return "-".join(filter(None, [what, Path(self.scores).stem if self.scores else self.scoring.readable()]))

    def requires(self) -> dict[str, luigi.Task]:
        """The scores, what was scored, and the package that scored."""
        self._require_sound()
        return {} if self.scores else {**self.scoring.requires(), "scores": self.scoring}

    def _require_sound(self) -> None:
        sources = [name for name in ("night", "cutouts", "files", "scores") if getattr(self, name)]
        if len(sources) != 1:
            said = " and ".join(f"--{name}" for name in sources) or "nothing"
            raise SettingsError(f"{said} says what is cut; allowed: one of --night, --cutouts, --files, --scores")
        if self.format not in FORMATS:
            raise SettingsError(f"format is {self.format!r}; allowed: {', '.join(FORMATS)}")
        if self.threshold is None and self.scores and not self.package:
            raise SettingsError("--scores needs --threshold, or --package, whose threshold is taken")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise SettingsError(f"threshold is {self.threshold}; allowed: 0 to 1")
        if not self.radius_arcsec > 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0")

    def decides(self) -> dict[str, object]:
        """The threshold, the format, the exposure, and the files that you name."""
        given = {
            name: file_digest(Path(getattr(self, name))) for name in ("scores", "candidates") if getattr(self, name)
        }
        package = scoring_digest(package_folder(self.package)) if self.package else ""
        stated = {"threshold": self.threshold, "radius_arcsec": self.radius_arcsec, "format": self.format}
        return {**given, **stated, "exposure": self.exposure, "package": package}

    def build(self, path: Path) -> None:
        """Cut, and write what is kept with its counts."""
        from pipeline.stages.filter_candidates import filter_candidates

        scores = Path(self.scores) if self.scores else self.input_path("scores")
        counts = filter_candidates(
            path,
            self.filter(),
            scores=scores,
            rows=self.rows(scores),
            listed=Path(self.candidates) if self.candidates else None,
            form=self.format,
        )
        self.progress(100, f"kept {counts['kept']} of {counts['candidates']} candidates")

    def filter(self) -> Filter:
        """Return what is kept."""
        threshold, said_by, package = self.threshold, "given", ""
        if threshold is None:
            folder = package_folder(self.package) if self.package else self.input_path("package")
            threshold, said_by, package = threshold_of(folder)
        return Filter(
            threshold=threshold,
            said_by=said_by,
            exposure=self.exposure,
            radius_arcsec=self.radius_arcsec,
            package=package,
        )

    def rows(self, scores: Path) -> Path | None:
        """Return the cutout file that was scored, if there is one."""
        from pipeline.io.results.scores_file import rows_of_scores

        if "rows" in self._required:
            return self.input_path("rows")
        return Path(self.cutouts) if self.cutouts else rows_of_scores(scores, data_folder())
