"""A survey of drawn images of galaxies, left on disk as folders of PNGs, one a class, as one sorted by eye would be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.io.legacy.image_file import write_image
from pipeline.rng import stream
from pipeline.sky.galaxy_images import KINDS, draw_galaxy_image
from pipeline.surveys.base import SURVEYS
from pipeline.surveys.legacy.survey import StampSetInput, StampSetSurvey


@dataclass(frozen=True, kw_only=True)
class DrawnGalaxiesInput(StampSetInput):
    """The ``input`` of a survey of drawn galaxies: a folder of images, and what is drawn.

    Attributes
    ----------
    format : str
        How they are read.
    folder : str
        Where the images lie; empty: where `MakeSyntheticSurvey` put them.
    seed : int
        Decides everything that is drawn.
    images_per_class : int
        Images of each class, 1 to 100000.
    drawn_size_pixel : int, in pixel
        Side of a drawn image, 16 to 512; the survey's ``cutout_size_pixel`` says to which they are resized.
    """

    format: str = "image_folder"
    folder: str = ""
    seed: int = 1
    images_per_class: int = 120
    drawn_size_pixel: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, low, high in (("images_per_class", 1, 100_000), ("drawn_size_pixel", 16, 512)):
            if not low <= getattr(self, name) <= high:
                raise SettingsError(f"{name} is {getattr(self, name)}; allowed: {low} to {high}")


@SURVEYS.register("drawn_galaxies", settings=DrawnGalaxiesInput, made=True)
class DrawnGalaxies(StampSetSurvey):
    """A folder of drawn images that makes its own files first."""

    def make(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Draw the survey's images into an empty folder: ``<class>/<number>.png``."""
        stated = self.input
        if isinstance(stated, DrawnGalaxiesInput):
            draw_folder(folder, stated, progress)


def draw_folder(folder: Path, settings: DrawnGalaxiesInput, progress: Callable[[int, int], None] | None = None) -> None:
    """Draw images of each class; the same settings give the same bytes.

    Parameters
    ----------
    folder : Path
        An existing folder; gets ``elliptical``, ``spiral``, ``edge_on`` and ``barred``.
    settings : DrawnGalaxiesInput
        How many, how large, and the seed.
    progress : callable, optional
        Called with the images done and their total number.
    """
    total = settings.images_per_class * len(KINDS)
    for place, kind in enumerate(KINDS):
        (folder / kind).mkdir()
        for number in range(settings.images_per_class):
            rng = stream(settings.seed, "drawn galaxies", f"{kind}/{number}")
            # numbers go round the classes, so that an id does not tell its class
            name = f"galaxy{number * len(KINDS) + place:06d}.png"
            write_image(folder / kind / name, draw_galaxy_image(kind, settings.drawn_size_pixel, rng))
        if progress is not None:
            progress((place + 1) * settings.images_per_class, total)
