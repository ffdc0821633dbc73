"""What a package says of some rows of a data set: heat maps, vectors with their neighbours and maps, importance."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.explaining.grad_cam import heat_maps, last_convolution
from models.explaining.latent import KERAS, is_network, latent_vectors, measured_features
from models.framework import foreign_deprecations, keras
from models.scoring.measured_sampling import at_sampling_of
from models.scoring.model_inputs import GraphInputs, Prepared
from models.scoring.opened_package import OpenedPackage
from models.scoring.runtime import Package
from models.scoring.stacked import StackedPackage
from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.metrics.permutation import permutation_importance
from pipeline.report.explain.data import ExplainedMember, ExplainedRows
from pipeline.rng import stream
from pipeline.scores.explained_rows import chosen_rows
from pipeline.scores.latent_maps import nearest, principal_components, standardised, t_sne

log = logging.getLogger(__name__)

MOST_JUDGED: Final = 20_000
"""Test rows among which rows are chosen; the first ones, for rows of a part are in random order."""

MOST_KNOWN: Final = 2_000
"""Training rows among which neighbours are looked for, and test rows that importance is measured on."""

_BLOCK: Final = 256


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How much is explained.

    Attributes
    ----------
    each : int
        Rows of each group: mistakes, uncertain, random.
    pictured : int
        Rows of each group with pictures and heat maps, at most.
    neighbours : int
        Nearest training rows of each row.
    repeats : int
        How often each feature is shuffled, at least 2.
    seed : int
        Of the draws.
    """

    each: int
    pictured: int
    neighbours: int
    repeats: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows of one part, with their raw pixels."""

    candidates: pd.DataFrame
    pixels: NDArray[np.float32]


def explain(package: OpenedPackage, dataset: DataSet, asked: Asked) -> tuple[ExplainedRows, list[ExplainedMember]]:
    """Return the rows that are explained, and what each network or classifier of a package says of them.

    Parameters
    ----------
    package : OpenedPackage
        Of a classifier, or a stack of such.
    dataset : DataSet
        Rows of its test part are explained; neighbours are of its training part.
    asked : Asked
        How much is explained.

    Raises
    ------
    InputError
        If the data set has no test rows that the package can score.
    """
    package = at_sampling_of(package, lambda: [_first(dataset, "test", 500).pixels], dataset.channels)
    judged = _first(dataset, "test", MOST_JUDGED, keep_pixels=False)
    probabilities = _probabilities(package, dataset, len(judged.candidates))
    predicted = package.predicted_labels(probabilities)
    labels = judged.candidates["label"].to_numpy()
    threshold = package.threshold if probabilities.shape[1] == 2 else np.nan
    rng = stream(asked.seed, "explained rows", "")
    places, groups = chosen_rows(probabilities, labels, predicted, threshold, asked.each, rng)
    if not len(places):
        raise InputError(f"{package.name} can score no test row of the data set, so none can be explained")
    chosen = _Rows(
        candidates=judged.candidates.iloc[places].reset_index(drop=True), pixels=_pixels(dataset, "test", places)
    )
    known = _first(dataset, "train", MOST_KNOWN)
    score = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities.max(axis=1)
    table = chosen.candidates.assign(group=groups, label_predicted=predicted[places], score=score[places])
    rows = ExplainedRows(
        table=table, pixels=chosen.pixels, channels=dataset.channels, known=known.candidates, known_pixels=known.pixels,
        class_names=package.class_names, judged=len(judged.candidates), pictured=_pictured(groups, asked.pictured),
    )  # fmt: skip
    return rows, [
        _explained(member, weight, rows, dataset, asked) for member, weight in _members(package) if weight > 0
    ]


def _members(package: OpenedPackage) -> Iterator[tuple[Package, float]]:
    if isinstance(package, StackedPackage):
        for member, weight in zip(package.members, package.weights, strict=True):
            if isinstance(member, Package):
                yield member, weight
    elif isinstance(package, Package):
        yield package, 1.0


def _explained(package: Package, weight: float, rows: ExplainedRows, dataset: DataSet, asked: Asked) -> ExplainedMember:
    """Return what one network or classifier says of the rows."""
    network = is_network(package)
    vectors_of = latent_vectors(package) if network else measured_features
    given = _given(package, rows.table, rows.pixels, rows.channels)
    known, there = _known(package, rows)
    own: NDArray[np.floating] = vectors_of(given)
    others: NDArray[np.floating] = vectors_of(known)
    if not network:
        own, others = standardised(own, others), standardised(others, others)
    near = nearest(own, others, asked.neighbours)
    first, shares = principal_components(own)
    maps, why_none = _maps(package, given, rows) if network else (None, "it has no network")
    importance = None if network else _importance(package, dataset, asked)
    log.info("explained %d rows by %s, beside %d training rows", len(own), package.name, len(others))
    return ExplainedMember(
        name=package.name,
        kind="network" if network else "features",
        weight=weight,
        vectors=np.asarray(own, dtype=np.float32),
        pca=first,
        pca_shares=shares,
        tsne=t_sne(own, asked.seed),
        neighbours=there[near.places],
        distances=near.distances,
        maps=maps,
        why_no_maps=why_none,
        importance=importance,
    )


def _known(package: Package, rows: ExplainedRows) -> tuple[GraphInputs, NDArray[np.int64]]:
    """Return what goes into the graph for the training rows that can be scored, and their places."""
    columns = rows.known if package.metadata_columns else None
    prepared = package.prepared(rows.known_pixels, rows.channels, columns)
    if prepared.given is None:
        raise InputError(f"{package.name} can score no training row of the data set: there are no neighbours")
    return prepared.given, np.flatnonzero(prepared.scorable)


def _given(
    package: Package, table: pd.DataFrame, pixels: NDArray[np.float32], channels: tuple[str, ...]
) -> GraphInputs:
    """Return what goes into the graph for rows that can be scored."""
    given = package.prepared(pixels, channels, table if package.metadata_columns else None).given
    if given is None:
        raise InputError(f"{package.name} can score none of these rows")
    return given


def _maps(package: Package, given: GraphInputs, rows: ExplainedRows) -> tuple[NDArray[np.float32] | None, str]:
    """Return heat maps of the rows with pictures, or why there are none."""
    with foreign_deprecations():
        model = keras().saving.load_model(package.directory / KERAS, safe_mode=True, compile=False)
    if last_convolution(model) is None:
        return None, "its network has no convolution"
    shown = rows.pictured
    inputs = [given.first[shown], *(values[shown] for values in given.more.values())]
    return heat_maps(model, inputs, rows.table["label_predicted"].to_numpy()[shown]), ""


def _importance(package: Package, dataset: DataSet, asked: Asked) -> pd.DataFrame | None:
    """Return the importance of each feature with its error; None where the rows are of one class."""
    rows = _first(dataset, "test", MOST_KNOWN)
    prepared = package.prepared(rows.pixels, dataset.channels, rows.candidates if package.metadata_columns else None)
    labels = rows.candidates["label"].to_numpy()[prepared.scorable]
    if prepared.given is None or len(np.unique(labels)) < 2:
        return None
    shape = prepared.given.first.shape
    features = measured_features(prepared.given)

    def predict(values: NDArray[np.float32]) -> NDArray[np.float64]:
        given = GraphInputs(values.reshape(len(values), *shape[1:]), prepared.given.more if prepared.given else {})
        return package.logits_of(Prepared(scorable=np.ones(len(values), bool), given=given), package.threads)

    def merit(logits: NDArray[np.floating], times: NDArray[np.float64]) -> float:
        return float((log_likelihood(logits, labels) * times).sum() / times.sum())

    rng = stream(asked.seed, "importance", package.name)
    names = _names(package.content, package.contract.channels, features.shape[1])
    return permutation_importance(predict, features, names, merit, repeats=asked.repeats, rng=rng)


def log_likelihood(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the logarithm of the probability that each row's label has, ``(n,)``, in nat.

    Parameters
    ----------
    logits : ndarray, shape (n, 1) or (n, k)
        Of the second of two classes, or of each class.
    labels : ndarray of int, shape (n,)
        Class of each row.
    """
    wide = np.concatenate([np.zeros((len(logits), 1)), logits], axis=1) if logits.shape[1] == 1 else logits
    own = np.take_along_axis(wide, labels[:, None].astype(np.int64), axis=1)[:, 0]
    return np.asarray(own - np.logaddexp.reduce(wide, axis=1), dtype=np.float64)


def _names(content: Any, channels: tuple[str, ...], width: int) -> list[str]:
    """Return the names of what a classifier takes: measured features, or the columns of a table, and metadata."""
    stated = content["external_features"]
    names = list(stated["columns"]) if stated is not None else list(channels)
    columns = (content.get("metadata") or {}).get("columns", ())
    names += [*columns, *(f"{name} is missing" for name in columns)]
    return names if len(names) == width else [*names, *(f"input {place}" for place in range(len(names), width))][:width]


def _probabilities(package: OpenedPackage, dataset: DataSet, most: int) -> NDArray[np.float32]:
    candidates, found = dataset.candidates("test"), []
    for rows, pixels in dataset.batches("test", _BLOCK):
        if rows.start >= most:
            break
        columns = candidates.iloc[rows] if package.metadata_columns else None
        found.append(package.predict(pixels, dataset.channels, columns))
    return np.concatenate(found)[:most] if found else np.empty((0, len(package.class_names)), np.float32)


def _first(dataset: DataSet, part: str, most: int, *, keep_pixels: bool = True) -> _Rows:
    """Return the first rows of a part, which are a random sample of it; their pixels only if they are kept."""
    candidates = dataset.candidates(part).iloc[:most].reset_index(drop=True)
    places = np.arange(len(candidates) if keep_pixels else 0)
    return _Rows(candidates=candidates, pixels=_pixels(dataset, part, places))


def _pixels(dataset: DataSet, part: str, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the raw cutouts of some rows of a part, ``(n, y, x, channel)``, read block by block."""
    side = dataset.size_pixel
    found = np.empty((len(places), side, side, len(dataset.channels)), np.float32)
    last = int(places.max(initial=-1))
    for rows, pixels in dataset.batches(part, _BLOCK):
        if rows.start > last:
            break
        here = (places >= rows.start) & (places < rows.stop)
        found[here] = pixels[places[here] - rows.start]
    return found


def _pictured(groups: NDArray[np.str_], most: int) -> NDArray[np.int64]:
    """Return the places of the first rows of each group."""
    rank = pd.Series(groups).groupby(groups).cumcount().to_numpy()
    return np.flatnonzero(rank < most)


def open_folder(folder: Path, threads: int) -> OpenedPackage:
    """Return the package of a classifier in a folder.

    Raises
    ------
    InputError
        If it is the package of a regressor.
    """
    from models.scoring.any_package import open_package

    package = open_package(folder, threads=threads, device="cpu")
    if not isinstance(package, OpenedPackage):
        raise InputError(f"{folder} is the package of a regressor; allowed: one of a classifier")
    return package
