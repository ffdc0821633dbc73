"""A catalogue of orbits, fetched and kept as a table.

Tested by tests/tasks/test_fetch_movers.py.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.io.results.parquet_table import write_table
from pipeline.io.services.orbit_catalogue import fetch_catalogue, read_orbits


def fetch_orbit_catalogue(path: Path, catalogue: str, *, timeout_s: float, provenance: Mapping[str, Any]) -> int:
    """Write the orbits of a catalogue as Parquet, and return how many there are; one that cannot be read is not kept.

    Parameters
    ----------
    path : Path
        Parquet file to write; what is fetched lies beside it meanwhile.
    catalogue : str
        Path or address of the catalogue.
    timeout_s : float
        How long the server may keep silent, in seconds.
    provenance : mapping
        What the result says about its making.

    Raises
    ------
    UnreachableError
        If the server fails, or sends less than it announced.
    MissingInputError, InputError
        If the file is missing, holds no orbit, or a line cannot be read; the line is named.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        orbits = read_orbits(fetch_catalogue(catalogue, Path(folder), timeout_s=timeout_s))
    write_table(path, orbits, {**provenance, "orbits": len(orbits)})
    return len(orbits)
