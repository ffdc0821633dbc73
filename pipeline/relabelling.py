"""New labels from people for rows that have others already; nothing else about the rows changes."""

import logging

import numpy as np
import pandas as pd

from pipeline.errors import InputError

log = logging.getLogger(__name__)
SOURCE = "eyeball"


def relabel(rows: pd.DataFrame, labels: pd.Series, where: str) -> pd.DataFrame:
    """Return rows with new ``label`` and, where one was given, the ``label_source`` ``eyeball``.

    Parameters
    ----------
    rows : DataFrame
        ``candidate_id label label_source`` and any other columns, which stay.
    labels : Series of int
        New labels, 1 or 0, by candidate id, each id once.
    where : str
        Where the labels come from, for the message.

    Raises
    ------
    InputError
        If an id is among no row; it is named.

    Examples
    --------
    >>> rows = pd.DataFrame({"candidate_id": ["a", "b"], "label": [1, 1], "label_source": ["list", "list"]})
    >>> relabel(rows, pd.Series([0], index=["b"]), "new.csv")[["label", "label_source"]].values.tolist()
    [[1, 'list'], [0, 'eyeball']]
    """
    unknown = ~labels.index.isin(rows["candidate_id"])
    if unknown.any():
        raise InputError(f"{where}: id {labels.index[int(np.argmax(unknown))]!r} is of no row of the data set")
    new = labels.reindex(rows["candidate_id"]).to_numpy(np.float64)
    given = np.isfinite(new)
    changed = given & (new != rows["label"].to_numpy())
    log.info("%s: %d labels given, %d of them new", where, int(given.sum()), int(changed.sum()))
    label = np.where(given, new, rows["label"]).astype(np.int8)
    return rows.assign(label=label, label_source=rows["label_source"].mask(given, SOURCE))
