"""The examples of the page on labels are settings that are accepted."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.classes import CLASS_NAMES, class_faults
from pipeline.labels import LABEL_PROVIDERS, parse_chain
from pipeline.labels.cleaning import CLEANERS, parse_cleaning
from pipeline.recipes.people_labels import PeopleLabels
from pipeline.recipes.row_weights import RowWeights
from pipeline.settings import parse
from pipeline.surveys.settings import EphemerisSettings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "labels.md"
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)]
READERS = {
    "labels": lambda value: parse_chain(value, "labels.md"),
    "cleaning": lambda value: parse_cleaning(value, "labels.md"),
    "ephemeris": lambda value: parse(EphemerisSettings, value, "labels.md"),
    "people": lambda value: parse(PeopleLabels, value | {"until": value["until"].isoformat()}, "labels.md"),
    "weights": lambda value: parse(RowWeights, value, "labels.md"),
    "conflicts": lambda value: value in ("stronger", "drop", "error"),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: "+".join(example))
def test_every_example_is_accepted(example):
    names = tuple(example.get("classes", CLASS_NAMES))
    assert class_faults(names) == []
    for key, value in example.items():
        if key == "labels":
            assert parse_chain(value, "labels.md", names)
        elif key != "classes":
            assert READERS[key](value)


def test_every_provider_and_filter_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for name in (*LABEL_PROVIDERS, *CLEANERS):
        assert f"`{name}`" in text
