r"""Cuts on physical features: rules that a person can read, which learn nothing, as a baseline for what learns.

The more cuts a candidate passes, the higher its score; among those that pass as many, the margins decide. With
:math:`m_i` the distance of feature :math:`i` to the nearest of its bounds, negative outside, and :math:`s_i` its scale,
the logit of `k` cuts is

.. math:: z = \sum_i [m_i \ge 0] - k + \frac{1}{2k} \sum_i \left(1 + \frac{m_i}{s_i + |m_i|}\right)

so that :math:`z > 0` if and only if all cuts are passed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.features import feature_names
from pipeline.settings import examine

UNBOUNDED: Final = np.float32(1e30)
"""Stands for a bound that a cut does not state; features stay within 1e6."""


@dataclass(frozen=True, kw_only=True)
class FeatureCut:
    """A range of one feature.

    Attributes
    ----------
    feature : str
        Name of a feature; an unknown one is refused with the names of all.
    least, most : float or None
        Bounds that still pass; none: not bounded on that side. At least one is stated.
    scale : float
        Change of the feature by which the margin is measured; above 0.
    """

    feature: str
    least: float | None = None
    most: float | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if faults := self._faults():
            raise SettingsError("; ".join(faults))

    def _faults(self) -> list[str]:
        faults, known = [], feature_names()
        if self.feature not in known:
            alike = get_close_matches(self.feature, known, n=3)
            meant = f" (did you mean {' or '.join(alike)}?)" if alike else ""
            faults.append(f"unknown feature {self.feature!r}{meant}; known: {', '.join(known)}")
        if self.least is None and self.most is None:
            faults.append("neither least nor most is stated; allowed: one of them or both")
        if self.least is not None and self.most is not None and not self.least < self.most:
            faults.append(f"least is {self.least:g} and most is {self.most:g}; allowed: the first below the second")
        if not self.scale > 0:
            faults.append(f"scale is {self.scale:g}; allowed: above 0")
        return faults

    @property
    def bounds(self) -> tuple[float, float]:
        """Return both bounds, with `UNBOUNDED` for one that is not stated."""
        return (
            -float(UNBOUNDED) if self.least is None else self.least,
            float(UNBOUNDED) if self.most is None else self.most,
        )

    @property
    def words(self) -> str:
        """Return the range in words.

        Examples
        --------
        >>> FeatureCut(feature="star_gain", most=1.0).words
        'at most 1'
        >>> FeatureCut(feature="difference_fit_fwhm", least=0.5, most=2.5).words
        '0.5 to 2.5'
        """
        if self.least is None or self.most is None:
            return f"at most {self.most:g}" if self.least is None else f"at least {self.least:g}"
        return f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True, kw_only=True)
class FeatureCuts:
    """Cuts by name, as arrays that compute them on many rows at once.

    Attributes
    ----------
    names : tuple of str
        Names of the k cuts.
    columns : ndarray of int64, shape (k,)
        Where the feature of each is among the features.
    least, most, scale : ndarray of float32, shape (k,)
        As in :class:`FeatureCut`; `UNBOUNDED` stands for no bound.
    """

    names: tuple[str, ...]
    columns: NDArray[np.int64]
    least: NDArray[np.float32]
    most: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, cuts: Mapping[str, FeatureCut], names: Sequence[str] = ()) -> "FeatureCuts":
        """Return some cuts; ``names`` are those of the features, by default of all that are measured."""
        known = list(names or feature_names())
        least, most = zip(*(cut.bounds for cut in cuts.values()), strict=True)
        return cls(
            names=tuple(cuts),
            columns=np.array([known.index(cut.feature) for cut in cuts.values()], np.int64),
            least=np.array(least, np.float32),
            most=np.array(most, np.float32),
            scale=np.array([cut.scale for cut in cuts.values()], np.float32),
        )

    def margins(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far each row ``(n, f)`` is inside the range of each cut, ``(n, k)``; negative outside."""
        values = features[:, self.columns]
        return np.minimum(values - self.least, self.most - values)

    def passed(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which cuts each row ``(n, f)`` passes, ``(n, k)``."""
        return self.margins(features) >= 0

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits ``(n,)`` of rows ``(n, f)``, above 0 where all cuts are passed."""
        margin = self.margins(features)
        inside = np.float32(0.5) + np.float32(0.5) * margin / (self.scale + np.abs(margin))
        count = np.float32(len(self.names))
        return (margin >= 0).sum(axis=1, dtype=np.float32) - count + inside.mean(axis=1)


def require_sound(given: object) -> dict[str, FeatureCut]:
    """Return the cuts of a parsed settings file.

    Raises
    ------
    SettingsError
        With all that is wrong with them.
    """
    cuts, faults = cuts_of(given)
    if faults:
        raise SettingsError("; ".join(faults))
    return cuts


def cuts_of(given: object) -> tuple[dict[str, FeatureCut], list[str]]:
    """Return the sound cuts of a parsed settings file, and what is wrong with the others, one text per fault.

    Parameters
    ----------
    given : object
        A mapping of names to the keys of a :class:`FeatureCut`.
    """
    if not isinstance(given, Mapping) or not given:
        return {}, [f"'cuts' is {given!r}; allowed: one or more cuts by name, each with feature, least, most, scale"]
    cuts, faults = {}, []
    for name, keys in given.items():
        cut, wrong = examine(FeatureCut, keys, f"cuts.{name}")
        faults += wrong
        if cut is not None and not wrong:
            cuts[str(name)] = cut
    return cuts, faults
