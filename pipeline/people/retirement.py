"""When enough people have looked at an item: two who agree, or else more."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError

OPEN: Final = "open"
RETIRED: Final = "retired"
UNDECIDED: Final = "undecided"
"""States of an item: it needs another vote, enough people agree, or so many voted that another vote would not help."""


@dataclass(frozen=True, kw_only=True)
class Retirement:
    """When an item needs no more votes.

    Attributes
    ----------
    agreeing : int
        It is retired once so many people give one class, and fewer give each other class.
    most : int
        With so many votes and no such class it is undecided, and nobody is asked again.
    """

    agreeing: int = 2
    most: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.agreeing <= self.most:
            raise SettingsError(
                f"agreeing is {self.agreeing} and most is {self.most}; allowed: agreeing at least 1, most not below it"
            )

    def states(self, counts: NDArray[np.integer]) -> NDArray[np.object_]:
        """Return the state of each item, ``(items,)``.

        Parameters
        ----------
        counts : ndarray of int, (items, classes)
            How many votes each item has for each class.

        Examples
        --------
        >>> Retirement().states(np.array([[1, 0], [2, 0], [1, 1], [1, 2], [2, 2]])).tolist()
        ['open', 'retired', 'open', 'retired', 'open']
        """
        ranked = np.sort(counts, axis=1)
        agreed = (ranked[:, -1] >= self.agreeing) & (ranked[:, -1] > ranked[:, -2])
        spent = counts.sum(1) >= self.most
        return np.where(agreed, RETIRED, np.where(spent, UNDECIDED, OPEN)).astype(object)
