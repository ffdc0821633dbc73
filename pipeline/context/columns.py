"""The columns of the context by name, and their values at places of one image."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.context.detections import Detections
from pipeline.context.lines import axis_significance, line_fits
from pipeline.context.repeats import Placed, pixel_repeats
from pipeline.context.surroundings import negative_share, sign_coherence, surroundings


@dataclass(frozen=True, kw_only=True)
class Image:
    """What is detected on one image of a night.

    Attributes
    ----------
    detections : Detections
        n of them.
    sky : ndarray of float, (n, 3)
        Their directions, unit vectors; NaN where they are not known.
    """

    detections: Detections
    sky: NDArray[np.float64]

    @property
    def placed(self) -> Placed:
        """Their places on the detector and on the sky."""
        return Placed(places=self.detections.places, sky=self.sky)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the columns of places on an image are made from.

    Attributes
    ----------
    image : Image
        All detections of the image.
    others : sequence of Image
        The other images of the same detector in the night.
    pixel_scale_arcsec : float
        Side of a pixel in arcsec.
    """

    image: Image
    others: Sequence[Image]
    pixel_scale_arcsec: float


_Values = Mapping[str, NDArray[np.float64]]


def _lines(places: Image, scene: Scene) -> _Values:
    fits = line_fits(places.detections, scene.image.detections)
    return {"line_significance": fits.significance, "line_regularity": fits.regularity}


def _axes(places: Image, scene: Scene) -> _Values:
    return {"axis_significance": axis_significance(places.detections, scene.image.detections)}


def _surroundings(places: Image, scene: Scene) -> _Values:
    found = surroundings(places.detections, scene.image.detections)
    return {f"local_{name}": values for name, values in found.items()}


def _exposure(places: Image, scene: Scene) -> _Values:
    here, number = scene.image.detections, len(places.detections)
    counts = [len(here), *(len(other.detections) for other in scene.others)]
    values = {
        "exposure_density": np.log10(len(here) / np.median(counts)) if len(here) else np.nan,
        "exposure_negative_share": negative_share(here),
        "exposure_sign_coherence": sign_coherence(here),
    }
    return {name: np.full(number, value) for name, value in values.items()}


def _repeats(places: Image, scene: Scene) -> _Values:
    others = [other.placed for other in scene.others]
    return {"pixel_repeats": pixel_repeats(places.placed, others, scene.pixel_scale_arcsec)}


_MAKERS: Final[Mapping[Callable[[Image, Scene], _Values], tuple[str, ...]]] = {
    _lines: ("line_significance", "line_regularity"),
    _axes: ("axis_significance",),
    _surroundings: ("local_density", "local_negative_share", "local_agreeing_share"),
    _exposure: ("exposure_density", "exposure_negative_share", "exposure_sign_coherence"),
    _repeats: ("pixel_repeats",),
}


def columns_at(places: Image, scene: Scene, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns of the context at places of an image, ``(n,)`` each.

    Parameters
    ----------
    places : Image
        n places; those that are among the detections of the image are no neighbours of themselves.
    scene : Scene
        The image that they lie on, and the others of its detector.
    names : sequence of str
        Columns, of `CONTEXT_COLUMNS`.
    """
    made: dict[str, NDArray[np.float64]] = {}
    for maker, offered in _MAKERS.items():
        if not set(offered).isdisjoint(names):
            made.update(maker(places, scene))
    return {name: made[name] for name in names}
