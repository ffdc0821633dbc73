"""Calibration of many classes: a scale and a shift of each class's logit before the softmax.

Temperature scaling (Guo et al. 2017) is one scale for all classes and no shift; vector scaling has both for each class.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from pipeline.errors import InputError
from pipeline.scores.beta import Beta, fit_beta
from pipeline.scores.calibration import IDENTITY, Platt, fit_platt, fit_platt_prior
from pipeline.scores.isotonic import Isotonic, fit_isotonic

log = logging.getLogger(__name__)

SCALE_SIGMA, CLASS_SCALE_SIGMA, SHIFT_SIGMA = 1.0, 0.5, 1.0
"""Widths of the normal priors around no calibration: of the logarithm of the common scale, of what each class's own
adds to it, and of the shifts. They count as much as a few rows."""


MANY: Final = "allowed for more than two: vector, temperature, platt_prior, none"
"""What a refusal of `OF_TWO` says."""

BY_NIGHT: Final = "by_night"
"""A recipe's wish for the method that is best on nights which did not fit it; itself no method."""

OF_TWO: Final = ("isotonic", "beta", BY_NIGHT)
"""Methods for two classes alone."""

UNMOVED: Final = ("temperature", "platt_prior", "none")
"""Methods that do not bring logits of any share of reals to that of the rows: without a free intercept."""

_SUM_SLACK: Final = 1e-6


@dataclass(frozen=True)
class ClassScaling:
    """The calibration ``softmax(scale * logits + shift)``, with a scale and a shift for each class.

    Attributes
    ----------
    scale : tuple of float, (k,)
        Above 0.
    shift : tuple of float, (k,)

    Examples
    --------
    >>> ClassScaling((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)).probabilities([[0.0, 0.0, 0.0]]).round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def calibrated(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated logits ``(n, k)``; NaN stays NaN."""
        return np.asarray(np.asarray(logits, dtype=np.float64) * np.array(self.scale) + np.array(self.shift))

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(n, k)``; a row with NaN is NaN."""
        return np.asarray(softmax(self.calibrated(logits), axis=-1))

    def at_shares(self, fitted: Sequence[float], wanted: Sequence[float]) -> "ClassScaling":
        """Return the calibration for other shares of the classes than those of the rows it was fitted on.

        Bayes' rule: the ratio of the shares moves the logit of each class by its logarithm (Saerens et al. 2002).

        Parameters
        ----------
        fitted, wanted : sequence of float
            One share a class, above 0; each sums to 1.

        Raises
        ------
        InputError
            If they are not such shares.
        """
        for name, shares in (("fitted", fitted), ("wanted", wanted)):
            if len(shares) != len(self.scale) or min(shares) <= 0 or abs(sum(shares) - 1.0) > _SUM_SLACK:
                raise InputError(
                    f"shares {name} are {list(shares)}; allowed: {len(self.scale)} numbers above 0 with the sum 1"
                )
        moved = np.log(np.asarray(wanted, dtype=np.float64) / np.asarray(fitted, dtype=np.float64))
        return ClassScaling(self.scale, tuple((np.array(self.shift) + moved).tolist()))


Calibration: TypeAlias = Platt | Beta | Isotonic | ClassScaling
"""Of a column of logits for two classes, of one for each of more; both give ``calibrated(logits)``."""


def probabilities_of(calibration: Calibration, logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probability of each class, ``(n, k)``, of logits ``(n, 1)`` for two classes, else ``(n, k)``.

    Parameters
    ----------
    calibration : Platt, Beta, Isotonic or ClassScaling
        What turns the logits into calibrated ones.
    logits : ndarray, shape (n, columns)
        Before the calibration.
    """
    calibrated = calibration.calibrated(logits)
    if calibrated.shape[-1] > 1:
        return np.asarray(softmax(calibrated, axis=-1))
    return np.concatenate([expit(-calibrated), expit(calibrated)], axis=-1)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> ClassScaling:
    """Return the one scale of all logits that makes the softmax of held-out rows probabilities.

    Parameters
    ----------
    logits : array_like, shape (n, k)
        Classifier output before the softmax for rows that the training did not see; finite.
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1; each must occur.

    Raises
    ------
    InputError
        When a class is absent, a logit is not finite or a label is of no class.

    Examples
    --------
    >>> over = 10.0 * np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> fit_temperature(over, [0, 1, 1, 0]).scale[0] < 0.2
    True
    """
    label, values = _checked(labels, logits)
    n_classes = values.shape[1]

    def expand(free: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.full(n_classes, free[0]), np.zeros(n_classes)

    return _fitted(label, values, None, np.array([SCALE_SIGMA]), expand)


def fit_vector_scaling(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> ClassScaling:
    """Return a scale and a shift for each class that make the softmax of held-out rows probabilities.

    The mean log loss is minimised with normal priors around no calibration, so that a few rows, or classes that are
    separated perfectly, cannot lead it far astray, and so that it is never worse than none on the rows themselves.

    Parameters
    ----------
    logits : array_like, shape (n, k)
        Classifier output before the softmax for rows that the training did not see; finite.
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1; each must occur.
    weights : array_like, shape (n,), optional
        Weight of each row, at least 0; ones by default.

    Raises
    ------
    InputError
        When a class is absent, a logit is not finite, a label is of no class or a weight is negative.
    """
    label, values = _checked(labels, logits)
    n_classes = values.shape[1]
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    if weight is not None and (weight.shape != label.shape or not (weight >= 0).all()):
        raise InputError("calibration weights must be one number per row, none negative")
    sigma = np.repeat([SCALE_SIGMA, CLASS_SCALE_SIGMA, SHIFT_SIGMA], [1, n_classes, n_classes])

    def expand(free: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return free[0] + free[1 : 1 + n_classes], free[1 + n_classes :]

    return _fitted(label, values, weight, sigma, expand)


def fit_calibration(method: str, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Calibration:
    """Return the calibration of logits that a recipe asks for.

    Parameters
    ----------
    method : str
        ``none``; ``temperature``; ``platt`` and ``vector``, which are one and the same: a slope and an intercept of the
        logit of two classes, a scale and a shift for each of more; ``platt_prior``: the same for equal shares of all
        classes, with stronger priors for two; of two classes alone ``beta``, a slope on either side of 0, and
        ``isotonic``, a rising line through their shares.
    logits : ndarray of float64, shape (n, columns)
        One column for two classes, else one a class.
    labels : ndarray of int64, shape (n,)
        Index of the class.

    Raises
    ------
    InputError
        When a class is absent, a logit is not finite, or more than two classes are to be calibrated by one of `OF_TWO`.
    """
    if method == "none":
        return IDENTITY
    if method in OF_TWO and logits.shape[1] > 1:
        raise InputError(f"calibration is {method!r} for {logits.shape[1]} classes; {MANY}")
    if logits.shape[1] == 1:
        return _of_two(method, logits[:, 0], labels)
    if method == "temperature":
        return fit_temperature(logits, labels)
    if method == "platt_prior":
        counts = np.bincount(labels, minlength=logits.shape[1])
        return fit_vector_scaling(logits, labels, (counts.min() / np.maximum(counts, 1))[labels])
    return fit_vector_scaling(logits, labels)


def described(calibration: Calibration) -> dict[str, object]:
    """Return the numbers of a calibration as a package states them.

    Parameters
    ----------
    calibration : Platt, Beta, Isotonic or ClassScaling
        Of a package.

    Examples
    --------
    >>> described(Platt(2.0, -1.0))
    {'slope': 2.0, 'intercept': -1.0}
    """
    if isinstance(calibration, Platt):
        return {"slope": calibration.slope, "intercept": calibration.intercept}
    if isinstance(calibration, Beta):
        return dataclasses.asdict(calibration)
    if isinstance(calibration, Isotonic):
        return {"knots": list(calibration.knots), "values": list(calibration.values)}
    return {"scale": list(calibration.scale), "shift": list(calibration.shift)}


def calibration_of(stated: Mapping[str, Any]) -> Calibration:
    """Return the calibration that a package states, as `described` wrote it.

    Parameters
    ----------
    stated : mapping
        ``slope`` and ``intercept``, ``slope_below``, ``slope_above`` and ``intercept``, ``knots`` and ``values``, or
        ``scale`` and ``shift``, among other keys.

    Examples
    --------
    >>> calibration_of({"method": "vector", "scale": [1.0, 2.0, 1.0], "shift": [0.0, 0.5, 0.0]}).scale
    (1.0, 2.0, 1.0)
    """
    if stated.get("scale"):
        return ClassScaling(tuple(map(float, stated["scale"])), tuple(map(float, stated["shift"])))
    if stated.get("slope_below"):
        return Beta(*(float(stated[name]) for name in ("slope_below", "slope_above", "intercept")))
    if stated.get("knots"):
        return Isotonic(tuple(map(float, stated["knots"])), tuple(map(float, stated["values"])))
    return Platt(float(stated["slope"]), float(stated["intercept"]))


def class_shares(labels: NDArray[np.int64], class_names: Sequence[str]) -> dict[str, float]:
    """Return the share of each class among rows, by name.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Index of the class.
    class_names : sequence of str
        The classes, at the index of their codes.

    Examples
    --------
    >>> class_shares(np.array([0, 1, 1, 1]), ["star", "galaxy"])
    {'star': 0.25, 'galaxy': 0.75}
    """
    shares = np.bincount(labels, minlength=len(class_names)) / max(1, len(labels))
    return dict(zip(class_names, shares.tolist(), strict=True))


def _of_two(method: str, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Platt | Beta | Isotonic:
    """Return the calibration of the one logit of two classes; a temperature is a slope without an intercept."""
    if method == BY_NIGHT:
        raise InputError("calibration is 'by_night', which is to be chosen before it is fitted")
    if method in OF_TWO:
        return fit_beta(logits, labels) if method == "beta" else fit_isotonic(logits, labels)
    if method == "temperature":
        return Platt(fit_temperature(np.stack([np.zeros_like(logits), logits], axis=1), labels).scale[1], 0.0)
    return fit_platt_prior(logits, labels) if method == "platt_prior" else fit_platt(logits, labels)


def _checked(labels: ArrayLike, logits: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    label, values = np.asarray(labels), np.asarray(logits, dtype=np.float64)
    if label.ndim != 1 or values.ndim != 2 or len(label) != len(values) or values.shape[1] < 2:
        raise InputError(
            f"calibration was given labels {label.shape} and logits {values.shape}; allowed: (n,) and (n, k)"
        )
    n_classes, wild = values.shape[1], int((~np.isfinite(values).all(axis=1)).sum())
    if wild:
        raise InputError(f"calibration needs finite logits; {wild} of {len(values)} rows have others")
    if not np.isin(label, np.arange(n_classes)).all():
        raise InputError(f"calibration needs labels from 0 to {n_classes - 1}; given others, such as -1 for none")
    counts = np.bincount(label.astype(np.int64), minlength=n_classes)
    if not counts.all():
        raise InputError(
            f"calibration needs rows of every class; given {counts.tolist()} of classes 0 to {n_classes - 1}"
        )
    return label.astype(np.int64), values


def _fitted(
    label: NDArray[np.int64],
    values: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    sigma: NDArray[np.float64],
    expand: Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> ClassScaling:
    """Return the scaling of the least penalised log loss.

    ``expand`` makes the logarithms of the scales and the shifts, both ``(k,)``, of the free numbers, linearly; these
    are 0 without calibration, and ``sigma`` are the widths of their priors.
    """
    rows, weights = np.arange(len(label)), np.ones(len(label)) if weight is None else weight
    # How each free number moves the logarithms of the scales and the shifts: ``expand`` is linear.
    moves = [expand(unit) for unit in np.eye(len(sigma))]
    of_scale, of_shift = (np.stack([move[place] for move in moves]) for place in (0, 1))
    truth = np.zeros_like(values)
    truth[rows, label] = 1.0

    def loss(free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_scale, shift = expand(free)
        scaled = values * np.exp(log_scale)
        logs = log_softmax(scaled + shift, axis=1)
        away = weights[:, None] * (np.exp(logs) - truth)
        slope = of_scale @ (away * scaled).sum(axis=0) + of_shift @ away.sum(axis=0) + free / sigma**2
        misfit = -(weights * logs[rows, label]).sum() + 0.5 * ((free / sigma) ** 2).sum()
        return float(misfit), slope

    start = np.zeros(len(sigma))
    bounds = [(-10.0, 10.0)] * len(sigma)
    fit = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000, "ftol": 1e-13})
    free = fit.x if fit.fun <= loss(start)[0] and np.isfinite(fit.x).all() else start
    log_scale, shift = expand(free)
    return ClassScaling(tuple(np.exp(log_scale).tolist()), tuple((shift - shift.mean()).tolist()))
