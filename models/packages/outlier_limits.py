"""The limit beyond which a package flags a candidate, fitted on the rows that taught it.

Tested by tests/models/packages/test_outlier_limits.py.
"""

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.graphs import sessions
from models.graphs.latent_graph import with_latent
from models.graphs.sessions import LATENT
from models.packages.trained_files import MODEL, TrainedFiles
from models.recipes.classifier import ClassifierRecipe
from models.registry import NETWORK
from models.scoring.model_inputs import GraphInputs
from models.training import batches
from models.training.rows import PartRows, scorable_rows, select_rows
from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.features import physical_features
from pipeline.scores.outliers import SPACE, OutlierMeasure, held_alarms, limit_of, outlier_words

log = logging.getLogger(__name__)

Space = Callable[[GraphInputs], NDArray[np.float32]]

MOST_ROWS: Final = 20_000
"""Training rows that the measure is fitted on; more change it little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OutlierLimits:
    """What a package keeps of the flag.

    Attributes
    ----------
    stated : mapping
        Its key ``outliers``: ``false_alarms``, ``limit``, ``features``, ``rows`` and ``held``, and ``space`` of a
        network; or ``why_none``.
    table : ndarray of float64, (2 + c + f, f), or None
        The measure; None where there is none.
    beside : ndarray of float64, (2 + c + f, f), or None
        That of the physical features of the same rows, which a network does not take; None unless asked for.
    """

    stated: dict[str, Any]
    table: NDArray[np.float64] | None
    beside: NDArray[np.float64] | None = None


def fit_outliers(trained: TrainedFiles, dataset: DataSet, recipe: ClassifierRecipe) -> OutlierLimits | None:
    """Return the limits of a trained classifier; None where its recipe asks for none.

    Parameters
    ----------
    trained : TrainedFiles
        The classifier.
    dataset : DataSet
        What it was trained on: the training rows fit the measure, and the validation rows that judge say how often it
        is a false alarm.
    recipe : ClassifierRecipe
        With the key ``outliers``.
    """
    if recipe.outliers is None:
        return None
    asked = recipe.outliers.stated
    teach, judge = select_rows(dataset, recipe, scorable_rows(dataset, trained.contract))
    try:
        with tempfile.TemporaryDirectory(prefix="nightsift-") as folder:
            space = _space(trained, Path(folder))
            features, labels = _features(trained, dataset, teach, space)
            measure = OutlierMeasure.fit(features, labels)
            held = measure.distances(_features(trained, dataset, judge, space)[0])
            beside = _beside(trained, dataset, teach) if recipe.outliers.reasons else None
    except InputError as fault:
        log.warning("no flag of outliers: %s", fault)
        return OutlierLimits(stated={**asked, "why_none": str(fault)}, table=None)
    limit = limit_of(measure.distances(features), recipe.outliers.false_alarms)
    candidates = dataset.candidates(judge.part)[judge.used][: len(held)]
    nights = candidates["night"].to_numpy(str) if "night" in candidates else np.full(len(held), "")
    about = {"limit": limit, "features": features.shape[1], "rows": len(features)}
    about |= {SPACE: LATENT} if is_latent(trained.content) else {}
    stated = {**asked, **about, "held": held_alarms(held, limit, nights)}
    log.info("outliers: %s", outlier_words(stated))
    return OutlierLimits(stated=stated, table=measure.table, beside=beside)


def is_latent(content: Mapping[str, Any]) -> bool:
    """Tell whether distances are taken in the latent layer: of networks of pixels, not of tables.

    Parameters
    ----------
    content : mapping
        ``training.json``.
    """
    return content["family"] == NETWORK and content["input"]["size_pixel"] > 1


def _space(trained: TrainedFiles, folder: Path) -> Space:
    """Return what makes numbers ``(n, f)``, in which distances are taken, of what a graph takes.

    Raises
    ------
    InputError
        If the network ends in no layer that such numbers could be taken from.
    """
    if not is_latent(trained.content):
        return lambda given: given.first.reshape(len(given.first), -1)
    import onnx

    graph = with_latent(onnx.load_model(trained.directory / MODEL))
    if graph is None:
        raise InputError(f"the logits of {trained.content['classifier']} are not those of a dense layer")
    path = folder / MODEL
    path.write_bytes(graph.SerializeToString())
    session = sessions.open_session(path)
    return lambda given: sessions.run(session, given.first, given.more, output=LATENT)


def _beside(trained: TrainedFiles, dataset: DataSet, rows: PartRows) -> NDArray[np.float64]:
    """Return the measure of the physical features of the first rows of a part."""
    channels = trained.contract.channels
    found, labels, count = [], [], 0
    for block in batches.blocks(dataset, trained.contract, rows):
        found.append(physical_features(block.pixels, channels))
        labels.append(block.labels)
        count += len(block.labels)
        if count >= MOST_ROWS:
            break
    return OutlierMeasure.fit(np.concatenate(found)[:MOST_ROWS], np.concatenate(labels)[:MOST_ROWS]).table


def _features(
    trained: TrainedFiles, dataset: DataSet, rows: PartRows, space: Space
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what the first rows of a part are in the space, and their labels."""
    found, labels, count = [], [], 0
    for block in batches.blocks(dataset, trained.contract, rows):
        if not len(block.pixels):
            continue
        found.append(space(trained.inputs(block.pixels, block.metadata)))
        labels.append(block.labels)
        count += len(block.labels)
        if count >= MOST_ROWS:
            break
    return np.concatenate(found)[:MOST_ROWS], np.concatenate(labels)[:MOST_ROWS]
