"""The model package: a directory that holds everything a score depends on, checked before it counts.

``model.onnx`` (raw pixels, or features, to calibrated probabilities and the logits behind them), ``posterior.onnx``,
``trunk.onnx`` (what lies below its dropout masks) and ``model.keras`` (to logits) for networks, ``training_ids.npy``
(which candidates it learned from), ``logits.parquet`` (of the validation rows), ``package.json``, ``history.csv``,
``card.md``, ``provenance.json`` and ``weights.sha256``, the digest by which two packages are equal. Nothing is pickled.
"""

import logging
import math
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from models.graphs import sessions
from models.graphs.calibrated_graph import with_calibration
from models.graphs.latent_graph import with_latent
from models.graphs.sessions import TRUNK
from models.graphs.trunk import cut_at_masks
from models.packages.calibrating import Calibrated
from models.packages.card import model_card
from models.packages.folder import calibration_content, finish, moved_from, told_beside
from models.packages.outlier_limits import OutlierLimits
from models.packages.trained_files import (
    MODEL,
    POSTERIOR,
    TrainedFiles,
    missing_in_first,
    require_alike,
    with_gaps,
)
from models.packages.verdict_limits import stated_limits
from models.scoring.dropout_samples import DropoutGraphs
from pipeline.io.packages.package_content import SCHEMA
from pipeline.io.packages.training_ids import TRAINING_IDS
from pipeline.io.results.parquet_table import write_table
from pipeline.scores.class_calibration import probabilities_of
from pipeline.scores.outliers import BESIDE, MEASURE, OUTLIERS, SPACE

log = logging.getLogger(__name__)

LOGITS: Final = "logits.parquet"
KERAS: Final = "model.keras"
COPIED: Final = (KERAS, "history.csv", TRAINING_IDS)
"""Files of a trained model that a package holds as they are, where there are such."""


def write_package(
    directory: Path,
    trained: TrainedFiles,
    calibrated: Calibrated,
    *,
    provenance: Mapping[str, object],
    beside: Mapping[str, object] = MappingProxyType({}),
    outliers: OutlierLimits | None = None,
) -> None:
    """Write a package into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists; nothing is written outside it.
    trained : TrainedFiles
        The model.
    calibrated : Calibrated
        What is made of its logits.
    provenance : mapping
        Kept beside the package, not part of its equality.
    beside : mapping, optional
        Further keys of ``package.json`` that decide nothing.
    outliers : OutlierLimits, optional
        What flags candidates that are unlike the training rows.

    Raises
    ------
    IncompatiblePackageError
        When ONNX and the framework differ by more than 1e-5 on the held rows.
    InputError
        When a value is one with which no package opens, such as two classes of one name.
    """
    for name in COPIED:
        if (trained.directory / name).is_file():
            shutil.copyfile(trained.directory / name, directory / name)
    _write_graphs(directory, trained, calibrated, latent=outliers is not None and SPACE in outliers.stated)
    if len(calibrated.logits):
        write_table(directory / LOGITS, calibrated.logits, {})
    if outliers is not None and outliers.table is not None:
        np.save(directory / MEASURE, outliers.table, allow_pickle=False)
        if outliers.beside is not None:
            np.save(directory / BESIDE, outliers.beside, allow_pickle=False)
    difference = _difference(directory, trained, calibrated)
    name = finish(
        directory,
        _content(trained, calibrated) | ({} if outliers is None else {OUTLIERS: outliers.stated}),
        title=trained.content["title"],
        weights_sha256=trained.content["weights_sha256"],
        metrics=calibrated.metrics,
        card=partial(model_card, keras_file=directory / KERAS),
        provenance=provenance,
        beside={
            **beside,
            **told_beside(calibrated.best_thresholds, calibrated.check, calibrated.figures),
            "onnx_difference": difference,
        },
    )
    log.info("wrote package %s; ONNX differs by at most %.1e", name, difference)


def _write_graphs(directory: Path, trained: TrainedFiles, calibrated: Calibrated, *, latent: bool) -> None:
    import onnx

    for name in (MODEL, POSTERIOR) if trained.masks else (MODEL,):
        graph = with_calibration(onnx.load_model(trained.directory / name), calibrated.calibration)
        parts = cut_at_masks(graph, [mask["name"] for mask in trained.masks]) if name == POSTERIOR else None
        if parts is not None:
            trunk, graph = parts
            (directory / TRUNK).write_bytes(trunk.SerializeToString())
        graph = (with_latent(graph) if latent and name == MODEL else None) or graph
        (directory / name).write_bytes(graph.SerializeToString())


def _content(trained: TrainedFiles, calibrated: Calibrated) -> dict[str, object]:
    """Return the part of ``package.json`` that decides scores."""
    recipe, from_training = calibrated.recipe, dict(trained.content)
    for name in ("title", "posterior_masks", "weights_sha256", "onnx_difference"):
        del from_training[name]
    return {
        **from_training,
        "schema": SCHEMA,
        "recipe": recipe.stated,
        "calibration": calibration_content(
            calibrated.method,
            calibrated.calibration,
            calibrated.prevalence,
            calibrated.shares,
            moved_from(recipe, calibrated.fitted_prevalence),
        ),
        "thresholds": dict(calibrated.thresholds),
        "threshold_rule": recipe.threshold_rule,
        "posterior": {"masks": trained.masks, "samples": recipe.posterior_samples},
        **stated_limits(
            recipe.conformal,
            calibrated.logits,
            calibrated.calibration,
            threshold=calibrated.thresholds.get(recipe.threshold_rule, math.nan),
            class_names=trained.class_names,
        ),
    }


def _difference(directory: Path, trained: TrainedFiles, calibrated: Calibrated) -> float:
    """Return the largest difference of calibrated scores to those by the framework; raise when it is too large."""
    pixels, wanted = with_gaps(calibrated.held), trained.held_logits
    given, columns = trained.inputs(pixels, missing_in_first(calibrated.held_metadata)), wanted.shape[1]
    scores = probabilities_of(calibrated.calibration, wanted)[:, -columns:]
    outputs = [sessions.run(sessions.open_session(directory / MODEL), given.first, given.more)]
    if trained.masks:
        trunk = sessions.open_session(directory / TRUNK) if (directory / TRUNK).is_file() else None
        kept = [{**mask, "rate": 0.0} for mask in trained.masks]
        graphs = DropoutGraphs(head=sessions.open_session(directory / POSTERIOR), trunk=trunk, masks=kept, threads=1)
        outputs.append(graphs.samples(given, [np.random.default_rng(0)] * len(pixels), 1)[0])
    difference = max(float(np.abs(output[:, -columns:] - scores).max()) for output in outputs)
    require_alike(difference, trained.content["classifier"], len(pixels))
    return difference
