"""The page of settings is what their classes say, and these say it of every key that a file can have."""

import dataclasses
import runpy
from pathlib import Path

import pytest

from pipeline.fingerprint import DECIDES_NOTHING, decides_only
from pipeline.sky.ranges import at_least

GENERATOR = runpy.run_path(str(Path(__file__).with_name("configuration_page.py")))
CLASSES = GENERATOR["settings_classes"]()
UNITS = {
    "_arcsec": "arcsec",
    "_pixel": "pixel",
    "_deg": "degree",
    "_s": "s",
    "_magnitude": "mag",
    "_fwhm": "FWHM",
    "_hour": "h",
    "_hours": "h",
    "_minute": "min",
    "_days": "day",
    "_m": "m",
    "_arcsec_hour": "arcsec/h",
    "zeropoint": "mag",
    "gain": "electron/ADU",
    "read_noise": "electron",
    "saturation": "ADU",
}
"""Unit of numbers whose name ends so; the longest that fits counts."""
NUMBERS = ("number", "whole number", "text or number", "range")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lamp:
    """A lamp.

    Attributes
    ----------
    power_w : float, in W
        What it takes; see
        docs/errors.md#exit for `Lamp`.
    shades, colours : tuple of str
        Such as ``red``.
    label : str
        Of the lamp.
    """

    power_w: float = dataclasses.field(default=1.5, metadata=at_least(1))
    shades: tuple[str, ...] = ()
    colours: tuple[str, ...] = ("red", "blue")
    label: str = dataclasses.field(metadata=DECIDES_NOTHING)


@pytest.mark.parametrize("path", GENERATOR["PAGES"], ids=lambda path: path.name)
def test_a_page_is_what_the_classes_say(path):
    page = path.read_text(encoding="utf-8")
    assert page == GENERATOR["page"](page), "run python -m tests.configuration_page"


def test_every_class_of_settings_has_a_table():
    texts = [path.read_text(encoding="utf-8") for path in GENERATOR["PAGES"]]
    assert GENERATOR["classes_without_table"](*texts) == []


@pytest.mark.parametrize("kind", CLASSES.values(), ids=lambda kind: kind.__name__)
def test_every_key_of_a_settings_class_is_explained_in_order(kind):
    told = GENERATOR["attributes"](kind)
    assert list(told) == [field.name for field in GENERATOR["own_fields"](kind)]
    for name, (_, meaning) in told.items():
        assert meaning.endswith("."), name
        assert meaning[0].isupper() or not meaning[0].isalpha(), name


@pytest.mark.parametrize("kind", CLASSES.values(), ids=lambda kind: kind.__name__)
def test_numbers_have_the_unit_that_their_name_promises(kind):
    rows = [line.split(" | ") for line in GENERATOR["table"](kind).splitlines() if line.startswith("| `")]
    for cell, words, unit, *_ in [[cell.strip("|` ") for cell in row[:3]] for row in rows]:
        ending = max((end for end in UNITS if cell.endswith(end)), key=len, default="")
        if ending and words in NUMBERS:
            assert unit == UNITS[ending], cell


def test_a_table_has_what_fields_and_docstring_say():
    assert GENERATOR["table"](Lamp).splitlines()[2:] == [
        "| `power_w` | number | W | 1.5 | What it takes; see [errors.md](errors.md#exit) for `Lamp`; at least 1. |",
        "| `shades` | list of texts | | empty | Such as `red`. |",
        "| `colours` | list of texts | | red, blue | Such as `red`. |",
        "| `label` | text | | required | Of the lamp. |",
        "",
        "`label` decides no result.",
    ]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("SeeingSettings", "| 3.8 | Largest FWHM; not below `seeing_min_pixel`. |"),
        ("StampInjection", "| 0.1 to 0.9 | Share of the light that is left; above 0, at most 1. |"),
        ("Trail", "| `snr` | range | | 2 to 40 | Of the line; above 0. |"),
    ],
)  # fmt: skip
def test_a_table_says_what_a_rule_for_many_keys_allows(kind, row):
    assert row in GENERATOR["table"](CLASSES[kind])


def test_a_range_with_a_limit_of_its_own_is_not_given_that_of_the_others():
    beta = next(line for line in GENERATOR["table"](CLASSES["StampInjection"]).splitlines() if "`beta`" in line)
    assert beta.endswith("; above 1. |")


def test_keys_that_decide_only_some_results_are_named_below_their_table():
    kind = dataclasses.make_dataclass(
        "Some",
        [(name, str, dataclasses.field(default="", metadata=decides_only("report"))) for name in "abc"],
        namespace={"__doc__": "Some.\n\nAttributes\n----------\na, b, c : str\n    Words."},
    )
    assert GENERATOR["table"](kind).endswith("\n`a`, `b` and `c` decide only the report.\n")


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("defaults", "`defaults` decides no result by itself: the recipes that it names do."),
        ("labels", "decide which label tables are frozen, labels, groups,"),
        ("release", "the folder of what `Infer`, `ScoreFolds`,"),
    ],
)
def test_the_page_tells_how_far_a_key_of_a_survey_reaches(kind, line):
    told = [text for text in GENERATOR["table"](CLASSES["SurveySettings"]).splitlines() if f"`{kind}`" in text]
    assert line in told[-1]


def test_a_key_that_the_docstring_lacks_makes_no_table():
    kind = dataclasses.make_dataclass("Bare", [("speed", float, 1.0)])
    with pytest.raises(KeyError, match="speed"):
        GENERATOR["table"](kind)


def test_a_class_without_a_table_is_told():
    assert "VisitSettings" in GENERATOR["classes_without_table"]("<!-- settings: GridSettings -->")


def test_no_two_classes_of_settings_have_one_name():
    entries = [kind for registry in GENERATOR["REGISTRIES"] for kind in kinds_of(registry)]
    assert all(CLASSES[kind.__name__] is kind for kind in entries)


def kinds_of(registry):
    return [registry.metadata(name)["settings"] for name in registry]
