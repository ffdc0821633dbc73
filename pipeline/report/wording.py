"""Numbers of a report in words."""

from typing import Protocol

from pipeline.report.metrics_json import Bounds

NONE = "–"
POINTS = "points"
"""The unit of a difference of two percentages."""

FINE = 0.05
"""Fractions closer to 0 or 1 than a tenth of this get one more decimal."""

MOST_DIGITS = 5
"""The most decimals of a difference."""


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with ``digits`` decimals, or a dash for None."""
    return NONE if value is None else f"{value:.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 5) -> str:
    """Return a number of any size with ``digits`` significant digits."""
    return f"{value:.{digits}g}".replace("-", "−")


def per_cent(value: float | None, digits: int | None = None) -> str:
    """Return a fraction in per cent, or a dash for None; by default with more decimals close to 0 and 1."""
    if value is None:
        return NONE
    return f"{100 * value:.{per_cent_digits(value) if digits is None else digits}f} %".replace("-", "−")


def per_cent_digits(value: float) -> int:
    """Return how many decimals a fraction needs in per cent: 12.3 %, but 0.21 %."""
    return 2 if 0 < min(abs(value), abs(1.0 - value)) < FINE / 10 else 1


def number_digits(value: float) -> int:
    """Return how many decimals a figure of merit needs: 0.985, but 0.99967."""
    return 5 if 0 < abs(1.0 - value) < FINE / 10 else 4 if 0 < abs(1.0 - value) < FINE else 3


def count(value: float | None) -> str:
    """Return a count with thin spaces between thousands; an expected number below ten has one decimal."""
    if value is None:
        return NONE
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10 or value == int(value) else f"{value:.1f}"


class Measured(Protocol):
    """A metric as it is told: what it is called, its unit (``%`` or empty) and which way is better."""

    @property
    def title(self) -> str:
        """Its name for a reader."""

    @property
    def unit(self) -> str:
        """``%`` for a fraction that reads best as per cent, else empty."""

    @property
    def larger_is_better(self) -> bool:
        """Whether a larger value is a better one."""


def worded(interval: Bounds, unit: str = "%", digits: int = 0) -> dict[str, str]:
    """Return value and interval in words: in per cent, in percentage points, or as plain numbers.

    Parameters
    ----------
    interval : Bounds
        The value, the ends of its interval, and the reason if there is no value.
    unit : str
        ``%`` or `POINTS` for a fraction; empty for a plain number.
    digits : int
        The fewest decimals.

    Returns
    -------
    dict of str to str
        ``value``, ``spread`` (empty if there is no interval) and ``reason`` (empty if there is a value).
    """
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None:
        return {"value": NONE, "spread": "", "reason": interval.get("reason", "no value")}
    factor, ending = (1.0, "") if unit == "" else (100.0, f" {unit}")
    digits = max(digits, number_digits(value) if unit == "" else per_cent_digits(value))
    words = [NONE if end is None else number(factor * end, digits) for end in (value, low, high)]
    spread = "" if low is None or high is None else f"{words[1]} to {words[2]}{ending}"
    return {"value": words[0] + ending, "spread": spread, "reason": ""}


def difference(metric: Measured, interval: Bounds) -> dict[str, str]:
    """Return a paired difference of a metric in words with its verdict.

    Parameters
    ----------
    metric : Measured
        What is compared.
    interval : Bounds
        The difference, with the ends of its interval.

    Returns
    -------
    dict of str to str
        As from :func:`worded`, and ``verdict``: ``better``, ``worse``, or empty if the interval has zero in it.
    """
    unit = POINTS if metric.unit else ""
    words = worded(interval, unit, _digits_of_ends(interval, 100.0 if unit else 1.0))
    low, high = interval["low"], interval["high"]
    if interval["value"] is None or low is None or high is None:
        return {**words, "verdict": ""}
    if not words["value"].startswith("−"):
        words["value"] = "+" + words["value"]
    clear = low > 0 or high < 0
    verdict = "" if not clear else "better" if (low > 0) == metric.larger_is_better else "worse"
    return {**words, "verdict": verdict}


def _digits_of_ends(interval: Bounds, factor: float) -> int:
    """Return how many decimals show on which side of zero an interval ends, so that none reads −0.000."""
    ends = [abs(factor * end) for end in (interval["low"], interval["high"]) if end]
    return next((digits for digits in range(1, MOST_DIGITS) if all(round(end, digits) for end in ends)), MOST_DIGITS)
