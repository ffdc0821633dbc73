"""The key ``conformal`` of recipes: verdicts real, bogus or ask, that err as rarely as is asked for.

Tested by tests/models/packages/test_verdict_limits.py.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class ConformalRecipe:
    """How rarely verdicts have to err; the limits come from the validation rows that judge.

    Attributes
    ----------
    error : float
        The largest share of rows that may be called the other class, above 0 and below 0.5.
    promise : {"class", "all"}
        Whether this holds for the reals and for the bogus alike, whatever their shares, or for all rows together.
    base_rate : float or None
        With ``promise: all``, the share of reals among the candidates that it is for, above 0 and below 1; none: that
        among the validation rows.
    """

    error: float
    promise: Literal["class", "all"] = "class"
    base_rate: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.error < 0.5:
            raise SettingsError(f"'error' is {self.error}; allowed: above 0 and below 0.5")
        if self.base_rate is not None and not 0.0 < self.base_rate < 1.0:
            raise SettingsError(f"'base_rate' is {self.base_rate}; allowed: above 0 and below 1")
        if self.base_rate is not None and self.promise == "class":
            raise SettingsError(
                f"'base_rate' is {self.base_rate}; allowed with 'promise: class': none, for limits of each class hold "
                "at any share of reals"
            )
