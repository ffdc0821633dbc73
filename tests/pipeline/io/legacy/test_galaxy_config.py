"""The galaxy project's config.yaml becomes recipes: every key in both spellings, or the reason why not."""

from textwrap import indent

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.convert import About, import_stamps
from models.recipes.classifier import ClassifierRecipe
from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.io.legacy.galaxy_config import galaxy_settings
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.settings import parse

PARTS = """
seed: 42
validation_dataset_proportion: 0.3
test_dataset_proportion: .1
dataset_percentage: 0.1
"""
NETWORK = """
intermediate_forward: false
freeze_beginning: false
last_frozen_layer: layer3.1
delte_pretrained_model_ending: false
intermediate_activation_map_size: [2048, 7, 7]
model: resnet18
fully_connected_hidden_layers: [2048, relu, 1024, relu, 512, relu, 256, relu, 128]
nb_output_classes: 10
load_checkpoint: true
checkpoint_path: experiments/best_model.pth
"""
TRAINING = """
batch_size: 50
learning_rate: {initial: 0.01, decrease_on_plateau: true, patience: 3}
weight_decay: 5e-5
nb_epochs: 50
"""
PROGRAM = f"""{PARTS}{NETWORK}{TRAINING}
paths: {{experiments_folder: experiments, intermediate_dataset_folder: i, intermediate_dataset_name: n}}
"""
README = f"""{PARTS}
model_architecture: {indent(NETWORK.replace("relu", "ReLU"), "  ")}{TRAINING.replace("initial:", "initial_value:")}
paths: {{experiments: experiments, intermediate: i}}
"""


@pytest.fixture
def config(tmp_path):
    """Return a function that writes a config.yaml."""

    def write(text):
        (tmp_path / "config.yaml").write_text(text)
        return tmp_path / "config.yaml"

    return write


@pytest.mark.replaces("galaxy10", "Z3")
@pytest.mark.parametrize("text", [PROGRAM, README], ids=["program", "README"])
def test_every_key_has_a_place_or_a_reason_in_both_spellings(config, text):
    found = galaxy_settings(config(text))
    dataset = parse(DatasetRecipe, {"survey": "g", "nights": ["2000-01-01"], **found.dataset}, "test")
    assert (dataset.split.seed, dataset.split.validation, dataset.split.test, dataset.share) == (42, 0.3, 0.1, 0.1)
    recipe = ClassifierRecipe.from_mapping(found.classifier)
    assert recipe.classifier == "resnet18"
    assert recipe.settings["head"] == [2048, "relu", 1024, "relu", 512, "relu", 256, "relu", 128]
    assert (recipe.batch_size, recipe.epochs, recipe.weight_decay) == (50, 50, 5e-5)
    assert (recipe.optimizer, recipe.momentum, recipe.learning_rate) == ("sgd", 0.0, 0.01)
    assert (recipe.learning_rate_schedule, recipe.plateau_patience, recipe.plateau_factor) == ("plateau", 3, 0.1)
    assert (recipe.normalisation, recipe.resize_pixel, recipe.class_weight) == ("bytes", 224, "none")
    assert (recipe.monitor, recipe.early_stopping_patience) == ("validation_accuracy", 0)
    assert recipe.fine_tuning.frozen_to == "layer3_1"
    left_out = {key for key in found.not_mapped if not key.startswith("paths.")}
    assert left_out == {
        "intermediate_forward", "freeze_beginning", "delte_pretrained_model_ending", "load_checkpoint",
        "intermediate_activation_map_size", "nb_output_classes", "checkpoint_path",
    }  # fmt: skip
    assert "safetensors" in found.not_mapped["checkpoint_path"]
    assert not any("unknown" in why for why in found.not_mapped.values())


@pytest.mark.replaces("galaxy10", "Z3")
def test_a_constant_rate_nothing_frozen_and_a_strange_key_are_told(config):
    found = galaxy_settings(config("learning_rate: {decrease_on_plateau: false}\nlast_frozen_layer: ''\nmodle: 1\n"))
    assert found.classifier["learning_rate_schedule"] == "constant"
    assert "fine_tuning" not in found.classifier
    assert found.not_mapped == {"last_frozen_layer": "empty: nothing is frozen",
                                "modle": "unknown to the galaxy project as well"}  # fmt: skip


@pytest.mark.replaces("galaxy10", "Z3")
def test_the_command_writes_both_recipes_and_says_what_it_left_out(config, tmp_path, capsys):
    import_stamps("galaxy_config", [str(config(README))], str(tmp_path / "out"), About(survey="decals"))
    dataset = yaml.safe_load((tmp_path / "out" / "datasets" / "decals.yaml").read_text())
    assert parse(DatasetRecipe, dataset, "test").share == 0.1
    text = (tmp_path / "out" / "classifiers" / "decals.yaml").read_text()
    assert ClassifierRecipe.from_mapping(yaml.safe_load(text)).classifier == "resnet18"
    assert "# nb_output_classes: follows from the classes of the survey" in text
    assert "nb_output_classes: follows from" in capsys.readouterr().out
    with pytest.raises(InputError, match="exists; remove it or name another folder"):
        import_stamps("galaxy_config", [str(config(README))], str(tmp_path / "out"), About())


def test_values_that_are_not_allowed_here_are_one_line(config, tmp_path):
    given = config("dataset_percentage: 10\n")
    with pytest.raises(SettingsError, match=r"share is 10\.0; allowed: above 0, at most 1"):
        import_stamps("galaxy_config", [str(given)], str(tmp_path / "out"), About())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "does not hold a mapping"),
        ("a: [", "is not valid YAML"),
        ("seed: soon\n", "'seed' is 'soon'; allowed: a number"),
        ("model: vgg\n", "'model' is 'vgg'; allowed: resnet18, resnet50"),
        ("fully_connected_hidden_layers: [1.5]\n", "allowed: a list of units and activations"),
        ("learning_rate: {decrease_on_plateau: 3}\n", "allowed: true, false"),
        ("model: resnet18\nmodel_architecture: {model: resnet50}\n", "'model' is stated twice, in two spellings"),
        ("seed: !!python/object/apply:os.getcwd []\n", "is not valid YAML"),
    ],
)
def test_a_config_that_is_none_is_named(tmp_path, text, message):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        galaxy_settings(tmp_path / "config.yaml")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_whatever_a_config_holds_only_our_own_errors_come_out(tmp_path, content):
    (tmp_path / "config.yaml").write_bytes(content)
    try:
        galaxy_settings(tmp_path / "config.yaml")
    except NightsiftError as error:
        assert "\n" not in str(error)
