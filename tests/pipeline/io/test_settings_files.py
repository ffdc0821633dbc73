import os
from pathlib import Path

import pytest

from pipeline.errors import MissingInputError, SettingsError, UnknownNameError
from pipeline.fingerprint import fingerprint
from pipeline.io import settings_files
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.surveys.settings import SurveySettings


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a function that writes one data-set recipe in a folder of settings of its own."""
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    (tmp_path / "datasets").mkdir()

    def write(text, name="mine"):
        (tmp_path / "datasets" / f"{name}.yaml").write_text(text)

    return write


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Folders of an installed copy: where its code lies, where its settings are, where it is run."""
    monkeypatch.delenv("NIGHTSIFT_CONFIG", raising=False)
    folders = [tmp_path / name for name in ("code", "share", "here")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(settings_files, "ROOT", folders[0])
    monkeypatch.setattr(settings_files, "INSTALLED", folders[1])
    monkeypatch.chdir(folders[2])
    return folders


def settle(folder):
    (folder / "config" / "surveys").mkdir(parents=True)
    (folder / "luigi.cfg").touch()


def test_a_copy_without_settings_says_where_they_were_looked_for(installed):
    with pytest.raises(MissingInputError, match="run in a checkout of Nightsift") as caught:
        settings_files.config_folder()
    assert all(str(folder) in str(caught.value) for folder in installed[:2])


def test_an_installed_copy_takes_the_settings_of_a_checkout_that_it_is_run_in(installed):
    _, share, here = installed
    settle(share)
    assert settings_files.config_folder() == share / "config"
    settle(here)
    assert settings_files.config_folder().resolve() == here / "config"


def test_the_environment_names_another_folder_of_settings(installed, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", "/elsewhere")
    assert settings_files.config_folder() == Path("/elsewhere")


def test_comments_and_the_order_of_keys_do_not_count(config):
    config("survey: s\nnights: [2026-01-01]\nsplit: {by: night, seed: 2}\n", "one")
    config("# a comment\nsplit:\n  seed: 2  # another\n  by: night\n\nnights:\n- 2026-01-01\nsurvey: 's'\n", "two")
    first, second = settings_files.raw("datasets", "one"), settings_files.raw("datasets", "two")
    assert first == second
    assert fingerprint(first) == fingerprint(second)


def test_a_changed_value_counts(config):
    config("survey: s\nnights: [2026-01-01]\n", "one")
    config("survey: s\nnights: [2026-01-02]\n", "two")
    assert fingerprint(settings_files.raw("datasets", "one")) != fingerprint(settings_files.raw("datasets", "two"))


def test_a_date_stays_the_text_that_it_is(config):
    config("survey: s\nnights: [2026-01-01, 61045]\n")
    assert settings_files.load("datasets", "mine", DatasetRecipe).nights == ("2026-01-01", 61045)


def test_every_fault_is_named_and_the_file_once(config):
    config("survey: 3\nnigths: [2026-01-01]\n")
    with pytest.raises(SettingsError) as caught:
        settings_files.load("datasets", "mine", DatasetRecipe)
    assert str(caught.value).split("; ") == [
        "datasets/mine.yaml: unknown key 'nigths' (did you mean 'nights'?)",
        "'survey' is 3",
        "allowed: text",
        "'nights' is missing",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "datasets/mine.yaml is not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "key 'a' appears twice"),
        ("a: {b: 1, b: 2}\n", "key 'b' appears twice"),
        ("a: !!python/object/apply:os.getcwd []\n", "is not valid YAML"),
        ("a: 1.5\nb: [.nan]\n", "mine.yaml is not valid YAML: nan is no finite number in line 2, column 5"),
        ("a: -.inf\n", "-inf is no finite number"),
        ("- 1\n", "does not hold a mapping"),
        ("", "does not hold a mapping"),
    ],
)
def test_a_broken_file_is_said_in_one_line(config, text, message):
    config(text)
    with pytest.raises(SettingsError, match=message) as caught:
        settings_files.raw("datasets", "mine")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_named(config, tmp_path):
    (tmp_path / "datasets" / "mine.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(SettingsError, match="is not valid YAML"):
        settings_files.raw("datasets", "mine")


@pytest.mark.parametrize("name", ["mien", "../datasets/mine", "/etc/passwd", ""])
def test_an_unknown_name_is_refused_and_never_a_path(config, name):
    config("a: 1\n")
    with pytest.raises(UnknownNameError, match=r"unknown dataset .*known: mine"):
        settings_files.raw("datasets", name)


def test_values_are_filled_in_from_the_environment(monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_TEST_FOLDER", "/data")
    assert settings_files.expand("${NIGHTSIFT_TEST_FOLDER}/x", "the data") == "/data/x"
    assert settings_files.expand("${NIGHTSIFT_TEST_ABSENT:/else}/x", "the data") == "/else/x"


def test_a_variable_may_stand_in_a_mapping_of_one_line(config):
    written = "a: {file: ${NIGHTSIFT_X}/a.csv, b: [${NIGHTSIFT_Y:/tmp}, '${NIGHTSIFT_Z}']}\n${NIGHTSIFT_K}: {c: 1}\n"
    config(written)
    inner = {"file": "${NIGHTSIFT_X}/a.csv", "b": ["${NIGHTSIFT_Y:/tmp}", "${NIGHTSIFT_Z}"]}
    assert settings_files.raw("datasets", "mine") == {"a": inner, "${NIGHTSIFT_K}": {"c": 1}}


def test_an_unset_variable_says_what_to_point_it_at(monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_TEST_FOLDER", raising=False)
    message = "the environment variable NIGHTSIFT_TEST_FOLDER is not set: point it at the folder of alerts"
    with pytest.raises(MissingInputError, match=message):
        settings_files.expand("${NIGHTSIFT_TEST_FOLDER}", "the folder of alerts")


def test_a_dotenv_file_fills_what_is_not_set(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_TEST_A", "mine")
    monkeypatch.setenv("NIGHTSIFT_TEST_B", "to be removed afterwards")
    monkeypatch.delenv("NIGHTSIFT_TEST_B")
    (tmp_path / ".env").write_text("# secret\nNIGHTSIFT_TEST_A=file\nNIGHTSIFT_TEST_B='two = 2'\nnonsense\n")
    settings_files.load_dotenv(tmp_path / ".env")
    assert os.environ["NIGHTSIFT_TEST_A"] == "mine"
    assert os.environ.pop("NIGHTSIFT_TEST_B") == "two = 2"
    settings_files.load_dotenv(tmp_path / "absent")


@pytest.mark.parametrize(
    ("kind", "settings"), [("surveys", SurveySettings), ("datasets", DatasetRecipe), ("simulations", SimulationRecipe)]
)
def test_the_settings_that_come_with_the_project_are_sound(kind, settings):
    assert settings_files.names(kind)
    for name in settings_files.names(kind):
        settings_files.load(kind, name, settings)


PARENT = "survey: s\nnights: [2026-01-01]\nmax_ratio: 3\nsplit: {by: object, seed: 2, test: 0.3}\n"


def test_a_file_extends_another_key_by_key(config):
    config(PARENT, "parent")
    config("extends: parent\nsurvey: t\nnights: [2026-02-01, 2026-02-02]\nsplit: {seed: 5}\n", "child")
    assert settings_files.raw("datasets", "child") == {
        "survey": "t", "nights": ["2026-02-01", "2026-02-02"], "max_ratio": 3,
        "split": {"by": "object", "seed": 5, "test": 0.3},
    }  # fmt: skip
    recipe = settings_files.load("datasets", "child", DatasetRecipe)
    assert (recipe.survey, recipe.split.seed, recipe.split.test, recipe.max_ratio) == ("t", 5, 0.3, 3.0)
    assert settings_files.raw("datasets", "parent")["split"]["seed"] == 2


def test_a_grandchild_wins_over_both(config):
    config(PARENT, "parent")
    config("extends: parent\nsplit: {seed: 5, test: 0.4}\n", "child")
    config("extends: child\nsplit: {test: 0.2}\n", "grandchild")
    split = settings_files.raw("datasets", "grandchild")["split"]
    assert split == {"by": "object", "seed": 5, "test": 0.2}


def test_what_is_null_is_taken_away(config):
    config(PARENT, "parent")
    config("extends: parent\nmax_ratio: null\nsplit: {test: null}\n", "child")
    assert settings_files.raw("datasets", "child")["split"] == {"by": "object", "seed": 2}
    assert settings_files.load("datasets", "child", DatasetRecipe).max_ratio == 0.0


def test_the_merged_content_is_the_identity(config):
    config(PARENT, "parent")
    config("extends: parent\nmax_ratio: 4\n", "child")
    config(PARENT.replace("max_ratio: 3", "max_ratio: 4"), "written_out")
    child, written_out = settings_files.raw("datasets", "child"), settings_files.raw("datasets", "written_out")
    assert fingerprint(child) == fingerprint(written_out)


def test_a_change_of_the_parent_is_seen(config, tmp_path):
    config(PARENT, "parent")
    config("extends: parent\nsurvey: t\n", "child")
    assert settings_files.load("datasets", "child", DatasetRecipe).max_ratio == 3
    config(PARENT.replace("max_ratio: 3", "max_ratio: 4"), "parent")
    os.utime(tmp_path / "datasets" / "parent.yaml", ns=(1, 1))
    assert settings_files.load("datasets", "child", DatasetRecipe).max_ratio == 4


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "extends: b", "b": "extends: a"}, "datasets/b.yaml extends itself: a -> b -> a"),
        ({"a": "extends: a"}, "datasets/a.yaml extends itself: a -> a"),
        ({"a": "extends: b", "b": "extends: c", "c": "extends: b"}, "datasets/c.yaml extends itself: a -> b -> c -> b"),
        ({"a": "extends: bb", "b": ""}, r"datasets/a.yaml: extends: unknown dataset 'bb' \(did you mean 'b'\?\)"),
        ({"a": "extends: ../surveys/b"}, r"datasets/a.yaml: extends: unknown dataset '../surveys/b'"),
        (
            {"a": "extends: [b]"},
            r"datasets/a.yaml: 'extends' is \['b'\]; allowed: the name of another file of datasets",
        ),
    ],
)
def test_a_parent_that_cannot_be_is_named(config, files, message):
    for name, text in files.items():
        config(text, name)
    with pytest.raises(SettingsError, match=message):
        settings_files.raw("datasets", "a")


def test_faults_of_the_merged_settings_are_the_childs(config):
    config(PARENT, "parent")
    config("extends: parent\nsplit: {sed: 5}\n", "child")
    with pytest.raises(SettingsError, match=r"datasets/child.yaml: unknown key 'split.sed' \(did you mean 'seed'\?\)"):
        settings_files.load("datasets", "child", DatasetRecipe)


def test_extends_alone_is_no_key_of_the_settings(config):
    config(PARENT, "parent")
    config("extends: parent\n", "child")
    assert settings_files.raw("datasets", "child") == settings_files.raw("datasets", "parent")


@pytest.mark.parametrize(
    "line", ["server: http://me:hunter2@h.org/x: y", "server: 'http://me:hunter2@h.org/" + "x" * 90, "a: &hunter2 [*b"]
)
def test_a_line_that_is_no_yaml_is_named_by_its_number_and_not_shown(config, line):
    config(f"a: 1\n{line}\n")
    with pytest.raises(SettingsError, match=r"is not valid YAML: .* in line [23]") as caught:
        settings_files.raw("datasets", "mine")
    assert "hunter2" not in str(caught.value)


def test_a_path_is_seen_from_a_folder_through_links_of_either(tmp_path):
    disk = tmp_path / "disk"
    (disk / "night").mkdir(parents=True)
    data = tmp_path / "data"
    data.mkdir()
    (data / "survey").symlink_to(disk)
    (tmp_path / "link").symlink_to(data)
    assert settings_files.place_in(data, data / "survey" / "night") == "survey/night"
    assert settings_files.place_in(tmp_path / "link", data / "x.h5") == "x.h5"
    assert settings_files.place_in(data, disk / "night") == str(disk.resolve() / "night")
