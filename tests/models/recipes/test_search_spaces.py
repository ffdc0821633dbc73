import pytest

from models.recipes.classifier import ClassifierRecipe
from models.recipes.search_spaces import SearchedKey, SearchSpace, require_fit, with_values
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.settings import parse


def space_of(**parameters):
    return parse(SearchSpace, {"parameters": parameters}, "spaces/test.yaml")


def refusal(parameters, recipe=None, objective="validation_loss"):
    """Return why a space is refused, for its keys, its values or its recipe."""
    with pytest.raises(SettingsError) as refused:
        space = space_of(**parameters)
        require_fit(space, {"classifier": "vgg6", **(recipe or {})}, objective, "spaces/test.yaml")
    return str(refused.value)


FLOAT = {"kind": "float", "low": 0.1, "high": 0.2}
INT = {"kind": "int", "low": 2, "high": 8}


@pytest.mark.parametrize(
    ("searched", "said"),
    [
        ({**FLOAT, "low": 0.2}, "'low' is 0.2 and 'high' 0.2; allowed: the first below the second"),
        ({**FLOAT, "low": 0.0, "log": True}, "'low' is 0; allowed with 'log': above 0"),
        ({**FLOAT, "step": 2}, "'step' is 2; allowed with 'kind: float': 1"),
        ({**FLOAT, "choices": [1, 2]}, "'choices' is given; allowed with 'kind: float': none"),
        ({**FLOAT, "copies": -1}, "'copies' is -1; allowed: at least 0"),
        ({"kind": "float", "low": 0.1}, "'high' is missing; 'kind: float' needs both 'low' and 'high'"),
        ({**INT, "low": 2.5}, "'low' is 2.5; allowed with 'kind: int': a whole number"),
        ({**INT, "step": 0}, "'step' is 0; allowed: at least 1"),
        ({**INT, "step": 4}, "'step' is 4; allowed: a divisor of high - low, 6"),
        ({**INT, "step": 2, "log": True}, "'step' is 2; allowed: 1"),
        ({"kind": "choice", "choices": [1]}, "'choices' is [1]; allowed: at least two values, each once"),
        ({"kind": "choice", "choices": [[1], [1], [2]]}, "at least two values, each once"),
        ({"kind": "choice", "choices": [1, 2], "low": 1}, "'low' is given; allowed with 'kind: choice'"),
        ({"kind": "normal"}, "'parameters.epochs.kind' is 'normal'"),
        ({**INT, "hihg": 9}, "unknown key 'parameters.epochs.hihg' (did you mean 'high'?)"),
    ],
)
def test_values_that_are_no_range_and_no_choice_are_refused(searched, said):
    assert said in refusal({"epochs": searched})


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("learning_rat", "unknown key 'learning_rat' (did you mean 'learning_rate'?)"),
        ("settings", "'settings' cannot be searched: name one of its keys, as 'settings.dense'"),
        ("threads", "'threads' cannot be searched: it changes rounding alone"),
        ("untrusted", "'untrusted' cannot be searched: it decides which rows judge"),
        ("threshold_rule", "'threshold_rule' cannot be searched: it acts after the training"),
    ],
)
def test_a_key_that_no_trial_may_change_is_refused(key, said):
    assert said in refusal({key: INT})


def test_a_space_without_keys_is_refused():
    assert "'parameters' is empty" in refusal({})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"settings.denze": INT}, "unknown key 'settings.denze'; vgg6 knows: filters, dense"),
        ({"batch_size": {**INT, "low": 0}}, "'batch_size' is 0; allowed: at least 1"),
        ({"settings.l2_penalty": {**FLOAT, "high": 1.5}}, "'settings.l2_penalty' is 1.5; allowed: a number from 0"),
        ({"epochs": FLOAT}, "'epochs' is 0.1; allowed: a whole number"),
        ({"loss": {"kind": "choice", "choices": ["focal", "log"]}}, "unknown loss 'log'"),
    ],
)
def test_a_value_that_the_recipe_does_not_allow_is_found_before_any_trial(parameters, said):
    assert said in refusal(parameters, objective="validation_accuracy")


def test_values_that_contradict_each_other_are_found():
    optimizers = {"kind": "choice", "choices": ["sgd", "rmsprop", "adam"]}
    momentum = {"kind": "float", "low": 0.0, "high": 0.9}
    assert refusal({"optimizer": optimizers, "momentum": momentum}) == (
        "spaces/test.yaml: 'momentum' is 0.9; allowed with 'optimizer: adam': 0"
    )
    require_fit(
        space_of(optimizer={**optimizers, "choices": ["sgd", "rmsprop"]}, momentum=momentum),
        {"classifier": "vgg6"},
        "validation_loss",
        "test",
    )


@pytest.mark.parametrize(
    ("key", "choices"),
    [("loss", ["focal", "cross_entropy"]), ("class_weight", ["none", "balanced"]), ("label_smoothing", [0.0, 0.1])],
)
def test_losses_that_do_not_compare_decide_nothing(key, choices):
    parameters = {key: {"kind": "choice", "choices": choices}}
    assert f"{key!r} changes what validation_loss is" in refusal(parameters)
    require_fit(space_of(**parameters), {"classifier": "vgg6"}, "validation_accuracy", "test")


def test_channels_are_searched_only_where_they_do_not_decide_which_rows_judge():
    parameters = {"channels": {"kind": "choice", "choices": [["difference"], ["science", "difference"]]}}
    assert "state 'required_channels' in the recipe" in refusal(parameters)
    recipe = {"classifier": "vgg6", "required_channels": ["difference"]}
    require_fit(space_of(**parameters), recipe, "validation_loss", "test")


def test_values_go_to_the_recipe_and_to_the_settings_of_its_classifier():
    base = {"classifier": "vgg6", "epochs": 9, "settings": {"filters": [8, 8], "dense": 64}}
    changed = with_values(base, {"settings.dense": 128, "augment": ["flip"]})
    recipe = ClassifierRecipe.from_mapping(changed)
    assert (recipe.epochs, recipe.augment) == (9, ("flip",))
    assert recipe.settings == {"filters": [8, 8], "dense": 128}
    assert base["settings"]["dense"] == 64


def test_copies_fill_a_setting_that_is_a_list():
    rates = SearchedKey(kind="float", low=0.01, high=0.5, copies=3)
    assert rates.extremes == ([0.01] * 3, [0.5] * 3)


@pytest.mark.parametrize(
    ("space", "classifier"), [("gotorb", "vgg6"), ("triplet_cnn", "triplet_cnn"), ("boosting", "boosting")]
)
def test_the_spaces_of_the_checkout_fit_their_classifiers(space, classifier):
    loaded = settings_files.load("spaces", space, SearchSpace)
    require_fit(loaded, settings_files.raw("classifiers", classifier), "validation_loss", space)


@pytest.mark.replaces("gotorb", "G12")
def test_gotorbs_space_is_the_published_one():
    keys = settings_files.load("spaces", "gotorb", SearchSpace).parameters
    first, more = range(8, 33, 8), range(0, 33, 8)
    assert list(keys["settings.filters"].choices) == [[one, one + extra] for one in first for extra in more]
    ranges = {key: (searched.low, searched.high, searched.log) for key, searched in keys.items() if searched.low}
    assert ranges == {
        "settings.dense": (64, 512, False),
        "settings.dropout_rates": (1e-2, 0.5, True),
        "settings.l2_penalty": (1e-8, 1e-1, True),
        "learning_rate": (1e-5, 1e-2, True),
    }
    assert keys["settings.dense"].step == 8
