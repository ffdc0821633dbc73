"""The parameter of the part that judges a member of a stack: any text but that of such a part is an error.

Tested by tests/tasks/test_stacks.py.
"""

import luigi

from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS, LearnedFold


class LearnedFoldParameter(luigi.Parameter):
    """Which part of the training and validation rows validates, as ``2/5``; empty: the data set's validation part."""

    def __init__(self) -> None:
        super().__init__(
            default="",
            description="Part of the training and validation rows that validates, such as 2/5, divided anew by group; "
            f"empty: the data set's own. A stack with folds sets it. Allowed: of 2 to {MOST_LEARNED_FOLDS} parts.",
        )

    def normalize(self, x: str) -> str:
        """Return the text as it is written everywhere; raise if it names no part."""
        return str(LearnedFold.parse(x)) if x else ""
