"""Distributions over redshift as masses in bins: what every regressor gives, and what is written and judged.

Within a bin the density is constant, so the cumulative distribution is linear between edges. Everything here follows
from that exactly, without further sampling.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

LEAST_MASS = 1e-12
"""A distribution with less mass than this on all bins together cannot be scaled to 1."""

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BinnedPdfs:
    """Distributions of n rows over the same b bins; a row of NaN was not predicted and gives NaN everywhere.

    Attributes
    ----------
    edges : ndarray of float64, (b + 1,)
        Edges of the bins, increasing.
    masses : ndarray of float64, (n, b)
        Probability in each bin; a row sums to 1.

    Examples
    --------
    >>> pdfs = BinnedPdfs.of([0.0, 0.1, 0.3], [[1.0, 3.0]])
    >>> pdfs.masses.tolist(), float(pdfs.mean()[0].round(4)), pdfs.quantile([0.25, 0.625]).round(3).tolist()
    ([[0.25, 0.75]], 0.1625, [[0.1, 0.2]])
    """

    edges: Array
    masses: Array

    @classmethod
    def of(cls, edges: ArrayLike, weights: ArrayLike) -> "BinnedPdfs":
        """Return the distributions that are proportional to ``weights``.

        Parameters
        ----------
        edges : array_like, (b + 1,)
            Edges of the bins.
        weights : array_like, (n, b)
            At least 0. A row with a NaN, or whose sum is below `LEAST_MASS`, becomes a row of NaN.

        Raises
        ------
        InputError
            If the edges do not increase, the shapes do not match, or a weight is below 0 or infinite.
        """
        bounds, heights = np.asarray(edges, dtype=np.float64), np.asarray(weights, dtype=np.float64)
        if bounds.ndim != 1 or len(bounds) < 2 or not np.all(np.isfinite(bounds)) or not np.all(np.diff(bounds) > 0):
            raise InputError(
                f"edges of bins must be at least two finite, increasing numbers; given shape {bounds.shape}"
            )
        if heights.ndim != 2 or heights.shape[1] != len(bounds) - 1:
            raise InputError(
                f"weights have shape {heights.shape}; allowed with {len(bounds)} edges: (n, {len(bounds) - 1})"
            )
        for row in np.flatnonzero(np.any((heights < 0) | np.isinf(heights), axis=1)):
            worst = heights[row][(heights[row] < 0) | np.isinf(heights[row])][0]
            raise InputError(f"row {row} has the weight {worst:g}; allowed: finite and at least 0")
        total = heights.sum(axis=1, keepdims=True)
        return cls(edges=bounds, masses=heights / np.where(total > LEAST_MASS, total, np.nan))

    @classmethod
    def of_cumulative(cls, edges: ArrayLike, cumulative: ArrayLike) -> "BinnedPdfs":
        """Return the distributions with a given cumulative probability ``(n, b + 1)`` at the edges.

        What lies below the first and above the last edge is left out, and the rest scaled to 1; a fall of the
        cumulative probability, which crossing quantiles give, counts as no mass.
        """
        heights = np.diff(np.asarray(cumulative, dtype=np.float64), axis=1)
        return cls.of(edges, np.where(heights < 0, 0.0, heights))

    def __len__(self) -> int:
        return len(self.masses)

    @property
    def centres(self) -> Array:
        """Centres of the bins, ``(b,)``."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @property
    def widths(self) -> Array:
        """Widths of the bins, ``(b,)``."""
        return np.diff(self.edges)

    @property
    def density(self) -> Array:
        """Probability per unit of redshift, ``(n, b)``."""
        return self.masses / self.widths

    @property
    def cumulative(self) -> Array:
        """Probability below each edge, ``(n, b + 1)``; 0 at the first and 1 at the last."""
        inner = np.cumsum(self.masses[:, :-1], axis=1)
        known = np.isfinite(self.masses[:, :1])
        ends = np.where(known, 0.0, np.nan), np.where(known, 1.0, np.nan)
        return np.concatenate([ends[0], np.minimum(inner, 1.0), ends[1]], axis=1)

    def rows(self, chosen: ArrayLike) -> "BinnedPdfs":
        """Return the distributions of the chosen rows (a mask or indices)."""
        return BinnedPdfs(edges=self.edges, masses=self.masses[np.asarray(chosen)])

    def mean(self) -> Array:
        """Return the mean of each distribution, ``(n,)``."""
        return self.masses @ self.centres

    def std(self) -> Array:
        """Return the standard deviation of each distribution, ``(n,)``, the width of the bins included."""
        apart = (self.centres[None, :] - self.mean()[:, None]) ** 2
        variance: Array = np.sum(self.masses * (apart + self.widths**2 / 12.0), axis=1)
        return np.sqrt(variance)

    def mode(self) -> Array:
        """Return the centre of the densest bin of each distribution, ``(n,)``; the first of equals."""
        known = np.isfinite(self.masses[:, 0])
        density = np.where(known[:, None], self.density, 0.0)
        return np.where(known, self.centres[np.argmax(density, axis=1)], np.nan)

    def quantile(self, probabilities: ArrayLike) -> Array:
        """Return quantiles ``(n, q)`` for probabilities ``(q,)`` between 0 and 1.

        Raises
        ------
        InputError
            If a probability lies outside 0 to 1.
        """
        wanted = np.atleast_1d(np.asarray(probabilities, dtype=np.float64))
        if not np.all((wanted >= 0.0) & (wanted <= 1.0)):
            raise InputError(f"probabilities must lie between 0 and 1; given {wanted.tolist()}")
        cumulative, known = self.cumulative, np.isfinite(self.masses[:, 0])
        found = np.full((len(self), len(wanted)), np.nan)
        for column, share in enumerate(wanted):
            place = np.clip((cumulative[:, 1:] < share).sum(axis=1), 0, len(self.widths) - 1)
            below, mass = (np.take_along_axis(table, place[:, None], 1)[:, 0] for table in (cumulative, self.masses))
            part = np.clip((share - below) / np.where(mass > 0, mass, np.inf), 0.0, 1.0)
            found[known, column] = (self.edges[place] + part * self.widths[place])[known]
        return found

    def below(self, values: ArrayLike) -> Array:
        """Return the probability below one value a row, ``(n,)``: the probability integral transform of a truth."""
        at = np.asarray(values, dtype=np.float64)
        place, part = self._places(at)
        cumulative = self.cumulative
        start, end = (np.take_along_axis(cumulative, place[:, None] + shift, 1)[:, 0] for shift in (0, 1))
        return np.where(np.isfinite(at), (1.0 - part) * start + part * end, np.nan)

    def density_at(self, values: ArrayLike) -> Array:
        """Return the density at one value a row, ``(n,)``; 0 outside the bins, NaN for a value that is NaN."""
        at = np.asarray(values, dtype=np.float64)
        place, _ = self._places(at)
        density = np.take_along_axis(self.density, place[:, None], 1)[:, 0]
        inside = (at >= self.edges[0]) & (at <= self.edges[-1])
        return np.where(np.isfinite(at), np.where(inside | ~np.isfinite(density), density, 0.0), np.nan)

    def _places(self, values: Array) -> tuple[NDArray[np.intp], Array]:
        """Return the bin of each value, and how far into it the value lies, from 0 to 1."""
        if values.shape != (len(self),):
            raise InputError(f"{values.shape} values for {len(self)} distributions; allowed: one value a row")
        place = np.clip(np.searchsorted(self.edges, values, side="right") - 1, 0, len(self.widths) - 1)
        return place, np.clip((values - self.edges[place]) / self.widths[place], 0.0, 1.0)
