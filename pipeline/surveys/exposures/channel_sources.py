"""What each channel of a survey is filled from: its own image, a subtraction, or layers of individual frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pipeline.cutouts.layers import LAYERS
from pipeline.surveys.exposures.settings import ImageSettings, Place


@dataclass(frozen=True, kw_only=True)
class ChannelSources:
    """Where the channels of a survey come from; each is in one of ``own``, ``subtracted`` and ``layers``.

    Attributes
    ----------
    own : mapping of str to Place
        Channels that are cut out of an image of their own.
    subtracted : tuple of str
        Channels that are cut out of what a subtraction gives: those that are made, and the template as aligned.
    layers : tuple of str
        Channels that show layers of the individual frames.
    first : str
        The channel whose image decides where a candidate is and what lies outside.
    """

    own: Mapping[str, Place]
    subtracted: tuple[str, ...]
    layers: tuple[str, ...]
    first: str

    @classmethod
    def of(cls, images: ImageSettings, channels: tuple[str, ...]) -> Self:
        """Return what a survey's channels are filled from."""
        made = images.subtracted(channels)
        subtracted = tuple(name for name in channels if made and name in ("template", *made))
        first = next((name for name in channels if name in images.hdus), "science")
        own = {name: place for name, place in images.places.items() if name in channels}
        return cls(
            own={name: place for name, place in own.items() if name not in subtracted},
            subtracted=subtracted,
            layers=tuple(name for name in channels if name in LAYERS and name not in images.hdus),
            first="science" if made else first,
        )
