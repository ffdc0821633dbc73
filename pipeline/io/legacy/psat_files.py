"""Finds the FITS files that psat-ml's lists and folders name, and reads object, date and exposure from their names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.errors import InputError, MissingInputError
from pipeline.io.files.inflating import open_packed
from pipeline.io.fits.file_names import is_fits
from pipeline.times import is_possible

FOLDERS = {REAL: "good", BOGUS: "bad", UNLABELLED: "unlabelled"}
_WORDS = {REAL: re.compile(r"(good|real|true)", re.I), BOGUS: re.compile(r"(bad|bogus|false)", re.I)}
_DEEPEST = 3
_LONGEST_LINE, _LONGEST_NAME = 4096, 250


@dataclass(frozen=True, kw_only=True)
class StampFiles:
    """Finds the FITS files of lists and folders.

    Attributes
    ----------
    label : int, optional
        The same label for all; if it is None, the names of lists and folders say it.
    folder : str
        Where files named without a folder lie; empty: beside their list, or in ``good`` or ``bad`` there.
    """

    label: int | None = None
    folder: str = ""

    def find(self, path: Path) -> Iterator[tuple[str, int]]:
        """Yield path and label of each FITS file that a list names or a folder holds; a FITS file itself is one."""
        if not path.is_dir():
            yield from self._listed(path, self._label(path.parent.name if is_fits(path.name) else path.name), 0)
            return
        lists = [path / name for name in ("good.txt", "bad.txt") if (path / name).is_file()]
        folders = [path / name for name in FOLDERS.values() if (path / name).is_dir()]
        for found in lists:
            yield from self._listed(found, self._label(found.name), 0)
        for folder in folders:
            if not lists or folder.name == FOLDERS[UNLABELLED]:
                yield from self._in_folder(folder)
        if not lists and not folders:
            yield from self._in_folder(path)

    def _in_folder(self, folder: Path) -> Iterator[tuple[str, int]]:
        label = self._label(folder.name)
        yield from ((str(file), label) for file in sorted(folder.iterdir()) if is_fits(file.name))

    def _label(self, name: str) -> int:
        if self.label is not None:
            return self.label
        return next((label for label, word in _WORDS.items() if word.match(name)), UNLABELLED)

    def _listed(self, path: Path, label: int, depth: int) -> Iterator[tuple[str, int]]:
        """Yield the files of a list and of the lists in it; of a FITS file, itself."""
        if is_fits(path.name):
            yield str(path), label
            return
        if depth > _DEEPEST:
            raise InputError(f"{path}: a list in a list in a list; allowed: {_DEEPEST} levels")
        for line in _lines(path):
            file = self._located(line, path.parent)
            if not is_fits(line):
                own = self._label(file.name)
                yield from self._listed(file, own if own != UNLABELLED else label, depth + 1)
            else:
                yield str(file), label if label != UNLABELLED else self._label(file.parent.name)

    def _located(self, name: str, beside: Path) -> Path:
        """Return the path of a listed file: absolute, in the stated folder, beside its list, or in good or bad."""
        path = Path(name)
        if path.is_absolute():
            return path
        base = Path(self.folder) if self.folder else beside
        tried = [base / path, *(base / folder / path for folder in FOLDERS.values())]
        return next((found for found in tried if found.is_file()), tried[0])


def mjd_of(stem: str) -> float:
    """Return the date in ``<object>_<mjd>_<exposure>_...``; NaN if there is none.

    Examples
    --------
    >>> mjd_of("1234_58226.41_02a58226o0001o"), mjd_of("1234_b")
    (58226.41, nan)
    """
    text = field_of(stem, 1)
    if not re.fullmatch(r"\d{5}(\.\d+)?", text):
        return float("nan")
    return float(text) if is_possible(float(text)) else float("nan")


def field_of(stem: str, number: int) -> str:
    """Return one of the parts that ``_`` divides a name into; empty if there are fewer."""
    parts = stem.split("_", number + 1)
    return parts[number] if number < len(parts) else ""


def _lines(path: Path) -> Iterator[str]:
    """Yield the names in a list, without blank lines and comments."""
    if not path.is_file():
        raise MissingInputError(f"no list {path}")
    try:
        with open_packed(path) as stream:
            lines = stream.read().decode("utf-8").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} is not a list of file names: {' '.join(str(error).split())}") from error
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        longest = max(map(len, name.split("/")))
        if not name.isprintable() or len(name) > _LONGEST_LINE or longest > _LONGEST_NAME:
            raise InputError(f"{path}: line {number} is not a file name: {name[:40]!r}")
        yield name
