"""Sizes of training samples as a user states them: shares of the usable rows, or numbers of rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.classes import CLASS_NAMES
from pipeline.errors import SettingsError

MOST_SIZES: Final = 100
"""Sizes of one scan; a curve of more points tells no more, and each is as many trainings as there are repeats."""
_ALLOWED: Final = "shares above 0 up to 1, or whole numbers of rows above 1, separated by commas, as 0.1,0.3,1 or 200,1"


@dataclass(frozen=True, order=True)
class SampleSize:
    """How large a training sample is.

    Attributes
    ----------
    number : float
        From 0 to 1 a share of the usable rows, above that a number of rows.
    """

    number: float

    @property
    def is_share(self) -> bool:
        """Return whether it is a share of the rows that there are."""
        return self.number <= 1

    def rows(self, usable: int) -> int:
        """Return how many of the usable rows are asked for, at least 1.

        Examples
        --------
        >>> [SampleSize(number).rows(250) for number in (0.1, 1.0, 20.0)]
        [25, 250, 20]
        """
        return max(1, round(self.number * usable)) if self.is_share else int(self.number)

    def __str__(self) -> str:
        return f"{self.number:.10g}" if self.is_share else str(int(self.number))


def parse_sizes(text: str) -> tuple[SampleSize, ...]:
    """Return the sizes that a text states, from the smallest number up, which puts shares before numbers of rows.

    Raises
    ------
    SettingsError
        If one is no size, is stated twice, or if there is none or more than `MOST_SIZES`.

    Examples
    --------
    >>> [str(size) for size in parse_sizes("200,0.3,1.0, 0.1")]
    ['0.1', '0.3', '1', '200']
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not 0 < len(words) <= MOST_SIZES:
        raise SettingsError(f"--sizes is {text!r}, {len(words)} sizes; allowed: 1 to {MOST_SIZES} sizes: {_ALLOWED}")
    sizes = [_size(word) for word in words]
    twice = [str(size) for size in sorted(sizes) if sizes.count(size) > 1]
    if twice:
        raise SettingsError(f"--sizes states {twice[0]} {twice.count(twice[0])} times; allowed: each size once")
    return tuple(sorted(sizes))


def require_two_classes(class_names: Sequence[str], where: str) -> None:
    """Refuse to scan more classes than the figures of a scan judge.

    Raises
    ------
    SettingsError
        With the classes that there are.
    """
    if len(class_names) != len(CLASS_NAMES):
        raise SettingsError(
            f"{where} has {len(class_names)} classes: {', '.join(class_names)}; a scan of sizes judges two. Allowed: a "
            "data set of two classes; for more, train with 'share' of the data set recipe and compare the reports"
        )


def _size(word: str) -> SampleSize:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not (0 < number <= 1 or (math.isfinite(number) and number > 1 and number == int(number))):
        raise SettingsError(f"--sizes holds {word!r}; allowed: {_ALLOWED}")
    return SampleSize(number)
