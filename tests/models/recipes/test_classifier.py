from pathlib import Path

import pytest

from models.recipes.classifier import ClassifierRecipe, load
from models.recipes.stack import StackRecipe
from models.recipes.stack_members import is_stack, member_faults
from pipeline.errors import SettingsError
from pipeline.io import settings_files

FOLDER = Path(__file__).resolve().parents[3] / "config" / "classifiers"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_in_the_tree_is_valid(path):
    content = settings_files.raw("classifiers", path.stem)
    if is_stack(content):
        assert not member_faults(StackRecipe.from_mapping(content, path.name))
    else:
        assert isinstance(load(content, path.stem), ClassifierRecipe)


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
        "augment": ["shear"],
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
    for part in ("filtrs", "l3", "shear", "batch_size", "learning_rate", "threshold_parameter.value", "teacher"):
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
        {"mixup": 0.2},
        {"rand_augment": {"count": 1}},
        {"symmetries": 8},
        {"posterior_samples": 2},
        {"scoring_precision": "int8"},
        {"settings": {"filters": [1]}},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_what_only_networks_know_is_refused_for_features(setting):
    with pytest.raises(SettingsError, match="boosting"):
        load({"classifier": "boosting", **setting}, "mine")


def test_dropout_samples_of_lower_precision_are_refused():
    with pytest.raises(SettingsError, match=r"'scoring_precision' is 'int8'; dropout samples compute in float32"):
        load({"classifier": "braai", "posterior_samples": 2, "scoring_precision": "int8"}, "mine")


@pytest.mark.parametrize(
    ("classifier", "settings", "faulty"),
    [
        ("boosting", {"n_estimators": 0}, "n_estimators"),
        ("boosting", {"max_depth": 2.5}, "max_depth"),
        ("boosting", {"learning_rate": 0}, "learning_rate"),
        ("boosting", {"subsample": 1.5}, "subsample"),
        ("boosting", {"subsample": "all"}, "subsample"),
        ("feature_ensemble", {"trees": -5}, "trees"),
        ("triplet_cnn", {"filters": [16, 0]}, "filters"),
        ("triplet_cnn", {"filters": 16}, "filters"),
        ("triplet_cnn", {"dense": True}, "dense"),
        ("triplet_cnn", {"dropout_rate": 1.0}, "dropout_rate"),
        ("braai", {"dropout_rates": [0.1, 0.2, -0.5]}, "dropout_rates"),
        ("boosting", {"subsample": 1, "max_features": "sqrt", "learning_rate": 2, "n_estimators": 1}, ""),
        ("feature_ensemble", {"max_features": 3, "trees_max_features": None}, ""),
        ("braai", {"dropout_rates": [0, 0.2, 0.5], "filters": [1, 2]}, ""),
    ],
)
def test_a_setting_of_a_classifier_that_cannot_be_is_named_before_anything_is_trained(classifier, settings, faulty):
    given = {"classifier": classifier, "settings": settings}
    if not faulty:
        load(given, "mine")
        return
    with pytest.raises(SettingsError, match=rf"'settings\.{faulty}' is .*; allowed: a "):
        load(given, "mine")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"threshold_rule": "budget"}, "'threshold_parameter.looks' is missing; budget needs it: most candidates"),
        ({"threshold_rule": "budget", "threshold_parameter": {"looks": 0}}, "looks' is 0.*; allowed: above 0"),
        (
            {"threshold_rule": "budget", "threshold_parameter": {"looks": 9, "base_rate": 0.1}},
            "unknown key 'threshold_parameter.base_rate'; budget knows: looks",
        ),
        ({"calibrated_to": "base_rate", "calibration": "none"}, "'calibration' is 'none'; allowed with it: sample"),
        (
            {"calibrated_to": "base_rate", "conformal": {"error": 0.05, "promise": "all"}},
            "at the validation rows' own share of reals; allowed: conformal.base_rate, or 'promise: class'",
        ),
        ({"calibrated_to": "0.1"}, "'calibrated_to' is '0.1'; allowed: sample, base_rate"),
    ],
)
def test_what_a_recipe_cannot_take_of_the_survey_is_named(given, words):
    with pytest.raises(SettingsError, match=words):
        load({"classifier": "boosting", **given}, "mine")
    with pytest.raises(SettingsError, match=words):
        StackRecipe.from_mapping({"classifier": "stack", "members": ["a", "b"], **given})


def test_packages_state_the_share_of_reals_only_where_it_is_not_the_samples():
    assert "calibrated_to" not in load({"classifier": "boosting"}, "mine").stated
    assert "calibrated_to" not in StackRecipe.from_mapping({"classifier": "stack", "members": ["a", "b"]}).stated
    stated = load({"classifier": "boosting", "calibrated_to": "base_rate"}, "mine")
    assert stated.stated["calibrated_to"] == "base_rate"
    assert "calibrated_to" not in stated.training_part


@pytest.mark.parametrize("rule", ["mdr", "fpr"])
def test_a_threshold_parameter_out_of_range_is_named_before_anything_is_trained(rule):
    given = {"classifier": "boosting", "threshold_rule": rule, "threshold_parameter": {"target": 1.5}}
    with pytest.raises(SettingsError, match=r"'threshold_parameter.target' is 1.5; allowed: 0 to 1"):
        load(given, "mine")


def test_a_side_to_resize_to_is_one_that_the_network_takes():
    assert load({"classifier": "triplet_cnn", "resize_pixel": 64}, "a").stated["resize_pixel"] == 64
    assert "resize_pixel" not in load({"classifier": "triplet_cnn"}, "a").stated
    with pytest.raises(SettingsError, match="'resize_pixel' is 8; triplet_cnn needs at least 15"):
        load({"classifier": "triplet_cnn", "resize_pixel": 8}, "a")
    with pytest.raises(SettingsError, match="'resize_pixel' is 64; boosting takes pixels as they are: none"):
        load({"classifier": "boosting", "resize_pixel": 64}, "a")


def test_mixing_is_stated_where_it_is_asked_for_and_refused_where_it_cannot_be():
    assert not {"mixup", "rand_augment"} & set(load({"classifier": "triplet_cnn"}, "a").stated)
    stated = load({"classifier": "triplet_cnn", "mixup": 0.2, "rand_augment": {"strength": 0.3}}, "a").stated
    assert (stated["mixup"], stated["rand_augment"]) == (0.2, {"count": 2, "strength": 0.3})
    with pytest.raises(SettingsError, match=r"'mixup' is -1.0; allowed: 0 to 10"):
        load({"classifier": "triplet_cnn", "mixup": -1.0}, "a")
    with pytest.raises(SettingsError, match=r"'mixup' is 0.2; metadata are not mixed"):
        load({"classifier": "triplet_cnn", "mixup": 0.2, "metadata": {"columns": ["elong"]}}, "a")
    with pytest.raises(SettingsError, match=r"'mixup' is 0.2; allowed with 'table': none"):
        load({"classifier": "mlp", "mixup": 0.2, "table": {}}, "a")


def test_planes_of_variance_and_psf_are_for_features_and_no_images_that_a_network_sees():
    channels = ["science", "science_psf"]
    with pytest.raises(SettingsError, match=r"names 'science_psf', a plane .*; triplet_cnn takes images alone"):
        load({"classifier": "triplet_cnn", "channels": channels}, "mine")
    assert load({"classifier": "boosting", "channels": channels}, "mine").channels == tuple(channels)
