"""What every model package can do once it is opened: score cutouts, and say by what.

Tested by tests/models/test_runtime.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.posterior import Posterior


@dataclass(frozen=True, kw_only=True)
class OpenedPackage(ABC):
    """A model package, ready to score: a trained model, or a stack of such.

    Attributes
    ----------
    directory : Path
    content : mapping
        ``package.json``.
    contract : InputContract
        What cutouts it takes.
    threads : int
        Cores to use; changes the speed alone.
    """

    directory: Path
    content: Mapping[str, Any] = field(repr=False)
    contract: InputContract
    threads: int

    @property
    def name(self) -> str:
        """Return classifier and digest, as scores name the model."""
        return str(self.content["name"])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, index 0 first."""
        return tuple(self.content["classes"])

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
        """Return how many dropout samples the recipe asks for; 0 where the model has no dropout."""
        return int(self.content["posterior"]["samples"]) if self.content["posterior"]["masks"] else 0

    def check(self, *, channels: Sequence[str], size_pixel: int, pixel_state: str = "raw") -> None:
        """Refuse cutouts that the model was not made for.

        Raises
        ------
        IncompatiblePackageError
            With every difference, both sides stated.
        """
        self.contract.check(channels=channels, size_pixel=size_pixel, pixel_state=pixel_state)

    @abstractmethod
    def predict(self, cutouts: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
        """Return calibrated probabilities.

        Parameters
        ----------
        cutouts : ndarray of float32, shape (n, y, x, channel)
            Raw pixels, NaN = missing.
        channels : sequence of str
            Names along the last axis.

        Returns
        -------
        probabilities : ndarray of float32, shape (n, k)
            NaN in rows that cannot be scored.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit.
        """

    @abstractmethod
    def logits(self, cutouts: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated logits, which tell scores apart that are 0 or 1 to the last digit.

        Parameters
        ----------
        cutouts, channels
            As in `predict`.

        Returns
        -------
        logits : ndarray of float64, shape (n, columns)
            One column for two classes, else one a class; NaN in rows that cannot be scored.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit.
        """

    @abstractmethod
    def score(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], rngs: Sequence[np.random.Generator]
    ) -> tuple[NDArray[np.float32], Posterior | None]:
        """Return calibrated probabilities, and how sure they are where the package can tell.

        Parameters
        ----------
        cutouts, channels
            As in `predict`.
        rngs : sequence of numpy.random.Generator
            One a row, for a package with `posterior_samples`; else none is used.

        Returns
        -------
        probabilities : ndarray of float32, shape (n, k)
        spread : Posterior or None
            Over dropout samples, or over the members of a stack.
        """

    def predicted_labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return class indices ``(n,)``, -1 without score: by the threshold, of more classes the likeliest."""
        if probabilities.shape[1] == 2:
            chosen = probabilities[:, 1] >= self.threshold
        else:
            chosen = np.nan_to_num(probabilities).argmax(axis=1)
        return np.where(np.isnan(probabilities).any(axis=1), -1, chosen).astype(np.int8)
