"""Registry of the lists of simulated transients that other systems read, and the function that writes one.

Tested by tests/conformance/test_truth_lists.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.registry import Registry
from pipeline.settings import parse

if TYPE_CHECKING:
    from pipeline.io.results.cutout_file import CutoutFile

TruthList = Callable[[Path, "CutoutFile", Any], int]
"""Writes a file's truth to a path with the list's own options, and returns how many rows it wrote."""

TRUTH_LISTS: Registry[TruthList] = Registry("list of simulated transients")
"""The registry; metadata ``settings`` is the class of a list's options. Importing a list's module registers it."""


def write_truth_list(name: str, path: Path, simulated: Path, options: Mapping[str, object]) -> int:
    """Write the truth of a file of simulated transients as a list of another system.

    Parameters
    ----------
    name : str
        A name in `TRUTH_LISTS`.
    path : Path
        The file to write.
    simulated : Path
        The file of simulated transients.
    options : mapping
        The list's options by name, as the command line gives them.

    Returns
    -------
    int
        How many rows were written.

    Raises
    ------
    InputError
        If the file holds no truth.
    SettingsError
        If an option is unknown or has a wrong value.
    """
    from pipeline.io.results.cutout_file import open_cutouts

    write = TRUTH_LISTS[name]
    settings = parse(TRUTH_LISTS.metadata(name)["settings"], options, f"options of {name}")
    with open_cutouts(simulated) as file:
        return write(path, file, settings)
