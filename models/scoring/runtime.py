"""Scoring with a model package: ONNX Runtime alone, no framework, quick to start."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import Session, computes_on
from models.graphs.sessions import CALIBRATED, TRUNK, interface_above, open_session, run
from models.inputs.image_sampling import sampling_of
from models.inputs.metadata import METADATA, values_of
from models.scoring.dropout_samples import DropoutGraphs
from models.scoring.judged import Judged, distances_of, measure_of, scores_and_latent
from models.scoring.model_inputs import (
    GraphInputs,
    Prepared,
    SelectedRows,
    check_revisions,
    contract_of,
    interface_of,
    model_inputs,
    require_columns,
    scaling_of,
)
from models.scoring.opened_package import OpenedPackage
from models.scoring.posterior import Posterior, spread
from models.scoring.reasons import reasons_by
from models.scoring.stacked import MEMBERS, StackedPackage
from pipeline.classes import REAL, REGRESSOR, STACK
from pipeline.errors import IncompatiblePackageError, InputError
from pipeline.io.packages.package_content import read_package
from pipeline.scores.outliers import OUTLIERS, SPACE

if TYPE_CHECKING:  # what scores arrays of pixels need not load it
    import pandas as pd

SMALLEST_PROBABILITY: Final = 1e-7
"""Probabilities of float32 are known to about this where the other one is near 1."""


@dataclass(frozen=True, kw_only=True)
class Package(OpenedPackage):
    """The package of a trained model, ready to score; attributes as of `OpenedPackage`.

    Attributes
    ----------
    fwhm_pixel : float
        Typical FWHM of the PSF of the cutouts to score, in pixels; NaN: as that of the training.
    """

    fwhm_pixel: float = math.nan

    @property
    def measures_features(self) -> bool:
        """Tell whether the FWHM of cutouts decides how they are measured."""
        features = self.content["external_features"]
        return features is not None and features.get("fwhm_pixel") is not None

    def at_fwhm(self, fwhm_pixel: float) -> "Package":
        """Return the package as it scores cutouts with such a PSF."""
        return replace(self, fwhm_pixel=fwhm_pixel)

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """Return the columns of the candidates that the model takes beside the pixels; empty of pixels alone."""
        scaling = scaling_of(self.content)
        return () if scaling is None else scaling.columns

    def predict(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities, as `OpenedPackage.predict`."""
        return self._where_scorable(self._selected(cutouts, channels, metadata), self._probabilities)

    def logits(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> NDArray[np.float64]:
        """Return calibrated logits, as `OpenedPackage.logits`.

        Of a package of a version that kept none, those of its probabilities, which end at `SMALLEST_PROBABILITY`.
        """
        return self.logits_of(self.prepared(cutouts, channels, metadata), self.threads)

    @property
    def inputs_key(self) -> str:
        """Return what is equal for models that take the same of a row, so that it is measured once for a stack."""
        deciding = ("input", "external_features", "external_normalisation", METADATA)
        return json.dumps([self.content.get(name) for name in deciding], sort_keys=True)

    def prepared(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None" = None
    ) -> Prepared:
        """Return rows as they go into the graph.

        Parameters
        ----------
        cutouts, channels, metadata
            As in `predict`.
        """
        selected = self._selected(cutouts, channels, metadata)
        scorable = self.contract.scorable(selected.pixels)
        usable = selected if scorable.all() else selected.of(scorable)
        return Prepared(scorable=scorable, given=self._inputs(usable) if scorable.any() else None)

    def logits_of(self, prepared: Prepared, threads: int) -> NDArray[np.float64]:
        """Return calibrated logits of prepared rows, as `logits`.

        Parameters
        ----------
        prepared : Prepared
            By this package, or by one of the same `inputs_key`.
        threads : int
            Cores to use.
        """
        session, n_classes, given = self._session, len(self.class_names), prepared.given
        kept = CALIBRATED in [output.name for output in session.get_outputs()]
        found = np.full((len(prepared.scorable), _columns(n_classes) if kept else n_classes), np.nan, np.float32)
        if given is not None:
            output = CALIBRATED if kept else ""
            found[prepared.scorable] = run(session, given.first, given.more, threads=threads, output=output)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        return found.astype(np.float64) if kept else _logits_of(found)

    def score(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> tuple[NDArray[np.float32], Posterior | None]:
        """Return probabilities and, where the recipe asks for dropout samples, their spread."""
        samples = self.posterior_samples
        probabilities = self.predict(cutouts, channels, metadata)
        return probabilities, self.posterior(cutouts, channels, samples, rngs, metadata) if samples else None

    @property
    def flags_outliers(self) -> bool:
        """Tell whether it flags rows that are unlike those that taught it."""
        return measure_of(self.content, self.directory) is not None

    def judged(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> Judged:
        """Return probabilities and distances from the training rows, of features that are measured once."""
        if not self.flags_outliers:
            return super().judged(cutouts, channels, rngs, metadata)
        prepared = self.prepared(cutouts, channels, metadata)
        scores = np.full((len(prepared.scorable), len(self.class_names)), np.nan, dtype=np.float32)
        latent = None
        if prepared.given is not None:
            scores[prepared.scorable], latent = scores_and_latent(
                self.content, self._session, prepared.given, self.threads
            )
        scores[~np.isfinite(scores).all(axis=1)] = np.nan
        samples, reasons = self.posterior_samples, None
        posterior = self.posterior(cutouts, channels, samples, rngs, metadata) if samples else None
        if self.explains:
            reasons = self.reasons(prepared, cutouts, channels, self.predicted_labels(scores) == REAL)
        unlikeness = distances_of(self.content, self.directory, prepared, latent)
        return Judged(probabilities=scores, posterior=posterior, unlikeness=unlikeness, reasons=reasons)

    def reasons(
        self,
        prepared: Prepared,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        called_real: NDArray[np.bool_],
    ) -> NDArray[np.object_]:
        """Return why prepared rows are called so, ``(n,)``, as `models.scoring.reasons.reasons_by`."""
        return reasons_by(
            self, prepared, cutouts, channels, called_real, lambda rows: self.logits_of(rows, self.threads)
        )

    def unlikeness(self, prepared: Prepared) -> NDArray[np.float32]:
        """Return how far prepared rows lie from the training rows, in units of the limit, ``(n,)``; NaN unscored."""
        given, latent = prepared.given, None
        if given is not None and SPACE in self.content[OUTLIERS]:
            _, latent = scores_and_latent(self.content, self._session, given, self.threads)
        return distances_of(self.content, self.directory, prepared, latent)

    def posterior(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        samples: int,
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> Posterior:
        """Return the spread of the probabilities over dropout samples; as `drawn`."""
        return spread(self.drawn(cutouts, channels, samples, rngs, metadata))

    def drawn(
        self,
        cutouts: NDArray[np.float32],
        channels: Sequence[str],
        samples: int,
        rngs: Sequence[np.random.Generator],
        metadata: "pd.DataFrame | None" = None,
    ) -> NDArray[np.float32]:
        """Return the probabilities of each dropout sample, ``(samples, n, k)``, NaN in rows that cannot be scored.

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
        scorable = self.contract.scorable(selected.pixels)
        drawn = np.full((samples, len(scorable), len(self.class_names)), np.nan, np.float32)
        if scorable.any():
            usable = [rngs[row] for row in np.flatnonzero(scorable).tolist()]
            drawn[:, scorable] = self._dropout_graphs.samples(self._inputs(selected.of(scorable)), usable, samples)
        drawn[~np.isfinite(drawn).all(axis=2)] = np.nan
        return drawn

    @property
    def computed_by(self) -> frozenset[str]:
        """Return what computes here."""
        return frozenset({f"{self.runtime.stated}, {computes_on(self._session)}"})

    @property
    def _session(self) -> Session:
        interface = interface_of(self.content, {}, len(self.class_names))
        return open_session(self.directory / "model.onnx", interface, self.device)

    @property
    def _dropout_graphs(self) -> DropoutGraphs:
        stated = self.content["posterior"]["masks"]
        masks = {str(mask["name"]): tuple(mask["shape"]) for mask in stated}
        whole, trunk = interface_of(self.content, masks, len(self.class_names)), None
        if TRUNK in self.content["files"]:
            below = interface_of(self.content, {}, 0)
            trunk = open_session(self.directory / TRUNK, below, self.device)
            whole = interface_above(trunk, masks, len(self.class_names))
        head = open_session(self.directory / "posterior.onnx", whole, self.device)
        return DropoutGraphs(head=head, trunk=trunk, masks=stated, threads=self.threads)

    def _selected(
        self, cutouts: NDArray[np.float32], channels: Sequence[str], metadata: "pd.DataFrame | None"
    ) -> SelectedRows:
        """Return the pixels that the model sees and the columns that it takes."""
        extent = sampling_of(self.content["external_features"], self.fwhm_pixel).extent
        pixels = self.contract.select(cutouts, channels, extent)
        require_columns(self.metadata_columns, () if metadata is None else tuple(metadata))
        if metadata is None or not self.metadata_columns:
            return SelectedRows(pixels, None)
        return SelectedRows(pixels, values_of(metadata, self.metadata_columns))

    def _inputs(self, rows: SelectedRows) -> GraphInputs:
        return model_inputs(self.content, self.contract, rows.pixels, rows.metadata, self.fwhm_pixel)

    def _probabilities(self, rows: SelectedRows) -> NDArray[np.float32]:
        given = self._inputs(rows)
        return run(self._session, given.first, given.more, threads=self.threads)

    def _where_scorable(
        self,
        selected: SelectedRows,
        score: Callable[[SelectedRows], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the scores of rows, NaN for those that cannot be scored or whose score is not finite."""
        scorable = self.contract.scorable(selected.pixels)
        scores = np.full((len(selected.pixels), len(self.class_names)), np.nan, dtype=np.float32)
        if scorable.any():
            scores[scorable] = score(selected if scorable.all() else selected.of(scorable))
        scores[~np.isfinite(scores).all(axis=1)] = np.nan
        return scores


def load(directory: str | Path, *, threads: int = 0, device: str = "auto") -> Package | StackedPackage:
    """Open a package, every file of which is as it was written.

    Parameters
    ----------
    directory : str or Path
        As written by :mod:`models.packages.package` or :mod:`models.stacks.package` and committed.
    threads : int
        Cores to use; 0 is all.
    device : {"auto", "cpu", "gpu"}
        What computes: with ``auto``, a GPU if the installed runtime offers one and it starts.

    Raises
    ------
    MissingInputError, InputError
        When there is no package, or a file of it is missing, was changed or added, as `read_package` tells.
    IncompatiblePackageError
        When it has another schema, other features than this version measures, or a runtime that is not here.
    """
    directory, threads = Path(directory), threads or len(os.sched_getaffinity(0))
    content = read_package(directory).values
    if content.get("family") == REGRESSOR:
        raise IncompatiblePackageError(f"{directory} is the package of a regressor; allowed: one of a classifier")
    if content.get("family") != STACK:
        return _package(directory, content, threads, device)
    entries = content["members"]
    return StackedPackage(
        directory=directory,
        content=content,
        contract=contract_of(content),
        threads=threads,
        device=device,
        members=tuple(_member(directory / MEMBERS / entry["folder"], entry, threads, device) for entry in entries),
        weights=tuple(float(entry["weight"]) for entry in entries),
    )


def _member(directory: Path, entry: Mapping[str, Any], threads: int, device: str) -> Package:
    content = read_package(directory).values
    if content.get("family") == STACK or content["name"] != entry["name"]:
        raise InputError(f"{directory} is {content['name']}; its stack says: {entry['name']}, which is no stack")
    return _package(directory, content, threads, device)


def _package(directory: Path, content: Mapping[str, Any], threads: int, device: str) -> Package:
    check_revisions(content)
    contract = contract_of(content)
    return Package(directory=directory, content=content, contract=contract, threads=threads, device=device)


def _columns(n_classes: int) -> int:
    """Return how many logits a row has."""
    return 1 if n_classes == 2 else n_classes


def _logits_of(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the logits of probabilities ``(n, k)``."""
    logs = np.log(np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, None))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs
