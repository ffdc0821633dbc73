"""The extras of the installation: which packages come with each, and one line for those that are not there."""

import importlib.util
from collections.abc import Mapping
from typing import Final

from pipeline.errors import MissingExtraError

EXTRAS: Final[Mapping[str, Mapping[str, str]]] = {
    "train": {
        "onnx": "onnx",
        "skl2onnx": "skl2onnx",
        "sklearn": "scikit-learn",
        "tensorflow": "tensorflow",
        "tf2onnx": "tf2onnx",
    },
    "databases": {"psycopg2": "psycopg2-binary", "pymysql": "pymysql"},
}
"""Packages of each extra of `pyproject.toml`, by the module that each is imported as."""


def demand(extra: str, purpose: str, *modules: str) -> None:
    """Refuse a purpose whose packages are not installed; none of them is imported.

    Parameters
    ----------
    extra : str
        One of `EXTRAS`.
    purpose : str
        What needs them, for the message: ``training a classifier``.
    *modules : str
        Those of the extra that it needs; all of them where none is named.

    Raises
    ------
    MissingExtraError
        If one is not there; the message says how to install it.
    """
    packages = EXTRAS[extra]
    absent = [packages[name] for name in modules or packages if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingExtraError(extra, purpose, absent)
