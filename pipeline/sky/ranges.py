"""Ranges of the sky's settings, stated at their fields: what is allowed, and what of some settings is not."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a number may be; reads as ``at least 1``, ``above 0`` or ``from 0 to 1``."""

    least: float
    most: float = math.inf
    excludes_least: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.least < value if self.excludes_least else self.least <= value) and value <= self.most

    def __str__(self) -> str:
        if math.isfinite(self.most):
            return f"from {self.least:g} to {self.most:g}"
        return f"{'above' if self.excludes_least else 'at least'} {self.least:g}"


def at_least(least: float) -> Mapping[str, Range]:
    """Return the metadata of a field that may be ``least`` or more."""
    return MappingProxyType({"allowed": Range(least=least)})


def above(limit: float) -> Mapping[str, Range]:
    """Return the metadata of a field that must be above a limit."""
    return MappingProxyType({"allowed": Range(least=limit, excludes_least=True)})


SHARE: Final[Mapping[str, Range]] = MappingProxyType({"allowed": Range(least=0.0, most=1.0)})
"""Metadata of a field that is a share: from 0 to 1."""


def upper_of(name: str) -> str:
    """Return the name of the upper limit that belongs to a setting; its own name if it is no lower limit.

    Examples
    --------
    >>> upper_of("seeing_min_pixel"), upper_of("star_bright_magnitude"), upper_of("zeropoint")
    ('seeing_max_pixel', 'star_faint_magnitude', 'zeropoint')
    """
    return name.replace("_bright_", "_faint_").replace("_min_", "_max_")


def faults_of_ranges(settings: "DataclassInstance") -> Iterator[str]:
    """Yield a fault for each number of a dataclass outside its range, and each lower limit above its upper one."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    for field in dataclasses.fields(settings):
        allowed = field.metadata.get("allowed")
        if allowed is not None and values[field.name] not in allowed:
            yield f"{field.name} is {values[field.name]}, must be {allowed}"
    for low in values:
        high = upper_of(low)
        if high != low and high in values and values[low] > values[high]:
            yield f"{low} is above {high}: {values[low]}, {values[high]}"
