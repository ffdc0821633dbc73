"""The key ``outliers`` of recipes: a flag for candidates that are unlike all training rows.

Tested by tests/models/packages/test_outlier_limits.py.
"""

from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class OutlierRecipe:
    """When a candidate is flagged as unlike the rows that a classifier learned from.

    Distances are taken in the features that it takes, of cutouts or of a table; of a network of pixels in its latent
    layer, the numbers that its last layer makes logits of.

    Attributes
    ----------
    false_alarms : float
        Share of the training rows that lie beyond the limit, above 0 and at most 0.2.
    reasons : bool
        Of networks of pixels: keep what the physical features of the training rows are like, by which ``Infer
        --reasons`` says what a candidate shows. Others give reasons by what they take.
    """

    false_alarms: float = 0.01
    reasons: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.false_alarms <= 0.2:
            raise SettingsError(f"'false_alarms' is {self.false_alarms}; allowed: above 0, at most 0.2")

    @property
    def stated(self) -> dict[str, object]:
        """Return all keys as packages state them: the younger one where it is set."""
        return {"false_alarms": self.false_alarms, **({"reasons": True} if self.reasons else {})}
