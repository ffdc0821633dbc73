"""The rules by which a report lets a classifier go live: one file of ``config/gates``.

Tested by tests/pipeline/report/binary/test_gate.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import SettingsError
from pipeline.metrics.definitions import METRICS


@dataclass(frozen=True, kw_only=True)
class MetricLimit:
    """What a metric must reach.

    Attributes
    ----------
    least : float or None
        Its lowest allowed value; none: no such limit.
    most : float or None
        Its highest allowed value; none: no such limit.
    judged_at : {"value", "interval"}
        Whether the value itself is held against the limit, or the worse end of its interval, so that few rows pass
        nothing.
    """

    least: float | None = None
    most: float | None = None
    judged_at: Literal["value", "interval"] = "value"

    def __post_init__(self) -> None:
        if self.least is None and self.most is None:
            raise SettingsError("states neither least nor most; allowed: one of them, or both")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise SettingsError(f"least {self.least:g} is above most {self.most:g}")


@dataclass(frozen=True, kw_only=True)
class GateRules:
    """When a report says promote, and when it refuses; every key of a file of rules.

    Attributes
    ----------
    least_real : int
        Judged reals without which nothing is promoted, at least 1.
    least_bogus : int
        Judged bogus without which nothing is promoted, at least 1.
    least_rows_of_stratum : int
        Rows of a class that a stratum needs to be judged; smaller ones are passed over.
    metrics : mapping of str to MetricLimit
        Limits by metric of the report, such as ``auc`` or ``mdr_at_fpr_1pc``.
    least_recall_of_strata : float
        Least share of reals found at the threshold in each stratum that is judged, 0 to 1.
    most_fpr_of_strata : float
        Largest share of bogus that pass at the threshold in each stratum that is judged, 0 to 1.
    weak_strata : {"refuse", "warn", "ignore"}
        What strata do that are worse than the whole beyond chance: all together a false alarm in 5 % of reports.
    injection_gap : float or None
        By how much more injected sources may be found than other reals, as a share; none: no such limit. A report
        without injected sources passes with a warning.
    worse_than_champion : mapping of str to float
        By how much a metric may be worse than the champion's, at the worse end of the interval of the difference.
    """

    least_real: int = 100
    least_bogus: int = 100
    least_rows_of_stratum: int = 200
    metrics: Mapping[str, MetricLimit] = field(default_factory=dict)
    least_recall_of_strata: float = 0.0
    most_fpr_of_strata: float = 1.0
    weak_strata: Literal["refuse", "warn", "ignore"] = "warn"
    injection_gap: float | None = None
    worse_than_champion: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in ("least_real", "least_bogus", "least_rows_of_stratum"):
            if getattr(self, key) < 1:
                raise SettingsError(f"{key} is {getattr(self, key)}; allowed: at least 1")
        for key in ("least_recall_of_strata", "most_fpr_of_strata"):
            if not 0 <= getattr(self, key) <= 1:
                raise SettingsError(f"{key} is {getattr(self, key)}; allowed: 0 to 1")
        for key in ("metrics", "worse_than_champion"):
            for name in getattr(self, key):
                METRICS[name]  # refuses an unknown one, with those that there are
        for name, allowed in self.worse_than_champion.items():
            if allowed < 0:
                raise SettingsError(f"worse_than_champion.{name} is {allowed}; allowed: 0 or more")
