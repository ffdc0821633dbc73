"""Scoring with a model package: ONNX Runtime alone, no framework, quick to start."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.contract import InputContract
from models.metadata import values_of
from models.model_inputs import (
    GraphInputs,
    SelectedRows,
    check_revisions,
    contract_of,
    interface_of,
    model_inputs,
    require_columns,
    scaling_of,
)
from models.posterior import Posterior, spread
from models.sessions import CALIBRATED, Session, open_session, run
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package

if TYPE_CHECKING:  # what scores arrays of pixels need not load it
    import pandas as pd

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

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Return the columns of the candidates that the model takes beside the pixels; empty of pixels alone."""
        scaling = scaling_of(self.content)
        return () if scaling is None else scaling.columns

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
        return self._where_scorable(self._selected(cutouts, channels, metadata), self._probabilities)

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
            One column for two classes, else one a class; NaN in rows that cannot be scored. Of a package of a version
            that kept none, those of its probabilities, which end at `SMALLEST_PROBABILITY`.

        Raises
        ------
        IncompatiblePackageError
            When channels or size do not fit, or a column that the model needs is not there.
        """
        if CALIBRATED not in [output.name for output in self._session.get_outputs()]:
            return _logits_of(self.predict(cutouts, channels, metadata))
        selected = self._selected(cutouts, channels, metadata)
        return self._where_scorable(selected, self._calibrated, columns=_columns(len(self.class_names))).astype(float)

    def posterior(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        samples: int,
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> Posterior:
        """Return the spread of the probabilities over dropout samples.

        Parameters
        ----------
        cutouts, channels, metadata
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
        selected = self._selected(cutouts, channels, metadata)
        usable = [rngs[row] for row in np.flatnonzero(self.contract.scorable(selected.pixels)).tolist()]
        drawn = np.stack(
            [self._where_scorable(selected, lambda rows: self._sample(rows, usable)) for _ in range(samples)]
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

    def _selected(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None"
    ) -> SelectedRows:
        """Return the pixels that the model sees and the columns that it takes."""
        pixels = self.contract.select(cutouts, channels)
        require_columns(self.metadata_columns, () if metadata is None else tuple(metadata))
        if metadata is None or not self.metadata_columns:
            return SelectedRows(pixels, None)
        return SelectedRows(pixels, values_of(metadata, self.metadata_columns))

    def _inputs(self, rows: SelectedRows) -> GraphInputs:
        return model_inputs(self.content, self.contract, rows.pixels, rows.metadata)

    def _probabilities(self, rows: SelectedRows) -> NDArray[np.float32]:
        given = self._inputs(rows)
        return run(self._session, given.first, given.more, threads=self.threads)

    def _calibrated(self, rows: SelectedRows) -> NDArray[np.float32]:
        given = self._inputs(rows)
        return run(self._session, given.first, given.more, threads=self.threads, output=CALIBRATED)

    def _sample(self, rows: SelectedRows, rngs: Sequence[np.random.Generator]) -> NDArray[np.float32]:
        masks = {}
        for mask in self.content["posterior"]["masks"]:
            kept = np.stack([rng.random(mask["shape"], dtype=np.float32) for rng in rngs]) >= mask["rate"]
            masks[mask["name"]] = kept.astype(np.float32) / np.float32(1.0 - mask["rate"])
        given = self._inputs(rows)
        return run(self._posterior_session, given.first, {**given.more, **masks}, threads=self.threads)

    def _where_scorable(
        self,
        selected: SelectedRows,
        score: Callable[[SelectedRows], NDArray[np.float32]],
        columns: int = 0,
    ) -> NDArray[np.float32]:
        """Return the scores of rows, NaN for those that cannot be scored or whose score is not finite."""
        scorable = self.contract.scorable(selected.pixels)
        scores = np.full((len(selected.pixels), columns or len(self.class_names)), np.nan, dtype=np.float32)
        if scorable.any():
            scores[scorable] = score(selected if scorable.all() else selected.of(scorable))
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
