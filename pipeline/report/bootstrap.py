"""How the intervals of a report are drawn.

Tested by tests/pipeline/report/binary/test_measures.py.
"""

from dataclasses import dataclass, replace

from pipeline.metrics.binned_scores import BINNED_ABOVE

LEVEL = 0.68
OTHER_PARTS_REPLICATES = 200
"""Number of bootstrap samples for parts that are only shown for comparison."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How many samples of groups are drawn, and how.

    Attributes
    ----------
    replicates, seed : int
        Number of samples, and the seed of their draw; equal seeds give equal intervals.
    level : float
        Probability that the intervals are meant to cover.
    binned_above : int
        Rows above which samples are Poisson samples of binned scores.
    """

    replicates: int
    seed: int
    level: float = LEVEL
    binned_above: int = BINNED_ABOVE

    def of_other_parts(self) -> "Bootstrap":
        """Return how those of parts are drawn that are not judged: fewer."""
        return replace(self, replicates=min(self.replicates, OTHER_PARTS_REPLICATES))

    def facts(self) -> dict[str, object]:
        """Return what metrics.json says of it."""
        return {"level": self.level, "replicates": self.replicates, "over": "groups", "seed": self.seed}
