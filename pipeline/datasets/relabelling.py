"""New labels from people for rows that have others already; nothing else about the rows changes."""

import logging

import numpy as np
import pandas as pd

from pipeline.datasets.listed_rows import listed_rows
from pipeline.ids.text_blocks import RowTexts

log = logging.getLogger(__name__)
SOURCE = "eyeball"


def relabel(rows: pd.DataFrame, ids: RowTexts, labels: pd.Series, where: str) -> pd.DataFrame:
    """Return rows with new ``label`` and, where one was given, the ``label_source`` ``eyeball``.

    Parameters
    ----------
    rows : DataFrame
        ``label label_source`` and any other columns, which stay.
    ids : RowTexts
        The candidate id of each row.
    labels : Series of int
        New labels, codes of classes, by candidate id, each id once.
    where : str
        Where the labels come from, for the message.

    Raises
    ------
    InputError
        If an id belongs to no row; the message names it.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> rows = pd.DataFrame({"label": [1, 1], "label_source": ["list", "list"]})
    >>> found = relabel(rows, HeldTexts(["a", "b"]), pd.Series([0], index=["b"]), "new.csv")
    >>> found[["label", "label_source"]].values.tolist()
    [[1, 'list'], [0, 'eyeball']]
    """
    place = listed_rows(ids, labels.index, where)
    relabelled = place >= 0
    label = rows["label"].to_numpy(np.int8, copy=True)
    new = labels.to_numpy(np.int8)[place[relabelled]]
    changed = int((label[relabelled] != new).sum())
    label[relabelled] = new
    source = pd.Categorical(rows["label_source"])
    source = source.add_categories([SOURCE]) if SOURCE not in source.categories else source
    source[relabelled] = SOURCE
    log.info("%s: %d labels given, %d of them new", where, int(relabelled.sum()), changed)
    return rows.assign(label=label, label_source=source)
