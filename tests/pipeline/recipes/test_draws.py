import math
from dataclasses import dataclass, fields

import pytest

from pipeline.errors import SettingsError
from pipeline.recipes.draws import DrawSettings, Range, allowed_draw


@dataclass(frozen=True, kw_only=True)
class Spots(DrawSettings):
    """Settings as an artefact has them."""

    snr: Range = (2.0, 40.0)
    angle: Range = (0.0, 3.0)
    let_through: Range = (0.1, 1.0)
    dark_share: float = 0.5
    spots_max: int = 3
    strength: float = 0.0


@pytest.mark.parametrize(
    "options",
    [
        {"snr": (5.0, 5.0)},
        {"angle": (0.0, 0.0)},
        {"dark_share": 0.0},
        {"dark_share": 1},
        {"spots_max": 1},
        {"strength": 1e9},
    ],
)
def test_what_can_be_drawn_is_taken(options):
    Spots(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"snr": (0.0, 4.0)}, r"snr is \[0.0, 4.0\]; allowed: two numbers, the smaller first, above 0"),
        ({"snr": (5.0, 4.0)}, "the smaller first"),
        ({"snr": (math.nan, 4.0)}, "two numbers"),
        ({"angle": (-0.1, 4.0)}, "at least 0"),
        ({"angle": (1.0, 2.0, 3.0)}, "two numbers"),
        ({"let_through": (0.5, 1.1)}, "allowed: at most 1"),
        ({"dark_share": 1.01}, "dark_share is 1.01; allowed: 0 to 1"),
        ({"dark_share": math.nan}, "allowed: 0 to 1"),
        ({"spots_max": 0}, "spots_max is 0; allowed: at least 1"),
        ({"strength": -1.0}, "strength is -1.0; allowed: at least 0"),
        ({"strength": math.nan}, "strength is nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        Spots(**options)


LIMITS = {
    "above 0": ((1e-9, 0.5), (0.0, 0.5)),
    "above 0, at most 1": ((1e-9, 1.0), (0.5, 1.01)),
    "at least 0": ((0.0, 9.0), (-1e-9, 9.0)),
    "0 to 1": (1.0, 1.01),
    "at least 1": (1, 0),
}
"""What the words let pass and what not, for a range or a single number."""


@pytest.mark.parametrize("field", fields(Spots), ids=lambda field: field.name)
def test_the_words_for_the_pages_say_what_is_refused(field):
    fits, does_not = LIMITS[allowed_draw(field.name, field.default)]
    if not isinstance(field.default, tuple) and isinstance(fits, tuple):
        fits, does_not = fits[0], does_not[0]
    Spots(**{field.name: fits})
    with pytest.raises(SettingsError, match=field.name):
        Spots(**{field.name: does_not})
