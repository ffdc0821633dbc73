"""`nightsift check`: what is wrong with a survey or recipe, all of it at once, before anything is built."""

import shutil

import pytest

from commands.main import main


@pytest.fixture
def survey(here):
    """A survey of our own: the files of the tiny one, read as a database survey."""
    queries = here.config / "queries" / "own"
    shutil.copytree(here.config / "queries" / "generic", queries)
    settings = here.settings("surveys", "tiny") | {"source": "database", "made": False}
    given = settings["input"] | {"folder": str(here.result("MakeSyntheticSurvey")), "queries": "own"}
    settings["input"] = {key: value for key, value in given.items() if key not in ("sky", "seed")}
    here.write("surveys", "own", settings)
    return here


@pytest.fixture
def check(capsys):
    """Return exit code and lines of the command."""

    def run(name):
        code = main(["check", name])
        return code, capsys.readouterr().out.splitlines()

    return run


def change_input(survey, **values):
    survey.change("surveys", "own", input=survey.settings("surveys", "own")["input"] | values)


@pytest.mark.parametrize("name", ["tiny", "synthetic", "boosting", "point_sources", "triplet_cnn"])
def test_what_is_shipped_has_no_fault(here, check, name):
    code, lines = check(name)
    assert code == 0
    assert all(line.endswith(": no fault") for line in lines)


def test_a_survey_that_works_has_no_fault(survey, check):
    assert check("own") == (0, ["surveys/own.yaml: no fault"])


def test_all_faults_of_a_survey_come_at_once(survey, check):
    labels = [{"provider": "lists", "table": "eyeballs"}]
    survey.change("surveys", "own", longitude_deg=200, cutout_size=3, channels="science", labels=labels)
    code, lines = check("own")
    assert code == 1
    text = "\n".join(lines)
    assert "unknown key 'cutout_size' (did you mean 'cutout_size_pixel'?)" in text
    assert "'channels' is 'science'; allowed: a list of text" in text
    assert lines[0] == f"surveys/own.yaml: {len(lines) - 1} faults"


def test_faults_beyond_the_types_come_at_once(survey, check):
    labels = [{"provider": "lists", "table": "eyeballs"}]
    defaults = survey.settings("surveys", "own")["defaults"] | {"dataset": "nothing", "classifier": "none_such"}
    survey.change("surveys", "own", labels=labels, defaults=defaults)
    change_input(survey, images={"hdus": {"science": "science_path"}})
    code, lines = check("own")
    text = "\n".join(lines)
    assert code == 1
    for words in ("unknown label provider 'lists'", "'nothing'", "'none_such'", "hdus.science"):
        assert words in text


def test_every_query_that_fails_is_named(survey, check):
    queries = survey.config / "queries" / "own"
    (queries / "candidates.sql").write_text("SELECT no_such_column FROM candidates WHERE :night = ''")
    (queries / "movers.sql").write_text("SELEC * FROM movers")
    (queries / "variables.sql").unlink()
    code, lines = check("own")
    text = "\n".join(lines)
    assert code == 1
    assert "no_such_column" in text
    assert "own/movers" in text
    assert "variables" in text


def test_a_missing_hdu_is_named(survey, check):
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"] | {"template": "template_path:TEMPLAT"}
    change_input(survey, images={"hdus": hdus})
    code, lines = check("own")
    assert code == 1
    assert "TEMPLAT" in "\n".join(lines)


def test_a_missing_column_of_the_exposures_is_named(survey, check):
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"] | {"template": "reference_path:TEMPLATE"}
    change_input(survey, images={"hdus": hdus})
    code, lines = check("own")
    assert code == 1
    assert "reference_path" in "\n".join(lines)


def test_a_missing_variable_of_the_environment_is_named(survey, check):
    change_input(survey, folder="${NIGHTSIFT_NOT_SET}")
    code, lines = check("own")
    assert code == 1
    assert "the environment variable NIGHTSIFT_NOT_SET is not set: point it at" in "\n".join(lines)


def test_a_missing_database_is_named(survey, check):
    change_input(survey, database={"file": "other.sqlite"})
    code, lines = check("own")
    assert code == 1
    assert "other.sqlite" in "\n".join(lines)


def test_a_label_file_that_is_not_there_is_named(survey, check):
    survey.change("surveys", "own", labels=[{"provider": "list", "table": "mine", "file": "nothing.csv"}])
    code, lines = check("own")
    assert code == 1
    assert "nothing.csv" in "\n".join(lines)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("datasets", {"survey": "nowhere"}, "unknown survey 'nowhere'"),
        ("datasets", {"simulation": "nothing"}, "unknown simulation 'nothing'"),
        ("datasets", {"nights": ["2026-13-01"]}, "night '2026-13-01' is no date"),
        ("datasets", {"split": {"test": 2}}, "test 2.0 and validation"),
        ("simulations", {"images": None, "stamps": {"mixture": {"cosmic_rays": 1}}}, "artefact"),
        ("simulations", {"images": None, "stamps": {"artefacts": {"trial": {}}}}, "did you mean 'trail'?"),
        (
            "simulations",
            {"images": None, "stamps": {"artefacts": {"trail": {"snt": [2, 3]}}}},
            "artefacts.trail: unknown",
        ),
        ("simulations", {"images": None, "stamps": {"artefacts": {"trail": {"snr": [9, 3]}}}}, "snr is [9.0, 3.0]"),
        ("simulations", {"stamps": {}}, "exactly one of 'images', 'stamps' and 'movers'"),
        ("classifiers", {"classifier": "boost"}, "unknown classifier 'boost'"),
        ("classifiers", {"settings": {"n_estimator": 3}}, "n_estimator"),
        ("classifiers", {"epochs": 0, "learning_rate": -1}, "'epochs' is 0"),
        ("classifiers", {"epochs": 0, "learning_rate": -1}, "'learning_rate' is -1"),
    ],
)
def test_a_fault_of_a_recipe_is_named(here, check, kind, change, words):
    here.write(kind, "wrong", here.settings(kind, "tiny") | change)
    code, lines = check("wrong")
    assert code == 1
    assert words in "\n".join(lines)


def test_a_name_that_nobody_knows_is_one_line_and_a_fault(here, capsys):
    assert main(["check", "sythetic"]) == 1
    assert "unknown survey or recipe 'sythetic' (did you mean 'synthetic'?)" in capsys.readouterr().err


def test_no_yaml_at_all_is_one_line(here, check):
    (here.config / "surveys" / "tiny.yaml").write_text("source: [unclosed")
    code, lines = check("tiny")
    assert code == 1
    assert any("is no valid YAML" in line for line in lines)
