"""What the environment asks of a training beside its result: it changes no weights and no fingerprint.

Tested by tests/models/training/test_environment.py.
"""

import os
from pathlib import Path
from typing import Final

from pipeline.errors import SettingsError, StorageError
from pipeline.extras import demand

TENSORBOARD: Final = "NIGHTSIFT_TENSORBOARD"
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


def tensorboard_folder(training: str) -> Path | None:
    """Return the folder for the logs of a training, which it makes; None if there are to be none.

    Parameters
    ----------
    training : str
        Name of the folder below the one that `TENSORBOARD` names.

    Raises
    ------
    MissingExtraError
        If logs are asked for and TensorBoard is not installed.
    StorageError
        If the folder cannot be made.
    """
    stated = os.environ.get(TENSORBOARD, "")
    if not stated:
        return None
    demand("tensorboard", TENSORBOARD)
    folder = Path(stated).expanduser() / training
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{TENSORBOARD}: the folder {folder} cannot be made: {error.strerror}") from None
    return folder
