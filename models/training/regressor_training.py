"""Trains a regressor on a data set, and calibrates it on the validation rows.

The validation rows are divided by their groups, so that no object is on both sides: every second group fits the map of
the distributions, the others the conformal interval, whose promise needs rows that nothing else was fitted on.

Tested by tests/models/packages/test_regressor_package.py.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.keras_graph import Graph
from models.graphs.regressor_graph import regressor_graph
from models.inputs.contract import InputContract
from models.recipes.regressor import RegressorRecipe
from models.regressors.base import Fitted, RegressionRows, fit_regressor
from models.training.fitted import no_progress
from pipeline.cutouts.missing import HUGE
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError, InputError, SettingsError
from pipeline.io.results.schema import TARGET, WEIGHT
from pipeline.metrics import groups_of
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, JudgedRedshifts
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.point_estimates import point_estimates
from pipeline.redshifts.recalibration import FEWEST_A_KNOT, PitMap, fit_pit_map
from pipeline.scores.conformal import ConformalIntervals

log = logging.getLogger(__name__)

Array = NDArray[np.float64]
Raw = Callable[[NDArray[np.float32]], Array]
"""Takes features ``(n, f)`` and returns a regressor's numbers ``(n, k)``."""


@dataclass(frozen=True, kw_only=True)
class TargetRows:
    """Rows of a part of a data set.

    Attributes
    ----------
    features : ndarray of float32, (n, f)
        NaN is missing.
    target, weights : ndarray of float64, (n,)
    candidate_id : Series of str, (n,)
    groups : ndarray, (n,)
        Names of the groups of rows that belong together.
    """

    features: NDArray[np.float32]
    target: Array
    weights: Array
    candidate_id: pd.Series
    groups: NDArray[Any]

    def rows(self, chosen: NDArray[np.bool_] | slice) -> "TargetRows":
        """Return some of the rows."""
        return TargetRows(
            features=self.features[chosen],
            target=self.target[chosen],
            weights=self.weights[chosen],
            candidate_id=self.candidate_id[chosen],
            groups=self.groups[chosen],
        )

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, kw_only=True)
class TrainedRegressor:
    """A fitted regressor, its graph, and the rows by which it is calibrated.

    Attributes
    ----------
    recipe : RegressorRecipe
    seed : int
    contract : InputContract
        What rows it takes.
    fitted : Fitted
        By the library that fitted it.
    graph : onnx.ModelProto
        The same as a graph.
    train, validation : TargetRows
        The scorable rows that it learned from, and those by which it is calibrated.
    dataset_fingerprint : str
    """

    recipe: RegressorRecipe
    seed: int
    contract: InputContract
    fitted: Fitted
    graph: Graph
    train: TargetRows
    validation: TargetRows
    dataset_fingerprint: str


@dataclass(frozen=True, kw_only=True)
class CalibratedRegressor:
    """What was fitted on validation rows.

    Attributes
    ----------
    pit_map : PitMap or None
        Of the distributions; None if there are too few rows, or the recipe asks for none.
    interval : ConformalIntervals
    metrics : dict of str to float
        Measures of redshifts on the other half, which the map was not fitted on.
    """

    pit_map: PitMap | None
    interval: ConformalIntervals
    metrics: dict[str, float]


def train_regressor(
    dataset: DataSet, recipe: RegressorRecipe, seed: int, progress: Callable[[float, str], None] = no_progress
) -> TrainedRegressor:
    """Fit the regressor of a recipe on the training rows, and write its graph.

    Parameters
    ----------
    dataset : DataSet
        Of a table with a target.
    recipe : RegressorRecipe
        What is fitted.
    seed : int
        Of all that is drawn.
    progress : callable
        Called with the share done and a message.

    Raises
    ------
    DataSetError
        If the data set has no target, too few of its rows can teach, or a target of its training or validation part
        lies beyond the bins.
    SettingsError
        If the recipe names a feature that the data set lacks, or the graph would be too large.
    """
    absent = [name for name in recipe.required_features if name not in dataset.channels]
    if absent:
        raise SettingsError(
            f"required_features has {absent[0]!r}; the data set has the features {', '.join(dataset.channels)}"
        )
    contract = InputContract(
        survey=dataset.survey,
        channels=tuple(dataset.channels),
        required_channels=recipe.required_features,
        size_pixel=1,
        crop=False,
        pixel_scale_arcsec=float("nan"),
        pixel_state=dataset.pixel_state,
    )
    train, validation = (_rows(dataset, part, contract) for part in ("train", "validation"))
    for part, rows_of_part in (("training", train), ("validation", validation)):
        _require_within(rows_of_part, recipe.edges, f"the {part} part of the data set of {dataset.survey}")
    from threadpoolctl import threadpool_limits

    progress(0.05, f"{len(train)} rows train {recipe.regressor}")
    try:
        rows = RegressionRows.of(train.features, train.target, train.weights)
        with threadpool_limits(limits=recipe.threads):
            fitted = fit_regressor(recipe.regressor, rows, recipe.edges, seed=seed, **recipe.arguments)
    except InputError as error:
        raise DataSetError(f"the training part of the data set of {dataset.survey}: {error}") from None
    if not isinstance(fitted, Fitted):
        raise SettingsError(f"regressor {recipe.regressor!r} has no graph")
    progress(0.9, "writing the graph")
    return TrainedRegressor(
        recipe=recipe,
        seed=seed,
        contract=contract,
        fitted=fitted,
        graph=regressor_graph(fitted.parts, len(dataset.channels)),
        train=train,
        validation=validation,
        dataset_fingerprint=dataset.fingerprint,
    )


def calibrate_regressor(trained: TrainedRegressor, raw: Raw) -> CalibratedRegressor:
    """Fit the map of the distributions and the conformal interval on the validation rows.

    Parameters
    ----------
    trained : TrainedRegressor
        The regressor.
    raw : callable
        Its graph, opened.

    Raises
    ------
    DataSetError
        If there are too few validation rows for the interval.
    """
    recipe, rows = trained.recipe, trained.validation
    even = first_half(rows)
    pdfs = trained.fitted.head.pdfs(recipe.edges, raw(rows.features))
    pit_map = _pit_map(pdfs.rows(even).below(rows.target[even]), recipe.recalibration_knots)
    judged = pdfs.rows(~even) if pit_map is None else pit_map.apply(pdfs.rows(~even))
    truth = rows.target[~even]
    low, high = judged.quantile(interval_shares(recipe.miscoverage)).T
    try:
        interval = ConformalIntervals.fit(truth, low, high, miscoverage=recipe.miscoverage)
    except InputError as error:
        raise DataSetError(
            f"half of the {len(rows)} validation rows fit the interval: {error}; add rows, or raise miscoverage"
        ) from None
    return CalibratedRegressor(pit_map=pit_map, interval=interval, metrics=_metrics(judged, truth))


def first_half(rows: TargetRows) -> NDArray[np.bool_]:
    """Return which validation rows fit the map of the distributions, ``(n,)``: those of every second group."""
    return pd.factorize(rows.groups)[0] % 2 == 0


def interval_shares(miscoverage: float) -> list[float]:
    """Return the quantiles between which the interval lies before it is widened."""
    return [miscoverage / 2.0, 1.0 - miscoverage / 2.0]


def _require_within(rows: TargetRows, edges: Array, where: str) -> None:
    """Refuse targets beyond the bins: no distribution can hold them, and intervals would widen for them alone."""
    beyond = np.isfinite(rows.target) & ((rows.target < edges[0]) | (rows.target > edges[-1]))
    if beyond.any():
        place = int(beyond.argmax())
        raise DataSetError(
            f"{where}: {int(beyond.sum())} of {len(rows)} targets lie beyond the bins, {rows.target[place]:g} of "
            f"{rows.candidate_id.iloc[place]!r} first; allowed: {edges[0]:g} to {edges[-1]:g}; cut these rows, name "
            "the number that means not known under 'missing', or change 'lowest' and 'highest' of the recipe"
        )


def _pit_map(pit: Array, knots: int) -> PitMap | None:
    possible = min(knots, int(np.isfinite(pit).sum()) // FEWEST_A_KNOT)
    if possible < knots:
        log.warning(
            "%d validation rows are enough for %d of %d knots of the map of distributions",
            len(pit),
            possible,
            knots,
        )
    return fit_pit_map(pit, possible) if possible else None


def _metrics(pdfs: BinnedPdfs, truth: Array) -> dict[str, float]:
    judged = JudgedRedshifts.of(point_estimates(pdfs)["value"], truth, pdfs)
    found = {}
    for name in REDSHIFT_METRICS:
        entry = REDSHIFT_METRICS[name]
        values = getattr(judged, entry.column)
        usable = values[np.isfinite(values)]
        found[name] = float(entry.weighted(usable, np.ones((1, len(usable))))[0])
    return found


def _rows(dataset: DataSet, part: str, contract: InputContract) -> TargetRows:
    """Return the rows of a part that can be scored; numbers that no table means are missing."""
    candidates = dataset.candidates(part)
    if TARGET not in candidates:
        raise DataSetError(
            f"the data set of {dataset.survey} has no target; allowed: one of a survey whose input names a target"
        )
    pixels = dataset.cutouts(part)
    features = pixels[:, 0, 0, :]
    whole = TargetRows(
        features=np.where(np.abs(features) <= np.float32(HUGE), features, np.float32(np.nan)),
        target=candidates[TARGET].to_numpy(np.float64),
        weights=candidates[WEIGHT].to_numpy(np.float64) if WEIGHT in candidates else np.ones(len(candidates)),
        candidate_id=candidates["candidate_id"],
        groups=np.asarray(groups_of(candidates)),
    )
    return whole.rows(contract.scorable(pixels))
