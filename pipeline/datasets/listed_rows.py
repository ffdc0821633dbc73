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
    met = np.zeros(len(listed), bool)

    def places(names: NDArray[np.object_]) -> NDArray[np.intp]:
        found = listed.get_indexer(names)
        met[found[found >= 0]] = True
        return np.asarray(found, np.int32)

    place = decided(ids, places)
    if not met.all():
        raise InputError(f"{where}: candidate_id {listed[int(np.argmin(met))]!r} belongs to no row of the data set")
    return place
