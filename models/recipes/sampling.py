"""What the key ``sampling`` of a classifier recipe holds: how many training rows of each class are learned from.

Tested by tests/models/training/test_sampling.py.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pipeline.errors import SettingsError
from pipeline.extras import demand

Direction = Literal["over", "under", "clean"]

RANDOM_OVER: Final = "random_over"
RANDOM_UNDER: Final = "random_under"

SAMPLERS: Final[Mapping[str, Direction]] = {
    RANDOM_OVER: "over",
    RANDOM_UNDER: "under",
    "ADASYN": "over",
    "BorderlineSMOTE": "over",
    "KMeansSMOTE": "over",
    "SMOTE": "over",
    "SMOTEENN": "over",
    "SMOTETomek": "over",
    "SVMSMOTE": "over",
    "ClusterCentroids": "under",
    "InstanceHardnessThreshold": "under",
    "NearMiss": "under",
    "AllKNN": "clean",
    "CondensedNearestNeighbour": "clean",
    "EditedNearestNeighbours": "clean",
    "NeighbourhoodCleaningRule": "clean",
    "OneSidedSelection": "clean",
    "RepeatedEditedNearestNeighbours": "clean",
    "TomekLinks": "clean",
}
"""Whether each raises the small classes, lowers the large ones, or takes away rows as it finds them."""


@dataclass(frozen=True, kw_only=True)
class SamplingRecipe:
    """How training rows are repeated, drawn anew or left out; validation and test rows stay as they are.

    Attributes
    ----------
    method : str
        ``random_over`` repeats rows of the small classes, ``random_under`` leaves out rows of the large ones; or, for
        tables, a class of imbalanced-learn (``pip install 'nightsift[sampling]'``): ``SMOTE``, ``BorderlineSMOTE``,
        ``SVMSMOTE``, ``KMeansSMOTE``, ``ADASYN``, ``SMOTEENN`` and ``SMOTETomek`` draw rows of the small classes,
        ``NearMiss``, ``ClusterCentroids`` and ``InstanceHardnessThreshold`` lower the large ones, ``TomekLinks``,
        ``EditedNearestNeighbours``, ``RepeatedEditedNearestNeighbours``, ``AllKNN``, ``CondensedNearestNeighbour``,
        ``OneSidedSelection`` and ``NeighbourhoodCleaningRule`` take rows away where classes meet.
    share : float
        Rows of the smallest class for each row of the largest afterwards, above 0, at most 1: a small class is raised
        to this share of the largest, or a large one lowered until the smallest is this share of it.
    rows : int
        In place of ``share``: rows to which each class is raised, or lowered; 0: by ``share``.
    settings : mapping
        Further arguments of a class of imbalanced-learn, such as ``k_neighbors``.
    """

    method: str
    share: float = 1.0
    rows: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.method not in SAMPLERS:
            raise SettingsError(f"method is {self.method!r}; allowed: {', '.join(SAMPLERS)}")
        if not 0 < self.share <= 1:
            raise SettingsError(f"share is {self.share}; allowed: above 0, at most 1")
        if self.rows < 0 or (self.rows and self.share != 1):
            raise SettingsError(
                f"rows is {self.rows} beside share {self.share:g}; allowed: one of them, rows at least 1"
            )
        if self.direction == "clean" and (self.rows or self.share != 1):
            raise SettingsError(f"{self.method} takes away what it finds; allowed beside it: neither share nor rows")
        if self.is_random and self.settings:
            raise SettingsError(f"settings is {dict(self.settings)}; allowed with {self.method}: none")
        reserved = sorted({"sampling_strategy", "random_state"} & set(self.settings))
        if reserved:
            raise SettingsError(
                f"settings names {reserved[0]!r}, which share, rows and the seed decide; allowed: others"
            )

    @property
    def direction(self) -> Direction:
        """Return whether classes are raised, lowered or cleaned."""
        return SAMPLERS[self.method]

    @property
    def is_random(self) -> bool:
        """Return whether it repeats or leaves out rows whatever their features are."""
        return self.method in (RANDOM_OVER, RANDOM_UNDER)

    def require_installed(self) -> None:
        """Refuse a method of imbalanced-learn where that is not installed.

        Raises
        ------
        MissingExtraError
            With how to install it.
        """
        if not self.is_random:
            demand("sampling", f"'sampling.method: {self.method}'", "imblearn")

    def wanted(self, counts: Mapping[int, int]) -> dict[int, int]:
        """Return how many rows of each class there are to be, of how many there are; no class is emptied.

        Examples
        --------
        >>> SamplingRecipe(method="random_over", share=0.5).wanted({0: 100, 1: 10})
        {0: 100, 1: 50}
        >>> SamplingRecipe(method="random_under").wanted({0: 100, 1: 10})
        {0: 10, 1: 10}
        >>> SamplingRecipe(method="random_over", rows=200).wanted({0: 100, 1: 10})
        {0: 200, 1: 200}
        """
        if self.direction == "clean":
            return dict(counts)
        if self.direction == "over":
            least = self.rows or math.ceil(self.share * max(counts.values()))
            return {label: max(count, least) for label, count in counts.items()}
        most = self.rows or int(min(counts.values()) / self.share)
        return {label: min(count, most) for label, count in counts.items()}
