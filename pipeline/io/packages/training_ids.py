"""Ids of the candidates that a model learned from, kept in its package as hashes of 8 bytes each."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, PARTS
from pipeline.errors import InputError
from pipeline.ids.hashes import lasting_hashes
from pipeline.io.packages.package_content import CONTENT, read_package

TRAINING_IDS: Final = "training_ids.npy"

_PACKAGE_TASKS: Final = ("CalibratePackage", "ImportModel", "TrainClassifier", "TrainRegressor")
"""Tasks that make packages, or, as the last one, did so in earlier versions."""

_DTYPE: Final = np.dtype("<u8")
_PART_BIT: Final = np.uint64(1)
"""The lowest bit of each number of the file is the part's place in `LEARNED_PARTS`, the other 63 are hash."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingIds:
    """The candidates that a model learned from.

    Attributes
    ----------
    numbers : ndarray of uint64, (n,)
        63 bits of each id's hash and one of its part, sorted; no hash appears twice.
    """

    numbers: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.numbers)

    def part_of(self, candidate_id: pd.Series) -> pd.Series:
        """Return the part of each candidate by the codes of ``split``, -1 where the model did not learn from it.

        Of a million ids that it learned from, one is by chance like a given other id with probability 1e-13
        (n / 2^63), so of a million other rows one is left out by mistake with probability 1e-7.
        """
        found = np.full(len(candidate_id), LEFT_OUT, dtype=np.int8)
        if len(self):
            asked = lasting_hashes(candidate_id) & ~_PART_BIT
            place = np.minimum(np.searchsorted(self.numbers & ~_PART_BIT, asked), len(self) - 1)
            codes = np.array([PARTS[name] for name in LEARNED_PARTS], dtype=np.int8)
            part = codes[(self.numbers[place] & _PART_BIT).astype(np.intp)]
            found = np.where(self.numbers[place] & ~_PART_BIT == asked, part, found)
        return pd.Series(found, index=candidate_id.index)


def write_training_ids(folder: Path, candidate_ids: Mapping[str, pd.Series]) -> None:
    """Write the ids of `LEARNED_PARTS` into a package; of an id in two, the first part.

    The bytes depend on the set of ids of each part alone, not on their order.
    """
    marked = [
        (lasting_hashes(candidate_ids[name]) & ~_PART_BIT) | np.uint64(bit) for bit, name in enumerate(LEARNED_PARTS)
    ]
    _write(folder, marked)


def write_union(folder: Path, learned: Iterable[TrainingIds]) -> None:
    """Write what any of several models learned from; of an id in two parts, the first."""
    _write(folder, [ids.numbers for ids in learned])


def _write(folder: Path, marked: list[NDArray[np.uint64]]) -> None:
    numbers = np.sort(np.concatenate(marked))
    _, first = np.unique(numbers & ~_PART_BIT, return_index=True)
    np.save(folder / TRAINING_IDS, numbers[first].astype(_DTYPE), allow_pickle=False)


def read_training_ids(folder: Path) -> tuple[str, TrainingIds | None]:
    """Return a package's name, as scores state it in ``model``, and what it learned from.

    The latter is None for a package of an earlier version, which does not say.

    Raises
    ------
    MissingInputError, InputError, IncompatiblePackageError
        If a file of the package is missing, was changed or added, or is not a list of ids.
    """
    name = str(read_package(folder).values["name"])
    file = folder / TRAINING_IDS
    return name, _read(file) if file.is_file() else None


def learned_of(folder: Path) -> TrainingIds:
    """Return what a package learned from.

    Raises
    ------
    InputError
        If it does not say, as one of an earlier version; also as `read_training_ids`.
    """
    name, learned = read_training_ids(folder)
    if learned is None:
        raise InputError(f"{folder}: package {name} does not say which rows it learned from; train it again")
    return learned


def package_folders(data: Path) -> list[Path]:
    """Return the folders of the folder of results that are named as model packages are, sorted."""
    return sorted(folder for task in _PACKAGE_TASKS for folder in data.glob(f"*/*/*/{task}-*"))


def packages_called(names: Collection[str], folders: Iterable[Path]) -> list[Path]:
    """Return which folders hold a package of one of the names; those that cannot be read are passed over."""
    return [folder for folder in folders if _name(folder / CONTENT) in set(names)]


def _name(file: Path) -> object:
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    name = said.get("name") if isinstance(said, dict) else None
    return name if isinstance(name, str) else None


def _read(file: Path) -> TrainingIds:
    try:
        numbers = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise InputError(f"{file} is not a list of ids: {str(error).splitlines()[0]}; train again") from None
    if not isinstance(numbers, np.ndarray) or numbers.dtype != _DTYPE or numbers.ndim != 1:
        raise InputError(f"{file} does not hold a list of 8-byte numbers, the hashes of ids; train again")
    hashes = numbers & ~_PART_BIT
    if (hashes[1:] <= hashes[:-1]).any():
        raise InputError(f"{file} holds hashes of ids that are not in order or appear twice; train again")
    return TrainingIds(numbers=numbers.astype(np.uint64))
