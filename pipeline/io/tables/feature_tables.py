"""Feature tables, one row per candidate, as Parquet; and the registry of foreign formats of such tables.

Tested by tests/pipeline/io/legacy/test_fourmost.py.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.sealed_parquet import read_sealed, write_sealed
from pipeline.registry import Registry

_SCHEMA = 1
_OWN = ("candidate_id", "label", "split")


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """Features of candidates.

    Attributes
    ----------
    candidate_id : Series of str, (n,)
        Unique ids.
    features : ndarray of float32, (n, f)
        NaN = not known.
    feature_names : tuple of str
        A name for each column.
    label : ndarray of int8, (n,)
        Index in ``class_names``, -1 where there is no label.
    split : ndarray of int8, (n,)
        0 train, 1 validation, 2 test, -1 not divided.
    class_names : tuple of str
        Index 0 is "others".
    title : str
        What the table is of.
    """

    candidate_id: pd.Series
    features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    label: NDArray[np.int8]
    split: NDArray[np.int8]
    class_names: tuple[str, ...]
    title: str = ""


class FeatureFormat(Protocol):
    """A foreign format of feature tables; `write` fills an empty directory."""

    def open(self, paths: Sequence[Path]) -> FeatureTable:
        """Return the table in these files and folders."""

    def write(self, path: Path, table: FeatureTable) -> None:
        """Write the table into the directory ``path``."""


FEATURE_TABLES: Registry[type[FeatureFormat]] = Registry("table format")


def write_table(path: Path, table: FeatureTable) -> None:
    """Write a table as Parquet: ``candidate_id label split`` and a float32 column per feature."""
    columns: dict[str, pa.Array] = {
        "candidate_id": pa.array(table.candidate_id.tolist(), pa.large_string()),
        "label": pa.array(table.label),
        "split": pa.array(table.split),
    }
    columns |= {name: pa.array(table.features[:, place]) for place, name in enumerate(table.feature_names)}
    about = {"schema": str(_SCHEMA), "class_names": json.dumps(table.class_names), "title": table.title}
    write_sealed(path, pa.table(columns).replace_schema_metadata(about), "snappy")


def read_table(path: Path) -> FeatureTable:
    """Read a table that `write_table` wrote."""
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    read = read_sealed(path)
    about = {key.decode(): value.decode() for key, value in (read.schema.metadata or {}).items()}
    if about.get("schema") != str(_SCHEMA) or set(_OWN) - set(read.column_names):
        raise InputError(f"{path} is not a table of features of schema {_SCHEMA}")
    names = tuple(name for name in read.column_names if name not in _OWN)
    features = [read[name].to_numpy().astype(np.float32) for name in names]
    return FeatureTable(
        candidate_id=pd.Series(read["candidate_id"].to_pylist(), dtype="str"),
        features=np.stack(features, axis=1) if features else np.zeros((read.num_rows, 0), np.float32),
        feature_names=names,
        label=read["label"].to_numpy().astype(np.int8),
        split=read["split"].to_numpy().astype(np.int8),
        class_names=tuple(json.loads(about["class_names"])),
        title=about.get("title", ""),
    )
