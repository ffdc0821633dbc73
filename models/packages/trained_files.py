"""The trained model on disk, before it is calibrated: what `TrainClassifier` makes and `CalibratePackage` takes.

``model.onnx`` (raw pixels, or features, to logits), ``model.keras`` and ``posterior.onnx`` for networks,
``training_ids.npy`` (which candidates it learned from), ``training.json``, ``history.csv``, ``held_logits.npy`` (what
the framework gives for the held rows) and ``weights.sha256``, the digest by which two trainings are equal. Nothing is
pickled.

Tested by tests/models/packages/test_trained_files.py.
"""

import dataclasses
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from models.graphs import sessions
from models.graphs.runtimes import Runtime
from models.inputs.contract import InputContract
from models.inputs.metadata import METADATA
from models.recipes.classifier import ClassifierRecipe
from models.recipes.user_module import MODULE, digest_of, path_of
from models.registry import FEATURES
from models.scoring.model_inputs import GraphInputs, check_revisions, contract_of, interface_of, model_inputs
from models.training.train import TrainedModel
from pipeline.classes import LEARNED_PARTS
from pipeline.cutouts.normalise import NORMALISATIONS
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError, MissingInputError
from pipeline.features import FEATURES_REVISION, feature_names
from pipeline.fingerprint import fingerprint
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.packages.training_ids import write_training_ids
from pipeline.io.results.commit import verified_digests
from pipeline.scores.calibration import IDENTITY

log = logging.getLogger(__name__)

SCHEMA: Final = 1
"""Version of ``training.json``; a reader refuses another one."""

CONTENT: Final = "training.json"
MODEL: Final = "model.onnx"
POSTERIOR: Final = "posterior.onnx"
HELD_LOGITS: Final = "held_logits.npy"

LARGEST_DIFFERENCE: Final = 1e-5
"""Scores of ONNX and of the framework may differ by this on the held rows."""


@dataclass(frozen=True, kw_only=True)
class TrainedFiles:
    """A trained model on disk.

    Attributes
    ----------
    directory : Path
    content : mapping
        ``training.json``.
    contract : InputContract
        What cutouts it takes.
    """

    directory: Path
    content: Mapping[str, Any] = field(repr=False)
    contract: InputContract

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, index 0 first."""
        return tuple(self.content["classes"])

    @property
    def columns(self) -> int:
        """Return how many logits a row has."""
        return 1 if len(self.class_names) == 2 else len(self.class_names)

    @property
    def masks(self) -> list[dict[str, Any]]:
        """Return what each dropout mask is that ``posterior.onnx`` takes."""
        return list(self.content["posterior_masks"])

    @property
    def held_logits(self) -> NDArray[np.float32]:
        """Return what the framework gave for the held rows and those with gaps (`with_gaps`), ``(n, columns)``."""
        return np.asarray(np.load(self.directory / HELD_LOGITS, allow_pickle=False), dtype=np.float32)

    def inputs(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> GraphInputs:
        """Return what the graph takes for selected raw pixels, and raw metadata ``(n, k)`` if it takes any."""
        return model_inputs(self.content, self.contract, pixels, metadata)

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the logits ``(n, columns)`` of selected raw pixels ``(n, y, x, channel)``, and of raw metadata."""
        if not len(pixels):
            return np.empty((0, self.columns), np.float32)
        interface = interface_of(self.content, {}, self.columns)
        given = self.inputs(pixels, metadata)
        return sessions.run(sessions.open_session(self.directory / MODEL, interface), given.first, given.more)


def write(directory: Path, trained: TrainedModel, *, dataset: DataSet | None) -> None:
    """Write a trained model into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists; nothing is written outside it.
    trained : TrainedModel
        What to write.
    dataset : DataSet or None
        What it was trained on, for its fingerprint and ids; None where that is not known.

    Raises
    ------
    IncompatiblePackageError
        When ONNX and the framework differ by more than 1e-5 on the held rows.
    """
    exported = trained.fitted.export(directory)
    if dataset is not None:
        write_training_ids(directory, {part: dataset.candidates(part)["candidate_id"] for part in LEARNED_PARTS})
    pixels, metadata = with_gaps(trained.held), missing_in_first(trained.held_metadata)
    wanted = np.asarray(trained.fitted.reference(directory, pixels, metadata), dtype=np.float32)
    np.save(directory / HELD_LOGITS, wanted, allow_pickle=False)
    content = _content(trained, dataset, exported)
    difference = _difference(directory, model_inputs(content, trained.contract, pixels, metadata), wanted)
    require_alike(difference, trained.recipe.classifier, len(pixels))
    digest = fingerprint([content, exported["weights_sha256"]])
    content |= {"weights_sha256": exported["weights_sha256"], "onnx_difference": difference}
    write_csv(directory / "history.csv", trained.history)
    (directory / "weights.sha256").write_text(digest + "\n")
    (directory / CONTENT).write_text(json_text(content))
    log.info("wrote a trained %s; ONNX differs by at most %.1e", trained.recipe.classifier, difference)


def read(directory: Path) -> TrainedFiles:
    """Open a trained model, every file of which is as it was written.

    Raises
    ------
    MissingInputError, InputError
        When there is none, or a file of it is missing, was changed or added.
    IncompatiblePackageError
        When it has another schema, or was trained on features that this version measures in another way.
    """
    if not (directory / CONTENT).is_file():
        raise MissingInputError(f"no trained model in {directory}: {CONTENT} is missing; train again")
    verified_digests(directory)
    content = json.loads((directory / CONTENT).read_bytes())
    if content.get("schema") != SCHEMA:
        raise IncompatiblePackageError(
            f"{directory / CONTENT} has schema {str(content.get('schema'))[:60]}; this version reads {SCHEMA}"
        )
    check_revisions(content)
    return TrainedFiles(directory=directory, content=content, contract=contract_of(content))


def with_gaps(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return held rows and a few of them again with missing pixels, which the graph has to fill."""
    gaps = pixels[:3].copy()
    gaps[:1, :2] = np.nan
    gaps[1:2, :, :, 0] = np.nan
    gaps[2:3, -1:] = np.inf
    return np.concatenate([pixels, gaps])


def missing_in_first(metadata: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Return the metadata of the rows of `with_gaps`, where the first of those behind has none."""
    if metadata is None:
        return None
    gaps = metadata[:3].copy()
    gaps[:1] = np.nan
    return np.concatenate([metadata, gaps])


def json_text(content: Mapping[str, object]) -> str:
    """Return a description as it is written: keys sorted, numbers finite."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, default=str) + "\n"


def finite_or_none(value: object) -> object:
    """Return the value, None for NaN and infinity, which JSON does not know."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _content(trained: TrainedModel, dataset: DataSet | None, exported: Mapping[str, object]) -> dict[str, object]:
    """Return the part of ``training.json`` that decides logits."""
    recipe, contract, scaling = trained.recipe, trained.contract, trained.fitted.scaling
    table = trained.fitted.table
    return {
        "schema": SCHEMA,
        "title": _title(recipe),
        "classifier": recipe.classifier,
        "family": recipe.family,
        "recipe": recipe.training_part,
        "seed": trained.seed,
        "threads": trained.fitted.threads,
        "input": contract.stated(),
        "classes": list(trained.class_names),
        **_normalisation(recipe),
        "module": {"file": path_of(recipe.module).name, "sha256": digest_of(recipe.module)} if recipe.module else None,
        "external_features": _features(recipe, contract, exported.get("fwhm_pixel")),
        **({} if scaling is None else {METADATA: dataclasses.asdict(scaling)}),
        **({} if table is None else {"table": dataclasses.asdict(table)}),
        "posterior_masks": exported["posterior"],
        "parameters": exported["parameters"],
        "counts": trained.counts,
        **_fewer_rows(trained),
        "dataset_fingerprint": "" if dataset is None else dataset.fingerprint,
        "runtime": Runtime().stated,
    }


def _fewer_rows(trained: TrainedModel) -> dict[str, int]:
    """Return how many of the training rows a classifier without epochs learned from, where these are not all."""
    if "rows" not in trained.history:
        return {}
    learned = int(trained.history["rows"].iloc[-1])
    counts = cast("Mapping[str, Mapping[str, int]]", trained.counts["train"])
    return {} if learned >= sum(counts["class"].values()) else {"learned_rows": learned}


def _normalisation(recipe: ClassifierRecipe) -> dict[str, object]:
    own = recipe.normalisation == MODULE
    within = {"in_graph": True} if own else NORMALISATIONS.metadata(recipe.normalisation)
    named = {"name": recipe.normalisation, "missing": recipe.missing}
    return {
        "normalisation": {**named, "in_graph": within["in_graph"]},
        "external_normalisation": None if within["in_graph"] else {"revision": within["revision"], **named},
    }


def _features(recipe: ClassifierRecipe, contract: InputContract, fwhm_pixel: object) -> dict[str, object] | None:
    if recipe.family != FEATURES:
        return None
    return {
        "name": "physical",
        "revision": FEATURES_REVISION,
        "columns": list(feature_names(contract.channels)),
        "fwhm_pixel": finite_or_none(fwhm_pixel),
    }


def _title(recipe: ClassifierRecipe) -> str:
    """Return what a classifier is called: a network of the user's own, by its file."""
    return path_of(recipe.module).stem if recipe.classifier == MODULE else recipe.classifier


def _difference(directory: Path, given: GraphInputs, wanted: NDArray[np.float32]) -> float:
    """Return the largest difference of uncalibrated scores by ONNX and by the framework."""
    found = sessions.run(sessions.open_session(directory / MODEL), given.first, given.more)
    return float(np.abs(IDENTITY.apply(found) - IDENTITY.apply(wanted)).max())


def require_alike(difference: float, classifier: str, rows: int) -> None:
    """Refuse a graph whose scores differ from those of the framework by more than `LARGEST_DIFFERENCE`.

    Raises
    ------
    IncompatiblePackageError
        With the difference.
    """
    if not difference <= LARGEST_DIFFERENCE:
        raise IncompatiblePackageError(
            f"ONNX and {classifier} as trained differ by {difference:.2e} on {rows} held rows; "
            f"allowed: {LARGEST_DIFFERENCE:g}"
        )
