"""The key ``co_teaching``: what is allowed, and that recipes without it state nothing of it."""

import pytest

from models.recipes.classifier import load
from pipeline.errors import SettingsError


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"co_teaching": {"dropped": 0.0}}, r"dropped is 0.0; allowed: above 0 and below 1"),
        ({"co_teaching": {"dropped": 1.0}}, r"dropped is 1.0; allowed: above 0 and below 1"),
        ({"co_teaching": {"dropped": 0.2, "warm_up_epochs": -1}}, r"warm_up_epochs is -1; allowed: at least 0"),
        ({"co_teaching": {}}, r"dropped"),
        ({"co_teaching": {"dropped": 0.2}, "mixup": 0.2}, r"'mixup' is 0.2; .* allowed with 'co_teaching': 0"),
        ({"classifier": "rules", "co_teaching": {"dropped": 0.2}}, r"'co_teaching' is set; rules learns nothing: none"),
    ],
)
def test_what_cannot_be_is_refused(recipe, message):
    with pytest.raises(SettingsError, match=message):
        load({"classifier": "triplet_cnn", "normalisation": "asinh", **recipe} | _alone(recipe), "a")


def test_a_recipe_without_it_states_nothing_of_it():
    assert "co_teaching" not in load({"classifier": "boosting"}, "a").stated
    stated = load({"classifier": "boosting", "co_teaching": {"dropped": 0.1}}, "a").stated
    assert stated["co_teaching"] == {"dropped": 0.1, "warm_up_epochs": 5}


def _alone(recipe):
    return {"normalisation": "none"} if recipe.get("classifier") == "rules" else {}
