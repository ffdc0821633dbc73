from pathlib import Path

import pytest
import yaml

from models.recipes import ClassifierRecipe, load
from pipeline.errors import SettingsError

FOLDER = Path(__file__).resolve().parents[2] / "config" / "classifiers"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_in_the_tree_is_valid(path):
    assert isinstance(load(yaml.safe_load(path.read_text()), path.stem), ClassifierRecipe)


def test_all_faults_of_a_type_are_named_at_once():
    with pytest.raises(SettingsError) as fault:
        load({"classifier": "braai", "batch_size": "many", "epoks": 3, "augment": 4}, "mine")
    message = str(fault.value)
    for part in ("config/classifiers/mine.yaml", "'batch_size' is 'many'", "'epoks'", "'augment' is 4"):
        assert part in message


def test_all_faults_of_value_are_named_at_once():
    given = {
        "classifier": "braai",
        "settings": {"filtrs": [1]},
        "normalisation": "l3",
        "augment": ["zoom"],
        "batch_size": 0,
        "learning_rate": 0.0,
        "threshold_rule": "mdr",
        "threshold_parameter": {"value": 1},
        "label_source_weight": {"teacher": -1},
        "size_pixel": 5,
        "symmetries": 3,
    }
    with pytest.raises(SettingsError) as fault:
        load(given, "mine")
    message = str(fault.value)
    for part in ("filtrs", "l3", "zoom", "batch_size", "learning_rate", "threshold_parameter.value", "teacher"):
        assert part in message
    assert "braai needs at least 22" in message
    assert "'symmetries' is 3; allowed: 1, 4, 8" in message


def test_a_missing_classifier_is_named():
    with pytest.raises(SettingsError, match="'classifier' is missing"):
        load({}, "mine")


@pytest.mark.parametrize(
    "setting",
    [
        {"normalisation": "l2"},
        {"augment": ["flip"]},
        {"symmetries": 8},
        {"posterior_samples": 2},
        {"settings": {"filters": [1]}},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_what_only_networks_know_is_refused_for_features(setting):
    with pytest.raises(SettingsError, match="boosting"):
        load({"classifier": "boosting", **setting}, "mine")
