"""Dropout samples of the scores of a network, one row for each candidate and sample.

Tested by tests/tasks/test_infer.py.
"""

from typing import TYPE_CHECKING, Any

from tasks.infer import Infer
from tasks.numbers import MOST_SAMPLES, WholeNumberParameter

if TYPE_CHECKING:
    from models.scoring.opened_package import OpenedPackage
    from models.scoring.regressor import RegressorPackage


class SamplePosterior(Infer):
    """Write the dropout samples behind `Infer --posterior-samples`, of the same seed: candidate_id, sample, p_0 ..."""

    posterior_samples = WholeNumberParameter(
        default=100, least=1, most=MOST_SAMPLES, description="Dropout samples per row."
    )

    @property
    def deciding(self) -> dict[str, Any]:
        """Nothing: no rule of the survey decides a sample."""
        return {"vetoes": {}, "overrides": {}}

    def asked(self, package: "OpenedPackage | RegressorPackage") -> "OpenedPackage | RegressorPackage":
        """Return the package as it gives samples."""
        from models.scoring.asked_samples import giving_samples, with_samples

        return giving_samples(with_samples(package, self.posterior_samples))
