"""Reasons of scores: groups of features are replaced by what the other class shows, and the logit is taken again.

A group counts by the mean of what it moves as the only one that is replaced and as the only one that is not: features
are alike, so that the others alone often hold a score where it is. These are the first and the last step of Shapley's
value.

Tested by tests/models/scoring/test_reasons.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.inputs.metadata import METADATA
from models.scoring.model_inputs import Description, Prepared
from models.scoring.opened_package import OpenedPackage, StoredPackage
from pipeline.classes import are_real_and_bogus
from pipeline.errors import IncompatiblePackageError
from pipeline.scores.outliers import OutlierMeasure
from pipeline.scores.reasons import grouped, sentence

Logits = Callable[[Prepared], NDArray[np.float64]]


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
        ``package.json`` of a classifier on features, of two classes.
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
    features = prepared.given.first
    names = [*content["external_features"]["columns"]]
    names += [f"{METADATA} {place}" for place in range(features.shape[1] - len(names))]
    real, gone = called_real[prepared.scorable], faded[prepared.scorable]
    others = (measure.location + measure.scale * measure.centres).astype(np.float32)[1 - real.astype(int)]
    everywhere = np.ones(len(features), dtype=bool)

    def logit(given: NDArray[np.float32]) -> NDArray[np.float64]:
        return logits_of(Prepared(scorable=everywhere, given=prepared.given._replace(first=given)))[:, 0]  # type: ignore[union-attr]

    whole, none, contributions = logit(features), logit(others), {}
    for group, places in grouped(names).items():
        without, alone = features.copy(), others.copy()
        without[:, places], alone[:, places] = others[:, places], features[:, places]
        moved = whole - logit(without) + logit(alone) - none
        contributions[group] = 0.5 * np.where(real, 1.0, -1.0) * moved
    found[prepared.scorable] = [
        sentence(
            {group: float(values[row]) for group, values in contributions.items()},
            dict(zip(names, features[row].tolist(), strict=True)),
            real=bool(real[row]),
            faded=bool(gone[row]),
        )
        for row in range(len(features))
    ]
    return found


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
    is_able = isinstance(package, OpenedPackage) and package.flags_outliers and are_real_and_bogus(package.class_names)
    if not isinstance(package, OpenedPackage) or not is_able:
        raise IncompatiblePackageError(
            f"{package.name} cannot give reasons; allowed: packages of real and bogus on features whose recipe has "
            "'outliers', which keep what the training rows of each class are like, and stacks with such a member; add "
            "the key to the recipe: nothing is trained again"
        )
    return replace(package, explains=True)
