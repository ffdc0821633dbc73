"""A model package: of a trained classifier, calibrated, with thresholds; or of a stack of such packages.

Tested by tests/integration/test_calibrate_package.py.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from models.recipes.calibration_keys import SAMPLE, calibration_part, folds_of, survey_part
from models.recipes.stack_members import Training, read_members
from models.registry import NETWORK
from pipeline.classes import LEARNED_PARTS, are_real_and_bogus
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.results.provenance import NUMBERS
from pipeline.recipes.learned_fold import LearnedFold
from tasks.parameters import LearnedTask

if TYPE_CHECKING:
    from models.recipes.classifier import ClassifierRecipe
    from models.recipes.stack import StackRecipe


class CalibratePackage(LearnedTask):
    """Calibrate a trained classifier, or a stack of such, set its thresholds, and write the package; train nothing."""

    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, "onnx"})
    extra: ClassVar[str] = "train"

    def requires(self) -> dict[str, luigi.Task]:
        """The trained classifier, or the packages of a stack's members; and the data set unless you name a file."""
        if self.is_stack:
            members = {f"member {number}": task for number, task in enumerate(self.members)}
            return {**members, **self.datasets()}
        training = self.training()
        folds: dict[str, luigi.Task] = {f"fold {number}": task for number, task in enumerate(self.further, start=1)}
        return {"training": training, **folds, **training.requires()}

    @cached_property
    def further(self) -> "list[CalibratePackage]":
        """The packages of further trainings, each without a part of the rows, whose logits calibrate this one."""
        if self.is_stack or self.learned_fold:
            return []
        count = folds_of(settings_files.raw("classifiers", self.classifier_name))  # plans show a faulty recipe
        learned = [str(LearnedFold(number=number, count=count)) for number in range(1, count + 1)]
        shared = self.classifier_parameters()
        return [CalibratePackage(**{**shared, "learned_fold": fold}) for fold in learned]

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of the recipe; luigi asks only if the target is missing."""
        self.require_sound_recipe()
        return super().deps()

    def require_sound_recipe(self) -> None:
        """Raise `SettingsError` for a recipe from which no package can be made, of a stack also for its members'."""
        self.require_classes()
        if not self.is_stack:
            recipe = self.training().classifier_recipe
            self._require_calibration(recipe)
            self._require_verdicts(recipe.conformal is not None)
            return
        self._require_calibration(self.stack_recipe)
        self._require_verdicts(self.stack_recipe.conformal is not None)
        for member in self.members:
            member.require_sound_recipe()
            member.require_no_folds()
            self._require_same_share(member)

    def require_no_folds(self) -> None:
        """Raise `SettingsError` for a member of a stack with folds of its own: stacks have their own."""
        if count := self.training().classifier_recipe.calibration_folds:
            raise SettingsError(
                f"{self._where}: calibration_folds is {count}; allowed for a member of a stack: 0. A stack has 'folds'"
            )

    def _require_same_share(self, member: "CalibratePackage") -> None:
        """Raise if logits of a member are at the base rate, and the stack's calibration cannot bring them back."""
        from pipeline.scores.class_calibration import UNMOVED

        method = self.stack_recipe.calibration
        if method in UNMOVED and member.training().classifier_recipe.calibrated_to != SAMPLE:
            raise SettingsError(
                f"{self._where}: calibration is {method!r}, which leaves scores at the base rate that "
                f"{member.classifier_name} is calibrated to; allowed with it: members with 'calibrated_to: sample'"
            )

    def _require_calibration(self, recipe: "ClassifierRecipe | StackRecipe") -> None:
        from pipeline.scores.class_calibration import MANY, OF_TWO

        method, n_classes, where = recipe.calibration, len(self.settings.class_names), self._where
        if method in OF_TWO and n_classes > 2:
            raise SettingsError(f"{where}: calibration is {method!r}, the survey has {n_classes} classes; {MANY}")
        if recipe.calibrated_to != SAMPLE and n_classes > 2:
            raise SettingsError(
                f"{where}: calibrated_to is {recipe.calibrated_to!r}, the survey has {n_classes} classes; allowed for "
                "more than two: sample"
            )
        self._of_survey(recipe)

    def _of_survey(self, recipe: "ClassifierRecipe | StackRecipe") -> dict[str, float]:
        """Return what the recipe takes of the survey's own candidates; an error if the survey does not state it."""
        from models.recipes.threshold_settings import of_survey

        return of_survey(recipe, self.settings.night_rates, self._where)

    @property
    def _where(self) -> str:
        return f"classifiers/{self.classifier_name}.yaml"

    @property
    def is_of_network(self) -> bool:
        """Whether the classifier is a network, of which dropout samples may be drawn."""
        return not self.is_stack and self.training().classifier_recipe.family == NETWORK

    @property
    def may_give_reasons(self) -> bool:
        """Whether the package, or that of a member of a stack, keeps what gives reasons, by its recipe."""
        if self.is_stack:
            return any(member.may_give_reasons for member in self.members)
        recipe = self.training().classifier_recipe
        of_pixels = recipe.family == NETWORK and self.settings.has_nights
        known = recipe.outliers is not None and (recipe.outliers.reasons or not of_pixels)
        return known and are_real_and_bogus(self.settings.class_names)

    def _require_verdicts(self, asked: bool) -> None:
        names = self.settings.class_names
        if asked and not are_real_and_bogus(names):
            raise SettingsError(f"{self._where}: 'conformal' is set; allowed with the classes {', '.join(names)}: none")

    @cached_property
    def trainings(self) -> list[Training]:
        """What each member of a stack is.

        Raises
        ------
        SettingsError
            If the recipe contradicts itself, or the stack is to be a member itself.
        """
        if self.learned_fold:
            raise SettingsError(
                f"--learned-fold is {self.learned_fold!r}; classifiers/{self.classifier_name}.yaml is a stack, whose "
                "'folds' say how its members are trained: leave it out"
            )
        where = f"classifiers/{self.classifier_name}.yaml"
        return read_members(self.classifier_name).trainings(self.seed, where)

    @cached_property
    def members(self) -> "list[CalibratePackage]":
        """The tasks that make the packages of a stack's members, in the order of `trainings`."""
        shared = self.classifier_parameters()
        return [
            CalibratePackage(
                **{
                    **shared,
                    "classifier": one.classifier,
                    "seed": one.seed,
                    "learned_fold": one.learned_fold,
                }
            )
            for one in self.trainings
        ]

    @cached_property
    def stack_recipe(self) -> "StackRecipe":
        """The recipe of a stack, parsed."""
        from models.recipes.stack import StackRecipe

        name = self.classifier_name
        return StackRecipe.from_mapping(settings_files.raw("classifiers", name), f"classifiers/{name}.yaml")

    def decides(self) -> dict[str, object]:
        """The keys of the recipe that decide nothing about the weights; of a stack, all, and the file of the data."""
        self.require_classes()
        content = settings_files.raw("classifiers", self.classifier_name)
        taken = survey_part(content, self.settings.night_rates)
        if not self.is_stack:
            return {**calibration_part(content), **taken}
        digest = file_digest(Path(self.dataset_file)) if self.dataset_file else ""
        return {"stack": dict(content), "seed": self.seed, "dataset_file": digest, **taken}

    def build(self, path: Path) -> None:
        """Measure the validation rows, fit, and write."""
        if self.is_stack:
            self._stack(path)
            return
        from models.packages import trained_files
        from models.packages.out_of_fold_logits import out_of_fold_logits
        from models.packages.quantised import write_calibrated

        trained = trained_files.read(self.input_path("training"))
        folders = [self.input_path(f"fold {number}") for number in range(1, len(self.further) + 1)]
        with self.open_dataset() as dataset:
            write_calibrated(
                path,
                trained,
                dataset,
                replace(self.training().classifier_recipe, calibration_folds=len(folders)),
                out_of_fold=out_of_fold_logits(folders, dataset) if folders else None,
                provenance=self.provenance(),
                survey=self._of_survey(self.training().classifier_recipe),
                progress=lambda share, message: self.progress(100 * share, message),
            )

    def _stack(self, path: Path) -> None:
        """Weigh the members' logits of rows that they did not learn from, calibrate their sum, and write."""
        import pandas as pd

        from models.stacks import stacking
        from models.stacks.package import write_stack

        folders = [self.input_path(f"member {number}") for number in range(len(self.trainings))]
        with self.open_dataset() as dataset:
            stacked = stacking.stack(
                self.trainings,
                folders,
                self.stack_recipe,
                seed=self.seed,
                dataset_fingerprint=dataset.fingerprint,
                channels=dataset.channels,
                survey=self._of_survey(self.stack_recipe),
                candidates=pd.concat([dataset.candidates(part) for part in LEARNED_PARTS], ignore_index=True),
            )
        write_stack(path, stacked, provenance=self.provenance())
