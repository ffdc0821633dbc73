"""Weights by which the logits of several classifiers are added up to one.

Tested by tests/pipeline/scores/test_combination.py.
"""

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError

log = logging.getLogger(__name__)

PENALTY: Final = 0.01
"""Half of this times the sum of squared weights is added to the mean loss of a row. Where members say the same, it
shares the weight among them; of one that says nothing it leaves none."""

SMALLEST_SHARE: Final = 1e-4
"""A member of a smaller share of the weights has none: it would cost its time and change no digit that is shown."""


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
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9}
    fit = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    weights = np.asarray(fit.x[:members], dtype=np.float64)
    if not weights.sum() > 0:
        raise InputError(
            f"none of the {members} members ranks reals above bogus on {len(labels)} rows that they did not learn "
            "from, so that there are no weights; train better members, or state the weights: 'combine: weights'"
        )
    shares = weights / weights.sum()
    shares[shares < SMALLEST_SHARE] = 0.0
    return np.asarray(shares / shares.sum())
