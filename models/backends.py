"""What Keras computes with when it trains, as the environment says; nothing of it is loaded here.

Tested by tests/models/test_framework.py.
"""

import os
from typing import Final

from pipeline.errors import UnknownNameError

TENSORFLOW: Final = "tensorflow"
BACKENDS: Final = {TENSORFLOW: "train", "jax": "jax", "torch": "torch"}
"""What Keras can compute with when it trains, and the extra that installs it."""


def backend() -> str:
    """Return what Keras computes with: ``KERAS_BACKEND`` of the environment, else (or if empty) ``tensorflow``.

    Raises
    ------
    UnknownNameError
        If it is none of `BACKENDS`.
    """
    name = os.environ.get("KERAS_BACKEND") or TENSORFLOW
    if name not in BACKENDS:
        raise UnknownNameError("KERAS_BACKEND", name, BACKENDS)
    return name
