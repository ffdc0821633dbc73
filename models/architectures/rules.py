"""Readable cuts on physical features, which learn nothing: what every classifier has to beat.

Tested by tests/pipeline/features/test_cuts.py.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from models.registry import CLASSIFIERS, FEATURES

if TYPE_CHECKING:
    from pipeline.features.cuts import FeatureCuts  # features take a while to load, which other classifiers need not


class RuleCuts:
    """Cuts as a classifier of bogus (0) and real (1).

    Parameters
    ----------
    cuts : FeatureCuts
        The cuts.
    """

    learned_rows = 0

    def __init__(self, cuts: "FeatureCuts") -> None:
        self.cuts = cuts

    def fit(self, features: object, labels: object, sample_weight: object = None) -> Self:  # noqa: ARG002
        """Return itself: nothing is learned."""
        return self

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logits ``(n,)`` of features ``(n, f)``."""
        return self.cuts.logits(features).astype(np.float64)


def cut_faults(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings of :func:`rules`, one text per fault."""
    from pipeline.features.cuts import cuts_of

    return [f"settings: {fault}" for fault in cuts_of(settings.get("cuts"))[1]]


@CLASSIFIERS.register(
    "rules",
    family=FEATURES,
    minimum_size_pixel=9,
    minimum_channels=1,
    settings=("cuts",),
    settings_faults=cut_faults,
    learns_nothing=True,
)
def rules(seed: int, *, cuts: Mapping[str, Any]) -> RuleCuts:  # noqa: ARG001  (as all of its family)
    """Cuts on physical features of the cutouts, which learn nothing.

    Parameters
    ----------
    seed : int
        Nothing is drawn.
    cuts : mapping
        Cuts by name, each with the keys of `pipeline.features.cuts.FeatureCut`.

    Raises
    ------
    SettingsError
        With all that is wrong with the cuts.
    """
    from pipeline.features.cuts import FeatureCuts, require_sound

    return RuleCuts(FeatureCuts.of(require_sound(cuts)))
