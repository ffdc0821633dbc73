"""Writes a table as the first binary table of a FITS file, as catalogues of surveys come."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_FORMATS: Final = {"b1": "L", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}


def write_fits_table(path: Path, table: "pd.DataFrame") -> None:
    """Write the columns of a table, equal ones to equal bytes.

    Parameters
    ----------
    path : Path
        The file; it must not exist.
    table : DataFrame
        Columns of numbers, true and false, or text.

    Raises
    ------
    InputError
        If a column holds anything else.
    """
    from astropy.io import fits

    columns = []
    for name in table:
        values = table[name].to_numpy()
        kind = _FORMATS.get(values.dtype.str[1:])
        if kind is None and all(isinstance(value, str) for value in values.tolist()):
            values = values.astype(np.str_)
            kind = f"{max(values.dtype.itemsize // 4, 1)}A"
        if kind is None:
            raise InputError(f"column {name!r} is {values.dtype}; allowed: {', '.join(_FORMATS)}, text")
        columns.append(fits.Column(name=str(name), format=kind, array=values))
    fits.BinTableHDU.from_columns(columns).writeto(path)
