import pytest

from models.recipes.regressor import RegressorRecipe
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.settings import parse

RECIPE = {"regressor": "forest", "lowest": 0.0, "highest": 1.0}


def test_a_recipe_gives_edges_and_the_arguments_as_the_regressor_takes_them():
    recipe = parse(RegressorRecipe, RECIPE | {"bins": 4, "settings": {"trees": 10, "width": 0.1}, "threads": 2}, "x")
    assert recipe.edges.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert recipe.arguments == {"trees": 10, "width": 0.1}
    assert isinstance(recipe.arguments["trees"], int)
    network = parse(RegressorRecipe, RECIPE | {"regressor": "mixture_density", "threads": 2}, "x")
    assert network.arguments == {"threads": 2}


@pytest.mark.parametrize(("changes", "message"), [
    ({"regressor": "forst"}, "unknown regressor 'forst' .did you mean 'forest'"),
    ({"regressor": "nearest_neighbours"}, "which no ONNX graph can hold, .*allowed: forest, mixture_density, quantile"),
    ({"settings": {"treees": 3}}, "unknown setting of forest 'treees' .did you mean 'trees'"),
    ({"settings": {"trees": 0}}, "settings.trees is 0; allowed: a whole number, at least 1"),
    ({"settings": {"trees": 1.5}}, "settings.trees is 1.5; allowed: a whole number"),
    ({"settings": {"threads": 2}}, "unknown setting of forest 'threads'"),
    ({"highest": 0.0}, "lowest is 0, highest 0; allowed: the first below the second"),
    ({"bins": 0}, "bins is 0; allowed: 1 to 2000"),
    ({"miscoverage": 1.0}, "miscoverage is 1; allowed: above 0 and below 1"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        parse(RegressorRecipe, RECIPE | changes, "x")


@pytest.mark.parametrize("name", settings_files.names("regressors"))
def test_each_recipe_of_the_checkout_can_be_read(name):
    assert settings_files.load("regressors", name, RegressorRecipe).bins > 100
