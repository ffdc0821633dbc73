"""Weights by which the logits of several classifiers are added up to one.

Tested by tests/pipeline/scores/test_combination.py.
"""

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, log_softmax

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError

log = logging.getLogger(__name__)

PENALTY: Final = 0.01
"""Half of this times the sum of squared weights is added to the mean loss of a row. Where members say the same, it
shares the weight among them; of one that says nothing it leaves none."""

SMALLEST_SHARE: Final = 1e-4
"""A member of a smaller share of the weights has none: it would cost its time and change no digit that is shown."""

PRIOR_ROWS: Final = 100
"""Stated weights count as this many rows of the scarcest class do, where fitted ones are drawn towards them."""

_FIT: Final = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9}


def fit_weights(logits: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression on the members' logits, none negative, that sum to 1.

    The intercept, and the size of the weights, are left to the calibration of the sum. The targets are those of
    Platt (1999), as in :func:`pipeline.scores.calibration.fit_platt`, so that the fit stays finite where the classes
    are separated perfectly.

    Parameters
    ----------
    logits : ndarray of float64, shape (n, members)
        Of rows that no member learned from; finite.
    labels : ndarray of int, shape (n,)
        0 bogus, 1 real; both must occur.

    Raises
    ------
    InputError
        If a class is absent, a logit is not finite, or no member ranks reals above bogus.

    Examples
    --------
    >>> logits = np.array([[-2.0, 0.5], [-1.0, -0.5], [1.0, -0.5], [2.0, 0.5]])
    >>> fit_weights(logits, np.array([0, 0, 1, 1])).tolist()
    [1.0, 0.0]
    """
    n_real, n_bogus = int((labels == REAL).sum()), int((labels == BOGUS).sum())
    if not n_real or not n_bogus:
        raise InputError(f"weights of a stack need real and bogus rows; given {n_real} real and {n_bogus} bogus")
    if not np.isfinite(logits).all():
        raise InputError(f"{int((~np.isfinite(logits)).any(axis=1).sum())} rows of {len(logits)} have no finite logit")
    targets = np.where(labels == REAL, (n_real + 1.0) / (n_real + 2.0), 1.0 / (n_bogus + 2.0))
    members = logits.shape[1]

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        lean = logits @ line[:members] + line[members]
        misfit = -(targets * log_expit(lean) + (1.0 - targets) * log_expit(-lean)).mean()
        pull = np.append(PENALTY * line[:members], 0.0)
        residual = expit(lean) - targets
        slope = np.append(residual @ logits, residual.sum()) / len(targets)
        return float(misfit + 0.5 * pull @ line), slope + pull

    start = np.append(np.full(members, 1.0 / members), 0.0)
    bounds = [(0.0, None)] * members + [(None, None)]
    fit = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=_FIT)
    return _shares(np.asarray(fit.x[:members], dtype=np.float64), len(labels), "ranks reals above bogus")


def fit_class_weights(logs: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the weights of members' log-probabilities of more than two classes, none negative, that sum to 1.

    They minimise the log loss of the softmax of the weighed sum and a shift of each class, with the same penalty as
    :func:`fit_weights`. The shifts, and the size of the weights, are left to the calibration of the sum.

    Parameters
    ----------
    logs : ndarray of float64, shape (members, n, k)
        Log-probabilities of rows that no member learned from; finite.
    labels : ndarray of int, shape (n,)
        Index of the class, 0 to k - 1; each must occur.

    Raises
    ------
    InputError
        If a class is absent, a number is not finite, or no member tells the classes apart.
    """
    members, rows, n_classes = logs.shape
    counts = np.bincount(labels, minlength=n_classes)
    if not counts.all():
        raise InputError(f"weights of a stack need rows of every class; given {counts.tolist()}")
    if not np.isfinite(logs).all():
        raise InputError(f"{int((~np.isfinite(logs)).any(axis=(0, 2)).sum())} rows of {rows} have no finite logit")
    truth = np.eye(n_classes)[labels]

    def loss(free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, shift = free[:members], free[members:]
        found = log_softmax(np.tensordot(weights, logs, axes=1) + shift, axis=1)
        away = (np.exp(found) - truth) / rows
        slope = np.append((logs * away).sum(axis=(1, 2)) + PENALTY * weights, away.sum(axis=0))
        return float(-(truth * found).sum() / rows + 0.5 * PENALTY * weights @ weights), slope

    start = np.append(np.full(members, 1.0 / members), np.zeros(n_classes))
    bounds = [(0.0, None)] * members + [(None, None)] * n_classes
    fit = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=_FIT)
    return _shares(np.asarray(fit.x[:members], dtype=np.float64), rows, "tells the classes apart")


def drawn_towards(
    fitted: NDArray[np.float64], stated: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return weights between fitted and stated ones, by how many rows of the scarcest class fitted them.

    Parameters
    ----------
    fitted, stated : ndarray of float64, shape (members,)
        Each sums to 1.
    labels : ndarray of int, shape (n,)
        Of the rows of the fit.

    Returns
    -------
    ndarray of float64, shape (members,)
        ``(m fitted + PRIOR_ROWS stated) / (m + PRIOR_ROWS)`` with m rows of the scarcest class.

    Examples
    --------
    >>> drawn_towards(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.repeat([0, 1], [900, 100])).tolist()
    [0.75, 0.25]
    """
    rows = np.bincount(labels).min()
    return np.asarray((rows * fitted + PRIOR_ROWS * stated) / (rows + PRIOR_ROWS), dtype=np.float64)


def _shares(weights: NDArray[np.float64], rows: int, what: str) -> NDArray[np.float64]:
    """Return weights that sum to 1, without those that are next to nothing."""
    if not weights.sum() > 0:
        raise InputError(
            f"none of the {len(weights)} members {what} on {rows} rows that they did not learn from, so that there are "
            "no weights; train better members, or state the weights: 'combine: weights'"
        )
    shares = weights / weights.sum()
    shares[shares < SMALLEST_SHARE] = 0.0
    return np.asarray(shares / shares.sum())
