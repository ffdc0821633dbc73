"""What the key ``table`` of a classifier recipe holds: how the features of a table are scaled, and missing ones filled.

Tested by tests/models/inputs/test_table_scaling.py.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class TableRecipe:
    """How features are scaled and filled, all of it fitted on the training rows alone.

    Attributes
    ----------
    scaling : {"none", "standard", "quantile"}
        ``standard`` takes away the mean of the values that are there and divides by their standard deviation;
        ``quantile`` gives their rank among the training rows, from 0 to 1.
    quantiles : int
        Of ``quantile``: places between which ranks are interpolated, 2 to 1000.
    impute : {"constant", "mean", "max", "maxmean"}
        What a missing value becomes, after the scaling: ``constant``; the mean or the largest of the scaled training
        values of its feature; or the middle between these two.
    constant : float
        Of ``impute: constant``; 0 is the mean under ``scaling: standard``.
    indicator : bool
        Whether a further feature tells for each feature whether it is missing (1) or there (0).
    """

    scaling: Literal["none", "standard", "quantile"] = "standard"
    quantiles: int = 100
    impute: Literal["constant", "mean", "max", "maxmean"] = "constant"
    constant: float = 0.0
    indicator: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.quantiles <= 1000:
            raise SettingsError(f"'quantiles' is {self.quantiles}; allowed: 2 to 1000")
        if not abs(self.constant) <= 1e9:
            raise SettingsError(f"'constant' is {self.constant}; allowed: -1e9 to 1e9")
