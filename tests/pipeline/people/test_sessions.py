import numpy as np
import pandas as pd
import pytest

from pipeline.people.sessions import COLUMNS, sessions


def given(person, at, verdict="real", keys=1.0, seconds=0.0, undoes=None):
    return {"person": person, "at_utc": f"2026-01-05T{at}.000+00:00", "verdict": verdict, "keys": keys,
            "seconds": seconds, "undoes": undoes}  # fmt: skip


def table(*rows):
    return pd.DataFrame(rows).assign(verdict_id=range(len(rows)))


def test_a_pause_of_half_an_hour_begins_a_new_session():
    found = sessions(table(given("ada", "20:00:00"), given("ada", "20:29:59"), given("ada", "21:00:00")))
    assert found["verdicts"].tolist() == [2, 1]
    assert found["begin"].tolist() == ["2026-01-05T20:00:00+00:00", "2026-01-05T21:00:00+00:00"]
    assert found["minutes"].tolist() == pytest.approx([29 + 59 / 60, 0])
    assert np.isnan(found["per_minute"].iloc[1])


def test_rate_seconds_and_keys_are_those_counted_by_hand():
    rows = [given("ada", f"20:00:{place * 5:02d}", keys=0.25, seconds=5) for place in range(5)]
    found = sessions(table(*rows, given("ada", "20:00:30", "undo", keys=1.0, seconds=np.nan, undoes=0))).iloc[0]
    assert (found["verdicts"], found["undone"]) == (5, 1)
    assert found["begin"] == "2026-01-05T19:59:55+00:00"
    assert found["minutes"] == pytest.approx(35 / 60)
    assert found["per_minute"] == pytest.approx(5 / (35 / 60))
    assert found["seconds_per_verdict"] == pytest.approx(7)
    assert found["keys_per_verdict"] == pytest.approx((5 * 0.25 + 1) / 4)


def test_a_verdict_that_two_windows_took_back_was_taken_back_once():
    rows = [given("ada", "20:00:00"), given("ada", "20:00:01"),
            given("ada", "20:00:02", "undo", undoes=0), given("ada", "20:00:03", "undo", undoes=0)]  # fmt: skip
    found = sessions(table(*rows)).iloc[0]
    assert (found["verdicts"], found["undone"], found["keys_per_verdict"]) == (2, 1, 4.0)


def test_an_undo_counts_against_the_session_of_what_it_takes_back():
    rows = [given("ada", "20:00:00"), given("ada", "20:00:01"), given("ada", "21:00:00"),
            given("ada", "21:00:01", "undo", undoes=1)]  # fmt: skip
    assert sessions(table(*rows))["undone"].tolist() == [1, 0]


def test_people_at_once_have_each_a_session_and_the_order_of_rows_is_none():
    rows = table(given("bob", "20:00:05"), given("ada", "20:00:00"), given("bob", "20:00:15"), given("ada", "20:00:10"))
    found = sessions(rows.iloc[::-1])
    assert found["person"].tolist() == ["ada", "bob"]
    assert found["per_minute"].tolist() == pytest.approx([12, 12])


def test_nothing_at_all_is_no_session():
    assert list(sessions(pd.DataFrame()).columns) == list(COLUMNS)


def test_a_page_of_verdicts_that_were_confirmed_at_once_took_as_long_as_it_was_shown():
    rows = [given("ada", "20:00:40", keys=0.1, seconds=40) for _ in range(100)]
    found = sessions(table(*rows)).iloc[0]
    assert (found["begin"], found["per_minute"]) == ("2026-01-05T20:00:00+00:00", pytest.approx(150))
    assert found["seconds_per_verdict"] == pytest.approx(0.4)


def test_a_candidate_that_was_left_on_the_screen_counts_for_no_longer_than_a_pause():
    assert sessions(table(given("ada", "20:00:00", seconds=90_000))).iloc[0]["minutes"] == pytest.approx(30)
