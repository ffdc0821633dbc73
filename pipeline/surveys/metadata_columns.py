"""Metadata: which further columns of a source its cutout files keep, for classifiers that ask for them.

Tested by tests/pipeline/surveys/test_metadata_columns.py.
"""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.io.results.schema import CANDIDATE_COLUMNS

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS: Final = ("digest", "flux", "flux_error", "release", "row", "split", "target", "weight")
"""What stands beside the columns of a row on its way to a score: a column of such a name would be lost to it."""


def metadata_name(path: str) -> str:
    """Return what a column is called in cutout files: what stands behind the last dot of its path.

    Examples
    --------
    >>> metadata_name("candidate.sharpnr")
    'sharpnr'
    """
    return path.rpartition(".")[2]


def metadata_faults(paths: Iterable[str]) -> list[str]:
    """Return what is wrong with the columns that a survey's settings name as its metadata.

    Examples
    --------
    >>> metadata_faults(["candidate.sharpnr", "elong"])
    []
    >>> metadata_faults(["snr"])
    ["metadata names 'snr', which every cutout file has; leave it out"]
    """
    faults: list[str] = []
    seen: set[str] = set()
    for path in paths:
        name = metadata_name(path)
        if not _NAME.fullmatch(name):
            faults.append(f"metadata names {path!r}; allowed: names of letters, digits and _")
        elif name in CANDIDATE_COLUMNS:
            faults.append(f"metadata names {path!r}, which every cutout file has; leave it out")
        elif name in _OURS:
            faults.append(f"metadata names {name!r}, by which something else is meant; allowed: not {', '.join(_OURS)}")
        elif name in seen:
            faults.append(f"metadata names {name!r} twice; allowed: once")
        seen.add(name)
    return faults
