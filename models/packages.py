"""The model package: a directory that holds everything a score depends on, checked before it counts.

``model.onnx`` (raw pixels, or features, to calibrated probabilities), ``model.keras`` and ``posterior.onnx`` for
networks, ``training_ids.npy`` (which candidates it learned from), ``package.json``, ``history.csv``, ``card.md``,
``provenance.json`` and ``weights.sha256``, the digest by which two packages are equal. Nothing is pickled.
"""

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models import sessions
from models.card import model_card
from models.recipes import ClassifierRecipe
from models.registry import FEATURES
from models.training import TrainedClassifier
from models.user_module import MODULE, digest_of, path_of
from pipeline.classes import LEARNED_PARTS
from pipeline.cutouts.normalise import NORMALISATIONS
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError
from pipeline.features import FEATURES_REVISION, feature_names
from pipeline.fingerprint import fingerprint
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.packages.package_content import SCHEMA
from pipeline.io.packages.package_values import check_values
from pipeline.io.packages.training_ids import write_training_ids
from pipeline.io.results.provenance import package_versions

log = logging.getLogger(__name__)

LARGEST_DIFFERENCE: Final = 1e-5
"""Scores of ONNX and of the framework may differ by this on the held sample."""


def write(
    directory: Path, trained: TrainedClassifier, *, dataset: DataSet | None, provenance: Mapping[str, object]
) -> None:
    """Write a package into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists; nothing is written outside it.
    trained : TrainedClassifier
        What to write.
    dataset : DataSet or None
        What it was trained on, for its fingerprint and ids; None where that is not known.
    provenance : mapping
        Kept beside the package, not part of its equality.

    Raises
    ------
    IncompatiblePackageError
        When ONNX and the framework differ by more than 1e-5 on the held sample.
    InputError
        When a value is one with which no package opens, such as two classes of one name.
    """
    exported = trained.fitted.export(directory, trained.platt)
    if dataset is not None:
        write_training_ids(directory, {part: dataset.candidates(part)["candidate_id"] for part in LEARNED_PARTS})
    difference = _check_parity(directory, trained, exported["posterior"])
    content = _content(trained, dataset, exported)
    digest = fingerprint([content, exported["weights_sha256"]])
    content |= {
        "name": f"{_title(trained.recipe)}-{digest[:12]}",
        "weights_sha256": exported["weights_sha256"],
        "metrics": {name: _finite_or_none(value) for name, value in trained.metrics.items()},
        "onnx_difference": difference,
        "versions": package_versions(),
        "files": _digests(directory),
    }
    check_values(json.loads(_json_text(content)), f"the {content['name']} just trained")
    write_csv(directory / "history.csv", trained.history)
    _write_json(directory / "provenance.json", dict(provenance))
    (directory / "card.md").write_text(model_card(content))
    (directory / "weights.sha256").write_text(digest + "\n")
    _write_json(directory / "package.json", content)
    log.info("wrote package %s; ONNX differs by at most %.1e", content["name"], difference)


def _content(trained: TrainedClassifier, dataset: DataSet | None, exported: Mapping[str, object]) -> dict[str, object]:
    """Return the part of ``package.json`` that decides scores."""
    recipe, contract = trained.recipe, trained.contract
    columns = list(feature_names(contract.channels)) if recipe.family == FEATURES else []
    external = {"name": "physical", "revision": FEATURES_REVISION, "columns": columns}
    own = recipe.normalisation == MODULE
    within = {"in_graph": True} if own else NORMALISATIONS.metadata(recipe.normalisation)
    named = {"name": recipe.normalisation, "missing": recipe.missing}
    return {
        "schema": SCHEMA,
        "classifier": recipe.classifier,
        "family": recipe.family,
        "recipe": dataclasses.asdict(recipe),
        "seed": trained.seed,
        "threads": trained.fitted.threads,
        "input": {name: _finite_or_none(value) for name, value in dataclasses.asdict(contract).items()},
        "classes": list(trained.class_names),
        "normalisation": {**named, "in_graph": within["in_graph"]},
        "external_normalisation": None if within["in_graph"] else {"revision": within["revision"], **named},
        "module": {"file": path_of(recipe.module).name, "sha256": digest_of(recipe.module)} if recipe.module else None,
        "external_features": external if columns else None,
        "calibration": {
            "method": recipe.calibration,
            "slope": trained.platt.slope,
            "intercept": trained.platt.intercept,
            "prevalence": _finite_or_none(trained.prevalence),
        },
        "thresholds": dict(trained.thresholds),
        "threshold_rule": recipe.threshold_rule,
        "posterior": {"masks": exported["posterior"], "samples": recipe.posterior_samples},
        "parameters": exported["parameters"],
        "counts": trained.counts,
        "dataset_fingerprint": "" if dataset is None else dataset.fingerprint,
        "runtime": "onnxruntime, float32",
    }


def _title(recipe: ClassifierRecipe) -> str:
    """Return what a classifier is called: a network of the user's own, by its file."""
    return path_of(recipe.module).stem if recipe.classifier == MODULE else recipe.classifier


def _check_parity(directory: Path, trained: TrainedClassifier, masks: list[dict[str, Any]]) -> float:
    """Return the largest difference of ONNX to the framework; raise when it is too large."""
    pixels = _with_gaps(trained.held)
    wanted = trained.fitted.reference(directory, pixels, trained.platt)
    inputs = trained.fitted.inputs(pixels)
    outputs = [sessions.run(sessions.open_session(directory / "model.onnx"), inputs)]
    if masks:
        open_masks = {mask["name"]: np.ones((len(pixels), *mask["shape"]), np.float32) for mask in masks}
        outputs.append(sessions.run(sessions.open_session(directory / "posterior.onnx"), inputs, open_masks))
    difference = max(float(np.abs(output - wanted).max()) for output in outputs)
    if not difference <= LARGEST_DIFFERENCE:
        raise IncompatiblePackageError(
            f"ONNX and {trained.recipe.classifier} as trained differ by {difference:.2e} on {len(pixels)} held "
            f"rows; allowed: {LARGEST_DIFFERENCE:g}"
        )
    return difference


def _with_gaps(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows and a few of them again with missing pixels, which the graph has to fill."""
    gaps = pixels[:3].copy()
    gaps[:1, :2] = np.nan
    gaps[1:2, :, :, 0] = np.nan
    gaps[2:3, -1:] = np.inf
    return np.concatenate([pixels, gaps])


def _digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


def _finite_or_none(value: object) -> object:
    """Return the value, None for NaN and infinity, which JSON does not know."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(_json_text(content))


def _json_text(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, default=str) + "\n"
