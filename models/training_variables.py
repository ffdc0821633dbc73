"""What the environment asks of a training beside its result: it changes no weights and no fingerprint.

Tested by tests/models/test_training_variables.py.
"""

import os
from typing import Final

from pipeline.errors import SettingsError

KEEP_EPOCHS: Final = "NIGHTSIFT_KEEP_EPOCHS"


def kept_every() -> int:
    """Return of every how many epochs the weights are kept; 0 for none.

    Raises
    ------
    SettingsError
        If `KEEP_EPOCHS` is no whole number above 0.
    """
    stated = os.environ.get(KEEP_EPOCHS, "")
    if not stated:
        return 0
    if not stated.isdecimal() or int(stated) < 1:
        raise SettingsError(f"{KEEP_EPOCHS} is {stated!r}; allowed: a whole number, at least 1, or unset for none")
    return int(stated)
