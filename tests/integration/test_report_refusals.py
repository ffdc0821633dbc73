"""A report of nothing, or of what cannot be judged, is none: the task fails and writes nothing."""

import pytest

from pipeline.io.results.scores_file import read_scores

TINY = ("--survey", "tiny", "--replicates", "5")
TASK_FAILED, SCHEDULING_ERROR = 30, 35


@pytest.fixture
def scores(project):
    """The scores of the data set, in a project without a report."""
    project.forget("PlotResults")
    (there,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/Infer-*.parquet")
    return read_scores(there)


def test_two_scores_files_of_one_name_are_refused(project, scores, tmp_path):
    names = [tmp_path / folder / "s.csv" for folder in ("one", "other")]
    for name in names:
        name.parent.mkdir()
        scores.assign(label=1).to_csv(name, index=False)
    finished = project.luigi("PlotResults", *TINY, "--scores", ",".join(map(str, names)))
    assert finished.code == SCHEDULING_ERROR
    assert finished.line("one/s.csv and", "other/s.csv are both called 's'")
    assert project.results("PlotResults") == []


@pytest.mark.parametrize(
    ("columns", "why"),
    [({"label": 2}, "label 2 is not one"), ({"label": -1}, "no rows to judge"), ({"score": None}, "no rows to judge")],
)
def test_rows_of_which_none_can_be_judged_give_no_report(project, scores, tmp_path, columns, why):
    scores.assign(**columns).to_csv(tmp_path / "s.csv", index=False)
    rows = ("--rows", project.result("BuildDataset"))
    finished = project.luigi("PlotResults", *TINY, "--scores", tmp_path / "s.csv", *rows)
    assert finished.code == TASK_FAILED
    assert finished.line(why)
    assert project.results("PlotResults") == []
    assert project.scratch() == []


@pytest.mark.parametrize(("part", "count"), [(2, 0), (2, 20), (0, 20)])
def test_a_night_without_candidates_or_labels_or_rows_not_learned_from_keeps_its_page(
    project, scores, tmp_path, part, count
):
    night = scores[scores["split"] == part].head(count).assign(split=-1, label=-1)
    night.to_csv(tmp_path / "night.csv", index=False)
    project.make("PlotResults", *TINY, "--scores", tmp_path / "night.csv")
    assert (project.result("PlotResults") / "index.html").is_file()


def test_scores_of_a_night_that_nobody_labelled_keep_their_page_where_their_rows_are_found(project):
    """Rows that the report finds by itself are not asked for as those of ``--rows`` are."""
    project.forget("PlotResults")
    project.write("surveys", "tiny", project.settings("surveys", "tiny") | {"labels": []})
    former = project.results("Infer")
    package = project.result("CalibratePackage")
    project.make("Infer", "--survey", "tiny", "--night", "2026-01-02", "--package", package)
    (scores,) = [path for path in project.results("Infer") if path not in former]
    project.make("PlotResults", *TINY, "--scores", scores)
    assert (project.result("PlotResults") / "index.html").is_file()
