"""A classifier trained on a data set: weights and history, from which `CalibratePackage` makes a package.

Tested by tests/integration/test_golden_results.py.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from models.backends import TENSORFLOW, backend
from models.recipes.calibration_keys import training_part
from models.recipes.fine_tuning import weights_digest
from models.registry import NETWORK
from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.results.provenance import NUMBERS, TRAINING
from pipeline.io.settings_files import config_folder, expand
from tasks.parameters import LearnedTask

if TYPE_CHECKING:
    from models.recipes.classifier import ClassifierRecipe


class TrainClassifier(LearnedTask):
    """Train, and write weights, graphs to logits, and the history."""

    suffix: ClassVar[str] = ""
    revision: ClassVar[int] = 3
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING})
    extra: ClassVar[str] = "train"

    def requires(self) -> dict[str, luigi.Task]:
        """The data set, unless you name a file."""
        return self.datasets()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of its recipe; luigi asks only if the target is missing."""
        self.require_classes()
        if self.classifier_recipe.sampling is not None:
            self.classifier_recipe.sampling.require_installed()
        return super().deps()

    @cached_property
    def classifier_recipe(self) -> "ClassifierRecipe":
        """The recipe, parsed."""
        from models.recipes.classifier import ClassifierRecipe

        name = self.classifier_name
        return ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), f"classifiers/{name}.yaml")

    def decides(self) -> dict[str, object]:
        """The recipe without what is made of the weights, the seed, a data set that is a file, and another backend."""
        self.require_classes()
        recipe = training_part(settings_files.raw("classifiers", self.classifier_name))
        digest = file_digest(Path(self.dataset_file)) if self.dataset_file else ""
        decisive = {"classifier": recipe, "seed": self.seed, "dataset_file": digest}
        decisive |= self._features_revision(str(recipe.get("classifier")))
        decisive |= {"learned_fold": self.learned_fold} if self.learned_fold else {}
        if backend() != TENSORFLOW and self.classifier_recipe.family == NETWORK:
            decisive["backend"] = backend()
        decisive |= {"module": self._module_digest(str(recipe["module"]))} if recipe.get("module") else {}
        start = recipe.get("fine_tuning")
        weights = start.get("weights") if isinstance(start, dict) else None
        return decisive | ({"weights": weights_digest(str(weights))} if weights else {})

    def _features_revision(self, classifier: str) -> dict[str, int]:
        """Return the revision of the features that a classifier is made of, if it is of features."""
        import models.architectures  # noqa: F401  (fills the registry)
        from models.registry import CLASSIFIERS, FEATURES
        from pipeline.features import FEATURES_REVISION

        known = classifier in CLASSIFIERS and CLASSIFIERS.metadata(classifier)["family"] == FEATURES
        return {"features_revision": FEATURES_REVISION} if known else {}

    def _module_digest(self, name: str) -> str:
        """Return the digest of the Python file of the user's own that the recipe names."""
        return file_digest(config_folder() / expand(name, "the Python file of your network"))

    def build(self, path: Path) -> None:
        """Train in a folder beside the target, from which the next run continues if this one is killed."""
        from models.packages import trained_files
        from models.training.train import train

        with self.open_dataset() as dataset:
            trained = train(
                dataset,
                self.classifier_recipe,
                self.seed,
                workdir=self._workdir,
                progress=lambda share, message: self.progress(100 * share, message),
            )
            trained_files.write(path, trained, dataset=dataset)

    def committed(self) -> None:
        """Remove the checkpoint: only now is the result in its place."""
        from models.training.train import clear

        clear(self._workdir)

    @property
    def _workdir(self) -> Path:
        return self.output().path.with_name(f"{self.output().path.name}.training")
