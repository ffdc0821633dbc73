"""What people say on the page becomes labels of the next data set, by the tasks that a user names."""

import datetime
import shutil
from contextlib import closing

import pytest

import tasks
from pipeline.errors import MissingInputError, SettingsError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.verdicts import Verdict, append, open_store


def say(project, *said):
    """Append verdicts of ``person candidate verdict`` to the store of the project."""
    told = [
        Verdict(survey="tiny", candidate_id=name, verdict=word, person=who, token=f"{who} {name} {word}")
        for who, name, word in said
    ]
    with closing(open_store("tiny", data=project.data)) as store:
        append(store, told)


def now():
    return datetime.datetime.now(datetime.UTC).isoformat()


def rows_of(task):
    with open_dataset(task.output().path) as data:
        return data.file.candidates().assign(split=data.split).set_index("candidate_id").sort_index()


def test_verdicts_become_labels_of_the_next_data_set_and_move_no_row(here):
    before = rows_of(tasks.BuildDataset(survey="tiny", dataset="tiny"))
    eyeballed = before[before["label_source"] == "eyeball"]
    names = {label: eyeballed.index[eyeballed["label"] == label][0] for label in (0, 1)}
    say(here, ("ada", names[1], "bogus"), ("bob", names[1], "bogus"), ("ada", names[0], "real"),
        ("ada", "of another night", "real"))  # fmt: skip
    until = now()
    here.write("datasets", "judged", here.settings("datasets", "tiny") | {"people": {"until": until}})
    task = tasks.BuildDataset(survey="tiny", dataset="judged")
    snapshot = task.requires()["people"]
    assert snapshot.output().path.parent == here.data / "tiny" / "all" / "verdicts"
    snapshot.run()
    task.run()
    after = rows_of(task)
    assert after["label"][[names[0], names[1]]].tolist() == [1, 0]
    assert (after["label"] != before["label"]).sum() == 2
    assert (after["split"] == before["split"]).all()

    say(here, ("cem", names[1], "real"))
    kept = content_sha256(snapshot.output().path)
    tasks.SnapshotLabels.clear_instance_cache()
    again = tasks.SnapshotLabels(survey="tiny", until=until)
    assert again.output().path == snapshot.output().path
    assert again.complete()
    shutil.rmtree(again.output().path)
    again.run()
    assert content_sha256(again.output().path) == kept
    assert tasks.SnapshotLabels(survey="tiny", until=now()).output().path != snapshot.output().path


def test_a_moment_to_come_and_a_survey_that_nobody_judged_are_refused(here):
    with pytest.raises(SettingsError, match="in the future"):
        tasks.SnapshotLabels(survey="tiny", until="2099-01-01T00:00:00").deps()
    with pytest.raises(MissingInputError, match="nobody has judged candidates of 'tiny' yet"):
        tasks.SnapshotLabels(survey="tiny", until="2026-01-01T00:00:00").run()
    assert not (here.data / "tiny" / "verdicts").exists()


def test_check_names_a_moment_to_come_and_a_file_of_gold_that_is_missing(here, check):
    people = {"until": "2099-02-01T00:00:00", "gold": "nowhere.csv"}
    here.write("datasets", "judged", here.settings("datasets", "tiny") | {"people": people})
    lines = check("judged")[1]
    assert any("in the future" in line for line in lines)
    assert any("no label file" in line for line in lines)
