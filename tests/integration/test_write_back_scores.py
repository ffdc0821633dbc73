"""`WriteBackScores` as a user runs it, into an SQLite file beside the survey."""

import json
import sqlite3
from contextlib import closing

import pytest

from pipeline.io.results.scores_file import read_scores

TINY = ("--survey", "tiny")
NIGHT = ("--nights", "2026-01-02")


@pytest.fixture
def table(project):
    """The SQLite file that the survey of the project names for its scores, with all rows but two."""
    file = project.root / "own.sqlite"
    scores = read_scores(next(project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")))
    script = (project.config / "queries" / "write_back.sql").read_text()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(script)
        connection.execute("CREATE TABLE mine (id TEXT PRIMARY KEY, rb REAL, who TEXT)")
        connection.executemany("INSERT INTO mine (id) VALUES (?)", [(name,) for name in scores["candidate_id"][2:]])
        connection.executemany("INSERT INTO mine (id) VALUES (?)", [(name,) for name in set(scores["object_id"][2:])])
    block = {"table": "mine", "key_column": "id", "score_column": "rb", "model_column": "who"}
    project.change("surveys", "tiny", write_back={**block, "database": {"file": str(file), "write": {}}})
    return file, scores


def held(file):
    with closing(sqlite3.connect(file)) as connection:
        return dict(connection.execute("SELECT id, rb FROM mine WHERE rb IS NOT NULL"))


@pytest.mark.replaces("psat-ml", "P10")
def test_a_dry_run_is_the_default_and_no_other_run_takes_it_for_done(project, table):
    file, scores = table
    before = sorted(project.data.rglob("*"))
    for _ in range(2):
        told = project.make("WriteBackScores", *TINY, *NIGHT)
        assert told.line(
            f"{len(scores) - 2} rows of table mine matched: {len(scores) - 2} would be updated, 0 unchanged"
        )
        assert told.line("dry run: nothing was written; add --commit-rows to write")
    assert held(file) == {}
    assert sorted(project.data.rglob("*")) == before


@pytest.mark.replaces("psat-ml", "P10")
def test_scores_are_written_once_they_are_there_and_the_target_says_what_was_done(project, table):
    file, scores = table
    project.make("WriteBackScores", *TINY, *NIGHT, "--commit-rows")
    expected = dict(zip(scores["candidate_id"][2:], scores["score"][2:].astype(float), strict=True))
    assert held(file) == pytest.approx(expected)
    (target,) = project.data.glob("tiny/r1/2026-01-02/WriteBackScores-mine-rb-*.json")
    said = json.loads(target.read_text())
    assert (said["rows_updated"], said["missing"]) == (len(expected), scores["candidate_id"][:2].tolist())
    assert said["run"]["packages"] == scores["model"][0]
    target.unlink()
    again = project.make("WriteBackScores", *TINY, *NIGHT, "--commit-rows")
    assert again.line("no row of table mine was updated", f"all {len(expected)} hold their score already")


def test_objects_get_the_score_of_their_images(project, table):
    file, scores = table
    survey = project.settings("surveys", "tiny")
    survey["write_back"] |= {"key": "object_id", "rule": "median"}
    project.write("surveys", "tiny", survey)
    project.make("WriteBackScores", *TINY, *NIGHT, "--commit-rows")
    medians = scores.groupby("object_id")["score"].median()
    there = set(scores["object_id"][2:])
    assert held(file) == pytest.approx({name: score for name, score in medians.items() if name in there}, abs=1e-6)


def test_scores_that_a_user_names_are_written(project, table, tmp_path):
    file, scores = table
    (tmp_path / "mine.csv").write_text(f"candidate_id,score\n{scores['candidate_id'][3]},0.125\n")
    project.make("WriteBackScores", *TINY, "--scores", str(tmp_path / "mine.csv"), "--commit-rows")
    assert held(file) == {scores["candidate_id"][3]: 0.125}


def test_what_cannot_be_written_is_one_line_and_leaves_nothing(project, table, tmp_path):
    file, scores = table
    row = f"{scores['candidate_id'][3]},0.5"
    (tmp_path / "two.csv").write_text("\n".join(["candidate_id,score", row, row]))
    twice = project.luigi("WriteBackScores", *TINY, "--scores", str(tmp_path / "two.csv"), "--commit-rows")
    assert twice.code == 30
    assert twice.line("two.csv: candidate_id", "is in 2 rows; allowed: one score for each row of table mine")
    gone = project.luigi("WriteBackScores", *TINY, "--scores", str(tmp_path / "gone.csv"), "--commit-rows")
    assert gone.line("no file", "gone.csv")
    survey = project.settings("surveys", "tiny")
    survey["write_back"]["score_column"] = "real"
    project.write("surveys", "tiny", survey)
    absent = project.luigi("WriteBackScores", *TINY, *NIGHT, "--commit-rows")
    assert absent.line("table mine in the database file", "has no column 'real'; there: id, rb, who")
    del survey["write_back"]["database"]
    project.write("surveys", "tiny", survey)
    made = project.luigi("WriteBackScores", *TINY, *NIGHT, "--commit-rows")
    assert made.line("write_back needs its own `database`, because the survey is a result, which never changes")
    assert held(file) == {}
    assert not list(project.data.rglob("WriteBackScores*"))
