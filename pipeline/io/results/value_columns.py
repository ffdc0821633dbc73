"""The scores file of a regressor: values with their distributions, in the place of probabilities of classes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.io.files.damaged import naming
from pipeline.io.results import schema
from pipeline.io.results.sealed_parquet import read_metadata
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.heads import require_edges

DISTRIBUTIONS = "distributions"
"""Key of the metadata of such a file: JSON with the ``edges`` of the bins and the ``miscoverage`` of the interval."""


def value_columns(bins: int) -> dict[str, str]:
    """Return the columns of the scores file of a regressor with their types, ``m_0 ...`` in their place."""
    columns: dict[str, str] = {}
    for name, kind in schema.VALUE_COLUMNS.items():
        columns[name] = kind
        if name == "high":
            columns |= {f"m_{place}": "float32" for place in range(bins)}
    return columns


def distributions(path: Path, rows: pd.DataFrame) -> tuple[BinnedPdfs, float]:
    """Return the distributions of rows of a regressor's scores file, and the miscoverage of their interval.

    Parameters
    ----------
    path : Path
        The Parquet file, which states the edges of the bins.
    rows : DataFrame
        Rows of it, with ``m_0 ...``.

    Raises
    ------
    InputError
        If the file does not state the edges, or has another number of bins.
    """
    if path.suffix == ".csv":
        raise InputError(f"{path} is a CSV file, which states no bins; allowed: the Parquet file that Infer writes")
    said = read_metadata(path).get(DISTRIBUTIONS)
    if said is None:
        raise InputError(f"{path} does not state the bins of its distributions; allowed: scores of a regressor")
    with naming(path, "scores file of a regressor"):
        stated = json.loads(said)
        edges, miscoverage = require_edges(stated["edges"], str(path)), float(stated["miscoverage"])
    columns = [f"m_{place}" for place in range(len(edges) - 1)]
    absent = [name for name in columns if name not in rows]
    if absent:
        raise InputError(f"{path} has {len(columns)} bins and no column {absent[0]!r}")
    return BinnedPdfs.of(edges, rows[columns].to_numpy(np.float64)), miscoverage
