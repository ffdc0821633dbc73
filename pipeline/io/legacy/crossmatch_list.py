"""Cross-match list: what was simulated and which candidates lie near it, in gmadet's ``crossmatch.dat``.

Columns are separated by single spaces below a commented heading: those of ``simulated_objects.list`` (idx,
filename, Xpos, Ypos, RA, Dec, mag, filter), then filename2, Nmatches, closest_candID, all_candIDs, edge.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import InputError, SettingsError
from pipeline.io.files.inflating import open_packed
from pipeline.io.legacy.truth_lists import TRUTH_LISTS

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.io.results.cutout_file import CutoutFile

COLUMNS: Final = (
    "idx",
    "filename",
    "Xpos",
    "Ypos",
    "RA",
    "Dec",
    "mag",
    "filter",
    "filename2",
    "Nmatches",
    "closest_candID",
    "all_candIDs",
    "edge",
)
_NEEDED: Final = ("injection_id", "exposure_id", "x_pixel", "y_pixel", "ra_deg", "dec_deg", "magnitude")
_PLACE: Final = ("candidate_id", "exposure_id", "ra_deg", "dec_deg")
_NONE: Final = "-"


def crossmatch_rows(truth: "pd.DataFrame", candidates: "pd.DataFrame", *, radius_arcsec: float) -> "pd.DataFrame":
    """Return one row per injection with the candidates of its exposure within a radius.

    Parameters
    ----------
    truth : DataFrame
        :data:`pipeline.io.results.schema.TRUTH_COLUMNS`, recovered or not.
    candidates : DataFrame
        All that was detected: ``candidate_id exposure_id ra_deg dec_deg`` and, where known, ``edge_fraction``.
    radius_arcsec : float
        Largest distance of a candidate; inclusive.

    Returns
    -------
    DataFrame
        With :data:`COLUMNS`. ``Xpos`` and ``Ypos`` count from 1, as gmadet's; ``all_candIDs`` is separated
        by commas, the nearest first; ``-`` means that there is none. ``idx`` numbers all rows from 0, over all images.
    """
    import numpy as np
    import pandas as pd

    for name, table, columns in (("truth", truth, _NEEDED), ("candidates", candidates, _PLACE)):
        absent = [column for column in columns if column not in table]
        if absent:
            raise InputError(f"cross-match list: the {name} lack column {absent[0]!r}; there: {', '.join(table)}")
    found: list[list[str]] = [[] for _ in range(len(truth))]
    edges = [False] * len(truth)
    near = _edge_of(candidates)
    groups = candidates.groupby("exposure_id").indices
    for exposure, rows in truth.groupby("exposure_id").indices.items():
        mine = candidates.iloc[groups.get(exposure, np.empty(0, int))]
        for row, order in zip(rows, _within(truth.iloc[rows], mine, radius_arcsec), strict=True):
            found[row] = mine["candidate_id"].iloc[order].astype(str).tolist()
            edges[row] = bool(len(order)) and near.get(found[row][0], False)
    filenames = truth["exposure_id"].astype(str)
    bands = truth["band"].astype(str) if "band" in truth else pd.Series("", index=truth.index)
    return pd.DataFrame(
        {
            "idx": np.arange(len(truth)),
            "filename": filenames.to_numpy(),
            "Xpos": truth["x_pixel"].to_numpy(float) + 1.0,
            "Ypos": truth["y_pixel"].to_numpy(float) + 1.0,
            "RA": truth["ra_deg"].to_numpy(float),
            "Dec": truth["dec_deg"].to_numpy(float),
            "mag": truth["magnitude"].to_numpy(float),
            "filter": bands.replace("", _NONE).to_numpy(),
            "filename2": [name if ids else _NONE for name, ids in zip(filenames, found, strict=True)],
            "Nmatches": [len(ids) for ids in found],
            "closest_candID": [ids[0] if ids else _NONE for ids in found],
            "all_candIDs": [",".join(ids) or _NONE for ids in found],
            "edge": [str(edge) for edge in edges],
        }
    )


def _edge_of(candidates: "pd.DataFrame") -> dict[str, bool]:
    if "edge_fraction" not in candidates:
        return {}
    at_edge = candidates["edge_fraction"].to_numpy(float) > 0
    return dict(zip(candidates["candidate_id"].astype(str), at_edge.tolist(), strict=True))


def _within(truth: "pd.DataFrame", candidates: "pd.DataFrame", radius_arcsec: float) -> list[list[int]]:
    """Return for each injection the rows of the candidates within the radius, the nearest first."""
    from pipeline.crossmatch.match import all_within

    return all_within(truth["ra_deg"], truth["dec_deg"], candidates["ra_deg"], candidates["dec_deg"], radius_arcsec)


def write_crossmatch(path: Path, rows: "pd.DataFrame") -> None:
    """Write rows of :func:`crossmatch_rows` as gmadet does.

    Raises
    ------
    InputError
        If an id or a name holds white space, which would shift the columns.
    """
    for column in ("filename", "filter", "filename2", "closest_candID", "all_candIDs"):
        texts = rows[column].astype(str)
        bad = texts.str.contains(r"\s", regex=True).to_numpy() | (texts == "").to_numpy()
        if bad.any():
            row = int(bad.argmax())
            raise InputError(f"{path}: row {row + 1}: {column} is {texts.iloc[row]!r}; allowed: no blanks, not empty")
    numbers = {"Xpos": "{:.4f}", "Ypos": "{:.4f}", "RA": "{:.8f}", "Dec": "{:.8f}", "mag": "{:.4f}"}
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("# " + " ".join(COLUMNS) + "\n")
        for row in rows.itertuples(index=False):
            cells = row._asdict()
            stream.write(" ".join(numbers.get(name, "{}").format(cells[name]) for name in COLUMNS) + "\n")


@dataclass(frozen=True, kw_only=True)
class CrossmatchOptions:
    """Options of the list ``crossmatch``.

    Attributes
    ----------
    radius_arcsec : float, in arcsec
        Candidates up to this far from an injection are listed; above 0, at most 3600.
    """

    radius_arcsec: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.radius_arcsec <= 3600:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0, at most 3600")


@TRUTH_LISTS.register("crossmatch", settings=CrossmatchOptions)
def export_crossmatch(path: Path, simulated: "CutoutFile", options: CrossmatchOptions) -> int:
    """Write gmadet's ``crossmatch.dat`` of a file of simulated transients, whose rows are what was recovered."""
    truth, candidates = simulated.table("truth"), simulated.candidates()
    rows = crossmatch_rows(truth, candidates, radius_arcsec=options.radius_arcsec)
    write_crossmatch(path, rows)
    return len(rows)


def read_crossmatch(path: Path) -> "pd.DataFrame":
    """Return the rows of a ``crossmatch.dat``, ids as text.

    Raises
    ------
    InputError
        If the heading lacks a column, a row has another number of cells, or a value that should be a number is not one.
    """
    import pandas as pd

    try:
        with open_packed(path) as stream:
            lines = stream.read().decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    head = lines[0].lstrip("#").split() if lines else []
    if head != list(COLUMNS):
        raise InputError(f"{path}: the heading is {' '.join(head)[:120]!r}; allowed: {' '.join(COLUMNS)}")
    cells = [line.split() for line in lines[1:] if line.strip()]
    for number, row in enumerate(cells, start=2):
        if len(row) != len(COLUMNS):
            raise InputError(f"{path}: row {number} has {len(row)} cells; allowed: {len(COLUMNS)}")
    table = pd.DataFrame(cells, columns=list(COLUMNS), dtype="str")
    for name in ("idx", "Xpos", "Ypos", "RA", "Dec", "mag", "Nmatches"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        if numbers.isna().any():
            first = int(numbers.isna().to_numpy().argmax())
            raise InputError(f"{path}: row {first + 2}: {name} is {table[name].iloc[first]!r}; allowed: a number")
        table[name] = numbers
    return table
