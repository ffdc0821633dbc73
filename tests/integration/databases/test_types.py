"""What a column's type does to its values is the same on every server: blanks behind texts, and truth values."""

import sqlite3
from contextlib import closing

import pandas as pd

from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import select
from pipeline.io.database.settings import DatabaseSettings
from pipeline.labels import LABEL_PROVIDERS, parse_chain
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.exposures.reader import exposure_records

WORDS = {"true": "real", "false": "bogus"}
TYPES = "CREATE TABLE c (candidate_id CHAR(12), exposure_id CHAR(9), band CHAR(4), flux_sign BOOLEAN, good BOOLEAN)"
TYPED = pd.DataFrame(
    {
        "candidate_id": ["17", "0018", "x y"],
        "exposure_id": ["e1", "e1", "e2"],
        "band": ["r", "", None],
        "flux_sign": pd.Series([True, False, None], dtype=object),
        "good": pd.Series([False, True, False], dtype=object),
    }
)


def test_texts_of_fixed_width_and_truth_values_are_those_of_sqlite(server, tmp_path):
    name = server.new_database()
    server.ask(name, TYPES)
    server.fill(name, "c", TYPED)
    with closing(sqlite3.connect(tmp_path / "survey.sqlite")) as connection, connection:
        connection.execute(TYPES)
        rows = TYPED.where(TYPED.notna(), None).itertuples(index=False, name=None)
        connection.executemany("INSERT INTO c VALUES (?, ?, ?, ?, ?)", list(rows))
    query, ids = parse_query("SELECT * FROM c", "s/n"), ("candidate_id", "exposure_id")
    places = (
        Database(DatabaseSettings(**server.settings(name))),
        Database(DatabaseSettings(engine="sqlite"), tmp_path),
    )
    found, other = (select(place, query, {}, order_by="candidate_id", ids=ids) for place in places)
    pd.testing.assert_frame_equal(found, other)
    assert found["candidate_id"].tolist() == ["0018", "17", "x y"]
    assert found["band"].tolist()[:2] == ["", "r"]
    assert flux_signs(found["flux_sign"]).tolist() == [-1, 1, 0]
    assert [row.get("flux_sign") for row in exposure_records(found)] == [-1, 1, None]
    (link,) = parse_chain([{"provider": "list", "table": "c", "label_column": "good", "words": WORDS}], "x.yaml")
    verdict = LABEL_PROVIDERS["list"](found[["candidate_id"]], {"list": found}, link.settings)
    assert verdict.label.tolist() == [1, 0, 0]
