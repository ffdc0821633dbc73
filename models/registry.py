"""The classifiers that a recipe may name.

Tested by tests/conformance/test_classifiers.py.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from pipeline.registry import Registry


class Dropout(Protocol):
    """What a network calls where it drops."""

    def __call__(self, hidden: Any, rate: float, *, spatial: bool = False) -> Any:
        """Return a tensor after dropout at a rate, of single numbers or, ``spatial``, of whole maps ``(y, x)``."""


NETWORK: Final = "network"
FEATURES: Final = "features"
TABLE: Final = "table"
"""Families: networks of cutouts or features, estimators of measured features, estimators of a table's features."""

CLASSIFIERS: Registry[Callable[..., Any]] = Registry("classifier")
"""Entries carry the metadata ``family``, ``minimum_size_pixel``, ``minimum_channels`` and, where their
signature does not name them, ``settings``; where a setting is one of some texts, ``choices``, these by its name;
networks also ``head``, a name in `models.architectures.heads.HEADS`, which a setting ``use_bias`` holds for as well.

A ``network`` is a function ``(inputs, dropout, **settings) -> hidden`` of normalised ``(n, y, x, channel)`` tensors,
whose result ``(n, units)`` goes to its head; ``dropout(hidden, rate)`` is called where the network drops. A
``features`` classifier is a function ``(seed, **settings)`` that returns an unfitted scikit-learn estimator of the
physical features; with ``learns_nothing`` it tells real from bogus by its settings alone, and ``settings_faults``
returns what is wrong with these. One of the family ``table`` does so of the features of a table, and has ``table``, the
`TableRecipe` where a recipe states none, and ``scale_free`` where no scale changes it.
"""
