"""Writes the list of a night's candidates as CSV and as VOTable."""

import io
import re
from collections.abc import Mapping
from typing import Final

import pandas as pd

from pipeline.conversions import MJD_OF_JD
from pipeline.io.files.csv_cells import write_csv
from pipeline.scores.candidate_list import COLUMNS, TEXT

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VERSION: Final = {"version": "1.4", "version_1_4_or_later": True}


def csv_text(candidates: pd.DataFrame) -> str:
    """Return the list as CSV: all digits of its numbers, no text that a spreadsheet would run, unknown values empty."""
    file = io.StringIO()
    write_csv(file, candidates, lineterminator="\n")
    return file.getvalue()


def votable_bytes(candidates: pd.DataFrame, *, description: str, about: Mapping[str, str]) -> bytes:
    """Return the list as VOTable 1.4, with units, UCDs, meanings, the system of coordinates and the scale of time.

    Parameters
    ----------
    candidates : DataFrame
        The candidates, with the columns of :data:`pipeline.scores.candidate_list.COLUMNS`.
    description : str
        Description of the table, one sentence.
    about : mapping of str to str
        Facts about all rows, written as INFO elements.
    """
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import CooSys, Info, TimeSys
    from astropy.table import Table

    table = Table({name: _cells(candidates[name], column.kind) for name, column in COLUMNS.items()})
    file = from_table(table, table_id="candidates")
    file.version = "1.4"
    resource = file.resources[0]
    resource.coordinate_systems.append(CooSys(ID="icrs", system="ICRS", config=_VERSION))
    resource.time_systems.append(
        TimeSys(ID="utc", timeorigin=MJD_OF_JD, timescale="UTC", refposition="TOPOCENTER", config=_VERSION)
    )
    resource.infos.extend(
        Info(ID=f"about_{number}", name=name, value=_xml_safe(value))
        for number, (name, value) in enumerate(about.items())
    )
    found = file.get_first_table()
    found.name, found.description = "candidates", description
    for field in found.fields:
        column = COLUMNS[field.name]
        field.ucd, field.description, field.unit = column.ucd, column.meaning, column.unit or None
        field.ref = {"ra_deg": "icrs", "dec_deg": "icrs", "time_mjd": "utc"}.get(field.name)
    stream = io.BytesIO()
    file.to_xml(stream)
    return stream.getvalue()


def _cells(values: pd.Series, kind: str) -> object:
    """Return a column as astropy takes it; texts are objects, so that their length is not part of their type."""
    if kind != TEXT:
        return values.to_numpy(kind)
    return values.map(_xml_safe).to_numpy(object if len(values) else "U1")  # astropy looks at the first object


def _xml_safe(text: str) -> str:
    """Return a text without the control characters that XML forbids."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
