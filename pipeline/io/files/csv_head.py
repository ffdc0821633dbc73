"""The head of a CSV file: the names of its columns."""

import csv
import re
from pathlib import Path
from typing import Final

from pipeline.errors import InputError

_TYPED: Final = re.compile(r"[A-Z]:")
"""The type of a column in a head of ANNz, as in ``#F:MAG_U;F:MAGERR_U;D:Z``."""


def read_head(path: Path) -> list[str]:
    """Return the names of a CSV file's columns, without spaces around them; empty for an empty file.

    A head as ANNz writes it begins with ``#`` and parts typed names by ``;``, above rows that are parted by commas:
    ``#F:MAG_U;D:Z`` names ``MAG_U`` and ``Z``.

    Raises
    ------
    InputError
        If the cells of any other head are parted by ``;``.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        names = [name.strip() for name in next(csv.reader(stream), [])]
    if len(names) != 1 or ";" not in names[0]:
        return names
    parts = [part.strip() for part in names[0].removeprefix("#").split(";")]
    if names[0].startswith("#") and all(_TYPED.match(part) for part in parts):
        return [part[2:] for part in parts]
    raise InputError(f"{path}: the cells of the head {names[0][:60]!r} are parted by ';'; allowed: commas")
