"""Reasons of scores: groups of features are replaced by what the other class shows, and the logit is taken again.

A group counts by the mean of what it moves as the only one that is replaced and as the only one that is not: features
are alike, so that the others alone often hold a score where it is. These are the first and the last step of Shapley's
value.

Tested by tests/models/scoring/test_reasons.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.inputs.metadata import METADATA
from models.scoring.judged import measure_beside, measure_of
from models.scoring.model_inputs import Description, Prepared
from models.scoring.opened_package import OpenedPackage, StoredPackage
from pipeline.classes import CLASS_NAMES
from pipeline.errors import IncompatiblePackageError
from pipeline.scores.outliers import OutlierMeasure
from pipeline.scores.reasons import column_sentence, grouped, sentence

Logits = Callable[[Prepared], NDArray[np.float64]]
Contributions = Mapping[str, NDArray[np.float64]]

ALLOWED: Final = (
    "allowed: packages of real and bogus whose recipe has 'outliers', which keep what the training rows of each class "
    "are like, of networks of pixels with 'reasons' in it, and stacks with such a member; add the key to the recipe: "
    "nothing is trained again"
)


def reasons_by(
    package: OpenedPackage,
    prepared: Prepared,
    cutouts: NDArray[np.float32],
    channels: Sequence[str],
    called_real: NDArray[np.bool_],
    logits_of: Logits,
) -> NDArray[np.object_]:
    """Return why rows are called so, ``(n,)``, by what a package keeps: `reasons_beside` or `reasons_of`.

    Raises
    ------
    IncompatiblePackageError
        If it keeps nothing of its training rows.
    """
    content, contract = package.content, package.contract
    beside, measure = (found(content, package.directory) for found in (measure_beside, measure_of))
    if beside is not None:
        return reasons_beside(beside, prepared, contract.select(cutouts, channels), contract.channels, called_real)
    if measure is None:
        raise IncompatiblePackageError(f"{package.name} cannot give reasons; {ALLOWED}")
    return reasons_of(content, measure, prepared, called_real, faded_rows(cutouts, channels), logits_of)


def reasons_of(
    content: Description,
    measure: OutlierMeasure,
    prepared: Prepared,
    called_real: NDArray[np.bool_],
    faded: NDArray[np.bool_],
    logits_of: Logits,
) -> NDArray[np.object_]:
    """Return why each row got its score, ``(n,)``; empty where it has none.

    Parameters
    ----------
    content : mapping
        ``package.json`` of a classifier on features, of cutouts or of a table, of two classes.
    measure : OutlierMeasure
        Which has the centres of bogus and real.
    prepared : Prepared
        Rows of features.
    called_real : ndarray of bool, shape (n,)
        What each is called; the reason is for that.
    faded : ndarray of bool, shape (n,)
        Whether the template is the brighter image, as of `faded_rows`.
    logits_of : callable
        The calibrated logits of prepared rows.
    """
    found = np.full(len(prepared.scorable), "", dtype=object)
    if prepared.given is None:
        return found
    shape = prepared.given.first.shape
    features = prepared.given.first.reshape(len(prepared.given.first), -1)
    is_table = content["external_features"] is None
    names = list(content["input"]["channels"] if is_table else content["external_features"]["columns"])
    names += [f"{METADATA} {place}" for place in range(features.shape[1] - len(names))]
    groups = {name: np.array([place]) for place, name in enumerate(names)} if is_table else grouped(names)
    real, gone = called_real[prepared.scorable], faded[prepared.scorable]
    others = (measure.location + measure.scale * measure.centres).astype(np.float32)[1 - real.astype(int)]
    everywhere = np.ones(len(features), dtype=bool)

    def logit(given: NDArray[np.float32]) -> NDArray[np.float64]:
        first = given.reshape(shape)
        return logits_of(Prepared(scorable=everywhere, given=prepared.given._replace(first=first)))[:, 0]  # type: ignore[union-attr]

    whole, none, contributions = logit(features), logit(others), {}
    for group, places in groups.items():
        without, alone = features.copy(), others.copy()
        without[:, places], alone[:, places] = others[:, places], features[:, places]
        moved = whole - logit(without) + logit(alone) - none
        contributions[group] = 0.5 * np.where(real, 1.0, -1.0) * moved
    if is_table:
        found[prepared.scorable] = _of_columns(contributions, names, features, others, real)
        return found
    found[prepared.scorable] = _sentences(contributions, names, features, real, gone)
    return found


def reasons_beside(
    measure: OutlierMeasure,
    prepared: Prepared,
    pixels: NDArray[np.float32],
    channels: Sequence[str],
    called_real: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Return what the pixels of each row show for the class that a network calls it, ``(n,)``; empty without score.

    The network takes no features: these are measured beside it, and a group counts by how much it alone tells the
    training rows of the two classes apart (`OutlierMeasure.told_apart`).

    Parameters
    ----------
    measure : OutlierMeasure
        Of the physical features of the training rows.
    prepared : Prepared
        Which rows can be scored.
    pixels : ndarray of float32, shape (n, y, x, channel)
        As the network sees them, before its normalisation.
    channels : sequence of str
        Names along the last axis.
    called_real : ndarray of bool, shape (n,)
    """
    from pipeline.features import feature_names, physical_features  # what gives no reasons need not load it

    found, names = np.full(len(prepared.scorable), "", dtype=object), feature_names(tuple(channels))
    seen, real = pixels[prepared.scorable], called_real[prepared.scorable]
    if len(seen):
        features = physical_features(seen, tuple(channels))
        evidence = measure.told_apart(features, grouped(names))
        towards = {name: np.where(real, 1.0, -1.0) * one for name, one in evidence.items()}
        told = _sentences(towards, names, features, real, faded_rows(seen, channels))
        found[prepared.scorable] = [f"measured beside: {words}" for words in told]
    return found


def _sentences(
    contributions: Contributions,
    names: Sequence[str],
    features: NDArray[np.float32],
    real: NDArray[np.bool_],
    faded: NDArray[np.bool_],
) -> list[str]:
    return [
        sentence(
            {group: float(values[row]) for group, values in contributions.items()},
            dict(zip(names, features[row].tolist(), strict=True)),
            real=bool(real[row]),
            faded=bool(faded[row]),
        )
        for row in range(len(features))
    ]


def _of_columns(
    contributions: Contributions,
    names: Sequence[str],
    features: NDArray[np.float32],
    others: NDArray[np.float32],
    real: NDArray[np.bool_],
) -> list[str]:
    return [
        column_sentence(
            {name: float(values[row]) for name, values in contributions.items()},
            dict(zip(names, features[row].tolist(), strict=True)),
            dict(zip(names, others[row].tolist(), strict=True)),
            other=CLASS_NAMES[1 - int(real[row])],
        )
        for row in range(len(features))
    ]


def faded_rows(cutouts: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.bool_]:
    """Return where the features take the template for the bright image, ``(n,)``: without sky, and at one gain.

    Parameters
    ----------
    cutouts : ndarray of float32, shape (n, y, x, channel)
        Raw pixels, NaN = missing.
    channels : sequence of str
        Names along the last axis; without a science image or a template nothing has faded.
    """
    if not {"science", "template"} <= set(channels):
        return np.zeros(len(cutouts), dtype=bool)
    from pipeline.features.planes import prepare  # what gives no reasons need not load it

    return prepare(cutouts, tuple(channels)).faded


def explaining(package: StoredPackage) -> OpenedPackage:
    """Return a package as it gives the reason of each score.

    Raises
    ------
    IncompatiblePackageError
        If it knows no training rows to compare with, or its classes are not real and bogus.
    """
    if not isinstance(package, OpenedPackage) or not package.gives_reasons:
        raise IncompatiblePackageError(f"{package.name} cannot give reasons; {ALLOWED}")
    return replace(package, explains=True)
