"""A stack as the classifier of a survey, from its members' training to scores and report."""

import json
import re

import pytest

from pipeline.errors import SettingsError
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.parquet_table import read_table
from pipeline.io.results.scores_file import read_scores

TASK_FAILED, SCHEDULING_ERROR = 30, 35
TINY = ("--survey", "tiny")
OTHER = {"classifier": "boosting", "settings": {"n_estimators": 5, "max_depth": 2}, "threads": 1}
STACK = {"classifier": "stack", "members": ["tiny", "other"], "combine": "weights", "weights": [2.0, 1.0]}


@pytest.fixture
def stacked(project):
    """A finished project with the recipe of a stack, one member of which is trained already."""
    project.write("classifiers", "other", OTHER)
    project.write("classifiers", "mine", STACK)
    return project


def package_of(project, classifier):
    (found,) = [path for path in project.results("CalibratePackage") if f"-{classifier}-" in path.name]
    return found


def said(package):
    return json.loads((package / "package.json").read_text())


def test_a_stack_scores_a_night_and_is_reported_beside_the_baseline(stacked):
    before = stacked.contents("TrainClassifier")
    stacked.make("PlotResults", *TINY, "--classifier", "mine", "--night", stacked.nights[1], "--replicates", "5")
    assert before.items() <= stacked.contents("TrainClassifier").items()
    assert len(stacked.results("TrainClassifier")) == len(before) + 1
    name = said(package_of(stacked, "mine"))["name"]
    (night,) = [read_scores(path) for path in stacked.data.glob("tiny/r1/2026-01-02/Infer-*-mine-*.parquet")]
    assert set(night["model"]) == {name}
    assert night["score"].between(0, 1).all()
    assert night["score_std"].notna().all()
    (report,) = [path for path in stacked.results("PlotResults") if "-mine-" in path.name]
    metrics = json.loads((report / "metrics.json").read_text())
    assert "mine" in json.dumps(metrics)
    finished = stacked.make("PlotResults", *TINY, "--classifier", "mine", "--night", stacked.nights[1], "--replicates",
                            "5")  # fmt: skip
    assert "took" not in finished.output


def test_other_weights_or_thresholds_train_nothing_and_a_changed_member_makes_the_stack_anew(stacked):
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    trained, made = stacked.results("TrainClassifier"), stacked.results("CalibratePackage")
    stacked.change("classifiers", "mine", weights=[1.0, 1.0], threshold_rule="mcc")
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    assert stacked.results("TrainClassifier") == trained
    assert len(stacked.results("CalibratePackage")) == len(made) + 1
    stacked.change("classifiers", "other", settings={"n_estimators": 6})
    plan = stacked.run("nightsift", "plan", "CalibratePackage", *TINY, "--classifier", "mine").output
    assert "TrainClassifier" in plan
    assert "member 1 changed" in plan
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    assert len(stacked.results("TrainClassifier")) == len(trained) + 1
    assert len(stacked.results("CalibratePackage")) == len(made) + 3


def test_a_deep_ensemble_is_one_classifier_with_three_seeds_of_which_a_trained_one_is_taken(stacked):
    trained = stacked.contents("TrainClassifier")
    stacked.change("classifiers", "mine", members=["tiny"], weights=[], seeds=[1, 2, 3])
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    package = package_of(stacked, "mine")
    assert [one["seed"] for one in said(package)["members"]] == [1, 2, 3]
    assert [one["weight"] for one in said(package)["members"]] == pytest.approx([1 / 3] * 3)
    assert trained.items() <= stacked.contents("TrainClassifier").items()
    assert len(stacked.results("TrainClassifier")) == len(trained) + 2
    rows = read_table(package / "logits.parquet").set_index("candidate_id")
    logits = []
    for one in said(package)["members"]:
        member = package / "members" / one["folder"]
        platt, own = said(member)["calibration"], read_table(member / "logits.parquet").set_index("candidate_id")
        logits.append(platt["slope"] * own["logit"] + platt["intercept"])
    assert rows["logit"].to_numpy() == pytest.approx((sum(logits) / 3)[rows.index].to_numpy(), abs=1e-5)


def test_folds_are_divided_by_group_and_judge_every_row_once(stacked):
    stacked.change("classifiers", "mine", members=["tiny"], weights=[], folds=3)
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    package = package_of(stacked, "mine")
    assert [one["learned_fold"] for one in said(package)["members"]] == ["1/3", "2/3", "3/3"]
    rows = read_table(package / "logits.parquet")
    with open_dataset(stacked.result("BuildDataset")) as dataset:
        learned = {part: dataset.candidates(part).set_index("candidate_id") for part in ("train", "validation", "test")}
    judged = set(rows["candidate_id"])
    assert len(judged) == len(rows) > len(learned["validation"])
    assert not judged & set(learned["test"].index)
    groups = {**learned["train"]["group_id"], **learned["validation"]["group_id"]}
    held = [read_table(package / "members" / one["folder"] / "logits.parquet")["candidate_id"]
            for one in said(package)["members"]]  # fmt: skip
    parts = [{groups[name] for name in names} for names in held]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert sorted(name for names in held for name in names) == sorted(judged)


def test_a_damaged_member_of_a_given_package_is_named_before_anything_is_scored(stacked):
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    package = package_of(stacked, "mine")
    file = package / "members" / "01-other" / "model.onnx"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    finished = stacked.luigi("Infer", *TINY, "--night", stacked.nights[1], "--package", package)
    assert finished.code == SCHEDULING_ERROR, finished.output
    finished.line("Infer", "members/01-other/model.onnx was changed after it was written")


def test_a_given_stack_scores_as_the_trained_one_and_another_threshold_is_another_result(stacked):
    stacked.make("Infer", *TINY, "--classifier", "mine", "--night", stacked.nights[1])
    (trained,) = stacked.data.glob("tiny/r1/2026-01-02/Infer-*-mine-*.parquet")
    package = package_of(stacked, "mine")
    stacked.make("Infer", *TINY, "--package", package, "--night", stacked.nights[1])
    (given,) = stacked.data.glob("tiny/r1/2026-01-02/Infer-CalibratePackage-*.parquet")
    assert (read_scores(given)["score"] == read_scores(trained)["score"]).all()


@pytest.fixture
def mine(here):
    """The finished project as the one that this process sees, with the recipe of a stack."""
    here.write("classifiers", "other", OTHER)
    here.write("classifiers", "mine", STACK)
    return here


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"members": ["tiny", "othr"]}, r"mine.yaml: 'members\[1\]' is 'othr'; known classifiers: .*tiny_network"),
        ({"members": ["tiny", "mine"]}, r"'members\[1\]' is 'mine', which is a stack itself"),
        ({"weights": [1.0]}, r"'weights' is \[1.0\]; allowed: one for each of the 2 members"),
        ({"epochs": 4}, r"unknown key 'epochs'"),
    ],
)
def test_a_recipe_that_cannot_be_is_one_line_of_a_run_and_of_the_check(mine, check, values, words):
    import tasks

    mine.change("classifiers", "mine", **values)
    code, lines = check("mine")
    assert code == 1
    assert [line for line in lines if re.search(words, line)]
    with pytest.raises(SettingsError, match=words):
        tasks.CalibratePackage(survey="tiny", classifier="mine").deps()


def test_a_faulty_recipe_of_a_member_is_found_by_the_check(mine, check):
    assert check("mine")[0] == 0
    mine.change("classifiers", "other", epochs=0)
    code, lines = check("mine")
    assert code == 1
    assert "  classifiers/other.yaml: 'epochs' is 0; allowed: at least 1" in lines


def test_what_takes_no_stack_says_so(stacked, tmp_path):
    refused = stacked.luigi("TrainClassifier", *TINY, "--classifier", "mine")
    refused.line(
        "TrainClassifier",
        "classifiers/mine.yaml is a stack",
        "ask for CalibratePackage, which makes the package of the stack",
    )
    refused = stacked.luigi("CalibratePackage", *TINY, "--classifier", "mine", "--learned-fold", "1/3")
    refused.line("CalibratePackage", "--learned-fold is '1/3'", "'folds' say how its members are trained")
    refused = stacked.luigi("TrainClassifier", *TINY, "--learned-fold", "4/3")
    refused.line("learned fold '4/3'; allowed: which of how many, such as 2/5")
    stacked.make("CalibratePackage", *TINY, "--classifier", "mine")
    package = package_of(stacked, "mine")
    exported = stacked.run("nightsift", "export", "keras_h5", package, "--to", tmp_path / "weights.h5")
    assert exported.code == 1
    exported.line("is a stack of 2 packages, which no one weight file holds", "members")
    table = stacked.run("nightsift", "table", "--packages", stacked.data)
    assert table.code == 0
    assert "stack of 2" in table.line(said(package)["name"])
    assert sum("| boosting-" in line for line in table.output.splitlines()) == 2


def test_a_report_of_given_scores_leaves_out_what_any_member_learned_from(stacked):
    stacked.make("Infer", *TINY, "--classifier", "mine", "--night", stacked.nights[1])
    (scores,) = stacked.data.glob("tiny/r1/2026-01-02/Infer-*-mine-*.parquet")
    stacked.forget("PlotResults")
    stacked.make("PlotResults", *TINY, "--replicates", "5", "--scores", scores)
    counts = json.loads((stacked.result("PlotResults") / "metrics.json").read_text())["counts"]
    with open_dataset(stacked.result("BuildDataset")) as dataset:
        learned = {part: set(dataset.candidates(part)["candidate_id"]) for part in ("train", "validation")}
    there = set(read_scores(scores)["candidate_id"])
    assert counts["left_out_learned"] == {scores.stem: {part: len(ids & there) for part, ids in learned.items()}}
