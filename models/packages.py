"""The model package: a directory that holds everything a score depends on, checked before it counts.

``model.onnx`` (raw pixels, or features, to calibrated probabilities and the logits behind them), ``posterior.onnx``
and ``model.keras`` (to logits) for networks, ``training_ids.npy`` (which candidates it learned from),
``logits.parquet`` (of the validation rows), ``package.json``, ``history.csv``, ``card.md``, ``provenance.json`` and
``weights.sha256``, the digest by which two packages are equal. Nothing is pickled.
"""

import dataclasses
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from models import sessions
from models.calibrated_graph import with_calibration
from models.calibrating import Calibrated
from models.card import model_card
from models.trained_files import (
    MODEL,
    POSTERIOR,
    TrainedFiles,
    finite_or_none,
    json_text,
    require_alike,
    with_gaps,
)
from pipeline.fingerprint import fingerprint
from pipeline.io.packages.package_content import SCHEMA
from pipeline.io.packages.package_values import check_values
from pipeline.io.packages.training_ids import TRAINING_IDS
from pipeline.io.results.parquet_table import write_table
from pipeline.io.results.provenance import package_versions

log = logging.getLogger(__name__)

LOGITS: Final = "logits.parquet"
_COPIED: Final = ("model.keras", "history.csv", TRAINING_IDS)
"""Files of a trained model that a package holds as they are, where there are such."""


def write(directory: Path, trained: TrainedFiles, calibrated: Calibrated, *, provenance: Mapping[str, object]) -> None:
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

    Raises
    ------
    IncompatiblePackageError
        When ONNX and the framework differ by more than 1e-5 on the held rows.
    InputError
        When a value is one with which no package opens, such as two classes of one name.
    """
    for name in _COPIED:
        if (trained.directory / name).is_file():
            shutil.copyfile(trained.directory / name, directory / name)
    _write_graphs(directory, trained, calibrated)
    if len(calibrated.logits):
        write_table(directory / LOGITS, calibrated.logits, {})
    difference = _difference(directory, trained, calibrated)
    content = _content(trained, calibrated)
    digest = fingerprint([content, trained.content["weights_sha256"]])
    content |= {
        "name": f"{trained.content['title']}-{digest[:12]}",
        "weights_sha256": trained.content["weights_sha256"],
        "metrics": {name: finite_or_none(value) for name, value in calibrated.metrics.items()},
        "onnx_difference": difference,
        "versions": package_versions(),
        "files": _digests(directory),
    }
    check_values(json.loads(json_text(content)), f"the {content['name']} just trained")
    (directory / "provenance.json").write_text(json_text(dict(provenance)))
    (directory / "card.md").write_text(model_card(content))
    (directory / "weights.sha256").write_text(digest + "\n")
    (directory / "package.json").write_text(json_text(content))
    log.info("wrote package %s; ONNX differs by at most %.1e", content["name"], difference)


def _write_graphs(directory: Path, trained: TrainedFiles, calibrated: Calibrated) -> None:
    import onnx

    for name in (MODEL, POSTERIOR) if trained.masks else (MODEL,):
        graph = with_calibration(onnx.load_model(trained.directory / name), calibrated.platt)
        (directory / name).write_bytes(graph.SerializeToString())


def _content(trained: TrainedFiles, calibrated: Calibrated) -> dict[str, object]:
    """Return the part of ``package.json`` that decides scores."""
    recipe, from_training = calibrated.recipe, dict(trained.content)
    for name in ("title", "posterior_masks", "weights_sha256", "onnx_difference"):
        del from_training[name]
    return {
        **from_training,
        "schema": SCHEMA,
        "recipe": dataclasses.asdict(recipe),
        "calibration": {
            "method": recipe.calibration,
            "slope": calibrated.platt.slope,
            "intercept": calibrated.platt.intercept,
            "prevalence": finite_or_none(calibrated.prevalence),
        },
        "thresholds": dict(calibrated.thresholds),
        "threshold_rule": recipe.threshold_rule,
        "posterior": {"masks": trained.masks, "samples": recipe.posterior_samples},
    }


def _difference(directory: Path, trained: TrainedFiles, calibrated: Calibrated) -> float:
    """Return the largest difference of calibrated scores to those by the framework; raise when it is too large."""
    pixels, wanted = with_gaps(calibrated.held), trained.held_logits
    inputs, columns = trained.inputs(pixels), wanted.shape[1]
    scores = calibrated.platt.apply(wanted) if columns == 1 else _softmax(wanted)
    outputs = [sessions.run(sessions.open_session(directory / MODEL), inputs)]
    if trained.masks:
        opened = {mask["name"]: np.ones((len(pixels), *mask["shape"]), np.float32) for mask in trained.masks}
        outputs.append(sessions.run(sessions.open_session(directory / POSTERIOR), inputs, opened))
    difference = max(float(np.abs(output[:, -columns:] - scores).max()) for output in outputs)
    require_alike(difference, trained.content["classifier"], len(pixels))
    return difference


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}
