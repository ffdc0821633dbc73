"""Finds a format of stamps by its name, and checks its options.

Tested by tests/conformance/test_stamp_sets.py.
"""

from collections.abc import Mapping

from pipeline.io.legacy import (  # noqa: F401  (they register themselves)
    fourmost,
    galaxy10,
    gmadet,
    gmadet_cube,
    gotorb,
    image_folder,
    psat_hdf5,
    psat_list,
)
from pipeline.io.legacy.base import STAMP_SETS, StampFormat
from pipeline.settings import parse


def open_format(name: str, options: Mapping[str, object], where: str) -> StampFormat:
    """Return a format with its options.

    Parameters
    ----------
    name : str
        A name in `STAMP_SETS`.
    options : mapping
        Its options by name, as a settings file or the command line gives them.
    where : str
        Where the options were given, for the message.
    """
    kind = STAMP_SETS[name]
    return kind(parse(STAMP_SETS.metadata(name)["settings"], options, where))
