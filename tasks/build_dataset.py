"""A data set from the nights of its recipe, split without leakage.

Tested by tests/integration/test_golden_results.py.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import luigi

from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.files.path_list import read_path_list
from pipeline.io.tables.label_file import label_path
from pipeline.night import ALL, night_names
from pipeline.stages.closing import require_begun
from tasks.base import ALL_RELEASES
from tasks.fetch_cutouts import FetchCutouts
from tasks.parameters import RecipeTask
from tasks.simulate_transients import SimulateTransients
from tasks.snapshot_labels import SnapshotLabels

PEOPLE: Final = "people"
"""The name of the required task that puts verdicts together; all others make cutout files."""


class BuildDataset(RecipeTask):
    """Stream cutouts into one file of train, validation and test rows that share no object and no pixels."""

    cutouts = luigi.Parameter(
        default="", description="Cutout files to use in place of the recipe's nights, separated by commas."
    )
    revision: ClassVar[int] = 2

    @cached_property
    def nights(self) -> list[str]:
        """The recipe's nights, as ISO dates, or ``all`` of a survey without nights."""
        survey = self.settings
        return night_names(self.recipe.nights, survey.mjd_night_offset_days, has_nights=survey.has_nights)

    @cached_property
    def files(self) -> list[Path]:
        """Cutout files in place of nights; empty for the nights."""
        return read_path_list(self.cutouts)

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, the range of nights."""
        span = "files" if self.files else ALL if self.nights == [ALL] else f"{self.nights[0]}_{self.nights[-1]}"
        return self.survey, ALL_RELEASES, span

    def readable(self) -> str:
        """Return the recipe's name, and the fold where there are some."""
        return self.dataset_name + (f"-fold{self.fold}" if self.recipe.split.folds else "")

    def requires(self) -> dict[str, luigi.Task]:
        """The nights' cutouts and simulated rows, unless you name files, and what people say of them if that counts."""
        tasks = {PEOPLE: people} if (people := self.people()) else {}
        if self.files:
            return tasks
        require_begun(self.settings, self.nights, f"datasets/{self.dataset_name}.yaml: nights")
        for night in self.nights:
            tasks[f"cutouts {night}"] = FetchCutouts(survey=self.survey, night=night)
        if self.recipe.simulation:
            simulated = {"survey": self.survey, "simulation": self.recipe.simulation}
            tasks |= {f"simulated {night}": SimulateTransients(**simulated, night=night) for night in self.nights}
        return tasks

    def people(self) -> luigi.Task | None:
        """Return the task that puts the verdicts of people together, if the recipe has them count."""
        rules = self.recipe.people
        return SnapshotLabels(survey=self.survey, **dataclasses.asdict(rules)) if rules else None

    def decides(self) -> Mapping[str, object]:
        """The recipe, the fold, files that you name, new labels, weights; how close two rows of one source are."""
        new_labels = {"relabel": file_digest(label_path(self.recipe.relabel))} if self.recipe.relabel else {}
        weights = self.recipe.weights
        new_weights = {"weights": file_digest(label_path(weights.file))} if weights else {}
        of_objects = {"of_objects": sources_of_objects(self.settings.labels)} if self.recipe.people else {}
        return {
            **new_labels,
            **of_objects,
            **new_weights,
            "recipe": settings_files.raw("datasets", self.dataset_name),
            "fold": self.fold,
            "files": [file_digest(path) for path in self.files],
            "linked_within_arcsec": self.settings.linked_within_arcsec,
        }

    def shared_modules(self) -> tuple[str, ...]:
        """Return what builds data sets, which all folds need."""
        return ("pipeline.stages.build_dataset",)

    def build(self, path: Path) -> None:
        """Choose rows, then stream their pixels."""
        from pipeline.stages.build_dataset import build_dataset

        build_dataset(
            path,
            sources=self.files or [self.input_path(name) for name in self._required if name != PEOPLE],
            recipe=self.recipe,
            linked_within_arcsec=self.settings.linked_within_arcsec,
            fold=self.fold,
            fingerprint=self.fingerprint,
            provenance=self.provenance(),
            people=self.input_path(PEOPLE) if PEOPLE in self._required else None,
            of_objects=sources_of_objects(self.settings.labels),
        )


def sources_of_objects(labels: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the label sources of a survey's ``labels`` that give labels to objects.

    Examples
    --------
    >>> sources_of_objects([{"provider": "list", "table": "junk", "of": "object"}, {"provider": "catalogue"}])
    ['catalogue', 'junk']
    """
    named = set()
    for entry in labels:
        of = entry.get("of", "object" if entry.get("provider") == "catalogue" else "detection")
        if of == "object":
            named.add(str(entry.get("source") or entry.get("table") or entry.get("provider")))
    return sorted(named)
