"""Writes and reads the history of objects (Parquet): for each visit its score, its label and what scored it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.text import id_texts
from pipeline.io.results.provenance import finished
from pipeline.io.results.schema import HISTORY_COLUMNS, HISTORY_SCHEMA, TEXT
from pipeline.io.results.sealed_parquet import read_sealed, write_sealed

_ARROW = {
    TEXT: pa.string(), "float64": pa.float64(), "float32": pa.float32(), "int8": pa.int8(), "int32": pa.int32(),
    "bool": pa.bool_(),
}  # fmt: skip
_KIND = "history of objects"


def write_history(path: Path, visits: pd.DataFrame, provenance: Mapping[str, object]) -> None:
    """Write the visits of objects, with the columns of `HISTORY_COLUMNS`, and their provenance."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in HISTORY_COLUMNS.items()])
    said = {"schema": str(HISTORY_SCHEMA), "provenance": json.dumps(finished(provenance), sort_keys=True)}
    table = pa.Table.from_pandas(visits, schema=schema, preserve_index=False)
    write_sealed(path, table.replace_schema_metadata(said))


def read_history(path: Path) -> pd.DataFrame:
    """Return the visits of objects, with ids as text.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, it was changed, or is of another schema.
    """
    if not path.is_file():
        raise MissingInputError(f"no {_KIND} {path}")
    table = read_sealed(path, _KIND)
    found = (table.schema.metadata or {}).get(b"schema", b"none").decode()
    if found != str(HISTORY_SCHEMA) or table.column_names != list(HISTORY_COLUMNS):
        raise InputError(f"{path} is a {_KIND} of schema {found}; this version reads schema {HISTORY_SCHEMA}")
    ids = ("object_id", "candidate_id", "exposure_id")
    return table.to_pandas().assign(**{name: id_texts(table[name], f"{path}: column {name!r}") for name in ids})
