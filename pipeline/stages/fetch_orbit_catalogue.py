"""A catalogue of orbits, fetched and kept as a table.

Tested by tests/tasks/test_fetch_movers.py.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.io.results.parquet_table import write_table
from pipeline.io.services.orbit_catalogue import fetch_catalogue, read_orbits


def fetch_orbit_catalogue(path: Path, catalogue: str, *, timeout_s: float, provenance: Mapping[str, object]) -> int:
    """Write the orbits of a catalogue as Parquet, and return how many there are; an unreadable catalogue is not kept.

    Parameters
    ----------
    path : Path
        Parquet file to write; meanwhile the download lies in the same folder.
    catalogue : str
        Path or address of the catalogue.
    timeout_s : float
        How long to wait for an answer of the server, in seconds.
    provenance : mapping
        How the result came about, which is written into it.

    Raises
    ------
    UnreachableError
        If the server fails, or sends less than it announced.
    MissingInputError, InputError
        If the file is missing, has no orbits, or has a line that cannot be read, which the message names.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        orbits = read_orbits(fetch_catalogue(catalogue, Path(folder), timeout_s=timeout_s))
    write_table(path, orbits, {**provenance, "orbits": len(orbits)})
    return len(orbits)
