"""Lists of simulated transients in the forms of other systems: the registry of them, and how one is written.

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
"""Writes a file's truth to a path with its options, and returns how many rows it wrote."""

TRUTH_LISTS: Registry[TruthList] = Registry("list of simulated transients")
"""Metadata ``settings`` is the class of the options; who imports the modules of the lists registers them."""


def write_truth_list(name: str, path: Path, simulated: Path, options: Mapping[str, object]) -> int:
    """Write the truth of a file of simulated transients as the list ``name``; return its rows.

    Raises
    ------
    InputError
        If the file holds no truth.
    SettingsError
        If an option is unknown or has a wrong value.
    """
    from pipeline.io.results.cutout_file import open_cutouts

    write = TRUTH_LISTS[name]
    given = parse(TRUTH_LISTS.metadata(name)["settings"], options, f"options of {name}")
    with open_cutouts(simulated) as file:
        return write(path, file, given)
