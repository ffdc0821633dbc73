"""The classifiers that a recipe may name.

Tested by tests/conformance/test_classifiers.py.
"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.registry import Registry

NETWORK: Final = "network"
FEATURES: Final = "features"

CLASSIFIERS: Registry[Callable[..., Any]] = Registry("classifier")
"""Entries carry the metadata ``family``, ``minimum_size_pixel``, ``minimum_channels`` and, where their
signature does not name them, ``settings``.

A ``network`` is a function ``(inputs, n_classes, dropout, **settings) -> logits`` of normalised
``(n, y, x, channel)`` tensors; ``dropout(hidden, rate)`` is called where the network drops. Its logits have one
column for two classes and as many as there are classes otherwise. A ``features`` classifier is a function
``(seed, **settings)`` that returns an unfitted scikit-learn estimator of the physical features.
"""


def logit_columns(n_classes: int) -> int:
    """Return how many columns the logits of a network have.

    Examples
    --------
    >>> logit_columns(2), logit_columns(10)
    (1, 10)
    """
    return 1 if n_classes == 2 else n_classes
