"""Scores of candidates as tables that other programs read: CSV and ECSV beside the candidates, psat's and gmadet's.

Tested by tests/pipeline/stages/test_export_candidates.py.
"""

import io
import logging
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import IO, Final

import numpy as np
import pandas as pd

from pipeline.classes import UNLABELLED
from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.legacy.base import extra_columns
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.score_blocks import score_names
from pipeline.stages.export_probabilities import ScoredRows
from pipeline.stages.scored_files import named, of_part

log = logging.getLogger(__name__)

_SHOWN: Final = (
    "telescope", "detector", "band", "time_mjd", "ra_deg", "dec_deg", "x_pixel", "y_pixel", "magnitude",
    "magnitude_error", "fwhm_pixel", "snr", "flux_sign", "label", "label_source",
)  # fmt: skip
"""Columns of the rows that stand beside the scores."""
_UNITS: Final = {
    "time_mjd": "d", "ra_deg": "deg", "dec_deg": "deg", "x_pixel": "pix", "y_pixel": "pix", "magnitude": "mag",
    "magnitude_error": "mag", "fwhm_pixel": "pix",
}  # fmt: skip
_NO_MAGNITUDE: Final = -99.0
"""What gmadet's and otrain's tables hold for a magnitude that is not known."""
_PIXEL_ORIGIN: Final = 1
"""What gmadet's tables call the first pixel."""


def export_csv(path: Path, scored: ScoredRows, *, part: str = "") -> int:
    """Write every column of the scores beside those of the candidates as CSV, and return the number of rows.

    Parameters
    ----------
    path : Path
        CSV file to write, with a head.
    scored : ScoredRows
        What is written.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.

    Raises
    ------
    UnknownNameError, InputError
        As `pipeline.stages.export_probabilities.export_probabilities` raises them.
    """
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(_tables(scored, part)):
            write_csv(file, block, header=number == 0)
            count += len(block)
    return count


def export_ecsv(path: Path, scored: ScoredRows, *, part: str = "") -> int:
    """Write the columns of `export_csv` as ECSV with their units, as astropy reads it, and return the number of rows.

    Parameters and errors are those of `export_csv`.
    """
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(_tables(scored, part)):
            _append(file, block, "ascii.ecsv", is_first=number == 0)
            count += len(block)
    return count


def export_psat(path: Path, scored: ScoredRows, *, part: str = "") -> int:
    """Write psat-ml's ``file,label,score`` without a head, of rows with a label and a score; return their number.

    Parameters are those of `export_csv`.

    Raises
    ------
    InputError
        If no row has both, or the scores are not of real and bogus.
    """
    count = left = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for block in _scored(scored, part, ("label",)):
            usable = (block["label"] != UNLABELLED) & np.isfinite(block["score"])
            write_csv(file, block.loc[usable, ["candidate_id", "label", "score"]], header=False)
            count, left = count + int(usable.sum()), left + int((~usable).sum())
    if not count:
        raise InputError(f"{scored.scores}: none of {left} rows has a label and a score, which format psat needs")
    if left:
        log.info("left out %d of %d rows, which have no label or no score", left, count + left)
    return count


def export_gmadet(path: Path, scored: ScoredRows, *, part: str = "") -> int:
    """Write the table ``infer_results.dat`` of gmadet and otrain, and return the number of rows.

    It has ``filename RA Dec originalFile Xpos Ypos mag magerr FWHM FWHMPSF cand_ID label0 label1``, the last two the
    probabilities of bogus and real; pixels are counted from 1, magnitudes that are not known are -99.

    Parameters and errors are those of `export_psat`; rows without a label are written as well.
    """
    columns = ("ra_deg", "dec_deg", "x_pixel", "y_pixel", "magnitude", "magnitude_error", "fwhm_pixel")
    count, widths = 0, _psf_widths(scored.rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(_scored(scored, part, columns)):
            table = pd.DataFrame(
                {
                    "filename": block["candidate_id"] + ".fits",
                    "RA": block["ra_deg"],
                    "Dec": block["dec_deg"],
                    "originalFile": block["exposure_id"],
                    "Xpos": block["x_pixel"] + _PIXEL_ORIGIN,
                    "Ypos": block["y_pixel"] + _PIXEL_ORIGIN,
                    "mag": block["magnitude"].fillna(_NO_MAGNITUDE),
                    "magerr": block["magnitude_error"].fillna(_NO_MAGNITUDE),
                    "FWHM": block["fwhm_pixel"],
                    "FWHMPSF": block["candidate_id"].map(widths).astype(float),
                    "cand_ID": block["candidate_id"],
                    "label0": block["p_0"],
                    "label1": block["p_1"],
                }
            )
            _append(file, table, "ascii.basic", is_first=number == 0)
            count += len(block)
    return count


def _tables(scored: ScoredRows, part: str) -> Iterator[pd.DataFrame]:
    """Yield all columns of the scores with those of the rows; one block without rows if there are none."""
    there = score_names(scored.scores)
    with open_cutouts(scored.rows) as file:
        known = set(file.candidates(slice(0, 0)))
    shown = [name for name in _SHOWN if name in known and name not in there]
    for block in scored.beside(there, shown):
        kept = of_part(block, part)[[*there, *shown]]
        yield named(scored.id_column, kept["candidate_id"], dict(kept.drop(columns="candidate_id").items()))


def _scored(scored: ScoredRows, part: str, of_rows: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    """Yield ids, score and probabilities of real and bogus beside columns of the rows."""
    there = score_names(scored.scores)
    if "score" not in there or "p_2" in there:
        raise InputError(f"{scored.scores} has no score of a real; allowed: scores of two classes")
    for block in scored.beside(["candidate_id", "exposure_id", "split", "score", "p_0", "p_1"], of_rows):
        yield of_part(block, part)


def _append(file: IO[str], table: pd.DataFrame, form: str, *, is_first: bool) -> None:
    """Append rows of one of astropy's text formats; its head is written once."""
    from astropy.table import Table

    columns = {name: column.to_numpy() for name, column in table.items()}  # NaN stays NaN, and is not masked
    written = Table({name: v if v.dtype.kind in "iufb" else v.astype("U") for name, v in columns.items()})
    if form == "ascii.ecsv":
        for name, unit in _UNITS.items():
            if name in table:
                written[name].unit = unit
    text = io.StringIO()
    options = {"delimiter": ","} if form == "ascii.ecsv" else {}
    written.write(text, format=form, **options)
    lines = text.getvalue().splitlines(keepends=True)
    told = takewhile(lambda line: line.startswith("#"), lines)
    head = sum(1 for _ in told) + 1
    file.writelines(lines if is_first else lines[head:])


def _psf_widths(rows: Path) -> dict[str, float]:
    """Return the FWHM of the PSF of each candidate where an import of gmadet's cutouts kept it."""
    with open_cutouts(rows) as file:
        extra = extra_columns(file)
        if "fwhmpsf" not in extra:
            return {}
        ids = file.candidates(columns=("candidate_id",))["candidate_id"]
    return dict(zip(ids, pd.to_numeric(extra["fwhmpsf"], errors="coerce"), strict=True))
