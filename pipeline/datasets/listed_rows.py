"""Which rows of a data set a list of candidate ids names."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.ids.text_blocks import RowTexts, decided


def listed_rows(ids: RowTexts, listed: pd.Index, where: str) -> NDArray[np.integer]:
    """Return the place of each row in a list, ``(n,)``; -1 for rows that it does not name.

    Parameters
    ----------
    ids : RowTexts
        The candidate id of each row.
    listed : Index of str
        The ids of the list, each once.
    where : str
        Where the list comes from, for the message.

    Raises
    ------
    InputError
        If an id belongs to no row; the message names it.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> listed_rows(HeldTexts(["a", "b", "c"]), pd.Index(["c", "a"]), "list.csv").tolist()
    [1, -1, 0]
    """
    place = places_in(ids, listed)
    met = np.zeros(len(listed), bool)
    met[place[place >= 0]] = True
    if not met.all():
        raise InputError(f"{where}: candidate_id {listed[int(np.argmin(met))]!r} belongs to no row of the data set")
    return place


def places_in(ids: RowTexts, listed: pd.Index) -> NDArray[np.integer]:
    """Return the place of each row's id in a list of ids, ``(n,)``; -1 for rows that it does not name."""
    return decided(ids, lambda names: np.asarray(listed.get_indexer(names), np.int32))
