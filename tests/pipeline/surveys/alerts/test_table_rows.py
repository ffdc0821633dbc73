"""Rows of a table of alerts come a night and a block at a time, however the file is cut into row groups."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.surveys.alerts import table_rows as alert_rows
from pipeline.surveys.alerts.table_rows import AlertRows

FIRST = 61045
COLUMNS = {"candidate_id": "candid", "time_mjd": "mjd", "magnitude": "mag"}


def write(path, days, row_group=1000, **columns):
    """Write one alert a day number, in that order, with ids that a float would round."""
    rows = np.arange(len(days))
    table = pd.DataFrame({"candid": 2**53 + 1 + rows, "mjd": FIRST + 0.5 + np.asarray(days), "mag": 18.0 + rows})
    table = table.assign(score=rows / 10, **columns)
    pq.write_table(pa.Table.from_pandas(table), path, row_group_size=row_group)
    return AlertRows(path=path, columns=COLUMNS, time_format="mjd", longitude_deg=0.0)


@settings(deadline=None)
@given(
    days=st.lists(st.integers(0, 2), max_size=40),
    row_group=st.integers(1, 50),
    size=st.integers(1, 50),
    read_rows=st.integers(1, 20),
)
def test_each_night_has_its_rows_in_order_in_blocks_of_one_size(tmp_path_factory, days, row_group, size, read_rows):
    path = tmp_path_factory.mktemp("rows") / "alerts.parquet"
    rows = write(path, days, row_group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alert_rows, "_READ_ROWS", read_rows)
        for day, night in enumerate(("2026-01-05", "2026-01-06", "2026-01-07")):
            blocks = list(rows.blocks(night, size, extra=("score",)))
            mine = [row for row, other in enumerate(days) if other == day]
            found = pd.concat(blocks) if blocks else pd.DataFrame({"row": [], "candidate_id": [], "extra_score": []})
            assert found["row"].tolist() == mine
            assert found["candidate_id"].tolist() == [str(2**53 + 1 + row) for row in mine]
            assert found["extra_score"].tolist() == pytest.approx([row / 10 for row in mine])
            assert all(len(block) == size for block in blocks[:-1])
        assert rows.nights() == sorted({f"2026-01-0{5 + day}" for day in days})
        assert sum(len(block) for block in rows.blocks("", size)) == len(days)


def test_a_summary_is_the_same_however_the_file_is_cut_and_whatever_other_nights_hold(tmp_path):
    one = write(tmp_path / "a.parquet", [0, 1, 0, 0, 1, 0], row_group=100).summary("2026-01-05", 3)
    other = write(tmp_path / "b.parquet", [0, 1, 0, 0, 1, 0, 2, 2], row_group=2).summary("2026-01-05", 3)
    assert one == other
    assert one["rows"] == 4
    changed = write(tmp_path / "c.parquet", [0, 1, 0, 0, 1, 0], mag=18.0).summary("2026-01-05", 3)
    assert changed["sha256"] != one["sha256"]


def test_an_id_that_stands_twice_is_named_though_its_rows_lie_in_different_blocks(tmp_path):
    rows = write(tmp_path / "a.parquet", [0] * 9, candid=[*map(str, range(8)), "3"])
    with pytest.raises(InputError, match=r"^a.parquet: row 8: candidate_id '3' appears twice$"):
        rows.summary("2026-01-05", 2)


def test_an_id_may_come_again_in_another_night(tmp_path):
    rows = write(tmp_path / "a.parquet", [0, 1], candid=["7", "7"])
    assert rows.summary("2026-01-05", 2)["rows"] == 1


def test_groups_without_the_nights_rows_are_not_read(tmp_path, monkeypatch):
    rows = write(tmp_path / "a.parquet", [0] * 10 + [1] * 10, row_group=5)
    read = []
    taken = alert_rows._taken
    monkeypatch.setattr(alert_rows, "_taken", lambda *arguments: (read.append(arguments[1]), taken(*arguments))[1])
    assert sum(map(len, rows.blocks("2026-01-06", 4))) == 10
    assert read == [2, 3]


def test_a_file_that_is_no_table_is_one_line(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    rows = AlertRows(path=tmp_path / "a.parquet", columns=COLUMNS, time_format="mjd", longitude_deg=0.0)
    with pytest.raises(InputError, match=r"a\.parquet is not a readable Parquet file: .*") as caught:
        rows.nights()
    assert "\n" not in str(caught.value)


MIDNIGHTS = pd.to_datetime(["2026-01-06T00:00", "2026-01-07T00:00"])


@pytest.mark.parametrize("mjd", [MIDNIGHTS, MIDNIGHTS.tz_localize("UTC"), MIDNIGHTS.strftime("%Y-%m-%dT%H:%M:%S")])
def test_timestamps_and_iso_texts_are_times(tmp_path, mjd):
    rows = write(tmp_path / "a.parquet", [0, 1], mjd=mjd)
    assert rows.nights() == ["2026-01-05", "2026-01-06"]
    (block,) = rows.blocks("2026-01-05", 5)
    assert block["time_mjd"].tolist() == [61046.0]


@pytest.mark.parametrize(
    ("mjd", "message"),
    [
        ([61045.5, 2461046.0], r"column 'mjd': row 1: 2461046.0 is outside .* a JD; state `time_format: jd`"),
        ([61045.5, 0.0], r"row 1: 'mjd' is 0.0; an alert without a time has no night; allowed: 15020.0 to 88069.0"),
        ([61045.5, -999.0], r"row 1: 'mjd' is -999.0; an alert without a time"),
        ([61045.5, np.nan], r"row 1: 'mjd' is not finite; an alert without a time"),
        (["2026-01-06T00:00:00", "soon"], r"column 'mjd': row 1 is 'soon'; allowed: an ISO date and time"),
    ],
)
def test_an_alert_whose_time_cannot_be_is_refused_before_it_has_a_night(tmp_path, mjd, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a.parquet", [0, 1], mjd=mjd).nights()
