"""Which of k parts of the rows that teach a member of a stack judges it, as ``2/5``.

Tested by tests/pipeline/datasets/test_refolded.py.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from pipeline.errors import SettingsError

MOST_LEARNED_FOLDS: Final = 100
"""Far more members than a stack has: each costs a training."""

_WRITTEN: Final = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True, kw_only=True)
class LearnedFold:
    """One of several parts.

    Attributes
    ----------
    number : int
        Which part judges, from 1.
    count : int
        How many there are, 2 to `MOST_LEARNED_FOLDS`.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 2 <= self.count <= MOST_LEARNED_FOLDS or not 1 <= self.number <= self.count:
            raise _refused(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the part that a text such as ``2/5`` names.

        Raises
        ------
        SettingsError
            If it names none.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise _refused(text)
        return cls(number=int(written[1]), count=int(written[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def _refused(text: str) -> SettingsError:
    return SettingsError(
        f"learned fold {text!r}; allowed: which of how many, such as 2/5, of 2 to {MOST_LEARNED_FOLDS}"
    )
