"""Scores of all folds of a data set, joined.

Tested by tests/tasks/test_infer.py.
"""

from pathlib import Path

import luigi

from tasks.infer import Infer
from tasks.parameters import ReleaseTask


class ScoreFolds(ReleaseTask):
    """Score every labelled row by a model that saw neither its group nor, in folds by night, its night."""

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of each fold's data set."""
        parameters = self.release_parameters()
        return {f"fold {fold}": Infer(**{**parameters, "fold": fold}) for fold in range(self.recipe.split.folds)}

    def decides(self) -> dict[str, object]:
        """The release."""
        return {"release": self.release_name}

    def build(self, path: Path) -> None:
        """Put the test rows of all folds together."""
        from pipeline.classes import TEST
        from pipeline.io.results.scores_file import concatenate

        paths = [self.input_path(name) for name in self._required]
        concatenate(path, paths, split=TEST, provenance=self.provenance())
