"""The measures of photometric redshifts; one definition of each is used for a sample and for its bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.errors import InputError
from pipeline.metrics.predicted_distributions import cde_loss, crps, probability_integral, uniform_distance
from pipeline.metrics.weighted_medians import weighted_mad, weighted_median
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.registry import Registry

OUTLIER: Final = 0.15
"""A redshift whose residual is larger than this, either way, is an outlier."""

EXTREME_PIT: Final = 1e-4
"""A truth with no more than this predicted probability on one side lies outside its distribution."""

Array = NDArray[np.float64]


def residuals(predicted: ArrayLike, spectroscopic: ArrayLike) -> Array:
    """Return ``(z_predicted - z_spectroscopic) / (1 + z_spectroscopic)``, ``(n,)``; NaN where either is missing.

    Parameters
    ----------
    predicted, spectroscopic : array_like, (n,)
        Redshifts; NaN is missing.

    Raises
    ------
    InputError
        If the lengths differ, or a spectroscopic redshift is -1 or below.

    Examples
    --------
    >>> residuals([0.55], [0.5]).round(4).tolist()
    [0.0333]
    """
    found, true = np.asarray(predicted, dtype=np.float64), np.asarray(spectroscopic, dtype=np.float64)
    if found.shape != true.shape or found.ndim != 1:
        raise InputError(
            f"{found.shape} predicted and {true.shape} spectroscopic redshifts; allowed: one of each a row"
        )
    for row in np.flatnonzero(true <= -1.0)[:1]:
        raise InputError(
            f"row {row} has the spectroscopic redshift {true[row]:g}; allowed: above -1, or NaN if missing"
        )
    with np.errstate(invalid="ignore"):
        apart = (found - true) / (1.0 + true)
    return np.where(np.isfinite(apart), apart, np.nan)


@dataclass(frozen=True, kw_only=True)
class JudgedRedshifts:
    """What the measures take of each row; NaN in ``residual`` for a row without a prediction or a truth.

    Attributes
    ----------
    residual : ndarray of float64, (n,)
        As :func:`residuals` returns it.
    pit, crps, cde_loss : ndarray of float64, (n,)
        As in :mod:`pipeline.metrics.predicted_distributions`; NaN throughout if only values were predicted.
    """

    residual: Array
    pit: Array
    crps: Array
    cde_loss: Array

    @classmethod
    def of(cls, predicted: ArrayLike, spectroscopic: ArrayLike, pdfs: BinnedPdfs | None = None) -> "JudgedRedshifts":
        """Return what is judged of predicted values, and of their distributions where there are any.

        Parameters
        ----------
        predicted, spectroscopic : array_like, (n,)
            Redshifts; NaN is missing.
        pdfs : BinnedPdfs, optional
            The n distributions.
        """
        residual = residuals(predicted, spectroscopic)
        if pdfs is None:
            nothing = np.full(len(residual), np.nan)
            return cls(residual=residual, pit=nothing, crps=nothing, cde_loss=nothing)
        return cls(
            residual=residual,
            pit=probability_integral(pdfs, spectroscopic),
            crps=crps(pdfs, spectroscopic),
            cde_loss=cde_loss(pdfs, spectroscopic),
        )

    def rows(self, chosen: ArrayLike) -> "JudgedRedshifts":
        """Return the chosen rows (a mask or indices)."""
        kept = np.asarray(chosen)
        return JudgedRedshifts(
            residual=self.residual[kept], pit=self.pit[kept], crps=self.crps[kept], cde_loss=self.cde_loss[kept]
        )

    def __len__(self) -> int:
        return len(self.residual)


@dataclass(frozen=True, kw_only=True)
class RedshiftMetric:
    """One measure of photometric redshifts.

    Attributes
    ----------
    name, title, unit : str
        Its key, its name for a reader, and ``"%"`` if the value (a fraction) reads best as per cent, else ``""``.
    column : str
        The field of `JudgedRedshifts` that it is a measure of.
    share : bool
        Whether it is the share of rows with a property, whose exact interval is binomial.
    noise_adds : bool
        Noise of the sample can only raise it, so its replicates are moved until their mean is its value.
    weighted : callable
        The definition: of the numbers ``(n,)`` and the weights ``(r, n)`` it makes r values.
    """

    name: str
    title: str
    unit: str
    column: str
    share: bool
    noise_adds: bool
    weighted: Callable[[Array, Array], Array]

    @property
    def larger_is_better(self) -> bool:
        """False: of every measure less is better, of a bias less either way."""
        return False


REDSHIFT_METRICS: Registry[RedshiftMetric] = Registry("measure of redshifts")

Weighted = Callable[[Array, Array], Array]


def redshift_metric(
    name: str, title: str, *, column: str = "residual", unit: str = "", share: bool = False, noise_adds: bool = False
) -> Callable[[Weighted], Weighted]:
    """Return a decorator that registers a function of numbers and weights as a :class:`RedshiftMetric`.

    Parameters
    ----------
    name, title, column, unit, share, noise_adds
        The attributes of :class:`RedshiftMetric`.
    """

    def enter(weighted: Weighted) -> Weighted:
        entry = RedshiftMetric(
            name=name, title=title, unit=unit, column=column, share=share, noise_adds=noise_adds, weighted=weighted
        )
        REDSHIFT_METRICS.register(name, title=title, unit=unit)(entry)
        return weighted

    return enter


@redshift_metric("bias", "Median residual")
def bias(values: Array, weights: Array) -> Array:
    """Return the median residual."""
    return weighted_median(values, weights)


@redshift_metric("mean_residual", "Mean residual")
def mean_residual(values: Array, weights: Array) -> Array:
    """Return the mean residual, outliers included."""
    return _mean(values, weights)


@redshift_metric("sigma_nmad", "Scatter (NMAD)")
def sigma_nmad(values: Array, weights: Array) -> Array:
    """Return 1.4826 times the median absolute deviation from the median residual."""
    return SIGMA_PER_MAD * weighted_mad(values, weights)


@redshift_metric("outliers", "Outliers", unit="%", share=True)
def outliers(values: Array, weights: Array) -> Array:
    """Return the share of residuals beyond `OUTLIER`; the bias is not subtracted before."""
    return _mean((np.abs(values) > OUTLIER).astype(np.float64), weights)


@redshift_metric("crps", "CRPS", column="crps")
def mean_crps(values: Array, weights: Array) -> Array:
    """Return the mean continuous ranked probability score, in redshift."""
    return _mean(values, weights)


@redshift_metric("cde_loss", "CDE loss", column="cde_loss")
def mean_cde_loss(values: Array, weights: Array) -> Array:
    """Return the mean loss of the conditional density."""
    return _mean(values, weights)


@redshift_metric("pit_ks", "PIT distance (KS)", column="pit", noise_adds=True)
def pit_ks(values: Array, weights: Array) -> Array:
    """Return the Kolmogorov-Smirnov distance of the PIT values from uniform ones."""
    return uniform_distance(values, weights)


@redshift_metric("pit_extreme", "Truth outside", column="pit", unit="%", share=True)
def pit_extreme(values: Array, weights: Array) -> Array:
    """Return the share of truths with at most `EXTREME_PIT` predicted probability below or above."""
    return _mean(((values <= EXTREME_PIT) | (values >= 1.0 - EXTREME_PIT)).astype(np.float64), weights)


def _mean(values: Array, weights: Array) -> Array:
    total = weights.sum(axis=1)
    return (weights @ values) / np.where(total > 0, total, np.nan)
