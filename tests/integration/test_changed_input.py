"""Input that changes after it was used: said aloud, never followed silently, followed when asked."""

import json
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from pipeline.io.results import content
from pipeline.io.results.cutout_file import open_cutouts


def edit_image(project):
    """Change one image of the first night, keeping its size."""
    survey = project.result("MakeSyntheticSurvey")
    image = sorted(survey.glob(f"images/{project.nights[0]}/*"))[0]
    content = bytearray(image.read_bytes())
    content[-100] ^= 1
    image.write_bytes(content)


def test_unchanged_input_is_called_unchanged(project):
    finished = project.run("nightsift", "status", "tiny")
    assert finished.code == 0
    for night in project.nights:
        assert finished.line(night, "snapshot 1", "unchanged")


def test_a_changed_image_is_noticed_and_followed_only_when_asked(project):
    edit_image(project)
    before = project.contents()
    assert project.run("nightsift", "status", "tiny").line(project.nights[0], "input changed (files)", "refetch")

    project.make("PlotResults", *project.report)
    assert project.contents() == before

    refetched = project.run("nightsift", "refetch", "tiny", project.nights[0])
    assert refetched.code == 0, refetched.output
    assert refetched.line(f"{project.nights[0]} of tiny is frozen as snapshot 2")
    assert project.run("nightsift", "status", "tiny").line(project.nights[0], "snapshot 2", "unchanged")

    project.make("BuildDataset", "--survey", "tiny")
    after = project.contents()
    assert after.items() >= before.items()
    new = sorted(place.rpartition("/")[2].partition("-")[0] for place in after.keys() - before)
    assert new == ["BuildDataset", "FetchCutouts", "FreezeInputs", "SimulateTransients"]


def test_a_fetch_from_changed_input_is_refused(project):
    edit_image(project)
    project.forget("FetchCutouts")
    finished = project.luigi("FetchCutouts", "--survey", "tiny", "--night", project.nights[0])
    assert finished.code == 30
    assert finished.line("night 2026-01-01: ", "changed since the night was frozen", "; use `nightsift refetch`")


@pytest.fixture
def listed(project):
    """The finished project with a list of labels beside its settings, fetched anew."""
    (project.root / "labels.csv").write_text("candidate_id,label\n20260101010000001,0\n")
    links = [{"provider": "list", "table": "mine", "file": "labels.csv", "source": "mine"}]
    project.change("surveys", "tiny", labels=[*links, *project.settings("surveys", "tiny")["labels"]])
    project.make("FetchCutouts", "--survey", "tiny", "--night", project.nights[0])
    return project


def test_a_changed_label_file_gives_new_cutouts(listed):
    before = listed.results("FetchCutouts")
    fetch = ("FetchCutouts", "--survey", "tiny", "--night", listed.nights[0])
    assert listed.run("nightsift", "plan", *fetch).line("4 complete")
    (listed.root / "labels.csv").write_text("candidate_id,label\n20260101010000001,1\n")
    planned = listed.run("nightsift", "plan", *fetch)
    assert planned.line("FetchCutouts", "stale", "label_files.labels.csv")
    listed.make(*fetch)
    assert len(listed.results("FetchCutouts")) == len(before) + 1


def test_a_label_file_that_is_not_there_names_itself(project):
    links = [{"provider": "list", "table": "mine", "file": "labels.csv", "source": "mine"}]
    project.change("surveys", "tiny", labels=links)
    finished = project.luigi("FetchCutouts", "--survey", "tiny", "--night", project.nights[0])
    assert finished.code == 35
    assert finished.line("labels.csv")


def test_the_plan_says_what_is_missing_and_what_is_stale_because_of_what(project):
    project.change("classifiers", "tiny", class_weight="none")
    project.forget("BuildDataset")
    planned = project.run("nightsift", "plan", "PlotResults", *project.report)
    assert planned.code == 0
    assert planned.line("BuildDataset").endswith(": missing")
    assert planned.line("TrainClassifier").endswith('stale: classifier.class_weight: null -> "none"')
    assert planned.line(" 2026-01-02/Infer-").endswith("package changed")
    assert "FetchCutouts" not in planned.output


def test_the_manifest_states_every_file_and_query(project):
    frozen = [path for path in project.results("FreezeInputs") if project.nights[0] in str(path)]
    manifest = json.loads(frozen[0].read_text())
    assert manifest["night"] == project.nights[0]
    assert set(manifest["queries"]) >= {"candidates", "exposures"}
    assert len(manifest["files"]) == 2
    assert all(len(entry["sha256"]) == 64 for entry in manifest["files"].values())


def correct_labels(project, night):
    """Turn one label of a person in the survey's database."""
    path = project.result("MakeSyntheticSurvey") / "survey.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        ids = "SELECT candidate_id FROM eyeballs WHERE candidate_id LIKE ? LIMIT 1"
        (name,) = database.execute(ids, (night.replace("-", "") + "%",)).fetchone()
        database.execute("UPDATE eyeballs SET label = 1 - label WHERE candidate_id = ?", (name,))


def test_labels_corrected_after_freezing_are_told_by_every_run_in_one_line(project):
    assert "label tables changed" not in project.make("PlotResults", *project.report).output
    correct_labels(project, project.nights[0])
    for _ in range(2):
        finished = project.make("PlotResults", *project.report)
        (line,) = [line for line in finished.output.splitlines() if "label tables changed" in line]
        assert f"tiny {project.nights[0]}: eyeballs" in line
        assert project.nights[1] not in line
        assert f"`nightsift refetch tiny {project.nights[0]} --labels`" in line


def spoil_images(project, night):
    """Make every image of a night unreadable, keeping its size, by which the survey is known as made."""
    for image in (project.result("MakeSyntheticSurvey") / "images" / night).iterdir():
        image.write_bytes(b"no image" * (image.stat().st_size // 8) + b"!" * (image.stat().st_size % 8))


def of_night(project, night, snapshot):
    """Return the night's cutout file of a snapshot."""
    found = [path for path in project.results("FetchCutouts") if path.parent.name == night]
    with_snapshot = []
    for path in found:
        with open_cutouts(path) as file:
            if json.loads(file.text("manifest"))["snapshot"] == snapshot:
                with_snapshot.append(path)
    (path,) = with_snapshot
    return path


def test_corrected_labels_are_taken_without_the_images_and_nothing_else_changes(project):
    night = project.nights[0]
    correct_labels(project, night)
    spoil_images(project, night)
    before, there = project.contents(), set(project.results())
    assert project.run("nightsift", "status", "tiny").line(night, "input changed (labels, files)", "refetch")
    finished = project.run("nightsift", "refetch", "tiny", night, "--labels")
    assert finished.code == 0, finished.output
    assert finished.line(f"{night} of tiny has new labels, by eyeballs, as snapshot 2")

    built = project.make("BuildDataset", "--survey", "tiny")
    assert "label tables changed" not in built.output
    after = project.contents()
    assert after.items() >= before.items()
    new = sorted(path.name.partition("-")[0] for path in set(project.results()) - there)
    assert new == ["BuildDataset", "FetchCutouts", "FreezeInputs"]  # nothing is injected again either

    with open_cutouts(of_night(project, night, 1)) as old, open_cutouts(of_night(project, night, 2)) as file:
        rows, former = file.candidates(), old.candidates()
        assert (rows["label"] != former["label"]).sum() == 1
        same = rows.columns.drop(["label", "label_source", "kind", "group_id", "flags"])
        pd.testing.assert_frame_equal(rows[same], former[same])
        assert content.array_digest(file.pixels()) == content.array_digest(old.pixels())
        assert file.provenance["relabelled"] == {"pixels_of": old.path.name, "changed": ["eyeballs"]}

    assert project.run("nightsift", "refetch", "tiny", night, "--labels").line("no label table changed", "snapshot 2")


def test_corrected_labels_equal_those_of_a_fetch_from_the_images(project):
    night = project.nights[0]
    correct_labels(project, night)
    assert project.run("nightsift", "status", "tiny").line(night, "input changed (labels)", "refetch --labels")
    assert project.run("nightsift", "refetch", "tiny", night, "--labels").code == 0
    relabelled = of_night(project, night, 2)
    said = content.content_sha256(relabelled)
    project.forget("FetchCutouts")
    fetch = ("FetchCutouts", "--survey", "tiny", "--night", night)
    assert "labelled anew" not in project.make(*fetch).output
    assert project.results("FetchCutouts") == [relabelled]
    assert content.content_sha256(relabelled) == said


def test_a_refetch_looks_at_all_and_cuts_nothing_again_where_labels_alone_changed(project):
    night = project.nights[0]
    correct_labels(project, night)
    assert project.run("nightsift", "refetch", "tiny", night).code == 0
    made = project.make("FetchCutouts", "--survey", "tiny", "--night", night)
    assert made.line("labelled anew, with pixels and rows of FetchCutouts-")


def test_labels_of_a_night_without_cutouts_are_refused(project):
    project.forget("FetchCutouts")
    finished = project.run("nightsift", "refetch", "tiny", project.nights[0], "--labels")
    assert finished.code == 1
    assert finished.line(f"night {project.nights[0]} of tiny has no cutouts", "run luigi --module tasks FetchCutouts")
