"""A search for better values of a classifier's recipe, as a table of trials and the best recipe.

Tested by tests/tasks/test_tune_classifier.py.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.io import settings_files
from pipeline.io.results.provenance import NUMBERS, TRAINING, TUNING
from pipeline.path_names import require_path_name
from tasks.numbers import WholeNumberParameter
from tasks.parameters import ClassifierTask

if TYPE_CHECKING:
    from models.searches.tuning_search import Search

MOST_TRIALS = 1000
"""More trainings of one recipe than anybody waits for."""


class TuneClassifier(ClassifierTask):
    """Train a recipe with many values of a search space, and write the trials and the best recipe."""

    space = luigi.Parameter(default="", description="Search space of config/spaces; empty: the recipe's name.")
    trials = WholeNumberParameter(default=20, least=1, most=MOST_TRIALS, description="How many values are tried.")
    objective = luigi.Parameter(
        default="", description="Value of the validation rows to be best, as validation_auc; empty: the monitored one."
    )
    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING, *TUNING})
    extra: ClassVar[str] = "tune"

    @cached_property
    def space_name(self) -> str:
        """The search space's name."""
        return self.space or self.classifier_name

    @cached_property
    def search(self) -> "Search":
        """What is searched; a space that does not fit the recipe is an error."""
        self.require_classes()
        from models.recipes.search_spaces import SearchSpace, require_fit
        from models.searches.tuning_search import Search, objective_of

        search = Search(
            recipe=settings_files.raw("classifiers", self.classifier_name),
            space=settings_files.load("spaces", self.space_name, SearchSpace),
            objective=objective_of(self.training().classifier_recipe, self.objective),
            trials=self.trials,
            seed=self.seed,
            where=f"spaces/{self.space_name}.yaml with classifiers/{self.classifier_name}.yaml",
        )
        require_fit(search.space, search.base, search.objective, search.where)
        return search

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place."""
        return self.training().folder()

    def readable(self) -> str:
        """Return data set, classifier, seed, space and number of trials."""
        space = require_path_name(self.space_name, "the search space")
        return f"{self.training().readable()}-{space}-{self.trials}trials"

    def requires(self) -> dict[str, luigi.Task]:
        """The data set, unless you name a file."""
        return self.training().requires()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of space and recipe; luigi asks only if the result is missing."""
        self.require_classes()
        _ = self.search
        return super().deps()

    def decides(self) -> dict[str, object]:
        """What decides a training, the space, the number of trials and the objective."""
        self.require_classes()
        _ = self.training().classifier_recipe  # a stack has none, and that is told before its missing space
        return {
            "training": self.training().decides(),
            "space": settings_files.raw("spaces", self.space_name),
            "trials": self.trials,
            "objective": self.objective or self._monitored,
        }

    @property
    def _monitored(self) -> str:
        return str(settings_files.raw("classifiers", self.classifier_name).get("monitor", "validation_loss"))

    def build(self, path: Path) -> None:
        """Search in a folder beside the target, from which the next run continues if this one is killed."""
        from models.searches import tuning
        from pipeline.io.results.dataset_file import open_dataset
        from pipeline.stages.tuning_folder import write_tuning

        dataset_file = Path(self.dataset_file) if self.dataset_file else self.input_path("dataset")
        with open_dataset(dataset_file) as dataset:
            found = tuning.tune(
                dataset,
                self.search,
                workdir=self._workdir,
                progress=lambda share, message: self.progress(100 * share, message),
            )
            names = {"classifier": self.classifier_name, "space": self.space_name}
            write_tuning(path, found.result(dataset.fingerprint, **names))

    def committed(self) -> None:
        """Remove the finished trials: only now are they in their place."""
        from models.searches import tuning

        tuning.clear(self._workdir)

    @property
    def _workdir(self) -> Path:
        return self.output().path.with_name(f"{self.output().path.name}.tuning")
