"""A regressor trained on a data set with a target, calibrated, as a model package.

Tested by tests/integration/test_photoz.py.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.results.provenance import NUMBERS, TRAINING
from tasks.parameters import LearnedTask

if TYPE_CHECKING:
    from models.recipes.regressor import RegressorRecipe


class TrainRegressor(LearnedTask):
    """Train a regressor of config/regressors, calibrate its distributions on validation rows, and write its package."""

    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING, "onnx"})
    extra: ClassVar[str] = "train"

    def requires(self) -> dict[str, luigi.Task]:
        """The data set, unless you name a file."""
        return self.datasets()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of its recipe; luigi asks only if the target is missing."""
        self.require_sound_recipe()
        return super().deps()

    def require_sound_recipe(self) -> None:
        """Raise `SettingsError` for a recipe from which no package can be made, or a survey without a target."""
        self._require_target()
        _ = self.regressor_recipe

    def _require_target(self) -> None:
        if not self.settings.has_target:
            raise SettingsError(
                f"surveys/{self.survey}.yaml has classes and no target, which TrainRegressor needs: TrainClassifier "
                "trains on it"
            )

    @cached_property
    def regressor_recipe(self) -> "RegressorRecipe":
        """The recipe, parsed."""
        from models.recipes.regressor import RegressorRecipe

        return settings_files.load("regressors", self.classifier_name, RegressorRecipe)

    def decides(self) -> dict[str, object]:
        """The recipe, the seed, and a data set that is a file."""
        self._require_target()
        digest = file_digest(Path(self.dataset_file)) if self.dataset_file else ""
        decisive = {"regressor": settings_files.raw("regressors", self.classifier_name), "seed": self.seed}
        decisive |= {"learned_fold": self.learned_fold} if self.learned_fold else {}
        return decisive | {"dataset_file": digest}

    def build(self, path: Path) -> None:
        """Train, calibrate, and write."""
        from models.packages.regressor_package import write_regressor
        from models.training.regressor_training import train_regressor

        with self.open_dataset() as dataset:
            trained = train_regressor(
                dataset,
                self.regressor_recipe,
                self.seed,
                progress=lambda share, message: self.progress(100 * share, message),
            )
        write_regressor(path, trained, provenance=self.provenance())
