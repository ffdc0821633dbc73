"""Recipes of simulation into cutouts: what sources are injected, what bogus are made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.errors import SettingsError
from pipeline.recipes.draws import DrawSettings, Range


@dataclass(frozen=True, kw_only=True)
class StampInjection(DrawSettings):
    """The sources that are put into cutouts, and what else happens to those cutouts.

    Attributes
    ----------
    snr : range
        Signal to noise ratio of the source in the difference, that of its best-fitting profile; drawn evenly in the
        logarithm.
    negative_share : float
        Sources that fade: they are in the template, not in the science image.
    jitter_pixel : float, in pixel
        Half width of the even scatter of the source about the central pixel, in x and in y.
    beta : range
        Exponent of the source's Moffat profile; its width is that of the source taken out.
    stretch : range
        How much longer than round the profile is, and as much narrower.
    host_share : float
        Cutouts that are centred near a source of the template, where there is one.
    host_reach_pixel : float, in pixel
        Largest distance of that source from the middle of the cutout.
    host_min_snr : float
        Its least height, mean of 3 x 3 pixels, over the noise of one pixel of the template.
    host_offset_pixel : float, in pixel
        Standard deviation of the new middle about it in x and in y, rounded to whole pixels.
    in_place_share : float
        Of the cutouts without a host, those whose middle stays; the others move to a random place; the default is a
        third.
    crowded_share : float
        Cutouts that get more constant stars.
    crowded_stars : range
        How many; drawn evenly in the logarithm and rounded down.
    cloudy_share : float
        Cutouts whose science image is dimmed before the source is added.
    cloudy_through : range
        Share of the light that is left.

    Raises
    ------
    SettingsError
        For a range that is no ascending pair of numbers in reach, or a share outside 0 ... 1.
    """

    snr: Range = (6.0, 100.0)
    negative_share: float = 0.25
    jitter_pixel: float = 0.5
    beta: Range = field(default=(2.8, 6.0), metadata=MappingProxyType({"allowed": "above 1"}))
    stretch: Range = (0.0, 0.08)
    host_share: float = 0.4
    host_reach_pixel: float = 20.0
    host_min_snr: float = 8.0
    host_offset_pixel: float = 1.7
    in_place_share: float = 1 / 3
    crowded_share: float = 0.2
    crowded_stars: Range = field(default=(math.e, math.exp(4.0)), metadata=MappingProxyType({"allowed": "at least 1"}))
    cloudy_share: float = 0.1
    cloudy_through: Range = (0.1, 0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("beta", "above 1"), ("crowded_stars", "at least 1")):
            lowest = getattr(self, name)[0]
            if lowest < 1 or (lowest == 1 and least == "above 1"):
                raise SettingsError(f"{name} is {list(getattr(self, name))}; allowed: {least}")


@dataclass(frozen=True, kw_only=True)
class StampSimulation:
    """Reals and bogus made from a survey's own cutouts, for surveys that have no images.

    Attributes
    ----------
    reals_per_cutout : float
        Injected sources for each cutout of the night that is labelled real, at least 0; such cutouts are their parents.
    bogus_per_cutout : float
        Self-made bogus for each cutout of the night that is labelled real, at least 0.
    reals : StampInjection
        What the injected sources are like.
    mixture : mapping of str to float
        Artefact to its weight among the bogus, at least 0 and not all 0; empty: the default mixture
        of docs/artefacts.md#the-generators.
    artefacts : mapping of str to mapping of str to int or float or tuple of float
        Artefact to those of its settings that differ from the defaults of docs/artefacts.md#settings.
    difference_turned : bool
        Whether the survey stores the difference of fading sources as template - science.
    """

    reals_per_cutout: float = 0.2
    bogus_per_cutout: float = 0.3
    reals: StampInjection = field(default_factory=StampInjection)
    mixture: Mapping[str, float] = field(default_factory=dict)
    artefacts: Mapping[str, Mapping[str, int | float | tuple[float, ...]]] = field(default_factory=dict)
    difference_turned: bool = False

    def __post_init__(self) -> None:
        for name in ("reals_per_cutout", "bogus_per_cutout"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; allowed: at least 0")
        for name, weight in self.mixture.items():
            if not weight >= 0:
                raise SettingsError(f"mixture.{name} is {weight}; allowed: at least 0")
        if self.mixture and not any(self.mixture.values()):
            raise SettingsError("mixture weighs every artefact 0; allowed: at least one above 0")
