import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.object_history import read_history, write_history
from pipeline.io.results.parquet_table import write_table
from pipeline.io.results.schema import HISTORY_COLUMNS, TEXT


@pytest.fixture
def visits():
    blank = {name: "" if kind == TEXT else np.zeros(1, kind)[0] for name, kind in HISTORY_COLUMNS.items()}
    rows = [{**blank, "object_id": name, "candidate_id": "9007199254740993"} for name in ("0017", "b")]
    return pd.DataFrame(rows).astype({name: kind for name, kind in HISTORY_COLUMNS.items() if kind != TEXT})


def test_a_history_is_read_as_it_was_written(tmp_path, visits):
    write_history(tmp_path / "h.parquet", visits, {"task": "t"})
    pd.testing.assert_frame_equal(read_history(tmp_path / "h.parquet"), visits, check_dtype=False)


def test_what_is_no_history_is_refused(tmp_path, visits):
    with pytest.raises(MissingInputError, match="no history of objects"):
        read_history(tmp_path / "none.parquet")
    write_table(tmp_path / "t.parquet", visits, {})
    with pytest.raises(InputError, match="is a history of objects of schema none; this version reads schema 1"):
        read_history(tmp_path / "t.parquet")
