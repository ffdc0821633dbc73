"""The extras of the installation: which packages each has, and one clear error if they are missing."""

import importlib.util
from collections.abc import Mapping
from typing import Final

from pipeline.errors import MissingExtraError

_TRAIN: Final[Mapping[str, str]] = {
    "onnx": "onnx",
    "skl2onnx": "skl2onnx",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
    "tf2onnx": "tf2onnx",
    "threadpoolctl": "threadpoolctl",
}
EXTRAS: Final[Mapping[str, Mapping[str, str]]] = {
    "train": _TRAIN,
    "tune": {**_TRAIN, "optuna": "optuna"},
    "sampling": {**_TRAIN, "imblearn": "imbalanced-learn"},
    "jax": {"jax": "jax"},
    "torch": {"torch": "torch"},
    "tensorboard": {"tensorboard": "tensorboard"},
    "databases": {"psycopg2": "psycopg2-binary", "pymysql": "pymysql"},
}
"""Packages of each extra of `pyproject.toml`, by the name of the module that is imported."""


def demand(extra: str, purpose: str, *modules: str) -> None:
    """Refuse a purpose whose packages are not installed; nothing is imported.

    Parameters
    ----------
    extra : str
        One of `EXTRAS`.
    purpose : str
        What needs the packages, for the message: ``training a classifier``.
    *modules : str
        The modules of the extra that it needs; all of them by default.

    Raises
    ------
    MissingExtraError
        If one is missing; the message says how to install it.
    """
    packages = EXTRAS[extra]
    absent = [packages[name] for name in modules or packages if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingExtraError(extra, purpose, absent)
