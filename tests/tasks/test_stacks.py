"""What a stack requires, and which parameters name the trainings of its members."""

import pytest
import yaml
from luigi.task_register import Register

import tasks
from pipeline.errors import SettingsError
from tasks.learned_fold import LearnedFoldParameter

STACK = {"classifier": "stack", "members": ["one", {"classifier": "other", "seed": 7}], "seeds": [1, 2], "folds": 2}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A folder of settings with a survey, two classifiers and a stack of them."""
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    files = {
        "surveys/own": {
            "source": "synthetic", "made": True, "telescope": "F1", "longitude_deg": 20.5, "pixel_scale_arcsec": 1.5,
            "channels": ["science", "template", "difference"], "cutout_size_pixel": 21, "closed": {"after_hours": 0},
            "input": {"seed": 1}, "defaults": {"dataset": "own", "classifier": "one", "baseline": "one"},
        },
        "datasets/own": {"survey": "own", "nights": ["2026-02-01"]},
        "classifiers/one": {"classifier": "boosting"},
        "classifiers/other": {"classifier": "triplet_cnn"},
        "classifiers/mine": STACK,
    }  # fmt: skip
    for name, content in files.items():
        path = tmp_path / "config" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    Register.clear_instance_cache()
    yield tmp_path / "config"
    Register.clear_instance_cache()


def write(config, **values):
    (config / "classifiers" / "mine.yaml").write_text(yaml.safe_dump(STACK | values))
    Register.clear_instance_cache()


def stack(**parameters):
    return tasks.CalibratePackage(survey="own", classifier="mine", **parameters)


def test_a_stack_requires_its_members_packages_and_the_data_set_and_trains_nothing_itself(config):
    required = stack().requires()
    assert list(required) == [*(f"member {number}" for number in range(6)), "dataset"]
    members = [task for task in required.values() if isinstance(task, tasks.CalibratePackage)]
    assert [(task.classifier, task.seed, task.learned_fold) for task in members] == [
        ("one", 1, "1/2"), ("one", 1, "2/2"), ("one", 2, "1/2"), ("one", 2, "2/2"), ("other", 7, "1/2"),
        ("other", 7, "2/2"),
    ]  # fmt: skip
    assert all(isinstance(task.requires()["training"], tasks.TrainClassifier) for task in members)


def test_a_named_data_set_takes_the_place_of_the_recipes_for_all_members(config, tmp_path):
    file = tmp_path / "mine.h5"
    file.write_bytes(b"rows")
    required = stack(dataset_file=str(file)).requires()
    assert "dataset" not in required
    assert {task.dataset_file for task in required.values()} == {str(file)}


def test_members_are_the_same_results_as_outside_of_the_stack(config):
    write(config, seeds=[], folds=0)
    alone = tasks.CalibratePackage(survey="own", classifier="one", seed=3)
    assert stack(seed=3).requires()["member 0"].output().path == alone.output().path


def test_a_learned_fold_is_another_training_with_a_name_that_says_which(config):
    whole, fold, other = (
        tasks.TrainClassifier(survey="own", classifier="one", learned_fold=text) for text in ("", "2/5", "3/5")
    )
    assert len({task.fingerprint for task in (whole, fold, other)}) == 3
    assert "-one-seed1-learned2of5-" in fold.output().path.name
    assert "learned" not in whole.output().path.name
    assert (
        tasks.CalibratePackage(survey="own", classifier="one", learned_fold="2/5").training().fingerprint
        == fold.fingerprint
    )


def test_no_learned_fold_is_the_default_and_a_fold_has_one_spelling():
    parameter = LearnedFoldParameter()
    assert parameter.normalize("") == ""
    assert parameter.normalize("02/05") == "2/5"


@pytest.mark.parametrize("text", ["5", "0/5", "6/5", "x"])
def test_what_is_no_learned_fold_is_refused(config, text):
    with pytest.raises(SettingsError, match=rf"learned fold '{text}'; allowed: which of how many, such as 2/5"):
        tasks.TrainClassifier(survey="own", learned_fold=text)


@pytest.mark.parametrize(
    ("values", "members_change"),
    [({"threshold_rule": "mcc"}, False), ({"combine": "weights"}, False), ({"folds": 3}, True), ({"seeds": [5]}, True)],
)
def test_each_key_makes_another_stack_and_only_those_of_trainings_other_members(config, values, members_change):
    before, members = stack().fingerprint, {task.fingerprint for task in stack().requires().values()}
    write(config, **values)
    assert stack().fingerprint != before
    assert ({task.fingerprint for task in stack().requires().values()} != members) == members_change


def test_a_member_of_another_recipe_makes_another_stack(config):
    before = stack().fingerprint
    (config / "classifiers" / "other.yaml").write_text(yaml.safe_dump({"classifier": "triplet_cnn", "epochs": 3}))
    Register.clear_instance_cache()
    assert stack().fingerprint != before


def test_a_stack_is_no_member_and_nothing_of_it_is_trained(config):
    with pytest.raises(SettingsError, match=r"--learned-fold is '1/2'; classifiers/mine.yaml is a stack"):
        stack(learned_fold="1/2").requires()
    with pytest.raises(SettingsError, match=r"classifiers/mine.yaml is a stack, of which nothing is trained"):
        tasks.TrainClassifier(survey="own", classifier="mine").deps()


@pytest.mark.parametrize("method", ["none", "temperature", "platt_prior"])
def test_a_stack_that_cannot_bring_members_back_from_the_base_rate_is_refused(config, method):
    survey = config / "surveys" / "own.yaml"
    survey.write_text(yaml.safe_dump(yaml.safe_load(survey.read_text()) | {"base_rate": 0.01}))
    member = {"classifier": "boosting", "calibrated_to": "base_rate"}
    (config / "classifiers" / "one.yaml").write_text(yaml.safe_dump(member))
    write(config, calibration=method)
    with pytest.raises(SettingsError, match=rf"mine.yaml: calibration is '{method}', which leaves .* that one is"):
        stack().require_sound_recipe()
    write(config, calibration="platt")
    stack().require_sound_recipe()
