"""Predicting with the package of a regressor: ONNX Runtime and numpy, no framework.

Tested by tests/models/packages/test_regressor_package.py.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import Session, computes_on
from models.graphs.sessions import Interface, open_session, run
from models.scoring.model_inputs import contract_of
from models.scoring.opened_package import StoredPackage
from pipeline.classes import REGRESSOR
from pipeline.cutouts.missing import Flag
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package
from pipeline.io.results.value_columns import value_columns
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.heads import Head, read_head
from pipeline.redshifts.point_estimates import QUANTILES
from pipeline.redshifts.recalibration import PitMap
from pipeline.scores.conformal import ConformalIntervals

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class RegressorPackage(StoredPackage):
    """The package of a regressor, ready to predict."""

    metadata_columns = ()
    class_names = ()

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, ``(b + 1,)``."""
        return np.asarray(self.content["edges"], dtype=np.float64)

    def score_columns(self, *, decided: bool) -> dict[str, str]:  # noqa: ARG002  (no rule decides a number)
        """Return the columns of its scores, with their types."""
        return value_columns(len(self.content["edges"]) - 1)

    @property
    def distributions(self) -> dict[str, object]:
        """Return what its scores file says of all rows."""
        return {"edges": list(self.content["edges"]), "miscoverage": self.content["interval"]["miscoverage"]}

    @cached_property
    def _head(self) -> Head:
        return read_head(self.content["head"], str(self.directory))

    @property
    def _session(self) -> Session:
        row = (1, 1, len(self.contract.channels))
        interface = Interface(row=row, masks={}, classes=self._head.columns(len(self.edges) - 1))
        return open_session(self.directory / "model.onnx", interface, self.device)

    @property
    def computed_by(self) -> frozenset[str]:
        """Return what computes here."""
        return frozenset({f"{self.runtime.stated}, {computes_on(self._session)}"})

    def check(
        self,
        *,
        channels: Sequence[str],
        size_pixel: int,
        pixel_state: str = "raw",
        columns: Collection[str] | None = None,  # noqa: ARG002  (as of other packages)
    ) -> None:
        """Refuse rows that the regressor was not made for.

        Raises
        ------
        IncompatiblePackageError
            With every difference, both sides stated.
        """
        self.contract.check(channels=channels, size_pixel=size_pixel, pixel_state=pixel_state)

    def predict(self, cutouts: NDArray[np.float32], channels: Sequence[str]) -> BinnedPdfs:
        """Return recalibrated distributions; a row that cannot be scored is of NaN.

        Parameters
        ----------
        cutouts : ndarray of float32, (n, 1, 1, f)
            Features, NaN = missing.
        channels : sequence of str
            Their names.

        Raises
        ------
        IncompatiblePackageError
            If a feature that the regressor needs is not there.
        """
        selected = self.contract.select(cutouts, channels)
        scorable = self.contract.scorable(selected)
        masses = np.full((len(selected), len(self.edges) - 1), np.nan)
        if scorable.any():
            raw = raw_numbers(self._session, selected[scorable][:, 0, 0, :], self.threads)
            finite = np.isfinite(raw).all(axis=1)
            found = self._head.pdfs(self.edges, raw[finite])
            masses[np.flatnonzero(scorable)[finite]] = self._recalibrated(found).masses
        return BinnedPdfs(edges=self.edges, masses=masses)

    def _recalibrated(self, pdfs: BinnedPdfs) -> BinnedPdfs:
        stated = self.content["pit_map"]
        if stated is None:
            return pdfs
        return PitMap(predicted=np.asarray(stated["predicted"]), found=np.asarray(stated["found"])).apply(pdfs)

    def interval(self, pdfs: BinnedPdfs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the conformal interval of each distribution, ``low`` and ``high``, each ``(n,)``."""
        made = ConformalIntervals(**self.content["interval"])
        low, high = pdfs.quantile([made.miscoverage / 2.0, 1.0 - made.miscoverage / 2.0]).T
        return made.apply(low, high)

    def scored(
        self,
        frame: "pd.DataFrame",
        pixels: NDArray[np.float32],
        channels: Sequence[str],
        seed: int,  # noqa: ARG002  (nothing is drawn)
    ) -> "pd.DataFrame":
        """Return rows with the columns of a scores file.

        Parameters
        ----------
        frame : DataFrame
            Ids, part and flags of the n rows.
        pixels, channels
            As for :meth:`predict`.
        seed : int
            Not used.
        """
        import pandas as pd

        pdfs = self.predict(pixels, channels)
        quantiles = pdfs.quantile(list(QUANTILES.values()))
        found = dict(zip(QUANTILES, quantiles.T, strict=True))
        low, high = self.interval(pdfs)
        made = {"value": found["q50"], "value_std": pdfs.std(), **found, "low": low, "high": high, "model": self.name}
        masses = pd.DataFrame(
            pdfs.masses.astype(np.float32), columns=[f"m_{place}" for place in range(pdfs.masses.shape[1])],
            index=frame.index,
        )  # fmt: skip
        unscored = np.where(np.isnan(found["q50"]), int(Flag.NOT_SCORED), 0).astype(np.int32)
        return pd.concat([frame.assign(flags=frame["flags"].to_numpy() | unscored, **made), masses], axis=1)


def raw_numbers(session: Session, features: NDArray[np.float32], threads: int) -> NDArray[np.float64]:
    """Return the numbers that a graph gives for features ``(n, f)``, ``(n, k)``."""
    given = np.ascontiguousarray(features, dtype=np.float32)[:, None, None, :]
    return run(session, given, threads=threads).astype(np.float64)


def load_regressor(directory: str | Path, *, threads: int = 0, device: str = "auto") -> RegressorPackage:
    """Open the package of a regressor, every file of which is as it was written.

    Parameters
    ----------
    directory : str or Path
        As written by :mod:`models.packages.regressor_package` and committed.
    threads : int
        Cores to use; 0 is all.
    device : {"auto", "cpu", "gpu"}
        What computes, as of :func:`models.scoring.runtime.load`.

    Raises
    ------
    MissingInputError, InputError
        When there is no package, or a file of it is missing, was changed or added.
    IncompatiblePackageError
        When it is of another schema, of a classifier, or made for a runtime that is not here.
    """
    directory = Path(directory)
    content = read_package(directory).values
    if content.get("family") != REGRESSOR:
        raise IncompatiblePackageError(f"{directory} is the package of a classifier; allowed: one of a regressor")
    threads, contract = threads or len(os.sched_getaffinity(0)), contract_of(content)
    return RegressorPackage(directory=directory, content=content, contract=contract, threads=threads, device=device)
