"""The registry of self-made artefacts, and the loop that turns a change of one cutout into one of many.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.errors import SettingsError
from pipeline.registry import Registry
from pipeline.settings import parse
from pipeline.triplets.artefacts.settings import ArtefactSettings
from pipeline.triplets.editing import DIFFERENCE, EditedCutout, clear_centre, distance, open_cutout, recentre

S = TypeVar("S", bound=ArtefactSettings)


class Generator(Protocol):
    """Makes one kind of artefact from each triplet ``(n, y, x, 3)``, with default settings if none are given."""

    def __call__(
        self, triplets: NDArray[np.float32], rng: np.random.Generator, settings: ArtefactSettings | None = None
    ) -> NDArray[np.float32]:
        """Return as many triplets."""


ARTEFACTS: Registry[Generator] = Registry("artefact")
"""Generators; metadata: ``weight``, the share in the default mixture, and ``settings``, the class of its settings."""


def artefact(
    name: str, kind: type[S], *, weight: float, centred: bool = True
) -> Callable[[Callable[[EditedCutout, np.random.Generator, S], None]], Generator]:
    """Return a decorator that registers a change of one cutout as a generator for many.

    The source at the centre of each cutout is taken out before the change.

    Parameters
    ----------
    name : str
        Its key in settings files.
    kind : type of ArtefactSettings
        The class of its settings.
    weight : float
        How often it is drawn by default, relative to the other artefacts.
    centred : bool
        Afterwards, move the strongest residual within 5 pixels to the centre, as a detection would.

    Raises
    ------
    SettingsError
        When the generator is called with settings of another class.
    """

    def enter(change: Callable[[EditedCutout, np.random.Generator, S], None]) -> Generator:
        def generate(
            triplets: NDArray[np.float32], rng: np.random.Generator, settings: ArtefactSettings | None = None
        ) -> NDArray[np.float32]:
            chosen = kind() if settings is None else settings
            if not isinstance(chosen, kind):
                raise SettingsError(f"{name} was given {type(chosen).__name__}; allowed: {kind.__name__}")
            out = np.empty(triplets.shape, dtype=np.float32)
            for row, triplet in enumerate(triplets):
                cutout = open_cutout(triplet, rng)
                clear_centre(cutout, rng)
                change(cutout, rng, chosen)
                if centred:
                    _detect(cutout, rng)
                out[row] = cutout.finished()
            return out

        generate.__doc__ = change.__doc__
        return ARTEFACTS.register(name, weight=weight, settings=kind)(generate)

    return enter


def read_settings(changes: Mapping[str, Mapping[str, object]], where: str = "artefacts") -> dict[str, ArtefactSettings]:
    """Return the settings of the artefacts that a recipe changes; the others keep their defaults.

    Parameters
    ----------
    changes : mapping
        By the name of the artefact, those of its settings that differ from the defaults.
    where : str
        Key or file, for the message.

    Raises
    ------
    SettingsError
        Naming the artefact, the setting, its value and what is allowed; an unknown artefact raises UnknownNameError.

    Examples
    --------
    >>> from pipeline.triplets.artefacts import read_settings
    >>> read_settings({"trail": {"snr": [3, 30]}})["trail"].snr
    (3.0, 30.0)
    """
    return {name: parse(ARTEFACTS.metadata(name)["settings"], own, f"{where}.{name}") for name, own in changes.items()}


def _detect(cutout: EditedCutout, rng: np.random.Generator) -> None:
    """Move the strongest smoothed residual near the centre to it; of two nearly equal ones of both signs, either."""
    smooth = ndimage.uniform_filter(cutout.pixels[..., DIFFERENCE] - cutout.sky[DIFFERENCE], 3)
    near = distance(cutout) <= 5
    high, low = smooth[near].max(), -smooth[near].min()
    sign = 1.0 if high >= low else -1.0
    if min(high, low) > 0.6 * max(high, low) and rng.random() < 0.5:
        sign = -sign
    place = np.argmax(np.where(near, sign * smooth, -np.inf))
    dy, dx = np.array(np.unravel_index(place, smooth.shape)) - np.array(cutout.centre)
    recentre(cutout, int(dy), int(dx))
