"""Labels that are likely wrong, from probabilities of models that did not learn from the rows.

Confident learning (Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70, 1373) counts the
rows of each given class that are confidently of another one. Written here, in few lines, because the library of its
authors has a licence that this project cannot take.

Tested by tests/pipeline/labels/test_confident_learning.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.errors import DataSetError

COLUMNS: Final = (
    "rank",
    "candidate_id",
    "object_id",
    "night",
    "part",
    "label_source",
    "given_label",
    "suspected_label",
    "score",
    "self_confidence",
    "margin",
)
"""Columns of the list of suspicious labels."""


@dataclass(frozen=True, kw_only=True)
class ConfidentJoint:
    """Which class each row is confidently of.

    Attributes
    ----------
    thresholds : ndarray of float64, (class,)
        Mean probability of a class over the rows that are labelled as it: a row that reaches it may well be of it.
    confident : ndarray of int64, (n,)
        Of the classes whose threshold a row reaches, the most probable one; -1 if it reaches none or has no label or
        probability.
    counts : ndarray of int64, (class, class)
        Rows by their given class and the class that they are confidently of.
    """

    thresholds: NDArray[np.float64]
    confident: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def noise(self) -> NDArray[np.float64]:
        """Return of each class which share of the rows that are labelled as it is of another one; NaN without any."""
        return noise_of(self.counts)


def confident_joint(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> ConfidentJoint:
    """Return which class each row is confidently of, and how many rows of each given class there are.

    Parameters
    ----------
    labels : ndarray of int, (n,)
        The given class of each row; -1 for none.
    probabilities : ndarray of float, (n, class)
        Of models that did not learn from the row; NaN where it has no score.

    Raises
    ------
    DataSetError
        If no row of a class has a probability.

    Examples
    --------
    >>> given = np.array([0, 0, 0, 1, 1, 1])
    >>> real = np.array([0.1, 0.2, 0.9, 0.9, 0.8, 0.1])
    >>> joint = confident_joint(given, np.stack([1 - real, real], axis=1))
    >>> joint.confident.tolist(), joint.counts.tolist()
    ([0, 0, 1, 1, 1, 0], [[2, 1], [1, 2]])
    """
    n_classes = probabilities.shape[1]
    known = (labels != UNLABELLED) & np.isfinite(probabilities).all(axis=1)
    thresholds = np.zeros(n_classes)
    for index in range(n_classes):
        mine = known & (labels == index)
        if not mine.any():
            raise DataSetError(
                f"no row that is labelled class {index} has a score; suspicious labels need some of each"
            )
        thresholds[index] = probabilities[mine, index].astype(np.float64).mean()
    reached = np.where(known[:, None], probabilities >= thresholds, False)
    best = np.where(reached, probabilities, -np.inf).argmax(axis=1)
    confident = np.where(reached.any(axis=1), best, UNLABELLED)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (labels[confident >= 0], confident[confident >= 0]), 1)
    return ConfidentJoint(thresholds=thresholds, confident=confident, counts=counts)


def noise_of(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the share of wrong labels of each given class, from a table of given and confident classes.

    Parameters
    ----------
    counts : ndarray of int, (class, class)
        As in `ConfidentJoint`.

    Examples
    --------
    >>> noise_of(np.array([[9, 1], [0, 0]])).tolist()
    [0.1, nan]
    """
    total = counts.sum(axis=1)
    wrong = total - np.diag(counts)
    return np.divide(wrong, total, out=np.full(len(total), np.nan), where=total > 0)


def suspicious_labels(rows: pd.DataFrame, joint: ConfidentJoint, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the rows that are confidently of another class than they are labelled, the most suspicious first.

    Parameters
    ----------
    rows : DataFrame
        ``candidate_id object_id night part label_source label score`` and ``p_0 p_1 ...`` of n rows.
    joint : ConfidentJoint
        Of the same rows.
    class_names : sequence of str
        The classes, at the index of their codes.

    Returns
    -------
    DataFrame
        With `COLUMNS`. ``self_confidence`` is the probability of the given class, and ``margin`` by how much that of
        the suspected class is higher; rows are in descending order of it.
    """
    given = rows["label"].to_numpy(np.int64)
    wrong = (joint.confident >= 0) & (joint.confident != given)
    found = rows[wrong].reset_index(drop=True)
    given, other = given[wrong], joint.confident[wrong]
    probabilities = found[[f"p_{index}" for index in range(len(class_names))]].to_numpy(np.float64)
    each = np.arange(len(found))
    own = probabilities[each, given]
    names = np.asarray(class_names, object)
    found = found.assign(
        given_label=names[given], suspected_label=names[other], self_confidence=own,
        margin=probabilities[each, other] - own,
    )  # fmt: skip
    found = found.sort_values(["margin", "candidate_id"], ascending=[False, True], ignore_index=True)
    return found.assign(rank=np.arange(1, len(found) + 1))[list(COLUMNS)]


def noise_table(rows: pd.DataFrame, joint: ConfidentJoint, class_names: Sequence[str]) -> pd.DataFrame:
    """Return how many labels of each class and source are likely wrong.

    Parameters
    ----------
    rows : DataFrame
        ``label label_source`` of the rows of the joint.
    joint : ConfidentJoint
        Which class each row is confidently of.
    class_names : sequence of str
        The classes, at the index of their codes.

    Returns
    -------
    DataFrame
        ``class label_source rows judged suspicious noise``, a row for each class with the source ``all``, and one for
        each of its sources. ``judged`` are those that are confidently of some class, and ``noise`` is the share of the
        suspicious among them, NaN without any.
    """
    given, source = rows["label"].to_numpy(np.int64), rows["label_source"].astype(str).to_numpy(object)
    found = []
    for code, name in enumerate(class_names):
        mine = given == code
        for what in ("all", *sorted(set(source[mine]))):
            chosen = mine if what == "all" else mine & (source == what)
            judged = chosen & (joint.confident >= 0)
            wrong = int((judged & (joint.confident != code)).sum())
            share = wrong / judged.sum() if judged.any() else float("nan")
            found.append([name, what, int(chosen.sum()), int(judged.sum()), wrong, share])
    return pd.DataFrame(found, columns=["class", "label_source", "rows", "judged", "suspicious", "noise"])
