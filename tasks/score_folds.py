"""Scores of all folds of a data set, joined.

Tested by tests/tasks/test_infer.py.
"""

from pathlib import Path

import luigi

from pipeline.errors import SettingsError
from tasks.infer import Infer
from tasks.parameters import ReleaseTask


class ScoreFolds(ReleaseTask):
    """Score every labelled row by a model that saw neither its group nor, in folds by night, its night."""

    package = luigi.Parameter(
        default="", description="A package, by folder or name, that scores the test rows of all folds."
    )

    @property
    def given_package(self) -> dict[str, str]:
        """The package as a parameter of what scores a fold; empty where each fold has its own."""
        return {"package": str(self.package)} if self.package else {}

    def readable(self) -> str:
        """Return data set, classifier and seed, or data set and package."""
        if not self.package:
            return super().readable()
        return f"{self.dataset_name}-{Path(self.package).resolve().name}"

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of each fold's data set."""
        parameters = self.release_parameters() | self.given_package
        return {f"fold {fold}": Infer(**{**parameters, "fold": fold}) for fold in range(self.recipe.split.folds)}

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of the recipe; luigi asks only if the target is missing."""
        if not self.recipe.split.folds:
            raise SettingsError(
                f"datasets/{self.dataset_name}.yaml has no folds to join; allowed: a recipe with `split: {{folds: 5}}` "
                "or another number of them; `Infer` scores the data set without"
            )
        return super().deps()

    def decides(self) -> dict[str, object]:
        """The release."""
        return {"release": self.release_name}

    def build(self, path: Path) -> None:
        """Put the test rows of all folds together."""
        from pipeline.classes import TEST
        from pipeline.io.results.scores_file import concatenate

        paths = [self.input_path(name) for name in self._required]
        concatenate(path, paths, split=TEST, provenance=self.provenance())
