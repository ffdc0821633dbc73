"""What MariaDB and MySQL alone have: a standard mode of SQL, loose collations."""

import pandas as pd
import pytest

from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import select
from pipeline.io.database.settings import DatabaseSettings


def ask(source, query, **parameters):
    return select(source, parse_query(query, "set/name"), parameters, order_by="candidate_id", ids=("candidate_id",))


@pytest.fixture
def caseless_database(mariadb):
    """A database whose tables compare text without regard to case."""
    name = mariadb.new_database()
    mariadb.ask(
        name, "CREATE TABLE c (candidate_id VARCHAR(20) COLLATE utf8mb4_general_ci, big BIGINT UNSIGNED, bits BLOB)"
    )
    ids = ["b", "B", "a", "Ä", "10", "9"]
    mariadb.fill(name, "c", pd.DataFrame({"candidate_id": ids, "big": 2**64 - 1, "bits": "007"}, dtype=object))
    return Database(DatabaseSettings(**mariadb.settings(name)))


def test_rows_come_in_the_order_of_bytes_whatever_the_collation(caseless_database):
    assert ask(caseless_database, "SELECT candidate_id FROM c")["candidate_id"].tolist() == [
        "10",
        "9",
        "B",
        "a",
        "b",
        "Ä",
    ]


def test_sql_means_what_it_means_elsewhere(caseless_database):
    query = (
        "SELECT 'a' || 'b' || '\\' AS candidate_id, '\\n' AS said, big AS \"Big\", 5 % 3 AS rest FROM c WHERE big > 0"
    )
    (row,) = ask(caseless_database, f"SELECT DISTINCT * FROM ({query}) AS t").to_dict("records")
    assert row == {"candidate_id": "ab\\", "said": "\\n", "Big": str(2**64 - 1), "rest": 2}


def test_bytes_are_text(caseless_database):
    assert set(ask(caseless_database, "SELECT candidate_id, bits FROM c")["bits"]) == {"007"}
