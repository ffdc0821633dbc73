import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import examine, parse


@dataclass(frozen=True, kw_only=True)
class Inner:
    radius: float
    count: int = 3

    def __post_init__(self):
        if self.radius <= 0:
            raise SettingsError(f"radius is {self.radius}; allowed: above 0")


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    inner: Inner
    colours: tuple[str, ...] = ()
    nights: tuple[str | int, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    origin: Literal[0, 1] = 0
    share: float | None = None
    active: bool = False


def faults(mapping):
    with pytest.raises(SettingsError) as caught:
        parse(Outer, mapping, "x.yaml")
    return str(caught.value)


def test_a_mapping_fills_nested_settings_with_their_types():
    given = {
        "name": "a",
        "inner": {"radius": 2},
        "colours": ["g"],
        "nights": ["2026-01-01", 61045],
        "weights": {"b": 1},
    }
    found = parse(Outer, given, "x.yaml")
    assert found == Outer(
        name="a", inner=Inner(radius=2.0), colours=("g",), nights=("2026-01-01", 61045), weights={"b": 1.0}
    )
    assert isinstance(found.inner.radius, float)


def test_an_unknown_key_is_refused_with_the_nearest_known_one():
    assert "unknown key 'inner.radios' (did you mean 'radius'?)" in faults({"name": "a", "inner": {"radios": 1.0}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, "'name' is 3; allowed: text"),
        ({"inner": 3}, "inner holds 3; allowed: a mapping"),
        ({"inner": {"radius": "2"}}, "'inner.radius' is '2'; allowed: a finite number"),
        ({"inner": {"radius": True}}, "'inner.radius' is True; allowed: a finite number"),
        ({"inner": {"radius": float("nan")}}, "'inner.radius' is nan; allowed: a finite number"),
        ({"inner": {"radius": 1.0, "count": 2.5}}, "'inner.count' is 2.5; allowed: a whole number"),
        ({"inner": {"radius": -1.0}}, "inner.radius is -1.0; allowed: above 0"),
        ({"colours": "red"}, "'colours' is 'red'; allowed: a list of text"),
        ({"colours": ["red", 2]}, "'colours[1]' is 2; allowed: text"),
        ({"nights": [1.5]}, "'nights[0]' is 1.5; allowed: text or a whole number"),
        ({"weights": [1]}, "'weights' is [1]; allowed: a mapping from names to a finite number"),
        ({"origin": 2}, "'origin' is 2; allowed: 0, 1"),
        ({"origin": True}, "'origin' is True; allowed: 0, 1"),
        ({"share": "much"}, "'share' is 'much'; allowed: a finite number"),
        ({"active": "yes"}, "'active' is 'yes'; allowed: true or false"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_is_allowed(change, message):
    assert faults({"name": "a", "inner": {"radius": 1.0}} | change) == f"x.yaml: {message}"


def test_all_faults_are_named_at_once():
    message = faults({"nmae": "a", "inner": {"radius": "x"}, "origin": 7})
    for part in ("'nmae'", "'name' is missing", "'inner.radius'", "'origin'"):
        assert part in message
    assert "\n" not in message


def test_what_is_no_mapping_is_refused():
    assert faults(["name"]) == "x.yaml: the file holds ['name']; allowed: a mapping"


def test_an_optional_value_may_be_none():
    assert parse(Outer, {"name": "a", "inner": {"radius": 1.0}, "share": None}, "x.yaml").share is None


@dataclass(frozen=True, kw_only=True)
class Ranged:
    name: str
    low: float = 0.0
    high: float = 1.0
    inner: Inner = field(default_factory=lambda: Inner(radius=1.0))
    rest: tuple[Inner, ...] = ()

    def __post_init__(self):
        if self.low < 0:
            raise SettingsError(f"low is {self.low}; allowed: at least 0")
        if self.high > 9:
            raise SettingsError(f"high is {self.high}; allowed: at most 9")


@pytest.mark.parametrize(
    ("mapping", "found"),
    [
        ({"name": "a", "loww": 1.0, "high": 10.0}, ["unknown key 'loww'", "high is 10.0"]),
        ({"name": "a", "low": -1.0, "high": 10.0}, ["low is -1.0", "high is 10.0"]),
        ({"name": "a", "low": "x", "high": 10.0}, ["'low' is 'x'", "high is 10.0"]),
        ({"nmae": "a", "low": -1.0}, ["unknown key 'nmae'", "'name' is missing", "low is -1.0"]),
        ({"name": "a", "inner": {"radius": 0, "cuont": "x"}}, ["'inner.cuont'", "'inner.cuont' is 'x'", "radius is 0"]),
        ({"name": "a", "iner": {"radius": -1}, "low": -1}, ["unknown key 'iner'", "iner.radius is -1", "low is -1"]),
        (
            {"name": "a", "rest": [{"radius": -1}, {"radius": "y"}], "low": -1},
            ["[0].radius is -1", "'y'", "low is"],
        ),
    ],
)
def test_no_fault_hides_another(mapping, found):
    with pytest.raises(SettingsError) as caught:
        parse(Ranged, mapping, "x.yaml")
    said = re.split("; (?!allowed)", str(caught.value).removeprefix("x.yaml: "))
    assert len(said) == len(found)
    assert all(any(words in line for line in said) for words in found)


def test_what_follows_from_a_fault_is_no_fault_of_its_own():
    @dataclass(frozen=True, kw_only=True)
    class Pair:
        one: str = ""
        other: str = ""

        def __post_init__(self):
            if bool(self.one) == bool(self.other):
                raise SettingsError("give exactly one of one, other")

    with pytest.raises(SettingsError, match=r"^x.yaml: 'one' is 3; allowed: text$"):
        parse(Pair, {"one": 3}, "x.yaml")


def test_what_is_sound_is_given_beside_the_faults():
    value, found = examine(Ranged, {"nmae": "a", "low": -1.0, "rest": [{"radius": 2}, {"radius": -1}]}, "x.yaml")
    assert value == Ranged(name="a", rest=(Inner(radius=2.0),))
    assert len(found) == 4
    assert examine(Ranged, {"low": 1}, "x.yaml") == (None, ["x.yaml: 'name' is missing"])
    value, _ = examine(Ranged, {"low": 1}, "x.yaml", {"name": "stand-in"})
    assert value == Ranged(name="stand-in", low=1.0)
