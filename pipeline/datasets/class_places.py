"""Where each group stands among those of its class, in an order that a hash decides; for parts of equal class shares.

Tested by tests/pipeline/datasets/test_class_places.py.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.groups import Groups
from pipeline.datasets.name_hashes import hash_unit

NO_CLASS = -1
"""Of a row without a class, or one that judges nothing: it counts for no class."""


def class_places(
    groups: Groups, classes: NDArray[np.integer], counted: NDArray[np.bool_], salt: str
) -> NDArray[np.float64]:
    """Return the place of each row's group in its class, ``(n,)``, above 0 and below 1: the middle of its rows.

    A group is of the rarest class that its rows have, rarest by the rows of all groups. So a group that spans classes
    is divided with its rarest one, and its other rows go with it; they make the shares of their own classes a little
    uneven. Groups without a row that counts stand by the rows that they have.

    Parameters
    ----------
    groups : Groups
        What belongs together.
    classes : ndarray of int, (n,)
        Code of the class of each row, `NO_CLASS` for none.
    counted : ndarray of bool, (n,)
        Rows that are divided; the groups of others take no room.
    salt : str
        Of the hash of the group's name; another one gives another order.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> alone = Groups(row=np.arange(4), names=HeldTexts(["a", "b", "c", "d"]))
    >>> sorted(class_places(alone, np.array([0, 0, 1, 1]), np.ones(4, bool), "1").tolist())
    [0.25, 0.25, 0.75, 0.75]
    """
    _, first, group = np.unique(groups.row, return_index=True, return_inverse=True)
    rows_of_class = np.bincount(classes[classes > NO_CLASS], minlength=1)
    rarity = np.argsort(np.argsort(rows_of_class, kind="stable"), kind="stable")
    last = len(rarity)
    rank = np.where(classes > NO_CLASS, rarity[np.maximum(classes, 0)], last)
    stratum = np.full(len(first), last)
    np.minimum.at(stratum, group, rank)
    own = counted & (rank == stratum[group])
    size = np.bincount(group, own, len(first))
    key = groups.decided(lambda names: hash_unit(names, salt))[first]
    order = np.lexsort((key, stratum))
    filled = np.cumsum(size[order])
    total = np.bincount(stratum, size, last + 1)
    before = np.concatenate([[0.0], np.cumsum(total)])[stratum[order]]
    place = np.empty(len(first))
    place[order] = (filled - 0.5 * size[order] - before) / np.maximum(total[stratum[order]], 1.0)
    return place[group]
