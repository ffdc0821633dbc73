"""`nightsift check`: what is wrong with a survey or recipe, all of it at once, before anything is built."""

import pytest
from own_survey import change_input, faults_of

from commands.main import main
from commands.plan import asked
from pipeline.errors import SettingsError
from pipeline.io import settings_files


@pytest.mark.parametrize("name", ["tiny", "synthetic", "boosting", "point_sources", "triplet_cnn"])
def test_what_is_shipped_has_no_fault(here, check, name):
    code, lines = check(name)
    assert code == 0
    assert all(line.endswith(": no fault") for line in lines)


def test_a_survey_that_works_has_no_fault(survey, check):
    assert check("own") == (0, ["surveys/own.yaml: no fault", "datasets/own.yaml: no fault"])
    assert check("own", "--all") == (0, ["surveys/own.yaml: no fault", "datasets/own.yaml: no fault"])


def test_all_faults_of_a_survey_come_at_once(survey, check):
    labels = [{"provider": "lists", "table": "eyeballs"}]
    survey.change("surveys", "own", longitude_deg=200, cutout_size=3, channels="science", labels=labels)
    code, lines = check("own")
    assert code == 1
    text = "\n".join(lines)
    assert "unknown key 'cutout_size' (did you mean 'cutout_size_pixel'?)" in text
    assert "'channels' is 'science'; allowed: a list of text" in text
    assert lines[0] == f"surveys/own.yaml: {lines.index(next(x for x in lines if x.startswith('datasets'))) - 1} faults"


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


def test_a_misspelt_key_hides_no_fault_behind_it(survey, check):
    """The same faults beside keys that nobody knows, one of them required, in the survey, its input and its lists."""
    settings = survey.settings("surveys", "own")
    queries = survey.config / "queries" / "own"
    (queries / "candidates.sql").write_text("SELECT no_such_column FROM candidates WHERE :night = ''")
    settings["telescop"] = settings.pop("telescope")
    settings["defaults"] = {"dataset": "nothing", "clasifier": "none_such"}
    settings["input"]["querys"] = settings["input"].pop("queries")
    hdus = settings["input"]["images"]["hdus"] | {"template": "template_path:TEMPLAT"}
    settings["input"]["images"] = {"hdus": hdus, "positoin": "sky"}
    settings["labels"] = [
        {"provider": "mover", "radius": 1.0, "max_magnitude": "faint"},
        {"provider": "lists", "table": "eyeballs"},
        {"provider": "list", "tabel": "mine", "file": "nothing.csv"},
    ]
    settings["cleaning"] = [{"cleaner": "movers", "row": "bogus", "radius_arcsec": -1.0}]
    settings |= {"max_edge_fraction": 7.0, "max_lost_fraction": -1.0, "cutout_size_pixel": 0, "longitude_deg": 200.0}
    survey.write("surveys", "own", settings)
    code, lines = check("own")
    text = "\n".join(lines)
    assert code == 1
    for words in (
        "'telescop'", "'telescope' is missing", "'defaults.clasifier'", "unknown dataset 'nothing'", "'none_such'",
        "unknown key 'querys'", "unknown key 'images.positoin'", "no_such_column", "labels[0]: unknown key 'radius'",
        "'max_magnitude' is 'faint'", "labels[1]: unknown label provider 'lists'", "unknown key 'tabel'", "nothing.csv",
        "unknown key 'row'", "radius_arcsec is -1.0", "max_edge_fraction is 7.0", "max_lost_fraction is -1.0",
        "cutout_size_pixel is 0", "longitude_deg is 200.0",
    ):  # fmt: skip
        assert words in text, words


def test_what_is_wrong_with_the_images_is_named_beside_an_unknown_key(survey, check):
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"] | {"template": "template_path:TEMPLAT"}
    change_input(survey, images={"hdus": hdus}, paramters={})
    text = faults_of(survey, check)
    assert "unknown key 'paramters'" in text
    assert "TEMPLAT" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pixel_scale_arcsec": -1.0}, "pixel_scale_arcsec is -1.0; allowed: above 0"),
        ({"base_rate": 2.0}, "base_rate is 2.0; allowed: 0 to 1"),
        ({"linked_within_arcsec": -3.0}, "linked_within_arcsec is -3.0"),
        ({"closed": {"after_hours": -5.0}}, "after_hours is -5.0; allowed: at least 0"),
        ({"labels": [{"provider": "variable", "radius_arcsec": 0.0}]}, "radius_arcsec is 0.0; allowed: above 0"),
        ({"labels": [{"provider": "injected", "radius_arcsec": -1.0}]}, "radius_arcsec is -1.0; allowed: above 0"),
        ({"labels": [{"provider": "bogus_draw", "clear_arcsec": -1.0}]}, "clear_arcsec is -1.0"),
        ({"cleaning": [{"cleaner": "variables", "radius_arcsec": -1.0}]}, "radius_arcsec is -1.0; allowed: above 0"),
        ({"closed": {"marker": "closed/{date}"}}, "marker is 'closed/{date}'; allowed in braces: {night}"),
        ({"closed": {"marker": "closed/{night"}}, "marker is 'closed/{night'; allowed in braces: {night}"),
        ({"closed": {"query": "finished"}}, "unknown query of 'own' 'finished'"),
        ({"labels": [{"provider": "mover", "table": "ephemeris"}]}, "states no `ephemeris`"),
    ],
)
def test_what_a_run_would_stop_at_is_named_before_it(survey, check, changes, words):
    assert words in faults_of(survey, check, **changes)


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ({"dataset": "tiny"}, "defaults: datasets/tiny.yaml is of survey 'tiny', not 'own'"),
        ({"night": "2026-13-01"}, "night '2026-13-01' is not a date"),
        ({"classifier": "wrong"}, "classifiers/wrong.yaml: 'epochs' is 0"),
        ({"simulation": "wrong"}, "simulations/wrong.yaml: give exactly one of"),
    ],
)
def test_a_fault_of_what_a_survey_takes_by_default_is_named(survey, check, defaults, words):
    survey.write("classifiers", "wrong", survey.settings("classifiers", "tiny") | {"epochs": 0})
    survey.write("simulations", "wrong", {"seed": 2})
    text = faults_of(survey, check, defaults=survey.settings("surveys", "own")["defaults"] | defaults)
    assert words in text


def test_a_data_set_that_a_survey_inherits_is_asked_for_by_training_alone(survey, check):
    survey.write("surveys", "heir", {"extends": "own", "telescope": "T2"})
    assert check("heir") == (0, ["surveys/heir.yaml: no fault"])
    finished = survey.luigi("BuildDataset", "--survey", "heir")
    assert finished.code == 35
    assert finished.line("datasets/own.yaml is of survey 'own', not 'heir': write datasets/heir.yaml")


def test_no_survey_of_the_checkout_takes_the_data_set_of_another(here):
    for name in settings_files.names("surveys"):
        recipe = settings_files.raw("surveys", name)["defaults"]["dataset"]
        assert name == "tiny" or settings_files.raw("datasets", recipe)["survey"] == name


def test_a_word_of_a_label_table_that_no_setting_explains_is_named(survey, check):
    query = survey.config / "queries" / "own" / "eyeballs.sql"
    text = query.read_text().replace("y.label", "CASE WHEN y.label = 1 THEN 'good' ELSE 'perhaps' END AS label")
    query.write_text(text)
    labels = [{"provider": "list", "table": "eyeballs", "words": {"good": "real"}}]
    assert (
        "has label 'perhaps'; allowed: 1 (real), 0 (bogus), -1 (none), real, bogus, none, nothing (none), good"
        in faults_of(survey, check, labels=labels)
    )


def test_a_word_of_a_label_file_that_no_setting_explains_is_named_with_its_row(survey, check):
    (survey.root / "mine.csv").write_text("candidate_id,label\n1,1\n2,maybe\n")
    labels = [{"provider": "list", "table": "mine", "file": "mine.csv", "unknown_ids": "ignore"}]
    text = faults_of(survey, check, labels=labels)
    assert "mine.csv: row 3: label is 'maybe'; allowed: 1 (real), 0 (bogus), -1 (none)" in text


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("datasets", {"relabel": "nothing.csv"}, "no label file"),
        ("datasets", {"splitt": {}, "max_ratio": 0.5}, "max_ratio is 0.5"),
        ("datasets", {"split": {"minimum_groups": -1}}, "minimum_groups is -1"),
        ("datasets", {"survey": "ztf_packets"}, "survey 'ztf_packets' has no images: choose a simulation recipe"),
        ("classifiers", {"settings": {"n_estimators": 0}}, "'settings.n_estimators' is 0; allowed: a whole number"),
        ("classifiers", {"epoks": 3, "threshold_rule": "fpr", "threshold_parameter": {"target": 3.0}}, "is 3.0"),
        ("simulations", {"images": None, "stamps": {"bogus_per_cutout": -1.0}}, "bogus_per_cutout is -1.0"),
        ("simulations", {"images": None, "stamps": {"mixture": {"trail": -1.0}}}, "mixture.trail is -1.0"),
        ("datasets", {"survey": "nowhere"}, "unknown survey 'nowhere'"),
        ("datasets", {"simulation": "nothing"}, "unknown simulation 'nothing'"),
        ("datasets", {"nights": ["2026-13-01"]}, "night '2026-13-01' is not a date"),
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


def test_a_misspelt_key_of_a_recipe_hides_no_fault_behind_it(here, check):
    recipe = here.settings("datasets", "tiny") | {"nigths": ["2026-13-01"], "max_ratio": 0.5, "relabel": "nothing.csv"}
    del recipe["nights"]
    here.write("datasets", "wrong", recipe)
    text = "\n".join(check("wrong")[1])
    for words in (
        "'nigths'",
        "'nights' is missing",
        "night '2026-13-01' is not a date",
        "max_ratio is 0.5",
        "nothing.csv",
    ):
        assert words in text


def test_a_name_that_nobody_knows_is_one_line_and_a_fault(here, capsys):
    assert main(["check", "sythetic"]) == 1
    assert "unknown survey or recipe 'sythetic' (did you mean 'synthetic'?)" in capsys.readouterr().err


def test_no_yaml_at_all_is_one_line(here, check):
    (here.config / "surveys" / "tiny.yaml").write_text("source: [unclosed")
    code, lines = check("tiny")
    assert code == 1
    assert any("is not valid YAML" in line for line in lines)


@pytest.mark.parametrize(("closed", "told"), [({"after_hours": 2}, True), ({"marker": "closed/{night}"}, False)])
def test_a_data_set_of_nights_in_the_future_is_told_where_the_clock_closes_them(survey, check, closed, told):
    survey.change("surveys", "own", closed=closed)
    survey.change("datasets", "own", nights=["2026-01-01..2026-01-02", "2099-01-02"])
    code, lines = check("own")
    assert code == told
    assert ("nights: 2099-01-02 lies in the future (1 of 3 nights do)" in "\n".join(lines)) == told


def test_rows_of_a_night_in_the_future_are_told(survey, check):
    (survey.config / "queries" / "own" / "nights.sql").write_text(
        "SELECT '2026-01-01' AS night UNION SELECT '2099-01-02'"
    )
    text = faults_of(survey, check, closed={"after_hours": 2})
    assert "night 2099-01-02 lies in the future; is a time or date of its rows mistyped?" in text


def test_columns_that_are_refused_hide_nothing_behind_columns_that_seem_to_be_missing(here, check, tmp_path):
    (tmp_path / "c.csv").write_text("id,ra,dec,x,y,mjd,file\na,1,2,3,4,61045.9,a.fits\n", encoding="utf-8")
    columns = {"candidate_id": "id", "ra_deg": "ra", "decdeg": "dec"}
    given = {"folder": str(tmp_path), "candidates": "c.csv", "columns": columns}
    given["images"] = {"hdus": {name: f"{{file}}:{name}" for name in ("science", "template", "difference")}}
    settings = here.settings("surveys", "tiny") | {"source": "table", "made": False, "labels": [], "input": given}
    here.write("surveys", "own", settings)
    text = faults_of(here, check)
    assert "columns names 'decdeg'; allowed: candidate_id" in text
    assert "is missing" not in text


def test_a_faulty_baseline_is_named_by_plan_and_before_a_report_builds_anything(here, capsys):
    here.write("classifiers", "wrong", here.settings("classifiers", "tiny") | {"epochs": 0})
    report = ("PlotResults", "--survey", "tiny", "--baseline", "wrong")
    assert main(["plan", *report]) == 0
    planned = capsys.readouterr().out.splitlines()
    refused = [line.split()[0] for line in planned if "classifiers/wrong.yaml: 'epochs' is 0" in line]
    assert refused == ["TrainClassifier", "CalibratePackage", "PlotResults"]
    task = asked(report)
    with pytest.raises(SettingsError, match=r"classifiers/wrong.yaml: 'epochs' is 0"):
        task.deps()
