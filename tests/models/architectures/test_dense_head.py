"""The setting ``head``: what is refused."""

import pytest

from models.recipes.classifier import load
from pipeline.errors import SettingsError


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ([64, "rele"], "'settings.head' has 'rele'; allowed: units, at least 1, and elu, .*relu"),
        ([0], "'settings.head' has 0; allowed"),
        ([True], "'settings.head' has True; allowed"),
        ([1.5], "'settings.head' has 1.5; allowed"),
        ("relu", "'settings.head' is 'relu'; allowed: a list of units and activations"),
    ],
)
def test_entries_that_are_neither_units_nor_activations_are_refused(head, message):
    with pytest.raises(SettingsError, match=message):
        load({"classifier": "galaxy_cnn", "settings": {"head": head}}, "a")


def test_an_empty_head_and_one_of_activations_are_allowed():
    load({"classifier": "resnet18", "settings": {"head": []}}, "a")
    load({"classifier": "resnet18", "settings": {"head": ["relu", 5]}}, "a")
