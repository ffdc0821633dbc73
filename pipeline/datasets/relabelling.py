"""New labels from people for rows that have others already, or none; nothing else about the rows changes."""

import logging
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import GUESSED_SOURCES
from pipeline.datasets.listed_rows import listed_rows, places_in
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
    found, changed = _labelled(rows, place, labels)
    log.info("%s: %d labels given, %d of them new", where, int((place >= 0).sum()), changed)
    return found


def judged(
    rows: pd.DataFrame,
    candidate: RowTexts,
    object_: RowTexts,
    detections: pd.Series,
    objects: pd.Series,
    of_objects: Collection[str] = (),
) -> pd.DataFrame:
    """Return rows with the labels that people gave to detections and to objects.

    The label of a detection is that of its row alone. The label of an object is that of its rows which nobody judged
    for themselves: those without a label, with one that was guessed, or with one that some list gave to the object. So
    one bad detection does not damn its object, and a good object does not make a bad subtraction real.

    Parameters
    ----------
    rows : DataFrame
        ``label label_source`` and any other columns, which stay.
    candidate, object_ : RowTexts
        Ids of each row.
    detections, objects : Series of int
        Labels, codes of classes, by candidate id and by object id, each id once. Ids of no row are those of other
        nights.
    of_objects : collection of str
        Label sources that give labels to objects, to which those of people are preferred.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> rows = pd.DataFrame({"label": [-1, 0, 0, 0], "label_source": ["", "list", "", "junk"]})
    >>> ids, whose = HeldTexts(["a1", "a2", "a3", "a4"]), HeldTexts(["a", "a", "a", "a"])
    >>> said, objects = pd.Series([0], index=["a3"]), pd.Series([1], index=["a"])
    >>> found = judged(rows, ids, whose, said, objects, ["junk"])
    >>> found[["label", "label_source"]].values.tolist()
    [[1, 'eyeball'], [0, 'list'], [0, 'eyeball'], [1, 'eyeball']]
    """
    own, whole = places_in(candidate, detections.index), places_in(object_, objects.index)
    free = (rows["label"].to_numpy() < 0) | rows["label_source"].isin([*GUESSED_SOURCES, *of_objects]).to_numpy()
    whole = np.where(free & (own < 0), whole, -1)
    found, of_detections = _labelled(rows, own, detections)
    found, changed = _labelled(found, whole, objects)
    log.info(
        "people: %d rows labelled by verdicts on detections, %d by verdicts on objects; %d labels are new",
        int((own >= 0).sum()), int((whole >= 0).sum()), of_detections + changed,
    )  # fmt: skip
    return found


def _labelled(rows: pd.DataFrame, place: NDArray[np.integer], labels: pd.Series) -> tuple[pd.DataFrame, int]:
    """Return rows with the label at a place of a list, and how many labels that changed; -1 leaves a row as it is."""
    given = place >= 0
    label = rows["label"].to_numpy(np.int8, copy=True)
    new = labels.to_numpy(np.int8)[place[given]]
    changed = int((label[given] != new).sum())
    label[given] = new
    source = pd.Categorical(rows["label_source"])
    source = source.add_categories([SOURCE]) if SOURCE not in source.categories else source
    source[given] = SOURCE
    return rows.assign(label=label, label_source=source), changed
