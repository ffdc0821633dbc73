"""Reads and writes gmadet's ``simulated_objects.list``: the truth of simulated transients.

Columns are separated by single spaces below a commented heading: idx, filename, Xpos, Ypos, RA, Dec, mag, filter;
ours has ``sim_id`` after them, the unique id, for ``idx`` starts anew with every image in some of gmadet's lists.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import InputError, MissingInputError
from pipeline.io.files.inflating import open_packed
from pipeline.io.legacy.truth_lists import TRUTH_LISTS

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.io.results.cutout_file import CutoutFile

COLUMNS: Final = ("idx", "filename", "Xpos", "Ypos", "RA", "Dec", "mag", "filter", "sim_id")
_NEEDED: Final = ("injection_id", "exposure_id", "x_pixel", "y_pixel", "ra_deg", "dec_deg", "magnitude")
_NUMBERS: Final = ("Xpos", "Ypos", "RA", "Dec", "mag")
_NONE: Final = "-"


def write_simulated_objects(path: Path, truth: "pd.DataFrame") -> None:
    """Write one row per injection; pixels count from 1, as gmadet's, and ``idx`` from 0 over all images.

    Parameters
    ----------
    path : Path
        The file.
    truth : DataFrame
        :data:`pipeline.io.results.schema.TRUTH_COLUMNS`.

    Raises
    ------
    InputError
        If a column is missing, an id is not unique, or a name holds a space.
    """
    absent = [column for column in _NEEDED if column not in truth]
    if absent:
        raise InputError(f"{path}: the truth lacks column {absent[0]!r}; there: {', '.join(truth)}")
    repeated = truth["injection_id"].duplicated()
    if repeated.any():
        raise InputError(
            f"{path}: injection_id {truth['injection_id'][repeated].iloc[0]!r} appears twice; allowed: once"
        )
    lines = ["# " + " ".join(COLUMNS)]
    for number, row in enumerate(truth.to_dict("records")):
        band = str(row.get("band") or _NONE)
        names = (str(row["exposure_id"]), band, str(row["injection_id"]))
        for name in names:
            if not name or len(name.split()) != 1:
                raise InputError(f"{path}: row {number + 1}: {name!r} is empty or holds a space; allowed: one word")
        place = f"{row['x_pixel'] + 1.0:.4f} {row['y_pixel'] + 1.0:.4f} {row['ra_deg']:.8f} {row['dec_deg']:.8f}"
        lines.append(f"{number} {names[0]} {place} {row['magnitude']:.5f} {band} {names[2]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class SimulatedObjectsOptions:
    """The list ``simulated_objects`` has no options."""


@TRUTH_LISTS.register("simulated_objects", settings=SimulatedObjectsOptions)
def export_simulated_objects(path: Path, simulated: "CutoutFile", _: SimulatedObjectsOptions) -> int:
    """Write gmadet's ``simulated_objects.list`` of a file of simulated transients, recovered and missed."""
    truth = simulated.table("truth")
    write_simulated_objects(path, truth)
    return len(truth)


def read_simulated_objects(path: Path) -> "pd.DataFrame":
    """Return the rows of a ``simulated_objects.list``, gmadet's own or ours, in its columns.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, its heading lacks a column, or a row does not fit the heading.
    """
    import pandas as pd

    if not path.is_file():
        raise MissingInputError(f"no list {path}")
    try:
        with open_packed(path) as stream:
            lines = stream.read().decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: {error}") from error
    names = lines[0].lstrip("#").split() if lines and lines[0].startswith("#") else []
    for column in COLUMNS[:-1]:
        if column not in names:
            raise InputError(f"{path}: column {column!r} is missing; there: {', '.join(names) or 'no heading'}")
    records = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split()
        if cells and len(cells) != len(names):
            raise InputError(f"{path}: line {number} has {len(cells)} values; allowed: {len(names)}, as its heading")
        if cells:
            records.append(dict(zip(names, cells, strict=True)))
    table = pd.DataFrame(records, columns=names, dtype="str")
    for column in _NUMBERS:
        values = pd.to_numeric(table[column], errors="coerce")
        if values.isna().any():
            row = int(values.isna().to_numpy().argmax())
            raise InputError(f"{path}: row {row + 1}: {column} is {table[column].iloc[row]!r}; allowed: a number")
        table[column] = values.astype(float)
    return table
