import json

import numpy as np
import pandas as pd
import pytest
from small_packages import write_small_package

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import TRUTH_COLUMNS
from pipeline.io.results.scores_file import ScoresWriter, score_columns
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.report import build_report
from pipeline.report.binary.caveats import binary_caveats
from pipeline.stages.binary_report_data import (
    gather_report_data,
    mistakes_with_cutouts,
    reference_scores,
    truth_of_judged,
)
from pipeline.stages.build_dataset import build_dataset
from pipeline.stages.injection_results import truth_of_injections
from pipeline.stages.packages_beside import PackageBeside
from pipeline.stages.report_sources import ReportSources
from pipeline.stages.scored_rows import scores_with_candidates, separations_of

NIGHT = "2026-01-05"
TRUTH = pd.DataFrame(
    {"candidate_id": ["c1", "c3"], "kind": ["mover", "cosmic_ray"], "is_real": [1, 0], "source_id": ["s", ""]}
)


def sources(rows, **given):
    """Return the sources of a report of a survey."""
    return ReportSources(**{"name": "toy", "title": "t", "rows": rows, "packages": {}} | given)


@pytest.fixture
def rows_file(make_rows, make_cutouts, tmp_path):
    """A cutout file of five candidates, whose ids sort otherwise than they stand."""
    rows = make_rows(
        ["10", "9", "007", "b", "a"], label=[1, 0, 1, 0, 1], magnitude=[17, 20, 18, 21, 19], night=[NIGHT] * 5,
        label_source=["eye"] * 5,
    )  # fmt: skip
    return make_cutouts(tmp_path / "rows.h5", rows)


@pytest.fixture
def write_scores(tmp_path):
    def write(ids, score, name="s.parquet", provenance=None, **columns):
        texts = ("object_id", "exposure_id", "model", "release")
        frame = pd.DataFrame({column: ["x" if column in texts else 0] * len(ids) for column in score_columns(2)})
        frame = frame.assign(candidate_id=pd.Series(ids, dtype="str"), score=score, night=NIGHT).assign(**columns)
        if name.endswith(".csv"):
            frame.to_csv(tmp_path / name, index=False)
        else:
            with ScoresWriter(tmp_path / name, 2, provenance or {}) as writer:
                writer.append(frame)
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", ["s.parquet", "s.csv"])
def test_scores_and_labels_are_joined_by_id(rows_file, write_scores, name):
    path = write_scores(["a", "007", "9"], [0.9, 0.7, 0.2], name)
    found = scores_with_candidates(path, [rows_file])
    assert found["candidate_id"].tolist() == ["a", "007", "9"]
    assert found["label"].tolist() == [1, 1, 0]
    assert found["magnitude"].tolist() == [19, 18, 20]
    assert found["score"].tolist() == pytest.approx([0.9, 0.7, 0.2])


def test_a_scored_candidate_that_no_file_holds_is_named(rows_file, write_scores):
    path = write_scores(["a", "7", "x"], [0.9, 0.7, 0.2])
    with pytest.raises(InputError, match=r"candidate_id '7' and 1 more are in none of rows.h5"):
        scores_with_candidates(path, [rows_file])


def test_a_candidate_in_two_files_counts_by_the_first(rows_file, write_scores, make_rows, make_cutouts, tmp_path):
    other = make_cutouts(tmp_path / "other.h5", make_rows(["a"], label=[0]))
    path = write_scores(["a"], [0.9])
    assert scores_with_candidates(path, [rows_file, other])["label"].tolist() == [1]
    assert scores_with_candidates(path, [other, rows_file])["label"].tolist() == [0]


def test_scores_with_labels_need_no_rows(write_scores):
    path = write_scores(["a"], [0.9], "s.csv", label=[1])
    assert scores_with_candidates(path, [])["label"].tolist() == [1]
    with pytest.raises(InputError, match="has no labels: name the cutout file or data set with --rows"):
        scores_with_candidates(write_scores(["a"], [0.9]), [])


def test_another_classifier_is_asked_by_id_and_may_be_silent(alert_survey):
    judged = pd.DataFrame({"candidate_id": [str(2**53 + 3), "unknown", str(2**53 + 1)], "label": [1, 0, 1]})
    found = reference_scores(alert_survey(), ["drb"], judged)["drb"]["score"]
    assert found.tolist()[::2] == pytest.approx([0.4, 0.0])
    assert np.isnan(found[1])


def test_a_column_alone_is_turned_so_that_larger_is_more_often_real(alert_survey):
    judged = pd.DataFrame({"candidate_id": list("abcd"), "label": [1, 1, 0, 0], "magnitude": [17.0, np.nan, 20, 21]})
    found = reference_scores(alert_survey(), ["magnitude"], judged)["magnitude"]["score"]
    assert found.tolist()[0] == -17
    turned = reference_scores(alert_survey(), ["magnitude"], judged.assign(label=[0, 0, 1, 1]))["magnitude"]["score"]
    assert turned.tolist()[0] == 17


@pytest.mark.parametrize("label", [[1, 1], [-1, -1]])
def test_a_column_alone_with_one_class_or_none_stands_as_it_is(alert_survey, label):
    judged = pd.DataFrame({"candidate_id": list("ab"), "label": label, "magnitude": [17.0, np.nan]})
    assert reference_scores(alert_survey(), ["magnitude"], judged)["magnitude"]["score"][0] == 17


def test_the_worst_mistakes_come_with_their_own_cutouts(rows_file, write_scores, pixels_of_id):
    judged = scores_with_candidates(write_scores(["10", "9", "007", "b", "a"], [0.1, 0.8, 0.9, 0.1, 0.2]), [rows_file])
    found = mistakes_with_cutouts(judged, 0.5, [rows_file])
    assert set(found.rows["candidate_id"]) == {"10", "9", "a"}
    for name, cutout in zip(found.rows["candidate_id"], found.cutouts, strict=True):
        np.testing.assert_array_equal(cutout, pixels_of_id(name))


def test_without_mistakes_or_cutouts_there_is_no_gallery(rows_file, write_scores):
    judged = scores_with_candidates(write_scores(["10", "9"], [0.9, 0.1]), [rows_file])
    assert mistakes_with_cutouts(judged, 0.9, [rows_file]) is None  # a float32 of 0.9 is less than the double
    assert mistakes_with_cutouts(judged.assign(score=1 - judged["score"]), 0.5, []) is None


def test_truth_is_shown_where_the_survey_knows_it(database_survey, alert_survey):
    judged = pd.DataFrame({"candidate_id": ["c1", "c2"]})
    found = truth_of_judged(database_survey(tables={"truth": TRUTH}), [NIGHT], judged)
    assert "mover" in set(found["kind"])
    assert truth_of_judged(alert_survey(), [NIGHT], judged) is None


def test_without_a_night_there_is_no_truth_to_ask_for(database_survey):
    assert truth_of_judged(database_survey(tables={"truth": TRUTH}), [], pd.DataFrame({"candidate_id": []})) is None


def test_a_report_gets_everything_of_the_judged_part(alert_survey, rows_file, write_scores, tmp_path):
    package = write_small_package(tmp_path / "package", thresholds={"mdr": 0.4})
    path = write_scores(["10", "9", "007", "b"], [0.9, 0.8, 0.3, 0.1], split=[2, 2, 2, 0])
    found = gather_report_data(
        alert_survey(base_rate=0.1),
        sources(scores={"m": path}, rows=[rows_file], packages={"m": [package]}, references=["magnitude"]),
    )
    assert set(found.scores) == {"m", "magnitude"}
    assert found.thresholds == {"m": 0.4}
    assert found.base_rate == 0.1
    assert set(found.mistakes.rows["candidate_id"]) == {"9", "007"}


def test_what_is_unlike_the_training_reaches_the_report(alert_survey, rows_file, write_scores):
    unlike = {"survey": {"trained": "ztf", "scored": "lsst"}}
    other = write_scores(["10", "9"], [0.9, 0.1], "other.parquet", provenance={"unlike_training": unlike})
    like = write_scores(["10", "9"], [0.9, 0.1], "like.parquet")
    given = {"rows": [rows_file]}
    found = gather_report_data(alert_survey(), sources(scores={"other": other, "like": like}, **given))
    assert found.unlike == {"other": unlike, "like": {}}
    report = build_report(found, replicates=5, plots=[])
    assert report.metrics["unlike_training"] == {"other": unlike}
    assert "other: a model trained on survey ztf scores survey lsst" in report.html


@pytest.fixture
def dataset_file(make_rows, tmp_path):
    """A data set of two training rows, one of validation, two of test."""
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    rows = make_rows(["t1", "t2", "v", "e1", "e2"], label=[1, 0, 1, 1, 0], night=[NIGHT] * 5)
    with CutoutWriter(tmp_path / "dataset.h5", header) as writer:
        writer.append(np.ones((5, 3, 3, 1), np.float32), rows)
        writer.write_split(np.array([0, 0, 1, 2, 2], np.int8), "f")
    return tmp_path / "dataset.h5"


def test_a_report_says_what_its_data_sets_dropped_for_shared_pixels(
    alert_survey, make_rows, make_cutouts, write_scores, rows_file, dataset_file, tmp_path
):
    names = [f"{row:03d}" for row in range(40)]
    rows = make_rows(names, label=np.arange(40) % 2, label_source=["eye"] * 40, night=[NIGHT] * 40)
    rows.loc[20:23, ["ra_deg", "dec_deg"]] = [[5, 0], [5 + 4 / 3600, 0], [5, 4 / 3600], [5 - 4 / 3600, 0]]
    recipe = DatasetRecipe(survey="toy", nights=(NIGHT,), split=SplitSettings(minimum_groups=1, test=0.4))
    build_dataset(
        tmp_path / "made.h5", sources=[make_cutouts(tmp_path / "in.h5", rows)], recipe=recipe,
        linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={},
    )  # fmt: skip
    (made,) = separations_of([tmp_path / "made.h5"])
    assert made.training + made.validation > 0
    assert separations_of([rows_file, dataset_file]) == [None]
    scores = write_scores(names[:4], [0.9, 0.1, 0.9, 0.4], "s.csv", split=2)
    files = [make_cutouts(tmp_path / "all.h5", rows), tmp_path / "made.h5"]
    found = gather_report_data(alert_survey(), sources(scores={"s": scores}, rows=files))
    assert found.separations == [made]


@pytest.mark.parametrize("split", [None, -1])
def test_rows_that_a_model_learned_from_are_left_out_and_counted(alert_survey, dataset_file, write_scores, split):
    scores = write_scores(["t1", "t2", "v", "e1", "e2"], [0.9, 0.1, 0.9, 0.4, 0.6], "s.csv", split=split or 0)
    if split is None:
        pd.read_csv(scores).drop(columns="split").to_csv(scores, index=False)
    found = gather_report_data(alert_survey(), sources(scores={"s": scores}, rows=[dataset_file]))
    assert found.judged("s")["candidate_id"].tolist() == ["e1", "e2"]
    assert found.learned == {"s": {"train": 2, "validation": 1}}
    assert found.unknown == {"s": 0}


def test_a_part_that_the_scores_state_holds_whatever_the_data_set_says(alert_survey, dataset_file, write_scores):
    path = write_scores(["t1", "t2"], [0.9, 0.1], split=2)
    found = gather_report_data(alert_survey(), sources(scores={"s": path}, rows=[dataset_file]))
    assert found.part == "test"
    assert found.judged("s")["candidate_id"].tolist() == ["t1", "t2"]


def test_without_a_data_set_nobody_knows_what_was_learned_from(alert_survey, rows_file, write_scores):
    path = write_scores(["a", "9"], [0.9, 0.1], split=-1)
    found = gather_report_data(alert_survey(), sources(scores={"s": path}, rows=[rows_file]))
    assert found.unknown == {"s": 2}
    assert len(found.judged("s")) == 2


def test_rows_that_cannot_be_judged_are_refused_where_they_were_asked_for(alert_survey, write_scores):
    given = {"rows": []}
    given["scores"] = {"s": write_scores(["a"], [0.9], "s.csv", label=-1)}
    with pytest.raises(InputError, match="1 have no label"):
        gather_report_data(alert_survey(), sources(**given, must_judge=True))
    assert len(gather_report_data(alert_survey(), sources(**given)).judged("s")) == 0


@pytest.mark.parametrize("must_judge", [True, False])
def test_labels_of_more_than_two_classes_are_refused(alert_survey, write_scores, must_judge):
    scores = {"s": write_scores(["a", "b", "c"], [0.9, 0.1, 0.5], "s.csv", label=[1, 0, 2])}
    given = {"rows": [], "scores": scores}
    with pytest.raises(InputError, match=r"s: label 2 is not one that a report can judge"):
        gather_report_data(alert_survey(), sources(**given, must_judge=must_judge))


def simulated_file(path, make_rows, names):
    truth = pd.DataFrame({"injection_id": names, "recovered": True, "candidate_id": names, "magnitude": 19.0})
    blank = {name: ("" if kind == "text" else 0) for name, kind in TRUTH_COLUMNS.items() if name not in truth}
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(path, header) as writer:
        writer.append(np.ones((len(names), 3, 3, 1), np.float32), make_rows(names))
        writer.write_table("truth", TRUTH_COLUMNS, truth.assign(**blank))
    return path


def test_injections_of_all_nights_are_handed_to_the_report_once(make_rows, tmp_path):
    first = simulated_file(tmp_path / "a.h5", make_rows, ["1", "2"])
    second = simulated_file(tmp_path / "b.h5", make_rows, ["3"])
    assert truth_of_injections([first, second, first])["injection_id"].tolist() == ["1", "2", "3"]
    assert truth_of_injections([]) is None
    again = simulated_file(tmp_path / "c.h5", make_rows, ["2"])
    with pytest.raises(InputError, match=r"injection_id '2' is in more than one of a.h5, c.h5"):
        truth_of_injections([first, again])


def test_a_file_of_rows_that_holds_no_scored_candidate_is_warned_of(
    rows_file, make_rows, make_cutouts, write_scores, tmp_path, caplog
):
    other = make_cutouts(tmp_path / "other.h5", make_rows(["z"], night=[NIGHT]))
    scores_with_candidates(write_scores(["a", "007"], [0.9, 0.7]), [rows_file, other])
    assert "other.h5: 1 rows, and none is of a candidate of s.parquet; are the ids the same?" in caplog.text
    assert "rows.h5" not in caplog.text


class Known:
    """A survey of two reference tables, of which no row is of a judged candidate."""

    tables = ("truth", "drb")

    def reference(self, table, night):
        ids = pd.Series(["3.0", "4.0"], dtype="str")
        return pd.DataFrame({"candidate_id": ids, "score": 0.5, "kind": "transient", "is_real": 1})


def test_tables_of_which_no_row_is_judged_are_warned_of(caplog):
    judged = pd.DataFrame({"candidate_id": ["3", "4"], "label": [1, 0]})
    assert len(truth_of_judged(Known(), [NIGHT], judged)) == 0
    assert reference_scores(Known(), ["drb"], judged)["drb"]["score"].isna().all()
    for name in ("truth", "drb"):
        assert f"the table '{name}' of the survey: 2 rows, and none is of a judged candidate" in caplog.text


@pytest.mark.parametrize("given", ["scored_by", "found_packages"])
def test_rows_of_a_night_that_the_package_learned_from_are_left_out(
    alert_survey, rows_file, write_scores, tmp_path, given
):
    package = write_small_package(tmp_path / "package", learned={"train": ["10", "9"], "validation": ["b"]})
    columns = {"split": -1, "model": "toy-0123456789ab"}
    scores = write_scores(["10", "9", "007", "b", "a"], [0.9, 0.1, 0.8, 0.2, 0.7], **columns)
    found = gather_report_data(
        alert_survey(),
        sources(scores={"s": scores}, rows=[rows_file], **{given: [package]}),
    )
    assert found.judged("s")["candidate_id"].tolist() == ["007", "a"]
    assert found.learned == {"s": {"train": 2, "validation": 1}}
    assert found.unknown == {"s": 0}


def test_a_gallery_shows_images_and_no_planes(make_rows, make_cutouts, write_scores, tmp_path):
    channels = ("science", "template", "difference", "science_variance", "science_psf")
    pixels = np.random.default_rng(2).uniform(size=(1, 5, 5, 5)).astype(np.float32)
    file = make_cutouts(tmp_path / "c.h5", make_rows("a", label=[0]), size=5, pixels=pixels, channels=channels)
    found = mistakes_with_cutouts(scores_with_candidates(write_scores(["a"], [0.9]), [file]), 0.5, [file])
    assert found.channels == channels[:3]
    np.testing.assert_array_equal(found.cutouts, pixels[..., :3])


def test_packages_beside_the_classifier_are_judged_on_the_same_rows(alert_survey, rows_file, write_scores, tmp_path):
    own = write_scores(["10", "9", "007", "b"], [0.9, 0.8, 0.3, 0.1], split=[2, 2, 2, 0])
    others = write_scores(["10", "9", "007", "b"], [0.6, 0.1, 0.7, 0.2], "others.parquet", {"unlike_training": {}})
    package = write_small_package(tmp_path / "mine", thresholds={"mdr": 0.4}, learned={"train": ["9", "b"]})
    silent = write_small_package(tmp_path / "silent")
    beside = {name.name: PackageBeside(folder=name, scores=others) for name in (package, silent)}
    found = gather_report_data(alert_survey(), sources(scores={"m": own}, rows=[rows_file], beside=beside))
    assert list(found.scores) == ["m", "mine", "silent"]
    assert found.judged("mine").set_index("candidate_id")["score"].to_dict() == pytest.approx({"10": 0.6, "007": 0.7})
    assert len(found.judged("silent")) == 3
    assert found.learned["mine"] == {"train": 1, "validation": 0}
    assert (found.threshold("mine"), found.unknown_training) == (float(np.float32(0.4)), ("silent",))
    numbers = build_report(found, replicates=5, seed=1).metrics
    assert numbers["differences"]["mine"]["n"] == 2
    assert numbers["counts"]["left_out_learned"]["mine"] == {"train": 1, "validation": 0}
    assert numbers["unknown_training"] == ["silent"]
    assert any("The package of silent does not say what it learned from" in words for words in binary_caveats(numbers))


def test_the_calibration_of_each_package_that_rows_name_is_known(alert_survey, rows_file, write_scores, tmp_path):
    named = write_small_package(tmp_path / "named", "", thresholds={"mdr": 0.5})
    name = json.loads((named / "package.json").read_text())["name"]
    own, other = write_scores(["a", "9"], [0.9, 0.2], model=name), write_scores(["a", "9"], [0.8, 0.1], "other.csv")
    scores = {"own": own, "other": other}
    data = gather_report_data(alert_survey(), sources([rows_file], scores=scores, scored_by=[named]))
    assert {key: one["method"] for key, one in data.calibrations["own"].items()} == {name: "platt"}
    assert data.calibrations["other"] == {}


def test_verdicts_are_judged_of_the_model_that_gave_them_alone(alert_survey, rows_file, write_scores, tmp_path):
    ids, said, beside = ["10", "9", "007", "b"], ["real", "bogus", "ask", "ask"], {}
    own = write_scores(ids, [0.9, 0.2, 0.6, 0.4], "own.csv", split=2, verdict=said)
    for name, more in {"verdicts": {"verdict": said[::-1]}, "none": {}}.items():
        scores = write_scores(ids, [0.9, 0.2, 0.6, 0.4], f"{name}.csv", **more)
        package = write_small_package(tmp_path / name, thresholds={"mdr": 0.4})
        beside[name] = PackageBeside(folder=package, scores=scores)
    given = {"scores": {"m": own}, "beside": beside, "references": ["magnitude"]}
    found = gather_report_data(alert_survey(), sources([rows_file], **given))
    told = {name: table["verdict"].tolist() for name, table in found.scores.items() if "verdict" in table}
    assert told == {"m": said, "verdicts": said[::-1]}
    models = build_report(found, replicates=5, seed=1).metrics["models"].items()
    assert [name for name, numbers in models if "verdicts" in numbers] == ["m", "verdicts"]
