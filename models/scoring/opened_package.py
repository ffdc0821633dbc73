"""What every model package can do once it is opened: score cutouts, and say by what.

Tested by tests/models/scoring/test_runtime.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import check_device
from models.graphs.runtimes import Runtime
from models.inputs.contract import InputContract
from models.scoring.judged import Judged, may_give_reasons
from models.scoring.model_inputs import require_columns
from models.scoring.posterior import Posterior, uncertainty
from pipeline.classes import REAL, are_real_and_bogus
from pipeline.cutouts.missing import Flag
from pipeline.rng import stream
from pipeline.scores.outliers import UNLIKENESS
from pipeline.scores.reasons import REASON
from pipeline.scores.verdicts import CONFORMAL, VerdictLimits

if TYPE_CHECKING:  # what scores arrays of pixels need not load it
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class StoredPackage(ABC):
    """What any model package has, of a classifier or a regressor.

    Raises
    ------
    IncompatiblePackageError
        When it was made for a runtime that is not here.
    SettingsError
        When there is no such device here.

    Attributes
    ----------
    directory : Path
    content : mapping
        ``package.json``.
    contract : InputContract
        What cutouts or rows it takes.
    threads : int
        Cores to use; changes the speed alone.
    device : {"auto", "cpu", "gpu"}
        What computes; changes no score by more than rounding.
    """

    directory: Path
    content: Mapping[str, Any] = field(repr=False)
    contract: InputContract
    threads: int
    device: str = "auto"

    def __post_init__(self) -> None:
        check_device(self.device)
        _ = self.runtime

    @property
    def runtime(self) -> Runtime:
        """Return what it was made for."""
        return Runtime.of(self.content, self.directory)

    @property
    @abstractmethod
    def computed_by(self) -> frozenset[str]:
        """Return runtime, precision and provider that compute here: ``onnxruntime, float32, CPUExecutionProvider``."""

    @property
    def name(self) -> str:
        """Return recipe and digest, as scores name the model."""
        return str(self.content["name"])


@dataclass(frozen=True, kw_only=True)
class OpenedPackage(StoredPackage):
    """The package of a classifier, ready to score: a trained model, or a stack of such.

    Attributes
    ----------
    asked_samples : int
        Dropout samples a row that the command line asks for; 0: those of the recipe.
    explains : bool
        Whether the command line asks for the reason of each score.
    """

    asked_samples: int = 0
    explains: bool = False

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, index 0 first."""
        return tuple(self.content["classes"])

    @property
    def prevalence(self) -> float:
        """Return the share of reals that the scores are calibrated for; NaN where they are for none."""
        share = self.content["calibration"]["prevalence"]
        return float("nan") if share is None else float(share)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Return the threshold by rule; empty with more than two classes."""
        return dict(self.content["thresholds"])

    @property
    def threshold(self) -> float:
        """Return the threshold in use, NaN with more than two classes."""
        return float(self.thresholds.get(self.content["threshold_rule"], np.nan))

    @property
    def posterior_samples(self) -> int:
        """Return how many dropout samples a row gets: as asked for, or of the recipe; 0 where there is no dropout."""
        if self.asked_samples:
            return self.asked_samples
        return int(self.content["posterior"]["samples"]) if self.content["posterior"]["masks"] else 0

    def score_columns(self, *, decided: bool) -> dict[str, str]:
        """Return the columns of its scores, with their types.

        Parameters
        ----------
        decided : bool
            Whether rules of the survey decide the class after the classifier.
        """
        from pipeline.io.results.scores_file import score_columns

        return score_columns(len(self.class_names), decided=decided, asked=self.asked_columns)

    @property
    def asked_columns(self) -> tuple[str, ...]:
        """Return which columns of `schema.ASKED_COLUMNS` its scores have."""
        there = {
            "score_mean": self.asked_samples > 0,
            "verdict": self.verdict_limits is not None,
            UNLIKENESS: self.flags_outliers,
            REASON: self.explains,
        }
        return tuple(name for name, is_there in there.items() if is_there)

    @property
    def flags_outliers(self) -> bool:
        """Tell whether it flags rows that are unlike those that taught it."""
        return False

    @property
    def gives_reasons(self) -> bool:
        """Tell whether it keeps what the training rows of each of two classes are like."""
        return self.flags_outliers and may_give_reasons(self.content)

    @property
    def verdict_limits(self) -> VerdictLimits | None:
        """Return what decides the verdict on a score; None where the recipe asks for none, or too few rows fit it."""
        return VerdictLimits.of(self.content.get(CONFORMAL, {}))

    @property
    def distributions(self) -> dict[str, object] | None:
        """Return what a scores file says of distributions: nothing of classes."""
        return None

    @property
    @abstractmethod
    def measures_features(self) -> bool:
        """Tell whether the FWHM of cutouts decides how they are measured."""

    @abstractmethod
    def at_fwhm(self, fwhm_pixel: float) -> "OpenedPackage":
        """Return the package as it scores cutouts whose PSF has a typical FWHM, in pixels; NaN: that of the training.

        Features are measured in one sampling, to which the cutouts are brought if their FWHM is far from that of the
        training (`models.inputs.image_sampling`).
        """

    @property
    @abstractmethod
    def metadata_columns(self) -> tuple[str, ...]:
        """Return the columns of the candidates that the model takes beside the pixels; empty of pixels alone."""

    def check(
        self,
        *,
        channels: Sequence[str],
        size_pixel: int,
        pixel_state: str = "raw",
        columns: Collection[str] | None = None,
    ) -> None:
        """Refuse cutouts that the model was not made for.

        Parameters
        ----------
        channels, size_pixel, pixel_state
            As in the header of their file.
        columns : collection of str, optional
            Columns of their candidates; not looked at if they are left out.

        Raises
        ------
        IncompatiblePackageError
            With every difference, both sides stated.
        """
        self.contract.check(channels=channels, size_pixel=size_pixel, pixel_state=pixel_state)
        if columns is not None:
            require_columns(self.metadata_columns, columns)

    @abstractmethod
    def predict(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities.

        Parameters
        ----------
        cutouts : ndarray of float32, shape (n, y, x, channel)
            Raw pixels, NaN = missing.
        channels : sequence of str
            Names along the last axis.
        metadata : DataFrame, optional
            Columns of the candidates, a row a cutout, among them `metadata_columns`, NaN = missing; a model of pixels
            alone looks at none.

        Returns
        -------
        probabilities : ndarray of float32, shape (n, k)
            NaN in rows that cannot be scored.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit, or a column that the model needs is not there.
        """

    @abstractmethod
    def logits(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float64]:
        """Return calibrated logits, which tell scores apart that are 0 or 1 to the last digit.

        Parameters
        ----------
        cutouts, channels, metadata
            As in `predict`.

        Returns
        -------
        logits : ndarray of float64, shape (n, columns)
            One column for two classes, else one a class; NaN in rows that cannot be scored.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit, or a column that the model needs is not there.
        """

    @abstractmethod
    def score(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> tuple[NDArray[np.float32], Posterior | None]:
        """Return calibrated probabilities, and how sure they are where the package can tell.

        Parameters
        ----------
        cutouts, channels
            As in `predict`.
        rngs : sequence of numpy.random.Generator
            One a row, for a package with `posterior_samples`; else none is used.
        metadata
            As in `predict`.

        Returns
        -------
        probabilities : ndarray of float32, shape (n, k)
        spread : Posterior or None
            Over dropout samples, or over the members of a stack.
        """

    def judged(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> Judged:
        """Return what `score` does and, where the package flags outliers, how unlike the training rows they are."""
        probabilities, posterior = self.score(cutouts, channels, rngs, metadata)
        return Judged(probabilities=probabilities, posterior=posterior)

    def predicted_labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return class indices ``(n,)``, -1 without score: by the threshold, of other classes the likeliest."""
        if are_real_and_bogus(self.class_names):
            chosen = probabilities[:, 1] >= self.threshold
        else:
            chosen = np.nan_to_num(probabilities).argmax(axis=1)
        return np.where(np.isnan(probabilities).any(axis=1), -1, chosen).astype(np.int8)

    def scored(
        self, frame: "pd.DataFrame", pixels: NDArray[np.float32], channels: Sequence[str], seed: int
    ) -> "pd.DataFrame":
        """Return rows with the columns of a scores file.

        Parameters
        ----------
        frame : DataFrame
            Ids, part and flags of the n rows, and `metadata_columns`.
        pixels, channels
            As in `predict`.
        seed : int
            Seed of dropout masks, where the package samples a posterior.
        """
        rngs = self.generators(frame["candidate_id"] if self.posterior_samples else (), seed)
        judged = self.judged(pixels, channels, rngs, frame[list(self.metadata_columns)])
        probabilities = judged.probabilities
        for index in range(probabilities.shape[1]):
            frame[f"p_{index}"] = probabilities[:, index]
        unscored = np.isnan(probabilities).any(axis=1)
        frame["flags"] = frame["flags"].to_numpy() | np.where(unscored, int(Flag.NOT_SCORED), 0).astype(np.int32)
        frame["score"] = probabilities[:, 1] if probabilities.shape[1] == 2 else np.float32(np.nan)
        frame["label_predicted"] = self.predicted_labels(probabilities)
        frame["model"] = self.name
        if judged.unlikeness is not None:
            frame[UNLIKENESS] = judged.unlikeness
            frame["flags"] |= np.where(judged.unlikeness > 1, int(Flag.UNLIKE_TRAINING), 0).astype(np.int32)
        if judged.reasons is not None:
            frame[REASON] = judged.reasons
        if self.verdict_limits is not None:
            frame["verdict"] = self.verdict_limits.apply(probabilities[:, REAL])
        if self.asked_samples and judged.posterior is not None:
            frame["score_mean"] = judged.posterior.looked_at
        return frame.assign(**uncertainty(judged.posterior, probabilities))

    @staticmethod
    def generators(candidate_ids: Iterable[str], seed: int) -> list[np.random.Generator]:
        """Return what draws the masks of each candidate, whatever else is scored with it."""
        return [stream(seed, "posterior", name) for name in candidate_ids]
