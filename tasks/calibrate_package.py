"""A model package of a trained classifier: calibrated, with thresholds.

Tested by tests/integration/test_calibrate_package.py.
"""

from pathlib import Path
from typing import ClassVar

import luigi

from models.calibration_keys import calibration_part
from pipeline.io import settings_files
from pipeline.io.results.provenance import NUMBERS
from tasks.parameters import ClassifierTask


class CalibratePackage(ClassifierTask):
    """Calibrate a trained classifier, set its thresholds, and write the model package; nothing is trained."""

    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, "onnx"})
    extra: ClassVar[str] = "train"

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place."""
        return self.training().folder()

    def readable(self) -> str:
        """Return data set, classifier and seed."""
        return self.training().readable()

    def requires(self) -> dict[str, luigi.Task]:
        """The trained classifier, and its data set unless you name a file."""
        training = self.training()
        return {"training": training, **training.requires()}

    def decides(self) -> dict[str, object]:
        """The keys of the classifier's recipe that decide nothing about the weights."""
        return calibration_part(settings_files.raw("classifiers", self.classifier_name))

    def dataset_path(self) -> Path:
        """Return the data set's file."""
        return self.training().dataset_path()

    def build(self, path: Path) -> None:
        """Measure the validation rows, fit, and write."""
        from models import calibrating, packages, trained_files
        from pipeline.io.results.dataset_file import open_dataset

        trained = trained_files.read(self.input_path("training"))
        with open_dataset(self.dataset_path()) as dataset:
            calibrated = calibrating.calibrate(
                trained,
                dataset,
                self.training().classifier_recipe,
                progress=lambda share, message: self.progress(100 * share, message),
            )
        packages.write(path, trained, calibrated, provenance=self.provenance())
