"""What a package says of rows: probabilities, how sure they are, how far the rows lie from those that taught it.

Tested by tests/models/packages/test_outlier_limits.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import Session
from models.graphs.sessions import LATENT, outputs_of
from models.scoring.model_inputs import GraphInputs, Prepared
from models.scoring.posterior import Posterior
from pipeline.classes import are_real_and_bogus
from pipeline.errors import InputError
from pipeline.scores.outliers import BESIDE, MEASURE, OUTLIERS, SPACE, OutlierMeasure


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is said of n rows.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n, k)
        NaN in rows that cannot be scored.
    posterior : Posterior or None
        How sure they are, where the package can tell.
    unlikeness : ndarray of float32, shape (n,), or None
        Distance from the training rows in units of its limit, NaN in rows that cannot be scored; None without limit.
    reasons : ndarray of object, shape (n,), or None
        Why each row got its score; None unless that was asked for.
    """

    probabilities: NDArray[np.float32]
    posterior: Posterior | None
    unlikeness: NDArray[np.float32] | None = None
    reasons: NDArray[np.object_] | None = None


def measure_of(content: Mapping[str, Any], directory: Path) -> OutlierMeasure | None:
    """Return what a package measures distances by; None where it flags no outliers.

    Raises
    ------
    InputError
        If its file is damaged or none of such numbers.
    """
    return _measure(content, directory, MEASURE)


def measure_beside(content: Mapping[str, Any], directory: Path) -> OutlierMeasure | None:
    """Return what the physical features of a network's training rows are like; None where it keeps none.

    Raises
    ------
    InputError
        If its file is damaged or none of such numbers.
    """
    return _measure(content, directory, BESIDE) if BESIDE in content["files"] else None


def _measure(content: Mapping[str, Any], directory: Path, name: str) -> OutlierMeasure | None:
    if content.get(OUTLIERS, {}).get("limit") is None:
        return None
    return _read(directory / name, str(content["files"].get(name)))


def scores_and_latent(
    content: Mapping[str, Any], session: Session, given: GraphInputs, threads: int
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return probabilities ``(n, k)``, and the latent layer ``(n, f)`` where a package takes distances in it."""
    names = [session.get_outputs()[0].name, *([LATENT] if SPACE in content[OUTLIERS] else [])]
    feeds = {session.get_inputs()[0].name: given.first, **given.more}
    scores, *latent = outputs_of(session, feeds, names, threads)
    return scores, latent[0] if latent else None


def distances_of(
    content: Mapping[str, Any], directory: Path, prepared: Prepared, latent: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return how far rows lie from the training rows, in units of the limit, ``(n,)``; NaN unscored.

    Parameters
    ----------
    content, directory : mapping, Path
        Of a package that flags outliers.
    prepared : Prepared
        Rows as they go into its graph.
    latent : ndarray of float32, shape (m, f), or None
        Of the rows that can be scored; None where distances are taken in what goes into the graph.
    """
    found, measure = np.full(len(prepared.scorable), np.nan, np.float32), measure_of(content, directory)
    if measure is not None and prepared.given is not None:
        given = prepared.given.first
        measured = given.reshape(len(given), -1) if latent is None else latent
        found[prepared.scorable] = measure.distances(measured) / content[OUTLIERS]["limit"]
    return found


def may_give_reasons(content: Mapping[str, Any]) -> bool:
    """Tell whether a package, if it flags outliers, gives reasons: of real and bogus, and by features that have names.

    Parameters
    ----------
    content : mapping
        Its ``package.json``.
    """
    named = content.get(OUTLIERS, {}).get("limit") is not None and (
        SPACE not in content[OUTLIERS] or BESIDE in content["files"]
    )
    return named and are_real_and_bogus(content["classes"])


@lru_cache(maxsize=16)
def _read(path: Path, _digest: str) -> OutlierMeasure:
    try:
        return OutlierMeasure.of_table(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as fault:
        raise InputError(f"{path}: {fault}; restore the file or calibrate again") from None
