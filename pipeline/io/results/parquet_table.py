"""Writes and reads small tables that tasks hand on as Parquet: a night's ephemeris, a catalogue of orbits.

Tested by tests/pipeline/io/results/test_sealed_files.py.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline.errors import MissingInputError
from pipeline.io.results.provenance import finished
from pipeline.io.results.sealed_parquet import read_sealed, write_sealed


def write_table(path: Path, table: pd.DataFrame, provenance: Mapping[str, object]) -> None:
    """Write a table with its provenance."""
    metadata = {"provenance": json.dumps(finished(provenance), sort_keys=True)}
    write_sealed(path, pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(metadata))


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that `write_table` wrote.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, it is not a table, or it was changed.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    return read_sealed(path, "table").to_pandas()
