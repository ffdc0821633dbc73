"""The package of a regressor: a directory that holds everything a distribution depends on.

``model.onnx`` (raw features to the numbers of the head), ``training_ids.npy`` (which rows it learned from),
``package.json`` (head, edges of the bins, the map of the distributions, the conformal interval), ``card.md``,
``provenance.json`` and ``weights.sha256``. Nothing is pickled.

Tested by tests/models/packages/test_regressor_package.py.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.graphs.sessions import open_session
from models.packages.folder import finish
from models.packages.trained_files import MODEL, finite_or_none
from models.scoring.regressor import raw_numbers
from models.training.regressor_training import CalibratedRegressor, TrainedRegressor, calibrate_regressor
from pipeline.classes import REGRESSOR
from pipeline.errors import IncompatiblePackageError
from pipeline.io.files.digests import file_digest
from pipeline.io.packages.package_content import REGRESSOR_SCHEMA
from pipeline.io.packages.training_ids import write_training_ids
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS
from pipeline.redshifts.heads import described_head

log = logging.getLogger(__name__)

LARGEST_DIFFERENCE: Final = 1e-4
"""Quantiles by ONNX and by the library may differ by this share of the bins' range on the compared rows."""

_COMPARED: Final = 512
"""Training rows, and as many validation rows, on which they are compared."""

_SHARES: Final = (0.05, 0.16, 0.5, 0.84, 0.95)
"""Of the quantiles that are compared."""


def write_regressor(directory: Path, trained: TrainedRegressor, *, provenance: Mapping[str, object]) -> None:
    """Calibrate a regressor, and write its package into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists; nothing is written outside it.
    trained : TrainedRegressor
        The regressor.
    provenance : mapping
        Kept beside the package, not part of its equality.

    Raises
    ------
    IncompatiblePackageError
        If the graph and the library differ by more than `LARGEST_DIFFERENCE`.
    DataSetError
        If there are too few validation rows.
    """
    (directory / MODEL).write_bytes(trained.graph.SerializeToString())
    write_training_ids(directory, {"train": trained.train.candidate_id, "validation": trained.validation.candidate_id})
    difference = _difference(directory, trained)
    session = open_session(directory / MODEL)
    calibrated = calibrate_regressor(trained, lambda features: raw_numbers(session, features, 1))
    name = finish(
        directory,
        _content(trained, calibrated),
        title=f"{trained.recipe.regressor}-{trained.contract.survey}",
        weights_sha256=file_digest(directory / MODEL),
        metrics=calibrated.metrics,
        card=regressor_card,
        provenance=provenance,
        beside={"onnx_difference": difference},
    )
    log.info("wrote package %s; ONNX differs by at most %.1e", name, difference)


def regressor_card(package: Mapping[str, Any]) -> str:
    """Return the card in Markdown, from the content of ``package.json``."""
    edges, interval = package["edges"], package["interval"]
    recalibrated = "not recalibrated" if package["pit_map"] is None else "recalibrated on half of the validation rows"
    figures = "\n".join(
        f"| {REDSHIFT_METRICS[name].title} | {'-' if value is None else f'{value:.4f}'} |"
        for name, value in package["metrics"].items()
        if name in REDSHIFT_METRICS
    )
    return (
        f"# {package['name']}\n\n"
        f"A `{package['regressor']}` regressor of the target of `{package['input']['survey']}`, trained with seed "
        f"{package['seed']} on data set `{package['dataset_fingerprint'][:12]}`: {package['counts']['train']} rows "
        f"taught it, {package['counts']['validation']} calibrated it.\n\n"
        "## Input\n\n"
        f"Features, in this order: {', '.join(package['input']['channels'])}; NaN where missing. A row is scored if it "
        f"has {', '.join(package['input']['required_channels']) or 'any of them'}.\n\n"
        "## Output\n\n"
        f"Distributions over {len(edges) - 1} bins from {edges[0]:g} to {edges[-1]:g}, {recalibrated}. The interval "
        f"`low` to `high` is meant to hold {100 * (1 - interval['miscoverage']):g} % of targets, by {interval['n']} "
        "validation rows, on average over rows like these.\n\n"
        "## Judged on the validation rows to which the map was not fitted\n\n"
        f"| | |\n|---|---|\n{figures}\n\n"
        "A target outside the bins cannot be predicted, and rows unlike those that taught are not told apart.\n"
    )


def _content(trained: TrainedRegressor, calibrated: CalibratedRegressor) -> dict[str, object]:
    """Return the part of ``package.json`` that decides distributions."""
    recipe, contract, pit_map = trained.recipe, trained.contract, calibrated.pit_map
    return {
        "schema": REGRESSOR_SCHEMA,
        "family": REGRESSOR,
        "regressor": recipe.regressor,
        "settings": dict(recipe.arguments),
        "seed": trained.seed,
        "dataset_fingerprint": trained.dataset_fingerprint,
        "input": {
            **vars(contract),
            "channels": list(contract.channels),
            "required_channels": list(contract.required_channels),
            "pixel_scale_arcsec": finite_or_none(contract.pixel_scale_arcsec),
        },
        "edges": recipe.edges.tolist(),
        "head": described_head(trained.fitted.head),
        "pit_map": pit_map and {"predicted": pit_map.predicted.tolist(), "found": pit_map.found.tolist()},
        "interval": {name: getattr(calibrated.interval, name) for name in ("limit", "miscoverage", "n")},
        "counts": {"train": len(trained.train), "validation": len(trained.validation)},
    }


def _difference(directory: Path, trained: TrainedRegressor) -> float:
    """Return how far quantiles by the graph are from those by the library, as a share of the bins' range."""
    from threadpoolctl import threadpool_limits

    features = np.concatenate([part.features[:_COMPARED] for part in (trained.train, trained.validation)])
    fitted, edges = trained.fitted, trained.recipe.edges
    with threadpool_limits(limits=trained.recipe.threads):
        ours = fitted(features).quantile(_SHARES)
    theirs = fitted.head.pdfs(edges, raw_numbers(open_session(directory / MODEL), features, 1)).quantile(_SHARES)
    difference = float(np.abs(ours - theirs).max(initial=0.0) / (edges[-1] - edges[0]))
    if not difference <= LARGEST_DIFFERENCE:
        raise IncompatiblePackageError(
            f"quantiles of ONNX and of {trained.recipe.regressor} as trained differ by {difference:.2e} of the range "
            f"of the bins on {len(features)} training and validation rows; allowed: {LARGEST_DIFFERENCE:g}"
        )
    return difference
