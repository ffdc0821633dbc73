"""Scores in the format of another system, such as a table of probabilities.

Tested by tests/integration/test_catalogue_survey.py.
"""

from functools import cached_property
from pathlib import Path

import luigi

from pipeline.errors import SettingsError
from pipeline.io.packages.named_packages import package_folder
from pipeline.stages.package_identity import scoring_digest
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.parameters import ReleaseTask

FORMATS = {
    "probabilities": ".csv", "performances": "", "csv": ".csv", "ecsv": ".ecsv", "psat": ".csv", "gmadet": ".dat",
    "alerts": ".avro", "alerts_with_stamps": ".avro",
}  # fmt: skip
"""What can be written of classes, with the ending of the file, none of a folder; a test holds it to
`pipeline.stages.export_scores`, which is not light to import."""

VALUE_FORMATS = {"values": ".csv", "qp": ".hdf5"}
"""The same of the values of a regressor."""


class ExportScores(ReleaseTask):
    """Write the scores of a night or of a data set's rows in another format: a CSV file, a folder of them, or HDF5."""

    night = NightParameter(default="", description="Night whose scores are written; empty: the data set's rows.")
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    unlearned = luigi.BoolParameter(default=False, description="Leave out rows that the package learned from.")
    format = luigi.Parameter(
        default="probabilities",
        description="probabilities: id, y_true, y_pred, p_<class>; performances: a folder of val and test; csv, ecsv: "
        "scores beside their candidates; psat: file,label,score; gmadet: infer_results.dat; alerts, "
        "alerts_with_stamps: Avro. Of a regressor, values: id, target, value, intervals; qp: for qp-prob.",
    )
    id_column = luigi.Parameter(default="candidate_id", description="What the column of ids is called, as DES_id.")
    part = luigi.Parameter(
        default="", description="The only part of the data set to write: train, validation, test; empty: all rows."
    )

    @property
    def suffix(self) -> str:  # type: ignore[override]
        """The ending of the format's file."""
        return self._formats.get(self.format, "")

    @property
    def _formats(self) -> dict[str, str]:
        return VALUE_FORMATS if self.settings.has_target else FORMATS

    @cached_property
    def scoring(self) -> Infer:
        """The task that scores."""
        return Infer(
            **self.classifier_parameters(),
            release=self.release_name,
            night=self.night,
            package=self.package,
            unlearned=self.unlearned,
        )

    @property
    def given_span(self) -> str:
        """The night, or that files were scored; empty for the rows of the data set."""
        return self.scoring.given_span

    def readable(self) -> str:
        """Return the part, and what the scores are called."""
        return "-".join(filter(None, [self.format, self.part, self.scoring.readable()]))

    def requires(self) -> dict[str, luigi.Task]:
        """The scores, what was scored, and the package that scored."""
        if self.format not in self._formats:
            whose = f"surveys/{self.survey}.yaml, which has {'a target' if self.settings.has_target else 'classes'}"
            raise SettingsError(f"format is {self.format!r}; allowed for {whose}: {', '.join(self._formats)}")
        if self.format == "performances" and (self.part or self.night):
            raise SettingsError("format is 'performances', which has the parts of a data set; leave out part and night")
        if self.part and self.night:
            raise SettingsError(f"part is {self.part!r}, and the rows of a night have none; leave out part or night")
        return {**self.scoring.requires(), "scores": self.scoring}

    def decides(self) -> dict[str, object]:
        """The format, and the package and the rows that you name."""
        package = scoring_digest(package_folder(self.package)) if self.package else ""
        return {"format": self.format, "id_column": self.id_column, "part": self.part, "package": package}

    def build(self, path: Path) -> None:
        """Join scores and rows, and write them."""
        from pipeline.io.packages.package_content import read_package
        from pipeline.stages.export_scores import export_scores

        folder = package_folder(self.package) if self.package else self.input_path("package")
        count = export_scores(
            path,
            form=self.format,
            scores=self.input_path("scores"),
            rows=self.input_path("rows") if "rows" in self._required else Path(self.dataset_file),
            class_names=[str(name) for name in read_package(folder).values.get("classes", ())],
            id_column=self.id_column,
            part=self.part,
        )
        self.progress(100, f"{count} rows")
