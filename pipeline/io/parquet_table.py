"""Small tables that tasks hand on as Parquet: a night's ephemeris, a catalogue of orbits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, MissingInputError


def write_table(path: Path, table: pd.DataFrame, provenance: Mapping[str, Any]) -> None:
    """Write a table with what made it."""
    made = pa.Table.from_pandas(table, preserve_index=False)
    made = made.replace_schema_metadata({"provenance": json.dumps(provenance, sort_keys=True)})
    pq.write_table(made, path, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that `write_table` wrote.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, or it is none.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    try:
        return pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no readable table: {str(error).splitlines()[0]}") from error
