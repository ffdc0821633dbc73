"""Scoring with a model package: ONNX Runtime alone, no framework, quick to start."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.posterior import Posterior, spread
from models.sessions import Interface, Session, open_session, run
from pipeline.cutouts.normalise import NORMALISATIONS, apply
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package


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
        return open_session(self.directory / "model.onnx", self._interface({}))

    @property
    def _posterior_session(self) -> Session:
        masks = {str(mask["name"]): tuple(mask["shape"]) for mask in self.content["posterior"]["masks"]}
        return open_session(self.directory / "posterior.onnx", self._interface(masks))

    def _interface(self, masks: Mapping[str, tuple[int, ...]]) -> Interface:
        """Return what a model of the package takes and gives."""
        side, features = self.contract.size_pixel, self.content["external_features"]
        row = (side, side, len(self.contract.channels)) if features is None else (len(features["columns"]),)
        return Interface(row=row, masks=masks, classes=len(self.class_names))

    def _inputs(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.content["external_features"] is not None:
            from pipeline.features import physical_features

            return physical_features(pixels, self.contract.channels)
        outside = self.content.get("external_normalisation")
        return pixels if outside is None else apply(outside["name"], pixels, missing=outside["missing"])

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
    ) -> NDArray[np.float32]:
        """Return the scores of rows, NaN for those that cannot be scored or whose score is not finite."""
        scorable = self.contract.scorable(selected)
        probabilities = np.full((len(selected), len(self.class_names)), np.nan, dtype=np.float32)
        if scorable.any():
            probabilities[scorable] = score(selected if scorable.all() else selected[scorable])
        probabilities[~np.isfinite(probabilities).all(axis=1)] = np.nan
        return probabilities


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
    _check_features(content["external_features"])
    _check_normalisation(content.get("external_normalisation"))
    return Package(
        directory=directory,
        content=content,
        contract=_contract(content["input"]),
        threads=threads or len(os.sched_getaffinity(0)),
    )


def _contract(written: Mapping[str, Any]) -> InputContract:
    """Return the contract in ``package.json``."""
    lists = {name: tuple(value) for name, value in written.items() if isinstance(value, list)}
    scale = float("nan") if written["pixel_scale_arcsec"] is None else written["pixel_scale_arcsec"]
    return InputContract(**{**written, **lists, "pixel_scale_arcsec": scale})


def _check_features(wanted: Mapping[str, object] | None) -> None:
    if wanted is None:
        return
    from pipeline.features import FEATURES_REVISION

    if wanted["revision"] != FEATURES_REVISION:
        raise IncompatiblePackageError(
            f"the package was trained on revision {wanted['revision']} of the {wanted['name']} features; "
            f"this version measures revision {FEATURES_REVISION}; train again"
        )


def _check_normalisation(outside: Mapping[str, object] | None) -> None:
    if outside is None:
        return
    ours = NORMALISATIONS.metadata(str(outside["name"]))["revision"]
    if outside["revision"] != ours:
        raise IncompatiblePackageError(
            f"the package was trained on revision {outside['revision']} of the normalisation {outside['name']}; "
            f"this version has revision {ours}; train again"
        )
