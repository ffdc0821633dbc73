"""Scores in blocks of rows, so that those of a catalogue of any size take little memory."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.text import id_texts
from pipeline.io.files.bounded_parquet import rows_at_once
from pipeline.io.files.damaged import naming
from pipeline.io.files.size_limits import stored_bytes
from pipeline.io.results import schema
from pipeline.io.results.sealed_parquet import verify_sealed

ROWS_AT_ONCE: Final = 16_384
_KIND: Final = "scores file"


def score_names(path: Path) -> list[str]:
    """Return the columns of a Parquet scores file, after its seal was verified.

    Raises
    ------
    MissingInputError, InputError
        If it is not there, of another schema, or damaged.
    """
    if not path.is_file():
        raise MissingInputError(f"no scores file {path}")
    with naming(path, _KIND):
        said = verify_sealed(path)
        found = said.get("schema", str(schema.SCHEMA))
        if found not in schema.SCORE_SCHEMAS:
            known = " or ".join(schema.SCORE_SCHEMAS)
            raise InputError(f"{path} holds scores of schema {found}; this version reads schema {known}")
        return list(pq.read_schema(path).names)


def score_blocks(path: Path, columns: Collection[str]) -> Iterator[pd.DataFrame]:
    """Yield some columns of a Parquet scores file, at most `ROWS_AT_ONCE` rows at a time, with ids as text.

    Parameters
    ----------
    path : Path
        A file that `score_names` has verified.
    columns : collection of str
        The columns.
    """
    with naming(path, _KIND), pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as file:
        rows = rows_at_once(file.metadata, stored_bytes(path), ROWS_AT_ONCE)
        for batch in file.iter_batches(rows, columns=list(columns)):
            ids = id_texts(batch["candidate_id"], f"{path}: column 'candidate_id'")
            yield batch.to_pandas().assign(candidate_id=ids)
