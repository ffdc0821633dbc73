"""When a transient must be brightest so that one of the visits shows it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.sky.visits import Visit

_BEFORE = 1.5
"""A maximum this many times the decline before a night can still be seen in it."""

_AFTER = 0.5
"""And one this many times the rise after it."""


def visible_spans(visits: Iterable[Visit], rise_day: float, decline_day: float) -> NDArray[np.float64]:
    """Return the spans of MJD, (n, 2), apart and in order, in which a maximum lets a night show the transient."""
    nights: dict[str, list[float]] = {}
    for visit in visits:
        nights.setdefault(visit.night, []).append(visit.time_mjd)
    spans: list[list[float]] = []
    for first, last in sorted((min(times), max(times)) for times in nights.values()):
        begin, end = first - _BEFORE * decline_day, last + _AFTER * rise_day
        if spans and begin <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([begin, end])
    return np.array(spans).reshape(-1, 2)


def within_spans(spans: NDArray[np.float64], share: float) -> float:
    """Return the time below which a share of all spans together lies."""
    lengths = np.diff(spans)[:, 0]
    wanted = share * lengths.sum()
    number = int(np.searchsorted(np.cumsum(lengths), wanted))
    return float(spans[number, 0] + wanted - lengths[:number].sum())
