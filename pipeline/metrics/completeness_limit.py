"""The 50 % completeness limit: curves of the fraction found, which falls with magnitude, and where they reach 1/2.

Tested by tests/pipeline/metrics/test_completeness.py.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize

_FEWEST = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A fitted fraction that falls with magnitude, ``plateau / (1 + exp((m - start) / width))``.

    Attributes
    ----------
    parameters : ndarray of float64, (3,)
        The fitted ones: start in magnitudes, logarithm of the width above ``narrowest``, logit of the plateau.
    narrowest : float
        The smallest width, in magnitudes, which is added to the fitted one.
    covariance : ndarray of float64, (3, 3)
        The covariance of the parameters.
    """

    parameters: NDArray[np.float64]
    narrowest: float
    covariance: NDArray[np.float64]

    @classmethod
    def constant(cls, found: bool) -> "Curve":
        """Return the curve of a search that finds everything, or nothing."""
        start = np.inf if found else -np.inf
        return cls(parameters=np.array([start, 0.0, 30.0]), narrowest=0.0, covariance=np.zeros((3, 3)))

    def fraction(self, magnitude: ArrayLike) -> NDArray[np.float64]:
        """Return the fraction at magnitudes."""
        return _logistic(np.asarray(magnitude, np.float64), *_natural(self.parameters, self.narrowest))

    def variance(self, magnitude: float) -> float:
        """Return the variance of the fraction at a magnitude."""
        steps = np.diag([1e-3, 1e-3, 1e-2])
        above, below = (
            [float(replace(self, parameters=self.parameters + sign * step).fraction(magnitude)) for step in steps]
            for sign in (1, -1)
        )
        slope = (np.array(above) - np.array(below)) / (2.0 * steps.diagonal())
        return float(slope @ self.covariance @ slope)


@dataclass(frozen=True, kw_only=True, eq=False)
class Limit:
    """Where a fraction falls to one half.

    Attributes
    ----------
    magnitude, error : float
        The limit and its standard error, in magnitudes; NaN if there is none.
    plateau, width : float
        The fitted fraction of bright sources, and how fast it falls, in magnitudes; for a product of curves, the
        product of the plateaus and no width.
    curves : tuple of Curve
        The curves whose product is the fraction; empty if nothing could be fitted.
    reason : str
        Why there is no limit, or empty.
    """

    magnitude: float = np.nan
    error: float = np.nan
    plateau: float = np.nan
    width: float = np.nan
    curves: tuple[Curve, ...] = ()
    reason: str = ""

    def fraction(self, magnitude: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted fraction at magnitudes; NaN if nothing was fitted."""
        if not self.curves:
            return np.full(np.shape(magnitude), np.nan)
        return np.asarray(np.prod([curve.fraction(magnitude) for curve in self.curves], axis=0))


def fit_limit(magnitude: ArrayLike, found: ArrayLike, *, weight: ArrayLike | None = None) -> Limit:
    """Fit how the fraction found falls with magnitude, and return the magnitude at which it is one half.

    The fraction is a logistic curve with a free plateau p, start m0 and width w::

        f(m) = p / (1 + exp((m - m0) / w)),   one half at   m50 = m0 + w ln(2 p - 1)

    It is fitted by maximum likelihood to single injections, not to bins: each contributes ``ln f(m)`` if it was found
    and ``ln(1 - f(m))`` if it was not. The free parameters are m0, ``ln(w - narrowest)`` and ``ln(p / (1 - p))``, so
    that any values are allowed; the best of three Nelder-Mead searches is taken. The width cannot fall below the mean
    distance of two injections in magnitude, ``narrowest = (max(m) - min(m)) / n``: they say nothing about a steeper
    fall, and a step between two of them would have no error. A weak prior, ``1e-3 ln(p / (1 - p))^2``, keeps p below
    1 where every bright source is found.

    The covariance C of the parameters is the inverse of the curvature of the likelihood (multiplied by
    ``sum(weight^2) / sum(weight)``). With the gradient g of f at m50, the error of the limit is
    ``sqrt(g^T C g) / |df/dm|``.

    Parameters
    ----------
    magnitude : array-like, (n,)
        Of each injection; those that are not finite are left out.
    found : array-like of bool, (n,)
        Whether it was found.
    weight : array-like, (n,), optional
        How much each counts; 1 by default.

    Returns
    -------
    Limit
        Without a magnitude, and with a reason, if there are fewer than 10 injections, if all or none are found, or if
        the curve does not cross one half within the magnitudes that are given.
    """
    number, hit = np.asarray(magnitude, np.float64), np.asarray(found, dtype=bool)
    mass = np.ones(len(number)) if weight is None else np.asarray(weight, np.float64)
    known = np.isfinite(number)
    number, hit, mass = number[known], hit[known], mass[known]
    if len(number) < _FEWEST:
        return Limit(reason=f"{len(number)} injections with a magnitude, a limit takes {_FEWEST}")
    if hit.all() or not hit.any():
        constant = Curve.constant(bool(hit.any()))
        return Limit(curves=(constant,), reason=f"{'all' if hit.any() else 'none'} of {len(hit)} injections found")
    middle, span = float(np.median(number)), max(float(np.ptp(number)), 1e-3)
    narrowest = span / len(number)
    solution = _fitted(number, hit, mass, middle, span)
    curve = Curve(
        parameters=solution, narrowest=narrowest, covariance=_covariance(solution, number, hit, mass, narrowest)
    )
    _, width, plateau = _natural(solution, narrowest)
    found_limit = Limit(plateau=plateau, width=width, curves=(curve,))
    if plateau <= 0.5:
        return replace(found_limit, reason=f"even the bright ones are found in {plateau:.0%} only")
    limit = _half(solution, narrowest)
    if not number.min() <= limit <= number.max():
        return replace(found_limit, reason=f"one half lies outside {number.min():.2f} ... {number.max():.2f}")
    return replace(found_limit, magnitude=limit, error=_error(limit, curve))


def fit_kept(magnitude: ArrayLike, recovered: ArrayLike, judged: ArrayLike, kept: ArrayLike) -> Limit:
    """Fit how the fraction recovered and kept falls with magnitude, and return the magnitude at which it is one half.

    The fraction is the product of two curves like that of :func:`fit_limit`: the fraction of all injections that is
    recovered, and the fraction of the recovered and judged ones that is kept. So it never exceeds the first curve,
    however few are judged. The errors of the two curves are independent and are combined in squares.

    Parameters
    ----------
    magnitude : array-like, (n,)
        Of all injections.
    recovered, judged, kept : array-like of bool, (n,)
        Whether each was detected; whether it is known if it is kept; and whether it is kept.

    Returns
    -------
    Limit
        Without a magnitude, and with a reason, as from :func:`fit_limit`.
    """
    number, hit, known = np.asarray(magnitude, np.float64), np.asarray(recovered, bool), np.asarray(judged, bool)
    seen = hit & known
    detection, choice = fit_limit(number, hit), fit_limit(number[seen], np.asarray(kept, bool)[seen])
    if not detection.curves:
        return detection
    if not choice.curves:
        return replace(choice, reason=f"of those recovered and judged, {choice.reason}")
    curves = (*detection.curves, *choice.curves)
    low, high = float(np.nanmin(number)), float(np.nanmax(number))
    limit = Limit(curves=curves, plateau=float(np.prod([_natural(one.parameters, one.narrowest)[2] for one in curves])))
    bright, faint = limit.fraction([low, high])
    if bright <= 0.5:
        return replace(limit, reason=f"even the bright ones are found in {bright:.0%} only")
    if faint >= 0.5:
        return replace(limit, reason=f"one half lies outside {low:.2f} ... {high:.2f}")
    half = float(brentq(lambda place: float(limit.fraction(place)) - 0.5, low, high))
    return replace(limit, magnitude=half, error=_error(half, *curves))


def _logistic(magnitude: NDArray[np.float64], start: float, width: float, plateau: float) -> NDArray[np.float64]:
    return np.asarray(plateau / (1.0 + np.exp(np.clip((magnitude - start) / width, -50.0, 50.0))))


def _natural(parameters: NDArray[np.float64], narrowest: float) -> tuple[float, float, float]:
    """Return start, width and plateau from the fitted parameters."""
    return (
        float(parameters[0]),
        narrowest + float(np.exp(np.clip(parameters[1], -8.0, 4.0))),
        float(1.0 / (1.0 + np.exp(-np.clip(parameters[2], -30.0, 30.0)))),
    )


def _half(parameters: NDArray[np.float64], narrowest: float) -> float:
    start, width, plateau = _natural(parameters, narrowest)
    return start + width * float(np.log(max(2.0 * plateau - 1.0, 1e-12)))


def _loss(
    parameters: NDArray[np.float64],
    number: NDArray[np.float64],
    hit: NDArray[np.bool_],
    mass: NDArray[np.float64],
    narrowest: float,
) -> float:
    """Return minus the logarithm of the likelihood."""
    chance = np.clip(_logistic(number, *_natural(parameters, narrowest)), 1e-9, 1.0 - 1e-9)
    # a weak preference for a plateau below 1 keeps the fit finite where every bright source is found
    return float(-(mass * np.where(hit, np.log(chance), np.log1p(-chance))).sum() + 1e-3 * parameters[2] ** 2)


def _fitted(
    number: NDArray[np.float64], hit: NDArray[np.bool_], mass: NDArray[np.float64], middle: float, span: float
) -> NDArray[np.float64]:
    """Return the best free parameters from several first guesses."""
    guesses = [np.array([middle + shift * span, np.log(0.1 * span), 2.0]) for shift in (-0.25, 0.0, 0.25)]
    options = {"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000}
    injections = (number, hit, mass, span / len(number))
    fits = [minimize(_loss, guess, args=injections, method="Nelder-Mead", options=options) for guess in guesses]
    return np.asarray(min(fits, key=lambda fit: float(fit.fun)).x, dtype=np.float64)


def _covariance(
    parameters: NDArray[np.float64],
    number: NDArray[np.float64],
    hit: NDArray[np.bool_],
    mass: NDArray[np.float64],
    narrowest: float,
) -> NDArray[np.float64]:
    """Return the covariance of the free parameters from the curvature of the likelihood."""
    injections = (number, hit, mass, narrowest)
    steps = np.array([1e-3, 1e-3, 1e-2])
    hessian = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            corners = [
                a * b * _loss(parameters + a * steps[i] * np.eye(3)[i] + b * steps[j] * np.eye(3)[j], *injections)
                for a in (1, -1)
                for b in (1, -1)
            ]
            hessian[i, j] = sum(corners) / (4.0 * steps[i] * steps[j])
    # an effective number below the sum of weights: correct as for Kish's
    return np.asarray(np.linalg.pinv(hessian) * (mass**2).sum() / mass.sum())


def _error(magnitude: float, *curves: Curve) -> float:
    """Return the standard error of the magnitude at which a product of curves has the value that it has there."""
    values = np.array([float(curve.fraction(magnitude)) for curve in curves])
    product, step = values.prod(), 1e-3
    ends = (np.prod([curve.fraction(magnitude + shift) for curve in curves]) for shift in (step, -step))
    slope = (next(ends) - next(ends)) / (2.0 * step)
    variance = sum(
        (product / value) ** 2 * curve.variance(magnitude) for value, curve in zip(values, curves, strict=True)
    )
    return float(np.sqrt(variance) / abs(slope)) if variance > 0 and slope else float("nan")
