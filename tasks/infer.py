"""Scores of a night, of a data set's rows, or of a cutout file, with a model package."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi

from pipeline.errors import InputError, SettingsError
from pipeline.io.files.digests import file_digest
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.tables.id_list import read_id_list
from pipeline.night import night_name_of
from pipeline.stages.package_identity import scoring_digest
from tasks.base import PipelineTask
from tasks.calibrate_package import CalibratePackage
from tasks.fetch_cutouts import FetchCutouts
from tasks.nights import NightParameter
from tasks.numbers import MOST_PROCESSES, MOST_ROWS, MOST_SAMPLES, WholeNumberParameter, processes_parameter
from tasks.parameters import ReleaseTask

if TYPE_CHECKING:
    from models.scoring.opened_package import OpenedPackage
    from models.scoring.regressor import RegressorPackage


class Infer(ReleaseTask):
    """Score candidates with a package: those of --night or --cutouts, else the rows of the data set."""

    revision: ClassVar[int] = 2
    night = NightParameter(default="", description="Night to score, as 2026-01-05; empty: the data set's rows.")
    cutouts = luigi.Parameter(default="", description="A cutout file to score, in place of a night.")
    files = luigi.Parameter(
        default="", description="FITS cutouts to score, in place of a night: a.fits, @LIST with one per line, a folder."
    )
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    only = luigi.Parameter(default="", description="Candidates or objects to score: a,b,c, or @FILE with one per line.")
    posterior_samples = WholeNumberParameter(
        default=0, least=0, most=MOST_SAMPLES, description="Dropout samples per row; 0: as many as the recipe says."
    )
    reasons = luigi.BoolParameter(
        default=False, description="Say in one sentence why each candidate got its score; of packages with outliers."
    )
    unlearned = luigi.BoolParameter(
        default=False, description="Leave out rows that the package learned from, in training or validation."
    )
    stream = luigi.BoolParameter(
        default=False, significant=False, description="Score --night as it is read, and keep no cutouts of it."
    )
    batch_size = WholeNumberParameter(
        default=256, least=1, most=MOST_ROWS, significant=False, description="Rows per forward pass."
    )
    threads = WholeNumberParameter(
        default=0,
        least=0,
        most=MOST_PROCESSES,
        significant=False,
        description="Threads of the runtime; 0: all cores.",
    )
    device = luigi.Parameter(
        default="auto",
        significant=False,
        description="What scores: cpu, gpu, or auto: a GPU, if the installed onnxruntime has one and it starts.",
    )
    processes = processes_parameter("read, measure and score at once")

    @cached_property
    def night_name(self) -> str:
        """The night as an ISO date, or ``all`` of a survey without nights, or empty."""
        offset, has_nights = self.settings.mjd_night_offset_days, self.settings.has_nights
        return night_name_of(self.night, offset, has_nights=has_nights) if self.night else ""

    @property
    def given_span(self) -> str:
        """The night, or that files are scored; empty for the rows of the data set."""
        files = self.cutouts or self.files or (self.package and self.dataset_file)
        return self.night_name or ("files" if files else "")

    def readable(self) -> str:
        """Return data set, classifier and seed, or the name of the package that you name."""
        return Path(self.package).resolve().name if self.package else super().readable()

    def requires(self) -> dict[str, luigi.Task]:
        """The package and what it scores, each unless you name a file."""
        packaging = self.packaging()
        tasks: dict[str, luigi.Task] = {} if self.package else {"package": packaging}
        if self.streams:
            tasks |= self.fetch.requires()
        elif self.night_name:
            tasks["rows"] = self.fetch
        elif not self.cutouts and not self.files and not self.dataset_file:
            tasks["rows"] = packaging.building()
        return tasks

    def deps(self) -> list[luigi.Task]:
        """Return what it requires; what the named package cannot score is refused before anything of it is made."""
        if self.posterior_samples and not self.complete():
            self._require_dropout()
        if self.reasons and not self.complete():
            self._require_reasons()
        given = not self.night_name and (self.cutouts or self.dataset_file)
        if self.package and not given and not self.complete():
            from models.scoring.refusal import require_fit
            from pipeline.stages.night_cutouts import header_of

            require_fit(package_folder(self.package), header_of(self.survey, self.settings))
        return super().deps()

    def _require_dropout(self) -> None:
        """Raise what says that the package, or the one that is to be made, has no dropout to sample."""
        if self.package:
            from models.scoring.refusal import require_samples

            require_samples(package_folder(self.package), self.posterior_samples)
            return
        packaging = self.packaging()
        if not isinstance(packaging, CalibratePackage) or not packaging.is_of_network:
            raise SettingsError(
                f"--posterior-samples is {self.posterior_samples}; allowed for {self.classifier_name}, which is no "
                "network and has no dropout: 0. Name a network by --classifier, or its package by --package"
            )

    def _require_reasons(self) -> None:
        """Raise what says that the package, or the one that is to be made, cannot give reasons."""
        from models.scoring.reasons import ALLOWED

        if self.package:
            from models.scoring.refusal import require_reasons

            require_reasons(package_folder(self.package))
            return
        packaging = self.packaging()
        if not isinstance(packaging, CalibratePackage) or not packaging.may_give_reasons:
            raise SettingsError(f"--reasons is set; {self.classifier_name} cannot give reasons; {ALLOWED}")

    @cached_property
    def fetch(self) -> FetchCutouts:
        """The task that keeps the night's cutouts."""
        return FetchCutouts(survey=self.survey, night=self.night_name, processes=self.processes)

    @cached_property
    def streams(self) -> bool:
        """Whether the night is scored as it is read: it was asked for, and its cutouts are not there."""
        return self.stream and bool(self.night_name) and not self.fetch.complete()

    def upstream(self) -> dict[str, PipelineTask]:
        """Return what shapes the scores: the same whether the cutouts are kept or not."""
        shaping = super().upstream()
        kept = {name: task for name, task in shaping.items() if name == "package"}
        return {**kept, "rows": self.fetch} if self.streams else shaping

    def decides(self) -> dict[str, object]:
        """The release, the night, and the files that you name."""
        rows = self.cutouts or (self.dataset_file if not self.night_name else "")
        return {
            "release": self.release_name,
            "night": self.night_name,
            "rows": file_digest(Path(rows)) if rows else "",
            "package": scoring_digest(package_folder(self.package)) if self.package else "",
        } | {name: value for name, value in self._when_given().items() if value}

    def _when_given(self) -> dict[str, object]:
        """What decides the scores only where it is given, so that others keep their identity."""
        rules = {"vetoes": self.settings.vetoes, "overrides": self.settings.overrides}
        stamps = self._stamps_identity() if self.files else None
        return {
            "only": self.chosen,
            "unlearned": self.unlearned,
            "files": stamps,
            "posterior_samples": self.posterior_samples,
            "reasons": self.reasons,
            "fwhm_pixel": self.settings.fwhm_pixel,
            **rules,
        }

    @cached_property
    def chosen(self) -> list[str]:
        """The only candidates or objects to score; empty for all."""
        return read_id_list(self.only)

    def _stamps_identity(self) -> dict[str, object]:
        from pipeline.stages.stamp_files import StampReader, stamps_digest

        return {**stamps_digest(self.stamps), "read": StampReader(settings=self.settings).decides}

    @cached_property
    def stamps(self) -> list[str]:
        """The FITS cutouts that you name."""
        from pipeline.stages.stamp_files import find_stamps

        named = {"night": self.night, "cutouts": self.cutouts, "dataset_file": self.dataset_file}
        clash = [name for name, value in named.items() if value]
        if clash:
            raise SettingsError(f"--files names what is scored; leave out --{clash[0].replace('_', '-')}")
        return find_stamps(self.files)

    @cached_property
    def lost(self) -> dict[str, str]:
        """Why files were not scored, by path."""
        return {}

    def committed(self) -> None:
        """Fail where files could not be scored: the others have their scores, and the exit code says so."""
        if self.lost:
            file, why = next(iter(self.lost.items()))
            raise InputError(
                f"{len(self.lost)} of {len(self.stamps)} files were not scored, the first {file}: {why}; all are in "
                f"the log or in the provenance of the scores of the others: {self.output().path}"
            )

    @property
    def deciding(self) -> dict[str, Any]:
        """The vetoes and overrides that decide the class after the classifier."""
        return {"vetoes": self.settings.vetoes, "overrides": self.settings.overrides}

    def asked(self, package: "OpenedPackage | RegressorPackage") -> "OpenedPackage | RegressorPackage":
        """Return the package as it scores what was asked for."""
        from models.scoring.asked_samples import with_samples
        from models.scoring.reasons import explaining

        sampled = with_samples(package, self.posterior_samples) if self.posterior_samples else package
        return explaining(sampled) if self.reasons else sampled

    def build(self, path: Path) -> None:
        """Stream the rows through the package."""
        from models.scoring.any_package import open_package
        from models.scoring.score_files import Scoring, score_file, score_night
        from models.scoring.score_stamps import score_stamps
        from pipeline.io.packages.training_ids import learned_of
        from pipeline.scores.deciding_rules import DecidingRules
        from pipeline.stages.night_cutouts import NightCutouts, header_of
        from pipeline.stages.stamp_files import StampReader

        directory = package_folder(self.package) if self.package else self.input_path("package")
        package = self.asked(open_package(directory, threads=self.threads, device=self.device))
        scoring = Scoring(
            package=package,
            batch_size=self.batch_size,
            release=self.release_name,
            seed=self.seed,
            only=self.chosen,
            learned=learned_of(directory) if self.unlearned else None,
            processes=self.processes,
            rules=DecidingRules.of(**self.deciding, class_names=package.class_names),
            fwhm_pixel=self.settings.fwhm_pixel,
        )
        if self.files:
            lost = score_stamps(
                path,
                scoring,
                stamps=StampReader(settings=self.settings),
                files=self.stamps,
                header=header_of(self.survey, self.settings),
                provenance=self.provenance(),
                progress=lambda share, message: self.progress(100 * share, message),
            )
            self.lost.update(lost)
        elif self.streams:
            job = self.fetch.job(self.fetch.frozen.manifest(), of=self)
            score_night(path, scoring, NightCutouts(job, ephemeris=self.fetch.ephemeris(), labels=False))
        else:
            named = Path(self.cutouts or self.dataset_file)
            score_file(
                path,
                scoring,
                rows=self.input_path("rows") if "rows" in self._required else named,
                provenance=self.provenance(),
                progress=lambda share, message: self.progress(100 * share, message),
            )
