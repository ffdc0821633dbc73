import pytest

from pipeline.errors import SettingsError
from pipeline.recipes.people_labels import PeopleLabels, require_past, utc
from pipeline.settings import parse


@pytest.mark.parametrize(
    "text", ["2026-02-01T12:00:00", "2026-02-01 12:00", "2026-02-01T07:00-05:00", "20260201T120000"]
)
def test_a_moment_is_utc_unless_it_says_otherwise(text):
    assert utc(text).isoformat() == "2026-02-01T12:00:00+00:00"


@pytest.mark.parametrize("text", ["", "2026-02-01", "20260201", "yesterday", "61072.5", "2026-02-30T00:00:00"])
def test_a_date_alone_and_what_is_no_time_are_refused(text):
    with pytest.raises(SettingsError, match="allowed: date and time"):
        PeopleLabels(until=text)


def test_until_a_moment_to_come_nothing_is_settled():
    with pytest.raises(SettingsError, match="in the future"):
        require_past("2099-01-01T00:00:00")
    assert require_past("2020-01-01T00:00:00").year == 2020


@pytest.mark.parametrize(
    ("given", "words"),
    [({"least_votes": 0}, "least_votes is 0"), ({"certainty": 0.4}, "certainty is 0.4"), ({"certainty": 1.0}, "is 1"),
     ({"agreeing": 6}, "agreeing is 6 and most is 5"), ({"agreeing": 0}, "agreeing is 0")],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(given, words):
    with pytest.raises(SettingsError, match=words):
        parse(PeopleLabels, {"until": "2026-02-01T12:00:00", **given}, "recipe")
