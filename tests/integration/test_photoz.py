"""A catalogue with redshifts through the tasks: fetched, divided, learned from, predicted, judged, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.io.results.scores_file import read_scores, scores_provenance
from pipeline.io.results.value_columns import distributions
from pipeline.io.tables.redshift_pdfs import read_redshift_pdfs

pytestmark = pytest.mark.replaces("4most", "M12")
ROWS, UNKNOWN = 400, 40
BOOSTED = {
    "regressor": "quantile_boosting",
    "settings": {"iterations": 8, "learning_rate": 0.3},
    "lowest": 0.0,
    "highest": 2.0,
    "bins": 40,
}
FILES = {
    "datasets/own": {"survey": "own", "nights": ["all"], "split": {"test": 0.3, "validation": 0.3}},
    "regressors/boosted": BOOSTED,
    "regressors/network": BOOSTED | {
        "regressor": "mixture_density", "settings": {"members": 1, "units": 8, "layers": 1, "epochs": 2},
    },
    "regressors/neighbours": BOOSTED | {"regressor": "nearest_neighbours", "settings": {}},
}  # fmt: skip
SURVEY = {
    "kind": "table",
    "source": "catalogue",
    "defaults": {"dataset": "own", "classifier": "boosted", "baseline": "network"},
    "input": {
        "files": ["own.csv"],
        "columns": {"candidate_id": "ID", "magnitude": "i"},
        "features": {"i": "i", "g_i": "g - i"},
        "missing": {"z": [-9]},
        "target": "z",
    },
}


def sources(rows=ROWS):
    draw = np.random.default_rng(1)
    z = draw.uniform(0.1, 1.5, rows)
    i = 19 + 2 * z + draw.normal(0, 0.3, rows)
    number = np.arange(rows)
    known = np.where(number % (rows // UNKNOWN) == 0, -9.0, z)
    return pd.DataFrame({"ID": 2**53 + 1 + number, "i": i, "g": i + z + draw.normal(0, 0.05, rows), "z": known})


@pytest.fixture(scope="module")
def own(tmp_path_factory, settings_written):
    folder = tmp_path_factory.mktemp("photoz")
    project = settings_written(folder / "project")
    (project.config / "regressors").mkdir(exist_ok=True)
    sources().to_csv(folder / "own.csv", index=False)
    project.write("surveys", "own", SURVEY | {"input": SURVEY["input"] | {"folder": str(folder)}})
    for name, content in FILES.items():
        project.write(*name.split("/"), content)
    return project


@pytest.fixture(scope="module")
def scored(own):
    own.make("Infer", "--survey", "own")
    (path,) = own.data.glob("own/r1/all/Infer-own-boosted-*")
    return path


def test_every_row_with_a_redshift_gets_a_value_with_its_distribution_and_interval(scored):
    rows = read_scores(scored)
    table = sources()
    truth = pd.Series(table["z"].to_numpy(), index=table["ID"].astype(str)).reindex(rows["candidate_id"]).to_numpy()
    assert len(rows) == ROWS - UNKNOWN
    pdfs, miscoverage = distributions(scored, rows)
    assert (len(pdfs.widths), miscoverage) == (40, 0.1)
    np.testing.assert_allclose(pdfs.quantile([0.5])[:, 0], rows["value"], atol=1e-5)
    test = (rows["split"] == 2).to_numpy()
    assert np.abs(rows["value"] - truth)[test].mean() < 0.15
    inside = (truth >= rows["low"]) & (truth <= rows["high"])
    assert 0.75 < inside[test].mean() <= 1.0
    assert (rows["q05"] <= rows["value"]).all()
    assert scores_provenance(scored)["task"] == "Infer"


def test_the_report_judges_both_regressors_on_the_same_rows(own, scored):
    own.make("PlotResults", "--survey", "own", "--replicates", "20")
    (folder,) = own.data.glob("own/r1/all/PlotResults-*")
    metrics = json.loads((folder / "metrics.json").read_text())
    test = (read_scores(scored)["split"] == 2).sum()
    assert (metrics["kind"], metrics["judged_part"], metrics["counts"]["judged"]) == ("regression", "test", test)
    assert list(metrics["models"]) == ["boosted", "network"]
    assert metrics["differences"]["network"]["n"] == test
    assert set(metrics["models"]["boosted"]["coverage"]) == {"test", "validation"}
    figures = {path.name for path in (folder / "figures").glob("*.png")}
    light = {name for name in figures if not name.endswith(".dark.png")}
    assert len(light) == 5
    assert figures - light == {name.replace(".png", ".dark.png") for name in light}
    assert "Conformal intervals" in (folder / "index.html").read_text()
    output = own.run("nightsift", "table", str(folder)).output
    assert f"{test} rows of the test part" in output
    assert "| sigma_nmad |" in output


def test_a_night_of_the_catalogue_is_scored_with_those_of_which_no_redshift_is_known(own, scored):
    own.make("Infer", "--survey", "own", "--night", "all", "--unlearned")
    (path,) = set(own.data.glob("own/r1/all/Infer-own-boosted-*")) - {scored}
    rows, learned = read_scores(path), read_scores(scored)
    taught = set(learned["candidate_id"][learned["split"] < 2])
    assert not taught & set(rows["candidate_id"])
    assert len(rows) == ROWS - len(taught)
    assert rows["value"].notna().all()


def test_its_values_and_distributions_are_exported(own, scored):
    for ending, how in ((".csv", "values"), (".hdf5", "qp")):
        own.make("ExportScores", "--survey", "own", "--format", how, "--part", "test")
        (path,) = own.data.glob(f"own/r1/all/ExportScores-{how}-*")
        assert path.suffix == ending
    pdfs, columns = read_redshift_pdfs(path)
    assert len(pdfs) == (read_scores(scored)["split"] == 2).sum()
    np.testing.assert_allclose(pdfs.quantile([0.5])[:, 0], columns["q50"], atol=1e-5)


@pytest.mark.parametrize(("command", "words"), [
    (("TrainClassifier", "--survey", "own"), "has a target and no classes, which TrainClassifier needs"),
    (("TuneClassifier", "--survey", "own", "--space", "mlp"), "has a target and no classes"),
    (("ExportScores", "--survey", "own"), "own.yaml, which has a target: values, qp"),
    (("TrainRegressor", "--survey", "own", "--classifier", "neighbours"), "which no ONNX graph can hold"),
    (("TrainRegressor", "--survey", "tiny"), "has classes and no target, which TrainRegressor needs"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(own, command, words):
    finished = own.run("nightsift", "plan", *command)
    assert words in finished.output
    assert "Traceback" not in finished.output


def test_check_finds_no_fault_and_plan_names_the_tasks(own):
    assert own.run("nightsift", "check", "own").output.count("no fault") == 2
    assert "allowed: forest, mixture_density, quantile_boosting" in own.run("nightsift", "check", "neighbours").output
    planned = own.run(
        "nightsift", "plan", "TrainRegressor", "--survey", "own", "--classifier", "network", "--seed", "2"
    ).output
    assert "TrainRegressor" in planned


def test_packages_of_regressors_have_a_table(own, scored):
    assert scored.is_file()
    (package,) = own.data.glob("own/all/all/TrainRegressor-own-boosted-*")
    output = own.run("nightsift", "table", "--packages", str(package)).output
    assert "| bins | sigma_nmad | bias |" in output
    assert "| own | i g_i | 1 | quantile_boosting | - | 40 |" in output
