"""Ids beyond 2^53, with leading zeros and in other scripts come back from every format as they went in."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.ids.text import id_texts
from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import select
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import ScoresWriter, read_scores, score_columns
from pipeline.io.tables.id_list import read_id_list
from pipeline.io.tables.label_file import read_labels
from pipeline.io.tables.relabel_file import read_relabels
from pipeline.io.tables.table_file import read_table
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset

IDS = [
    str(2**53),
    str(2**53 + 1),
    "2482129031815015009",
    "007",
    "7",
    "-3",
    "1e5",
    "NaN",
    "NA",
    "",
    "ζ-Ω 夜 ☄",
    "a,b",
    'say "x"',
]
IDS = [name for name in IDS if name]


def test_through_the_cutout_file(make_rows, make_cutouts, tmp_path):
    path = make_cutouts(tmp_path / "c.h5", make_rows(IDS, exposure_id=IDS[::-1]))
    with open_cutouts(path) as file:
        found = file.candidates()
    assert found["candidate_id"].tolist() == IDS
    assert found["exposure_id"].tolist() == IDS[::-1]
    assert found["object_id"].tolist() == ["o" + name for name in IDS]


def test_through_the_dropped_rows(make_rows, make_cutouts, tmp_path):
    path = make_cutouts(tmp_path / "c.h5", make_rows(IDS, label=[-1] * len(IDS)))
    how = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=0))
    build_dataset(
        tmp_path / "d.h5", sources=[path], recipe=how, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={}
    )
    with open_cutouts(tmp_path / "d.h5") as file:
        assert sorted(file.table("dropped")["candidate_id"]) == sorted(IDS)


def test_through_the_data_set(make_rows, make_cutouts, tmp_path):
    path = make_cutouts(
        tmp_path / "c.h5", make_rows(IDS, label=np.arange(len(IDS)) % 2, label_source=["eye"] * len(IDS))
    )
    how = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=0))
    build_dataset(
        tmp_path / "d.h5", sources=[path], recipe=how, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={}
    )
    with open_dataset(tmp_path / "d.h5") as dataset:
        found = [name for part in ("train", "validation", "test") for name in dataset.candidates(part)["candidate_id"]]
    assert sorted(found) == sorted(IDS)


def scores(ids):
    frame = pd.DataFrame({name: [0] * len(ids) for name in score_columns(2)})
    for name in ("candidate_id", "object_id", "exposure_id", "night", "model", "release"):
        frame[name] = pd.Series(ids, dtype="str")
    return frame


def test_through_parquet_scores(tmp_path):
    with ScoresWriter(tmp_path / "s.parquet", 2, {}) as writer:
        writer.append(scores(IDS))
    found = read_scores(tmp_path / "s.parquet")
    assert found["candidate_id"].tolist() == IDS
    assert found["object_id"].tolist() == IDS


def test_through_csv_scores(tmp_path):
    scores(IDS).to_csv(tmp_path / "s.csv", index=False)
    found = read_scores(tmp_path / "s.csv")
    assert found["candidate_id"].tolist() == IDS
    assert found["exposure_id"].tolist() == IDS


def test_through_a_label_file(tmp_path):
    pd.DataFrame({"candidate_id": IDS, "label": 1}).to_csv(tmp_path / "l.csv", index=False)
    assert read_labels(str(tmp_path / "l.csv"))["candidate_id"].tolist() == IDS


@pytest.mark.parametrize("kind", ["TEXT", "INTEGER"])
def test_through_sqlite(tmp_path, kind):
    ids = IDS if kind == "TEXT" else IDS[:3]
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute(f"CREATE TABLE c (candidate_id {kind}, object_id {kind})")
        connection.executemany("INSERT INTO c VALUES (?, NULL)", [(name,) for name in ids])
        connection.execute("INSERT INTO c VALUES (NULL, NULL)")
    found = select(the_database(tmp_path), parse_query("SELECT * FROM c", "c"), {}, ids=("candidate_id", "object_id"))
    assert sorted(found["candidate_id"]) == sorted(["", *ids])
    assert set(found["object_id"]) == {""}


def test_whole_numbers_in_parquet_with_gaps_are_not_rounded(tmp_path):
    pq.write_table(pa.table({"candid": pa.array([2**53 + 1, None, 2**62 + 1], pa.int64())}), tmp_path / "t.parquet")
    assert id_texts(pq.read_table(tmp_path / "t.parquet")["candid"], "t").tolist() == [
        str(2**53 + 1),
        "",
        str(2**62 + 1),
    ]


@pytest.mark.parametrize("value", [2.0**53, 1.5, float("inf")])
def test_a_float_that_may_be_a_rounded_id_is_refused(value):
    with pytest.raises(InputError, match="t: column 'candid' holds the float"):
        id_texts(pa.chunked_array([pa.array([1.0, value])]), "t: column 'candid'")


def test_a_whole_float_below_2_53_is_exact_and_taken():
    assert id_texts(pa.chunked_array([pa.array([1.0, 2.0**53 - 1, np.nan, None])]), "t").tolist() == [
        "1",
        str(2**53 - 1),
        "",
        "",
    ]


def test_a_dictionary_of_ids_is_read(tmp_path):
    column = pa.chunked_array([pa.array(["01", "1", "01"]).dictionary_encode()])
    assert id_texts(column, "t").tolist() == ["01", "1", "01"]


def test_a_float_id_in_a_database_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("CREATE TABLE c (candidate_id REAL)")
        connection.execute("INSERT INTO c VALUES (9007199254740993)")
    with pytest.raises(InputError, match="query c: column 'candidate_id' holds the float"):
        select(the_database(tmp_path), parse_query("SELECT * FROM c", "c"), {}, ids=("candidate_id",))


def test_an_id_in_scientific_notation_in_a_database_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("CREATE TABLE c (candidate_id TEXT)")
        connection.execute("INSERT INTO c VALUES ('3.91E+16')")
    with pytest.raises(InputError, match=r"query c: column 'candidate_id': the id '3\.91E\+16' is in scientific"):
        select(the_database(tmp_path), parse_query("SELECT * FROM c", "c"), {}, ids=("candidate_id",))


def the_database(folder):
    return Database(DatabaseSettings(file="s.db"), folder)


def _read_scores_csv(path):
    path.write_text("candidate_id,score\n17,0.5\n3.91E+16,0.5\n")
    read_scores(path)


def _read_label_csv(path):
    path.write_text("candidate_id,label\n17,1\n3.91E+16,0\n")
    read_labels(str(path))


def _read_relabel_csv(path):
    path.write_text("candidate_id,label\n17,1\n3.91E+16,0\n")
    read_relabels(str(path))


def _read_list(path):
    path.write_text("# of a colleague\n17\n3.91E+16\n")
    read_id_list(f"@{path}")


def _read_keyed_csv(path):
    path.write_text("candidate_id,x\n17,1\n3.91E+16,2\n")
    read_table(path, texts=("candidate_id",))


@pytest.mark.parametrize("read", [_read_scores_csv, _read_label_csv, _read_relabel_csv, _read_list, _read_keyed_csv])
def test_an_id_that_a_spreadsheet_rounded_is_refused_with_its_row(read, tmp_path):
    with pytest.raises(InputError, match=r"ids\.csv.*row [23]: the id '3\.91E\+16' is in scientific notation"):
        read(tmp_path / "ids.csv")


def test_names_that_look_like_numbers_stay():
    assert read_id_list("1E5,3e91,12E+4x") == ["12E+4x", "1E5", "3e91"]
