"""What makes distributions of the numbers that a regressor gives for each row; one class for each kind of numbers.

A package states its head in JSON, so that a distribution needs the graph and this module alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, SettingsError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.settings import parse

Array = NDArray[np.float64]

LEAST_LOG_WIDTH: Final = -4.0
"""Logarithm of the least width of a Gaussian, in standard deviations of the target."""


class Head(Protocol):
    """How numbers ``(n, k)`` of a regressor become distributions over bins."""

    kind: ClassVar[str]

    def columns(self, bins: int) -> int:
        """Return k, the numbers of a row."""

    def pdfs(self, edges: Array, raw: Array) -> BinnedPdfs:
        """Return the distributions of n rows over the bins between ``edges``, ``(b + 1,)``."""


@dataclass(frozen=True, kw_only=True)
class Mixtures:
    """Mixtures of Gaussians of several networks, averaged.

    Attributes
    ----------
    centre, spread : float
        Mean and standard deviation of the target, in which the networks count.
    members, components : int
        Networks, and Gaussians of each: of each network the logits of the shares, then means, then logarithms of
        widths.
    """

    kind: ClassVar[str] = "mixtures"
    centre: float
    spread: float
    members: int
    components: int

    def __post_init__(self) -> None:
        if not self.spread > 0 or min(self.members, self.components) < 1:
            raise SettingsError(
                f"spread is {self.spread}, members {self.members} and components {self.components}; allowed: a spread "
                "above 0, and at least 1 of the others"
            )

    def columns(self, bins: int) -> int:  # noqa: ARG002
        """Return three numbers for each Gaussian."""
        return 3 * self.members * self.components

    def pdfs(self, edges: Array, raw: Array) -> BinnedPdfs:
        """Return the mean of the members' mixtures."""
        total = np.zeros((len(raw), len(edges)))
        for member in np.split(raw, self.members, axis=1):
            total += _cumulative(member, (edges - self.centre) / self.spread)
        return BinnedPdfs.of_cumulative(edges, total)


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """Quantiles, between which the cumulative probability is linear; crossings are sorted.

    Attributes
    ----------
    shares : tuple of float
        The probabilities below them, increasing, above 0 and below 1.
    """

    kind: ClassVar[str] = "quantiles"
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.shares or not np.all(np.diff([0.0, *self.shares, 1.0]) > 0):
            raise SettingsError(f"shares are {list(self.shares)}; allowed: increasing, above 0 and below 1")

    def columns(self, bins: int) -> int:  # noqa: ARG002
        """Return one number for each quantile."""
        return len(self.shares)

    def pdfs(self, edges: Array, raw: Array) -> BinnedPdfs:
        """Return the distributions; the first and the last edge are the quantiles of 0 and 1."""
        shares = np.array([0.0, *self.shares, 1.0])
        inner = np.sort(raw, axis=1)
        ends = np.broadcast_to(edges[[0, -1]], (len(raw), 2))
        knots = np.column_stack([ends[:, 0], np.clip(inner, edges[0], edges[-1]), ends[:, 1]])
        reached = np.array([np.interp(edges, row, shares) for row in knots]).reshape(len(raw), len(edges))
        return BinnedPdfs.of_cumulative(edges, reached)


@dataclass(frozen=True, kw_only=True)
class SmoothedMasses:
    """Masses in the bins themselves, smoothed.

    Attributes
    ----------
    width : float
        Standard deviation of the smoothing, in the unit of the edges.
    """

    kind: ClassVar[str] = "smoothed_masses"
    width: float

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise SettingsError(f"width is {self.width}; allowed: above 0")

    def columns(self, bins: int) -> int:
        """Return one number for each bin."""
        return bins

    def pdfs(self, edges: Array, raw: Array) -> BinnedPdfs:
        """Return the smoothed masses as distributions."""
        return smoothed(edges, raw, self.width)


HEADS: Final[Mapping[str, type[Mixtures] | type[Quantiles] | type[SmoothedMasses]]] = {
    head.kind: head for head in (Mixtures, Quantiles, SmoothedMasses)
}


def described_head(head: Head) -> dict[str, object]:
    """Return a head as a package states it: its kind, and its numbers."""
    return {"kind": head.kind, **asdict(head)}  # type: ignore[call-overload]


def read_head(stated: Mapping[str, object], where: str) -> Head:
    """Return the head that a package states.

    Raises
    ------
    InputError
        If its kind is not known, or a number is missing or out of range.
    """
    kind = str(stated.get("kind"))
    if kind not in HEADS:
        raise InputError(f"{where}: head is of the kind {kind[:60]!r}; allowed: {', '.join(HEADS)}")
    try:
        return parse(HEADS[kind], {name: value for name, value in stated.items() if name != "kind"}, f"{where}: head")
    except SettingsError as fault:
        raise InputError(str(fault)) from None


def smoothed(edges: Array, masses: Array, width: float) -> BinnedPdfs:
    """Return distributions after a Gaussian of standard deviation ``width`` was laid over the centres of the bins.

    Parameters
    ----------
    edges : ndarray of float64, (b + 1,)
        Edges of the bins.
    masses : ndarray of float64, (n, b)
        What is smoothed, such as counts of neighbours.
    width : float
        Above 0, in the unit of the edges.
    """
    from scipy.special import ndtr

    centres = 0.5 * (edges[1:] + edges[:-1])
    spread = np.diff(ndtr((edges[None, :] - centres[:, None]) / width), axis=1)
    return BinnedPdfs.of(edges, masses @ spread)


def _cumulative(raw: Array, edges: Array) -> Array:
    """Return the cumulative probability ``(n, b + 1)`` at the edges, both in standard deviations of the target."""
    from scipy.special import ndtr, softmax

    logits, mean, log_width = np.split(raw, 3, axis=1)
    shares, widths = softmax(logits, axis=1), np.exp(np.maximum(log_width, LEAST_LOG_WIDTH))
    found = np.zeros((len(raw), len(edges)))
    for place in range(shares.shape[1]):
        found += shares[:, [place]] * ndtr((edges[None, :] - mean[:, [place]]) / widths[:, [place]])
    return found


def require_edges(edges: Sequence[float], where: str) -> Array:
    """Return edges that a file states, as float64.

    Raises
    ------
    InputError
        If they are not at least two finite numbers that increase.
    """
    found = np.asarray(edges, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2 or not np.all(np.isfinite(found)) or not np.all(np.diff(found) > 0):
        raise InputError(f"{where}: edges are {str(edges)[:60]}; allowed: at least two finite numbers that increase")
    return found
