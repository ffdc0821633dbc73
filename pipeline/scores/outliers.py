"""How far a candidate lies from those that a model learned from: a flag for what no training row is like.

The Mahalanobis distance to the nearest class, with one covariance for all classes (Lee, Lee, Lee & Shin 2018), shrunk
towards a sphere as far as the number of rows asks for (Ledoit & Wolf 2004). Features are first brought to their median
and quartiles, and cut off far outside, for many have long tails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

OUTLIERS: Final = "outliers"
"""The key in recipes and packages."""

MEASURE: Final = "outliers.npy"
"""File of a package with `OutlierMeasure.table`."""

BESIDE: Final = "outliers_beside.npy"
"""File of the package of a network with the same of physical features, which it does not take."""

SPACE: Final = "space"
"""Key of what a package states: where distances are taken, if not in the features that a model takes."""

UNLIKENESS: Final = "unlikeness"
"""The column of scores: the distance in units of its limit."""

MOST_WIDTHS: Final = 30.0
"""Standardised features are cut off here."""

LEAST_ROWS: Final = 50
"""Fewer training rows tell no limit."""

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class OutlierMeasure:
    """What distances are measured by.

    Attributes
    ----------
    location, scale : ndarray of float64, (f,)
        Median and width of each feature over the training rows.
    centres : ndarray of float64, (c, f)
        Mean of each class, of standardised features.
    whitening : ndarray of float64, (f, f)
        Of a standardised row, minus a centre, gives numbers of unit variance: ``row @ whitening``.
    """

    location: Array
    scale: Array
    centres: Array
    whitening: Array

    @classmethod
    def fit(cls, features: ArrayLike, labels: ArrayLike) -> Self:
        """Return the measure of training rows.

        Parameters
        ----------
        features : array_like, (n, f)
            NaN is missing and counts as the median.
        labels : array_like of int, (n,)
            Their classes.

        Raises
        ------
        InputError
            If there are fewer rows than LEAST_ROWS.
        """
        from sklearn.covariance import ledoit_wolf

        rows, classes = np.asarray(features, dtype=np.float64), np.asarray(labels)
        if len(rows) < LEAST_ROWS:
            raise InputError(
                f"{len(rows)} training rows cannot tell what is unlike them; allowed: {LEAST_ROWS} or more"
            )
        known = np.where(np.isfinite(rows), rows, np.nan)
        some = np.isfinite(known).any(axis=0)
        known[:, ~some] = 0.0
        low, location, high = np.nanpercentile(known, (25, 50, 75), axis=0)
        spread = np.where(high > low, (high - low) / 1.349, np.nanstd(known, axis=0))
        scale = np.where(spread > 0, spread, 1.0)
        standard = _standard(rows, location, scale)
        names = np.unique(classes)
        centres = np.stack([standard[classes == name].mean(axis=0) for name in names])
        covariance, _ = ledoit_wolf(standard - centres[np.searchsorted(names, classes)], assume_centered=True)
        values, vectors = np.linalg.eigh(covariance)
        whitening = vectors / np.sqrt(np.maximum(values, 1e-12 * values.max()))
        return cls(location=location, scale=scale, centres=centres, whitening=whitening)

    def distances(self, features: ArrayLike) -> Array:
        """Return the distance of each row to the nearest class, ``(n,)``."""
        white = _standard(np.asarray(features, dtype=np.float64), self.location, self.scale) @ self.whitening
        centres = self.centres @ self.whitening
        return np.asarray(np.sqrt(np.min([((white - centre) ** 2).sum(axis=1) for centre in centres], axis=0)))

    def told_apart(self, features: ArrayLike, groups: Mapping[str, NDArray[np.int64]]) -> dict[str, Array]:
        """Return by how much each group of features alone speaks for the second of two classes, each ``(n,)``.

        It is the logarithm of the ratio of the densities of two normal distributions with the means of the classes and
        their one covariance (Fisher's linear discriminant), of the features of the group alone.

        Parameters
        ----------
        features : array_like, (n, f)
        groups : mapping of str to ndarray of int64
            Places of the features of each.
        """
        rows = _standard(np.asarray(features, dtype=np.float64), self.location, self.scale)
        covariance = np.linalg.inv(self.whitening @ self.whitening.T)
        middle, apart = self.centres.mean(axis=0), self.centres[1] - self.centres[0]
        return {
            name: (rows[:, places] - middle[places])
            @ np.linalg.solve(covariance[np.ix_(places, places)], apart[places])
            for name, places in groups.items()
        }

    @property
    def table(self) -> Array:
        """All numbers as ``(2 + c + f, f)``: location, scale, centres, whitening."""
        return np.concatenate([self.location[None], self.scale[None], self.centres, self.whitening])

    @classmethod
    def of_table(cls, table: Array) -> Self:
        """Return the measure of a table.

        Raises
        ------
        InputError
            If it is none.
        """
        if (
            table.ndim != 2
            or table.shape[0] < table.shape[1] + 3
            or not np.isfinite(table).all()
            or (table[1] <= 0).any()
        ):
            raise InputError(
                f"shape {table.shape}; allowed: finite rows of location, scale above 0, centres, whitening"
            )
        classes = table.shape[0] - table.shape[1] - 2
        return cls(location=table[0], scale=table[1], centres=table[2 : 2 + classes], whitening=table[2 + classes :])


def limit_of(distances: ArrayLike, false_alarms: float) -> float:
    """Return the distance above which a share of the rows lies."""
    return float(np.quantile(np.asarray(distances, dtype=np.float64), 1.0 - false_alarms))


def held_alarms(distances: ArrayLike, limit: float, nights: ArrayLike) -> dict[str, Any]:
    """Return how many rows that taught nothing lie above a limit, with the worst night.

    Parameters
    ----------
    distances : array_like, (n,)
    limit : float
        From :func:`limit_of`.
    nights : array_like of str, (n,)
        Empty where not known.

    Returns
    -------
    mapping
        ``rows``, those ``above``, their share with its Jeffreys interval of 95 % (``rate low high``), how many
        ``nights`` have 20 rows or more, and of these the ``worst_night`` and ``worst_rate``, None without such.
    """
    from pipeline.metrics.intervals import binomial_interval  # loads scipy, which scoring does without

    above, night = np.asarray(distances, dtype=np.float64) > limit, np.asarray(nights, dtype=str)
    low, high = (float(end) for end in binomial_interval(above.sum(), len(above), 0.95))
    rates = {
        name: float(above[night == name].mean())
        for name in np.unique(night).tolist()
        if name and (night == name).sum() >= 20
    }
    worst = max(rates, key=lambda name: rates[name], default=None)
    return {
        "rows": len(above),
        "above": int(above.sum()),
        "rate": float(above.mean()) if len(above) else None,
        "low": low if len(above) else None,
        "high": high if len(above) else None,
        "nights": len(rates),
        "worst_night": worst,
        "worst_rate": None if worst is None else rates[worst],
    }


def outlier_words(stated: Mapping[str, Any]) -> str:
    """Return in words what a package says of its flag, in one sentence or two.

    Parameters
    ----------
    stated : mapping
        Its key ``outliers``.
    """
    if "why_none" in stated:
        return f"no candidate is flagged as unlike the training rows, because {stated['why_none']}."
    held = stated["held"]
    words = (
        f"a candidate is flagged as unlike the training rows if its Mahalanobis distance in {_where(stated)} is above "
        f"{stated['limit']:.2f}, as that of {100 * stated['false_alarms']:g} % of {stated['rows']} training rows is. "
        f"Of {held['rows']} validation rows it flags {held['above']}"
    )
    if held["rate"] is None:
        return words + "."
    words += f" ({100 * held['rate']:.1f} %, 95 % interval {100 * held['low']:.1f} to {100 * held['high']:.1f} %)"
    if held["worst_night"] is not None:
        words += (
            f"; by night at most {100 * held['worst_rate']:.1f} % ({held['worst_night']}, of {held['nights']} nights)"
        )
    return words + "."


def _where(stated: Mapping[str, Any]) -> str:
    if SPACE in stated:
        return f"the {stated['features']} numbers of the network's {stated[SPACE]} layer"
    return f"{stated['features']} features"


def _standard(rows: Array, location: Array, scale: Array) -> Array:
    """Return standardised rows; what is missing lies at the median."""
    standard = (rows - location) / scale
    return np.clip(np.where(np.isfinite(standard), standard, 0.0), -MOST_WIDTHS, MOST_WIDTHS)
