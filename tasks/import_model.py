"""A model package from the weight file of an older system.

Tested by tests/integration/test_import_model.py.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.results.provenance import NUMBERS, TRAINING
from tasks.base import ALL_RELEASES
from tasks.numbers import WholeNumberParameter
from tasks.parameters import SurveyTask

if TYPE_CHECKING:
    from models.inputs.contract import InputContract
    from models.recipes.classifier import ClassifierRecipe

MOST_PIXELS = 4096
"""Side of the largest cutout that a package may take."""


class ImportModel(SurveyTask):
    """Make a package of a network whose weights an older system trained: not calibrated, of unknown training."""

    architecture = luigi.Parameter(description="Recipe of config/classifiers with the network, as braai or vgg6.")
    weights = luigi.Parameter(description="The HDF5 file of Keras 2, of a whole model or of weights alone.")
    size_pixel = WholeNumberParameter(
        default=0, least=0, most=MOST_PIXELS, description="Side of its input; 0: the recipe's, else the survey's."
    )
    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING})
    extra: ClassVar[str] = "train"

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, and that it is of no night."""
        return self.survey, ALL_RELEASES, "models"

    def readable(self) -> str:
        """Return the architecture."""
        return str(self.architecture)

    def decides(self) -> dict[str, object]:
        """The recipe, the file's content, and the survey with what cutouts it has."""
        settings = self.settings
        return {
            "classifier": settings_files.raw("classifiers", self.architecture),
            "weights": file_digest(Path(self.weights)),
            "size_pixel": self.size_pixel,
            "survey": self.survey,
            "cutouts": [list(settings.channels), settings.cutout_size_pixel, settings.pixel_scale_arcsec],
        }

    @cached_property
    def classifier_recipe(self) -> "ClassifierRecipe":
        """The recipe, parsed."""
        from models.recipes.classifier import ClassifierRecipe

        name = self.architecture
        return ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), f"classifiers/{name}.yaml")

    def contract(self) -> "InputContract":
        """Return what cutouts of the survey the network takes.

        Raises
        ------
        SettingsError
            If the recipe names a channel that the survey does not have, or the cutouts are smaller.
        """
        from models.inputs.contract import InputContract
        from pipeline.cutouts.planes import images_of

        recipe, settings = self.classifier_recipe, self.settings
        channels = recipe.channels or images_of(settings.channels)
        absent = [name for name in channels if name not in settings.channels]
        if absent:
            raise SettingsError(
                f"classifiers/{self.architecture}.yaml: 'channels' names {absent[0]!r}; "
                f"{self.survey} has: {', '.join(settings.channels)}"
            )
        size = self.size_pixel or recipe.size_pixel or settings.cutout_size_pixel
        if size > settings.cutout_size_pixel:
            raise SettingsError(
                f"--size-pixel is {size}; the cutouts of {self.survey} have {settings.cutout_size_pixel}"
            )
        return InputContract(
            survey=self.survey,
            channels=tuple(channels),
            required_channels=tuple(channels if recipe.required_channels is None else recipe.required_channels),
            size_pixel=size,
            crop=size < settings.cutout_size_pixel,
            pixel_scale_arcsec=settings.pixel_scale_arcsec,
            pixel_state="raw",
        )

    def build(self, path: Path) -> None:
        """Read the weights and write the package."""
        from models.packages.imported import imported, write_imported

        trained = imported(Path(self.weights), self.classifier_recipe, self.contract())
        write_imported(path, trained, provenance=self.provenance())
