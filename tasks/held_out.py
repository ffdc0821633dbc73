"""The abstract task of all that divides the rows of a data set into folds and holds each out once.

Tested by tests/integration/test_suspicious_labels.py.
"""

from functools import cached_property

import luigi

from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS
from tasks.numbers import WholeNumberParameter
from tasks.parameters import ClassifierTask


class HeldOutTask(ClassifierTask):
    """A task that divides the rows of a data set into folds, each of which is scored by a model of the others."""

    row_folds = WholeNumberParameter(
        default=5,
        least=2,
        most=MOST_LEARNED_FOLDS,
        description="Folds into which training and validation rows are divided; as many models are trained.",
    )
    by = luigi.ChoiceParameter(
        choices=["", "object", "night"],
        default="",
        description="What is held out together; empty: as the recipe of the data set divides its parts.",
    )

    @cached_property
    def held_by(self) -> str:
        """What is held out together: of a recipe that states the parts, objects."""
        return self.by or ("night" if self.recipe.split.by == "night" else "object")

    def held_out_parameters(self) -> dict[str, object]:
        """Return the parameters that name the scores, resolved, for tasks downstream."""
        return {**self.classifier_parameters(), "row_folds": self.row_folds, "by": self.held_by}

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place."""
        return self.training().folder()

    def readable(self) -> str:
        """Return data set, classifier and seed."""
        return self.training().readable()
