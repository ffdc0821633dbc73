import copy
import json
import math

import pytest
from small_packages import CONTENT, change_values, write_small_package

from pipeline.errors import InputError
from pipeline.io.packages.package_content import read_package
from pipeline.io.packages.package_values import check_values
from pipeline.metrics import THRESHOLD_RULES

VALUES = {**CONTENT, "files": {"model.onnx": "0" * 64}}
FEATURES = {"name": "physical", "revision": 1, "columns": ["a", "b"]}
MASK = {"name": "m", "shape": [8], "rate": 0.5}


def changed(place, value):
    values = copy.deepcopy(VALUES)
    *folders, name = place.split(".")
    part = values
    for folder in folders:
        part = part[folder]
    part[name] = value
    return values


def test_the_values_of_a_package_are_allowed():
    check_values(VALUES, "package.json")
    check_values(changed("external_features", FEATURES), "package.json")
    check_values(changed("input.pixel_scale_arcsec", None), "package.json")
    check_values(changed("calibration.prevalence", None), "package.json")


def test_of_more_than_two_classes_there_are_no_thresholds():
    values = changed("thresholds", {}) | {"classes": ["bogus", "transient", "variable"]}
    check_values(values, "package.json")


SCALED = {"method": "vector", "prevalence": None, "scale": [1.0, 2.0, 1.0], "shift": [0.0, 0.1, -0.1]}


def test_every_threshold_that_a_rule_can_give_is_allowed():
    saturated = THRESHOLD_RULES["fpr"]([0, 1, 0], [1.0, 1.0, 0.1], target=0.0)
    assert saturated > 1.0
    check_values(changed("thresholds.mdr", saturated), "package.json")


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("thresholds.mdr", 2.0, "thresholds.mdr is 2.0; allowed: 0 to 1"),
        ("thresholds.fixed", -0.1, "thresholds.fixed is -0.1; allowed: 0 to 1"),
        ("thresholds.mdr", math.nan, "'thresholds.mdr' is nan; allowed: a finite number"),
        ("thresholds.mdr", "0.5", "'thresholds.mdr' is '0.5'; allowed: a finite number"),
        ("thresholds", {}, "threshold_rule is 'mdr'; allowed: one with a threshold: none"),
        ("threshold_rule", "mrd", "threshold_rule is 'mrd'; allowed: one with a threshold: fixed, mdr"),
        ("calibration.slope", math.nan, "'calibration.slope' is nan; allowed: a finite number"),
        ("calibration.slope", math.inf, "'calibration.slope' is inf"),
        ("calibration.intercept", None, "'calibration.intercept' is None"),
        ("calibration", {"method": "platt", "prevalence": None}, "calibration.slope or intercept is missing"),
        (
            "calibration",
            {"method": "beta", "slope_below": 0.0, "slope_above": 1.0, "intercept": 0.0, "prevalence": None},
            "calibration.slope_below is 0.0; allowed: two slopes above 0",
        ),
        (
            "calibration",
            SCALED | {"scale": [1.0, 0.0, 1.0]},
            r"scale is \[1.0, 0.0, 1.0\] and shift .*; allowed: scales",
        ),
        ("calibration", SCALED | {"shift": [0.0]}, r"and shift \[0.0\]; allowed: scales above 0, as many as shifts"),
        ("calibration", SCALED, "calibration.scale has 3 numbers; allowed: one for each of more than two classes"),
        ("calibration", SCALED | {"class_shares": {"a": 1.5}}, r"class_shares are \[1.5\]; allowed: 0 to 1"),
        ("calibration.prevalence", 1.5, "calibration.prevalence is 1.5; allowed: 0 to 1, or null"),
        ("classes", ["real", "real"], r"classes are \['real', 'real'\]; allowed: at least 2 names, all different"),
        ("classes", ["real", "bogus"], "classes are real, bogus; allowed: of two, real as the second"),
        ("classes", ["real"], "allowed: at least 2 names"),
        ("classes", ["", "real"], "none empty"),
        ("classes", [0, 1], r"'classes\[0\]' is 0; allowed: text"),
        ("input.size_pixel", 0, "input.size_pixel is 0; allowed: 1 to 4096"),
        ("input.size_pixel", 15.0, "'input.size_pixel' is 15.0; allowed: a whole number"),
        ("input.channels", ["science", "science"], "input.channels are .*; allowed: at least 1 names, all different"),
        ("input.channels", [], "input.channels are"),
        ("input.required_channels", ["template"], "input.required_channels has 'template'; allowed: science, diff"),
        ("input.pixel_scale_arcsec", 0.0, "input.pixel_scale_arcsec is 0.0; allowed: above 0, or null"),
        ("input.pixel_scale_arcsec", math.inf, "'input.pixel_scale_arcsec' is inf"),
        ("input.crop", "no", "'input.crop' is 'no'; allowed: true or false"),
        ("input", None, "input holds None; allowed: a mapping"),
        ("posterior.masks", [MASK | {"rate": 1.0}], r"posterior.masks\[0\].rate is 1.0; allowed: 0 to below 1"),
        ("posterior.masks", [MASK, MASK], "posterior.masks are"),
        ("posterior.masks", [MASK | {"shape": [0]}], r"shape is \[0\]; allowed: sizes of at least 1"),
        ("posterior.samples", -1, "posterior.samples is -1; allowed: 0 or more"),
        ("external_features", FEATURES | {"columns": ["a", "a"]}, "external_features.columns are"),
        ("files", [], "'files' is"),
    ],
)
def test_a_value_with_which_no_score_could_be_right_is_refused(place, value, words):
    with pytest.raises(InputError, match=f"package.json: .*{words}.*restore the file or train again"):
        check_values(changed(place, value), "package.json")


@pytest.mark.parametrize("name", [name for name in VALUES if name != "schema"])
def test_a_missing_value_is_named(name):
    values = {key: value for key, value in VALUES.items() if key != name}
    with pytest.raises(InputError, match=f"'{name}' is missing"):
        check_values(values, "package.json")


def test_values_are_checked_even_where_the_manifest_was_rewritten_to_match(tmp_path):
    folder = write_small_package(tmp_path / "package")
    change_values(folder, lambda values: values["thresholds"].update(mdr=2.0))
    assert json.loads((folder / "manifest.json").read_text())
    with pytest.raises(InputError, match=r"package/package\.json: thresholds\.mdr is 2\.0; allowed: 0 to 1"):
        read_package(folder)
