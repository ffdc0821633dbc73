"""What settings of random draws have in common: ranges, shares and counts, checked when they are made."""

from dataclasses import dataclass, fields

from pipeline.errors import SettingsError

Range = tuple[float, float]
"""Lowest and highest value of an even draw; signal to noise ratios are drawn evenly in their logarithm."""

_ABOVE_ZERO = ("snr", "width", "radius", "through", "step", "edge")
"""Words in the name of a range that must not reach zero: the draw takes their logarithm, or divides by them."""

_AT_MOST_ONE = "through"
"""Ending of the name of a range that is a share of light."""


@dataclass(frozen=True, kw_only=True)
class DrawSettings:
    """Settings of random draws: a range is a pair, a name that ends in ``_share`` a probability.

    Raises
    ------
    SettingsError
        For a range that is no ascending pair of numbers in reach, a share outside 0 ... 1, a count below 1.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                _require_range(field.name, value)
            elif field.name.endswith("_share") and not 0 <= value <= 1:
                raise SettingsError(f"{field.name} is {value}; allowed: 0 to 1")
            elif field.name.endswith("_max") and value < 1:
                raise SettingsError(f"{field.name} is {value}; allowed: at least 1")
            elif not value >= 0:
                raise SettingsError(f"{field.name} is {value}; allowed: at least 0")


def allowed_draw(name: str, default: object) -> str:
    """Return in words what a setting of `DrawSettings` may be, by its name and default; for the pages of settings.

    Examples
    --------
    >>> allowed_draw("snr", (6.0, 100.0)), allowed_draw("spot_share", 0.5), allowed_draw("pixels_max", 4)
    ('above 0', '0 to 1', 'at least 1')
    """
    if isinstance(default, tuple):
        return _lowest(name) + (", at most 1" if name.endswith(_AT_MOST_ONE) else "")
    return "0 to 1" if name.endswith("_share") else "at least 1" if name.endswith("_max") else "at least 0"


def _lowest(name: str) -> str:
    return "above 0" if any(word in name for word in _ABOVE_ZERO) else "at least 0"


def _require_range(name: str, value: tuple[float, ...]) -> None:
    """Raise `SettingsError` unless a range is a pair in order that starts at 0 or, where it must be, above."""
    lowest = _lowest(name)
    fits = len(value) == 2 and value[0] <= value[1] and (value[0] > 0 or (value[0] == 0 and lowest == "at least 0"))
    if not fits:
        raise SettingsError(f"{name} is {list(value)}; allowed: two numbers, the smaller first, {lowest}")
    if name.endswith(_AT_MOST_ONE) and value[1] > 1:
        raise SettingsError(f"{name} is {list(value)}; allowed: at most 1")
