"""Scoring with a stack: the weighed sum of its members' logits, under one calibration.

Tested by tests/models/scoring/test_stacked.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, logit, softmax

from models.inputs.contract import InputContract
from models.scoring.judged import Judged
from models.scoring.model_inputs import Prepared
from models.scoring.opened_package import OpenedPackage
from models.scoring.posterior import Posterior, spread
from pipeline.classes import REAL
from pipeline.scores.class_calibration import calibration_of

if TYPE_CHECKING:  # what scores arrays of pixels need not load it
    import pandas as pd

MEMBERS: Final = "members"
"""Folder of a stack's package with a copy of each member's."""


class Member(Protocol):
    """The opened package of a member."""

    @property
    def contract(self) -> InputContract:
        """Return what cutouts it takes."""

    @property
    def inputs_key(self) -> str:
        """Return what is equal for members that measure the same of a cutout."""

    @property
    def prevalence(self) -> float:
        """Return the share of reals that it is calibrated for."""

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Return the columns of the candidates that it takes."""

    @property
    def computed_by(self) -> frozenset[str]:
        """Return what computes it here."""

    @property
    def measures_features(self) -> bool:
        """Tell whether the FWHM of cutouts decides how it measures them."""

    def at_fwhm(self, fwhm_pixel: float) -> "Member":
        """Return the package as it scores cutouts with such a PSF."""

    def prepared(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None"
    ) -> Prepared:
        """Return rows as they go into its graph."""

    @property
    def flags_outliers(self) -> bool:
        """Tell whether it flags rows that are unlike those that taught it."""

    def unlikeness(self, prepared: Prepared) -> NDArray[np.float32]:
        """Return how far prepared rows lie from those that taught it, in units of its limit."""

    @property
    def gives_reasons(self) -> bool:
        """Tell whether it can say why a row got its score."""

    def reasons(
        self,
        prepared: Prepared,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        called_real: NDArray[np.bool_],
    ) -> NDArray[np.object_]:
        """Return why prepared rows are called so."""

    def logits_of(self, prepared: Prepared, threads: int) -> NDArray[np.float64]:
        """Return its calibrated logits of prepared rows."""


@dataclass(frozen=True, kw_only=True)
class StackedPackage(OpenedPackage):
    """A stack, ready to score.

    A row is scored if every member can score it. Of members that weigh nothing only that is asked.

    Attributes
    ----------
    members : tuple of Member
    weights : tuple of float
        One a member, at least 0; they sum to 1.
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]

    @property
    def measures_features(self) -> bool:
        """Tell whether the FWHM of cutouts decides how any member measures them."""
        return any(member.measures_features for member in self.members)

    def at_fwhm(self, fwhm_pixel: float) -> "StackedPackage":
        """Return the stack of members that score cutouts with such a PSF."""
        return replace(self, members=tuple(member.at_fwhm(fwhm_pixel) for member in self.members))

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Return the columns of the candidates that any member takes."""
        return tuple(dict.fromkeys(name for member in self.members for name in member.metadata_columns))

    @property
    def computed_by(self) -> frozenset[str]:
        """Return what computes the members that weigh something."""
        computed = (member.computed_by for member, weight in zip(self.members, self.weights, strict=True) if weight)
        return frozenset().union(*computed)

    def predict(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities, as `OpenedPackage.predict`."""
        return _probabilities(self.logits(cutouts, channels, metadata))

    def logits(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float64]:
        """Return calibrated logits, as `OpenedPackage.logits`; of more classes, weighed means of log-probabilities."""
        return self._calibrated(self._by_member(cutouts, channels, metadata)[0])

    def score(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
        metadata: "pd.DataFrame | None" = None,
    ) -> tuple[NDArray[np.float32], Posterior | None]:
        """Return probabilities and how far the members' own differ; None if only one of them weighs anything."""
        by_member, _ = self._by_member(cutouts, channels, metadata)
        return self._scored(by_member)

    def judged(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],  # noqa: ARG002
        metadata: "pd.DataFrame | None" = None,
    ) -> Judged:
        """Return what `score` does and, by the first member that weighs something and can tell, the unlikeness."""
        by_member, prepared = self._by_member(cutouts, channels, metadata)
        probabilities, posterior = self._scored(by_member)
        unlikeness = reasons = None
        unscored = np.isnan(probabilities[:, 0])
        for member in self._telling[:1]:
            unlikeness = np.where(unscored, np.float32(np.nan), member.unlikeness(prepared[member.inputs_key]))
        for member in self._explaining[: int(self.explains)]:
            real = self.predicted_labels(probabilities) == REAL
            reasons = np.where(unscored, "", member.reasons(prepared[member.inputs_key], cutouts, channels, real))
        return Judged(probabilities=probabilities, posterior=posterior, unlikeness=unlikeness, reasons=reasons)

    @property
    def flags_outliers(self) -> bool:
        """Tell whether any member that weighs something flags rows that are unlike those that taught it."""
        return bool(self._telling)

    @property
    def _telling(self) -> list[Member]:
        """The members that weigh something and flag outliers."""
        weighed = zip(self.members, self.weights, strict=True)
        return [member for member, weight in weighed if weight and member.flags_outliers]

    @property
    def gives_reasons(self) -> bool:
        """Tell whether any member that weighs something can say why a row got its score."""
        return bool(self._explaining)

    @property
    def _explaining(self) -> list[Member]:
        """The members that weigh something and give reasons."""
        return [member for member in self._telling if member.gives_reasons]

    def _scored(self, by_member: NDArray[np.float64]) -> tuple[NDArray[np.float32], Posterior | None]:
        apart = spread(_probabilities(by_member + self._shifts(by_member))) if len(by_member) > 1 else None
        return _probabilities(self._calibrated(by_member)), apart

    def _shifts(self, by_member: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what brings the logits of each member to the share of reals of the stack, ``(members, 1, 1)``.

        Members that are calibrated for unlike shares would differ by that alone. Nothing is moved with more than two
        classes, or where a share is not known.
        """
        if by_member.shape[-1] > 1:
            return np.zeros((len(by_member), 1, 1))
        shares = np.array([one.prevalence for one, weight in zip(self.members, self.weights, strict=True) if weight])
        with np.errstate(divide="ignore", invalid="ignore"):
            shifts = logit(self.prevalence) - logit(shares)
        return np.where(np.isfinite(shifts), shifts, 0.0)[:, None, None]

    def _by_member(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None"
    ) -> tuple[NDArray[np.float64], dict[str, Prepared]]:
        """Return the logits of the members that weigh something, ``(members, n, columns)``, and what goes into them.

        What members take alike is measured once, and stands under their `inputs_key`.
        """
        self.check(channels=channels, size_pixel=cutouts.shape[1], pixel_state=self.contract.pixel_state)
        prepared: dict[str, Prepared] = {}
        found = []
        scorable = np.ones(len(cutouts), bool)
        for member, weight in zip(self.members, self.weights, strict=True):
            if not weight:
                scorable &= member.contract.scorable(member.contract.select(cutouts, channels))
                continue
            if member.inputs_key not in prepared:
                prepared[member.inputs_key] = member.prepared(cutouts, channels, metadata)
            found.append(member.logits_of(prepared[member.inputs_key], self.threads))
        logits = np.stack(found)
        logits[:, ~scorable | np.isnan(logits).any(axis=(0, 2))] = np.nan
        return logits, prepared

    def _calibrated(self, by_member: NDArray[np.float64]) -> NDArray[np.float64]:
        combined = combined_logits(by_member, [weight for weight in self.weights if weight])
        return calibration_of(self.content["calibration"]).calibrated(combined)


def combined_logits(logits: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the weighed sum of members' logits, before the calibration of the sum.

    Parameters
    ----------
    logits : ndarray of float64, shape (members, n, columns)
        One column for two classes; else one a class, of which the log-probabilities are taken.
    weights : sequence of float
        One a member; they sum to 1.

    Returns
    -------
    combined : ndarray of float64, shape (n, columns)

    Examples
    --------
    >>> combined_logits(np.array([[[2.0]], [[-1.0]]]), [0.75, 0.25]).tolist()
    [[1.25]]
    """
    alike = logits if logits.shape[-1] == 1 else log_softmax(logits, axis=-1)
    return np.tensordot(np.asarray(weights), alike, axes=1)


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return probabilities ``(..., k)`` of logits ``(..., columns)``."""
    if logits.shape[-1] > 1:
        return np.asarray(softmax(logits, axis=-1), dtype=np.float32)
    return np.concatenate([expit(-logits), expit(logits)], axis=-1).astype(np.float32)
