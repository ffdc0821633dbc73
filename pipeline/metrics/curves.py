"""Counts of real and bogus above every threshold, for one weighting of the rows or for thousands at once."""

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError


class Curves:
    """Rows sorted by falling score, with the weight of each class at or above every distinct score.

    A bootstrap replicate is a row of integer weights; all metrics of a thousand replicates come from the one sorted
    order that is kept here.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 bogus, 1 real.
    scores : array_like, shape (n,)
        1 = real; finite.
    weights : ndarray of float64, shape (r, n), optional
        One weighting per row; by default one row of ones.

    Raises
    ------
    InputError
        When lengths differ, a label is neither 0 nor 1, or a score is not finite.
    """

    def __init__(self, labels: ArrayLike, scores: ArrayLike, weights: NDArray[np.float64] | None = None) -> None:
        label, score = checked(labels, scores)
        order = np.argsort(-score, kind="stable")
        self.scores: NDArray[np.float64] = score[order]
        self.labels: NDArray[np.int64] = label[order]
        if weights is None:
            self.weights: NDArray[np.float64] = np.ones((1, len(score)))
        else:
            self.weights = np.asarray(weights, dtype=np.float64)[:, order]
        self._last = np.flatnonzero(np.append(np.diff(self.scores) != 0, True)[: len(score)])

    @property
    def distinct_scores(self) -> NDArray[np.float64]:
        """Distinct scores in falling order, ``(k,)``; at each, rows with a score at or above it are called real."""
        return self.scores[self._last]

    @cached_property
    def true_positives(self) -> NDArray[np.float64]:
        """Weight of real rows at or above each distinct score, ``(r, k)``."""
        return np.cumsum(self.weights * (self.labels == REAL), axis=1)[:, self._last]

    @cached_property
    def false_positives(self) -> NDArray[np.float64]:
        """Weight of bogus rows at or above each distinct score, ``(r, k)``."""
        return np.cumsum(self.weights * (self.labels == BOGUS), axis=1)[:, self._last]

    @cached_property
    def n_real(self) -> NDArray[np.float64]:
        """Weight of all real rows, ``(r,)``."""
        return self.weights @ (self.labels == REAL).astype(np.float64)

    @cached_property
    def n_bogus(self) -> NDArray[np.float64]:
        """Weight of all bogus rows, ``(r,)``."""
        return self.weights @ (self.labels == BOGUS).astype(np.float64)

    @cached_property
    def n(self) -> NDArray[np.float64]:
        """Weight of all rows, ``(r,)``."""
        return self.n_real + self.n_bogus

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted mean, ``(r,)``, of one value per row, ``(n,)`` in sorted order."""
        return ratio(self.weights @ values, self.n)

    def counts_at(self, threshold: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights of real and of bogus rows with ``score >= threshold``, each ``(r,)``."""
        above = (self.scores >= threshold).astype(np.float64)
        real = self.labels == REAL
        return self.weights @ (above * real), self.weights @ (above * ~real)


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and scores as arrays, or raise `InputError` that says what is wrong with them."""
    label, score = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if label.shape != score.shape or label.ndim != 1:
        raise InputError(f"labels {label.shape} and scores {score.shape} must be two vectors of one length")
    if not np.isin(label, (BOGUS, REAL)).all():
        strange = sorted({str(value) for value in label[~np.isin(label, (BOGUS, REAL))]})[:3]
        raise InputError(f"labels must be 0 (bogus) or 1 (real); given {', '.join(strange)}; select rows first")
    if not np.isfinite(score).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(score))} scores are not finite; leave them out and count them"
        )
    return label.astype(np.int64), score


def scored_mask(labels: ArrayLike, scores: ArrayLike) -> NDArray[np.bool_]:
    """Return which rows a metric can use: label 0 or 1 and a finite score, ``(n,)``."""
    return np.isin(np.asarray(labels), (0, 1)) & np.isfinite(np.asarray(scores, dtype=np.float64))


def ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``part / whole`` with NaN where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def operating_points(labels: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Return what every possible threshold gives, from the strictest to the most lenient.

    Returns
    -------
    DataFrame
        One row per threshold (the first is above all scores): ``threshold`` (real when ``score >= threshold``),
        ``tpr``, ``fpr``, ``mdr`` (1 - tpr), ``precision`` (NaN where nothing passes). Rates are NaN where their class
        is absent.
    """
    curves = Curves(labels, scores)
    passed_real = np.concatenate([[0.0], curves.true_positives[0]])
    passed_bogus = np.concatenate([[0.0], curves.false_positives[0]])
    highest = curves.distinct_scores[:1].astype(np.float32)  # as scores and thresholds are compared
    top = np.nextafter(highest, np.float32(np.inf)) if len(curves.scores) else [np.nan]
    tpr = ratio(passed_real, np.broadcast_to(curves.n_real, passed_real.shape))
    return pd.DataFrame(
        {
            "threshold": np.concatenate([top, curves.distinct_scores]),
            "tpr": tpr,
            "fpr": ratio(passed_bogus, np.broadcast_to(curves.n_bogus, passed_bogus.shape)),
            "mdr": 1.0 - tpr,
            "precision": ratio(passed_real, passed_real + passed_bogus),
        }
    )
