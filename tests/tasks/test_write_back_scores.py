"""What of a write-back makes it another one."""

from dataclasses import replace

import pytest

import tasks
from pipeline.io.database.settings import DatabaseSettings, WritingUser
from pipeline.surveys.write_back_settings import WriteBackSettings


@pytest.fixture
def written(tmp_path):
    """Return a function that gives what decides the write-back of a scores file into a database."""
    (tmp_path / "s.csv").write_text("candidate_id,score\na,0.5\n")

    def decides(folder, file):
        tasks.WriteBackScores.clear_instance_cache()
        task = tasks.WriteBackScores(survey="gmadet", scores=str(tmp_path / "s.csv"))
        block = WriteBackSettings(table="t", key_column="id", score_column="s")
        block = replace(block, database=DatabaseSettings(file=file, write=WritingUser()))
        vars(task)["settings"] = replace(task.settings, write_back=block, input={"folder": str(folder)})
        return task.decides()

    return decides


def test_the_same_file_name_in_another_folder_is_another_database(written, tmp_path):
    first = written(tmp_path / "copy", "survey.sqlite")
    assert written(tmp_path / "night", "survey.sqlite") != first
    assert written(tmp_path / "copy", "survey.sqlite") == first
    assert written(tmp_path / "night", str(tmp_path / "copy" / "survey.sqlite")) == first


def test_a_range_writes_each_night_by_itself():
    asked = {"of": "WriteBackScores", "survey": "atlas", "nights": "2026-01-01..2026-01-03", "package": "mine"}
    each = tasks.NightRange(**asked, commit_rows=True).requires()
    assert [(one.nights, one.packages, one.commit_rows) for one in each] == [
        (f"2026-01-0{day}", "mine", True) for day in (1, 2, 3)
    ]
    assert not any(one.commit_rows for one in tasks.NightRange(**asked).requires())
