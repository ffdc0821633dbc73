"""Scoring with a model package: ONNX Runtime alone, no framework, quick to start."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.model_inputs import check_revisions, contract_of, interface_of, model_inputs
from models.posterior import Posterior, spread
from models.sessions import CALIBRATED, Session, open_session, run
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package

SMALLEST_PROBABILITY: Final = 1e-7
"""Probabilities of float32 are known to about this where the other one is near 1."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A model package, ready to score.

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
        selected = self.contract.select(cutouts, channels)
        return self._where_scorable(
            selected, lambda pixels: run(self._session, self._inputs(pixels), threads=self.threads)
        )

    def logits(self, cutouts: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated logits, which tell scores apart that are 0 or 1 to the last digit.

        Parameters
        ----------
        cutouts, channels
            As in `predict`.

        Returns
        -------
        logits : ndarray of float64, shape (n, columns)
            One column for two classes, else one a class; NaN in rows that cannot be scored. Of a package of a version
            that kept none, those of its probabilities, which end at `SMALLEST_PROBABILITY`.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit.
        """
        if CALIBRATED not in [output.name for output in self._session.get_outputs()]:
            return _logits_of(self.predict(cutouts, channels))
        selected = self.contract.select(cutouts, channels)
        return self._where_scorable(selected, self._calibrated, columns=_columns(len(self.class_names))).astype(float)

    def posterior(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        samples: int,
        rngs: Sequence[np.random.Generator],
    ) -> Posterior:
        """Return the spread of the probabilities over dropout samples.

        Parameters
        ----------
        cutouts, channels
            As in `predict`.
        samples : int
            Samples a row, at least 1.
        rngs : sequence of numpy.random.Generator
            One a row, which draws its masks: a row's samples do not depend on its neighbours in a batch.

        Raises
        ------
        IncompatiblePackageError
            When the model has no dropout, or the cutouts do not fit.
        """
        if not self.content["posterior"]["masks"] or samples < 1:
            raise IncompatiblePackageError(f"{self.name} has no dropout to sample {samples} times")
        selected = self.contract.select(cutouts, channels)
        usable = [rngs[row] for row in np.flatnonzero(self.contract.scorable(selected)).tolist()]
        drawn = np.stack(
            [self._where_scorable(selected, lambda pixels: self._sample(pixels, usable)) for _ in range(samples)]
        )
        return spread(drawn)

    def predicted_labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return class indices ``(n,)``, -1 without score: by the threshold, of more classes the likeliest."""
        if probabilities.shape[1] == 2:
            chosen = probabilities[:, 1] >= self.threshold
        else:
            chosen = np.nan_to_num(probabilities).argmax(axis=1)
        return np.where(np.isnan(probabilities).any(axis=1), -1, chosen).astype(np.int8)

    @property
    def _session(self) -> Session:
        return open_session(self.directory / "model.onnx", interface_of(self.content, {}, len(self.class_names)))

    @property
    def _posterior_session(self) -> Session:
        masks = {str(mask["name"]): tuple(mask["shape"]) for mask in self.content["posterior"]["masks"]}
        interface = interface_of(self.content, masks, len(self.class_names))
        return open_session(self.directory / "posterior.onnx", interface)

    def _inputs(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return model_inputs(self.content, self.contract, pixels)

    def _calibrated(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return run(self._session, self._inputs(pixels), threads=self.threads, output=CALIBRATED)

    def _sample(self, pixels: NDArray[np.float32], rngs: Sequence[np.random.Generator]) -> NDArray[np.float32]:
        masks = {}
        for mask in self.content["posterior"]["masks"]:
            kept = np.stack([rng.random(mask["shape"], dtype=np.float32) for rng in rngs]) >= mask["rate"]
            masks[mask["name"]] = kept.astype(np.float32) / np.float32(1.0 - mask["rate"])
        return run(self._posterior_session, self._inputs(pixels), masks, threads=self.threads)

    def _where_scorable(
        self,
        selected: NDArray[np.float32],
        score: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        columns: int = 0,
    ) -> NDArray[np.float32]:
        """Return the scores of rows, NaN for those that cannot be scored or whose score is not finite."""
        scorable = self.contract.scorable(selected)
        scores = np.full((len(selected), columns or len(self.class_names)), np.nan, dtype=np.float32)
        if scorable.any():
            scores[scorable] = score(selected if scorable.all() else selected[scorable])
        scores[~np.isfinite(scores).all(axis=1)] = np.nan
        return scores


def load(directory: str | Path, *, threads: int = 0) -> Package:
    """Open a package, every file of which is as it was written.

    Parameters
    ----------
    directory : str or Path
        As written by :mod:`models.packages` and committed.
    threads : int
        Cores to use; 0 is all.

    Raises
    ------
    MissingInputError, InputError
        When there is no package, or a file of it is missing, was changed or added, as `read_package` tells.
    IncompatiblePackageError
        When it has another schema, or other features than this version measures.
    """
    directory = Path(directory)
    content = read_package(directory).values
    check_revisions(content)
    return Package(
        directory=directory,
        content=content,
        contract=contract_of(content),
        threads=threads or len(os.sched_getaffinity(0)),
    )


def _columns(n_classes: int) -> int:
    """Return how many logits a row has."""
    return 1 if n_classes == 2 else n_classes


def _logits_of(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the logits of probabilities ``(n, k)``."""
    logs = np.log(np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, None))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs
