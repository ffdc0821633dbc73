"""The generic schema takes tables as they are: ids stay text, NaN becomes NULL."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.database.generic_schema import write_generic_survey


def test_ids_stay_text_and_nan_becomes_null(tmp_path):
    ids = [str(2**53 + 1), "0007"]
    rows = pd.DataFrame(
        {"candidate_id": ids, "object_id": "o", "exposure_id": "e", "magnitude": [np.nan, 20.0], "extra": 1}
    )
    write_generic_survey(tmp_path / "s.sqlite", {"candidates": rows})
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as connection:
        read = connection.execute("SELECT candidate_id, typeof(candidate_id), magnitude FROM candidates").fetchall()
    assert read == [(ids[0], "text", None), (ids[1], "text", 20.0)]


def test_a_second_row_of_one_id_is_refused(tmp_path):
    rows = pd.DataFrame({"candidate_id": ["a", "a"], "object_id": "o", "exposure_id": "e"})
    with pytest.raises(InputError, match=r"table candidates .*UNIQUE constraint failed"):
        write_generic_survey(tmp_path / "s.sqlite", {"candidates": rows})


def test_every_table_of_the_schema_is_there(tmp_path):
    write_generic_survey(tmp_path / "s.sqlite", {})
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"exposures", "candidates", "movers", "variables", "hosts", "eyeballs", "truth"}
