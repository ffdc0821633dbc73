"""What the key ``co_teaching`` of a classifier recipe holds: how many rows called bogus are left out, for they are not.

Tested by tests/models/recipes/test_co_teaching.py.
"""

from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class CoTeaching:
    """Training on rows of the first class of which some belong to another: unlabelled ones, or ones labelled wrong.

    Attributes
    ----------
    dropped : float
        Share of the training rows of the first class that is left out, above 0 and below 1: about the share of them
        that is expected to be wrong. Rows of other classes all stay.
    warm_up_epochs : int
        Of networks: epochs over which the share rises in equal steps from 0, at least 0; networks learn what is common
        before they learn single rows by heart.
    """

    dropped: float
    warm_up_epochs: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.dropped < 1:
            raise SettingsError(f"dropped is {self.dropped}; allowed: above 0 and below 1")
        if self.warm_up_epochs < 0:
            raise SettingsError(f"warm_up_epochs is {self.warm_up_epochs}; allowed: at least 0")

    def dropped_in(self, epoch: int) -> float:
        """Return the share that is left out in an epoch, counted from 0.

        Examples
        --------
        >>> [CoTeaching(dropped=0.2, warm_up_epochs=2).dropped_in(epoch) for epoch in range(4)]
        [0.0, 0.1, 0.2, 0.2]
        """
        return self.dropped * min(1.0, epoch / self.warm_up_epochs) if self.warm_up_epochs else self.dropped
