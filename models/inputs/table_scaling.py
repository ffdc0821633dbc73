"""Features of a table as a classifier takes them: scaled, missing ones filled, by constants of the training rows.

Tested by tests/models/inputs/test_table_scaling.py.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.inputs.table_recipe import TableRecipe
from pipeline.cutouts.missing import HUGE
from pipeline.errors import DataSetError

log = logging.getLogger(__name__)

FLAT: Final = 1e-7
"""A feature that varies by less than this share of its mean, the step of float32, is constant."""

STEEPEST: Final = 1e9
"""Largest distance from the mean, in standard deviations, that is told from larger ones."""

SAMPLED_ROWS: Final = 200_000
"""Rows from which quantiles are taken; of more, every second, third ... row."""


@dataclass(frozen=True, kw_only=True)
class TableScaling:
    """Constants that bring features to what a classifier takes.

    A value ``v`` becomes ``(v - centre) / width``, or its rank between ``knots``; one that is missing, infinite or
    above 1e30 becomes ``fill``, which is a scaled value already.

    Attributes
    ----------
    columns : tuple of str
        Names of the f features.
    centre, width : tuple of float
        Of each; 0 and 1 without scaling; width above 0.
    fill : tuple of float
        What a missing value of each becomes.
    knots, ranks : tuple of tuple of float
        Values of each feature, rising, and the rank from 0 to 1 of each of them; empty but for quantiles.
    indicator : bool
        Whether f more numbers say which features are missing.
    """

    columns: tuple[str, ...]
    centre: tuple[float, ...]
    width: tuple[float, ...]
    fill: tuple[float, ...]
    knots: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    ranks: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    indicator: bool = False

    @property
    def n_out(self) -> int:
        """Return how many numbers a row becomes."""
        return len(self.columns) * (2 if self.indicator else 1)

    @property
    def steepest(self) -> float:
        """Return the largest scaled value, behind which all are the same; without scaling what counts as missing."""
        return HUGE if set(self.width) == {1.0} else STEEPEST

    @property
    def inverse(self) -> NDArray[np.float32]:
        """Return 1 over the width of each feature, ``(f,)``, as graph and NumPy multiply by it."""
        return (1.0 / np.asarray(self.width)).astype(np.float32)

    def encoded(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a classifier takes, ``(n, f)`` or ``(n, 2 f)``, of raw features ``(n, f)``."""
        with np.errstate(invalid="ignore"):
            known = np.abs(values) <= np.float32(HUGE)
        filled = np.where(known, self.scaled(values), np.asarray(self.fill, np.float32))
        return np.concatenate([filled, ~known], axis=1, dtype=np.float32) if self.indicator else filled

    def scaled(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled features ``(n, f)``; of no meaning where one is missing."""
        if not self.knots:
            with np.errstate(invalid="ignore", over="ignore"):
                deviation = (values - np.asarray(self.centre, np.float32)) * self.inverse
            return np.asarray(np.clip(deviation, -self.steepest, self.steepest), np.float32)
        ranked = [np.interp(*triple) for triple in zip(values.T, self.knots, self.ranks, strict=True)]
        return np.stack(ranked, axis=1).astype(np.float32)

    def segments(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return a rank as a sum of segments: where ranks begin, and start, inverse length and rise of each segment.

        Returns
        -------
        first : ndarray of float32, shape (f,)
        start, inverse, rise : ndarray of float32, shape (f, segments)
            Features with fewer knots have segments that rise by 0.
        """
        most = max(2, *(len(knots) for knots in self.knots))
        knots = np.array([[*knots, *[knots[-1]] * (most - len(knots))] for knots in self.knots], np.float32)
        ranks = np.array([[*ranks, *[ranks[-1]] * (most - len(ranks))] for ranks in self.ranks], np.float64)
        lengths = np.diff(knots.astype(np.float64), axis=1)
        inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return (
            ranks[:, 0].astype(np.float32),
            knots[:, :-1],
            np.minimum(inverse, np.finfo(np.float32).max).astype(np.float32),
            np.diff(ranks, axis=1).astype(np.float32),
        )


class TableFit:
    """Takes in training rows block by block and gives the scaling.

    Parameters
    ----------
    columns : sequence of str
        Names of the f features.
    recipe : TableRecipe
        Which scaling.
    n_rows : int
        Rows that will come.
    """

    def __init__(self, columns: Sequence[str], recipe: TableRecipe, n_rows: int) -> None:
        self.columns, self.recipe = tuple(columns), recipe
        width = len(self.columns)
        self._step = max(1, -(-n_rows // SAMPLED_ROWS))
        self._seen = 0
        self._count, self._mean, self._squares = (np.zeros(width) for _ in range(3))
        self._least, self._largest = np.full(width, np.inf), np.full(width, -np.inf)
        self._sample: list[NDArray[np.float32]] = []

    def add(self, values: NDArray[np.float32]) -> None:
        """Take in raw features ``(n, f)`` of further training rows, NaN = missing."""
        with np.errstate(invalid="ignore"):
            known = np.abs(values) <= np.float32(HUGE)
        if self.recipe.scaling == "quantile":
            kept = np.where(known, values, np.float32(np.nan))
            self._sample.append(kept[(-self._seen) % self._step :: self._step])
        self._seen += len(values)
        exact = np.where(known, values, 0.0).astype(np.float64)
        count = known.sum(axis=0)
        mean = exact.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(known, exact - mean, 0.0) ** 2).sum(axis=0)
        total = np.maximum(self._count + count, 1)
        step = mean - self._mean
        self._squares += squares + step**2 * self._count * count / total
        self._mean += step * count / total
        self._count += count
        self._least = np.minimum(self._least, np.where(known, values, np.inf).min(axis=0, initial=np.inf))
        self._largest = np.maximum(self._largest, np.where(known, values, -np.inf).max(axis=0, initial=-np.inf))

    def scaling(self) -> TableScaling:
        """Return the scaling of all rows so far.

        Raises
        ------
        DataSetError
            If a feature is missing in all of them.
        """
        absent = [name for name, count in zip(self.columns, self._count, strict=True) if not count]
        if absent:
            raise DataSetError(
                f"{', '.join(absent)} is missing in each of the {self._seen} training rows: nothing can be learnt from "
                "it; leave it out by 'channels' of the classifier recipe"
            )
        return self._with_fill(self._unfilled())

    def _unfilled(self) -> TableScaling:
        zeros, ones = np.zeros(len(self.columns)), np.ones(len(self.columns))
        if self.recipe.scaling == "quantile":
            knots, ranks = zip(*self._quantiles(), strict=True)
            return self._of(zeros, ones, zeros, knots, ranks)
        if self.recipe.scaling == "none":
            return self._of(zeros, ones, zeros)
        spread = np.sqrt(self._squares / np.maximum(self._count, 1))
        flat = spread <= FLAT * np.abs(self._mean)
        self._tell(flat)
        return self._of(self._mean, np.where(flat, 1.0, spread), zeros)

    def _with_fill(self, plain: TableScaling) -> TableScaling:
        largest = plain.scaled(self._largest.astype(np.float32)[None])[0].astype(np.float64)
        if plain.knots:
            ranked = plain.scaled(np.concatenate(self._sample))
            mean = np.nanmean(ranked, axis=0, dtype=np.float64)
        else:
            mean = (self._mean - np.asarray(plain.centre)) / np.asarray(plain.width)
        constant = np.full(len(self.columns), self.recipe.constant)
        fills = {"constant": constant, "mean": mean, "max": largest, "maxmean": (largest + mean) / 2}
        return self._of(
            np.asarray(plain.centre), np.asarray(plain.width), fills[self.recipe.impute], plain.knots, plain.ranks
        )

    def _quantiles(self) -> Iterable[tuple[tuple[float, ...], tuple[float, ...]]]:
        """Yield the knots and ranks of each feature; one value of many rows has the mean of their ranks."""
        sample, shares = np.concatenate(self._sample), np.linspace(0.0, 1.0, self.recipe.quantiles)
        self._tell(self._least == self._largest)
        for column, least, largest in zip(sample.T, self._least, self._largest, strict=True):
            there = column[~np.isnan(column)]
            places = np.quantile(there, shares) if len(there) else np.linspace(least, largest, len(shares))
            places[0], places[-1] = least, largest
            knots, first, count = np.unique(places.astype(np.float32), return_index=True, return_counts=True)
            ranks = (shares[first] + shares[first + count - 1]) / 2
            yield _floats(knots), _floats(ranks)

    def _tell(self, flat: NDArray[np.bool_]) -> None:
        for name, value in ((self.columns[place], self._mean[place]) for place in np.flatnonzero(flat)):
            log.warning(
                "feature %r is %g in all training rows that have it: nothing can be learnt from it", name, value
            )

    def _of(
        self,
        centre: NDArray[np.float64],
        width: NDArray[np.float64],
        fill: NDArray[np.float64],
        knots: tuple[tuple[float, ...], ...] = (),
        ranks: tuple[tuple[float, ...], ...] = (),
    ) -> TableScaling:
        return TableScaling(
            columns=self.columns,
            centre=_floats(centre),
            width=_floats(width),
            fill=_floats(fill),
            knots=knots,
            ranks=ranks,
            indicator=self.recipe.indicator,
        )


def _floats(values: NDArray[np.floating]) -> tuple[float, ...]:
    """Return the numbers as float32 has them, with which graph and NumPy compute alike."""
    return tuple(float(np.float32(value)) for value in values)
