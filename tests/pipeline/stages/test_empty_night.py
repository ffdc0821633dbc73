"""What is told of empty nights: many of a run take one listing of the survey's nights."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.stages import empty_night
from pipeline.stages.empty_night import nights_of

EMPTY = [f"2026-02-{day:02}" for day in range(1, 11)]


@dataclass
class Listed:
    """A survey that counts how often its nights are listed."""

    folder: Path
    there: list[str] = field(default_factory=lambda: ["2026-01-01"])
    settings: str = "of a survey"
    asked: int = 0

    def nights(self):
        self.asked += 1
        if not self.there:
            raise InputError("the server is away")
        return list(self.there)


@pytest.fixture(autouse=True)
def nothing_listed_yet(monkeypatch):
    monkeypatch.setattr(empty_night, "_listings", {})


def test_many_empty_nights_take_one_listing(tmp_path):
    survey = Listed(tmp_path)
    said = {nights_of(survey, "small", night) for night in EMPTY}
    assert said == {"the survey small has the night 2026-01-01"}
    assert survey.asked == 1


def test_each_task_opens_the_survey_anew_and_that_takes_no_other_listing(tmp_path):
    surveys = [Listed(tmp_path) for _ in EMPTY]
    for survey, night in zip(surveys, EMPTY, strict=True):
        nights_of(survey, "small", night)
    assert sum(survey.asked for survey in surveys) == 1


def test_a_survey_of_that_name_elsewhere_is_listed_itself(tmp_path):
    nights_of(Listed(tmp_path / "one"), "small", EMPTY[0])
    other = Listed(tmp_path / "other", there=["2026-01-07"])
    assert nights_of(other, "small", EMPTY[0]) == "the survey small has the night 2026-01-07"


def test_a_night_that_came_since_is_told_after_a_while(tmp_path, monkeypatch):
    survey, clock = Listed(tmp_path), iter([0.0, 59.0, 60.0, 60.0])
    monkeypatch.setattr(empty_night.time, "monotonic", lambda: next(clock))
    nights_of(survey, "small", EMPTY[0])
    survey.there.append("2026-01-02")
    assert "2026-01-02" not in nights_of(survey, "small", EMPTY[0])
    assert "2026-01-02" in nights_of(survey, "small", EMPTY[0])


def test_nights_that_could_not_be_listed_are_asked_for_again(tmp_path):
    survey = Listed(tmp_path, there=[])
    assert nights_of(survey, "small", EMPTY[0]).endswith("cannot be listed: the server is away")
    survey.there.append("2026-01-01")
    assert nights_of(survey, "small", EMPTY[0]) == "the survey small has the night 2026-01-01"
