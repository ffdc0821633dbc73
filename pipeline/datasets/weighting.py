"""Weights of rows from a list, by candidate id.

Tested by tests/pipeline/stages/test_build_dataset_weighted.py.
"""

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.datasets.listed_rows import listed_rows
from pipeline.ids.text_blocks import RowTexts

log = logging.getLogger(__name__)


def weighted(weights: NDArray[np.float32], ids: RowTexts, factors: pd.Series, where: str) -> NDArray[np.float32]:
    """Return the weights of rows, ``(n,)``, multiplied by what a list says of some of them.

    Parameters
    ----------
    weights : ndarray of float32, (n,)
        Of each row before.
    ids : RowTexts
        The candidate id of each row.
    factors : Series of float32
        By candidate id, each id once.
    where : str
        Where they come from, for the message.

    Raises
    ------
    InputError
        If an id belongs to no row; the message names it.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> weighted(np.ones(3, np.float32), HeldTexts(["a", "b", "c"]), pd.Series([0.5], index=["b"]), "w.csv").tolist()
    [1.0, 0.5, 1.0]
    """
    place = listed_rows(ids, factors.index, where)
    listed = place >= 0
    found = weights.astype(np.float32)
    found[listed] *= factors.to_numpy(np.float32)[place[listed]]
    log.info("%s: weights of %d rows, of %d of them 0", where, int(listed.sum()), int((found[listed] == 0).sum()))
    return found
