"""Feature tables of the 4MOST target selection: ``datasets/<catalogue>/<cuts>/<problem>_..._train_80_20_0.fits``."""

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.classes import TEST, TRAIN, VALIDATION
from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.fits.pixels import open_fits
from pipeline.io.legacy.columns import labels, listed, require_unique
from pipeline.io.tables.feature_tables import FEATURE_TABLES, FeatureTable
from pipeline.path_names import require_path_name

ID, CLASS = "DES_id", "class"
_PARTS = {"train": TRAIN, "val": VALIDATION, "test": TEST}
_NAME = re.compile(r"(?P<title>.+?)_(?P<part>train|val|test)(?P<rest>_\d+_\d+(_\d+)?)?$")
_PROBLEM = re.compile(r"(?P<names>[A-Za-z0-9]+(_[A-Za-z0-9]+)*)_classification")
_EXACT = {4: 2.0**24, 8: 2.0**53}
"""From here on a float of so many bytes may be another id rounded."""


@FEATURE_TABLES.register("fourmost")
class Fourmost:
    """FITS tables with DES_id, features and a class, their parts told by the files' names."""

    def open(self, paths: Sequence[Path]) -> FeatureTable:
        """Return the rows of all files together.

        Raises
        ------
        MissingInputError, InputError
            If there is no file, one is damaged or has other columns, or an id appears twice or was rounded.
        """
        files = [file for path in paths for file in _files(path)]
        if not files:
            raise MissingInputError(f"no FITS table below {', '.join(map(str, paths))}")
        parts = [_part(file) for file in files]
        for part, file in zip(parts, files, strict=True):
            if part.feature_names != parts[0].feature_names:
                raise InputError(f"{file} has other columns than {files[0]}: {listed(part.feature_names)}")
        ids = pd.concat([part.candidate_id for part in parts], ignore_index=True)
        require_unique(ids, f"{files[0].parent}: {ID}")
        return FeatureTable(
            candidate_id=ids,
            features=np.concatenate([part.features for part in parts]),
            feature_names=parts[0].feature_names,
            label=np.concatenate([part.label for part in parts]),
            split=np.concatenate([part.split for part in parts]),
            class_names=max((part.class_names for part in parts), key=len),
            title=parts[0].title,
        )

    def write(self, path: Path, table: FeatureTable) -> None:
        """Write one FITS table per part: DES_id as 64-bit numbers where all ids are such, else as text."""
        title = require_path_name(table.title or "table", "the title of the table")
        for code in np.unique(table.split).tolist():
            mine = table.split == code
            part = next((name for name, value in _PARTS.items() if value == code), "")
            ending = {"": "", "test": "_test_80_20"}.get(part, f"_{part}_80_20_0")
            columns = [_id_column(table.candidate_id[mine])]
            columns += [
                fits.Column(name, "E", array=table.features[mine, place])
                for place, name in enumerate(table.feature_names)
            ]
            columns.append(fits.Column(CLASS, "E", array=table.label[mine].astype(np.float32)))
            fits.BinTableHDU.from_columns(columns).writeto(path / f"{title}{ending}.fits")


def _files(path: Path) -> Iterator[Path]:
    """Yield FITS files; below a folder, those with a part in their name, or all if no name has one."""
    if not path.is_dir():
        yield path
        return
    found = sorted(path.rglob("*.fits"))
    yield from [file for file in found if _NAME.match(file.stem)] or found


def _part(path: Path) -> FeatureTable:
    """Return the rows of one file."""
    table = _read(path)
    names = {name.lower(): name for name in table}
    if ID.lower() not in names or CLASS not in names:
        raise InputError(f"{path}: columns are {listed(table)}; needed: {ID} and {CLASS}")
    match = _NAME.match(path.stem)
    title = match["title"] if match else path.stem
    numbers = table[names[CLASS]]
    stated = _PROBLEM.match(title)
    highest = int(np.max(numbers, initial=1)) if numbers.dtype.kind in "iuf" and np.isfinite(numbers).all() else 1
    classes = ("Others", *stated["names"].split("_")) if stated else ()
    if len(classes) <= highest:
        classes = tuple(str(number) for number in range(min(highest, 126) + 1))
    features = tuple(name for name in table if name not in (names[ID.lower()], names[CLASS]))
    return FeatureTable(
        candidate_id=_ids(table[names[ID.lower()]], path),
        features=_features(table, features, path),
        feature_names=features,
        label=labels(numbers.tolist(), f"{path}: {CLASS}", len(classes)),
        split=np.full(len(numbers), _PARTS[match["part"]] if match else -1, dtype=np.int8),
        class_names=classes,
        title=title,
    )


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the first table of a FITS file; whatever is wrong with it is an InputError."""
    if not path.is_file():
        raise MissingInputError(f"no FITS file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with path.open("rb") as stream, open_fits(stream) as opened:
                tables = [entry for entry in opened if isinstance(entry, fits.BinTableHDU)]
                if not tables:
                    raise InputError(f"{path} holds no binary table")
                data = tables[0].data
                return {str(name): np.asarray(data[name]) for name in data.names}
    except NightsiftError:
        raise
    except Exception as error:
        # astropy raises anything from OSError to struct.error on a damaged file
        raise InputError(f"cannot read FITS file {path}: {' '.join(str(error).split())[:200]}") from error


def _ids(values: NDArray[np.generic], path: Path) -> pd.Series:
    """Return ids as text; floats that may have been rounded are an error."""
    if values.dtype.kind == "f":
        numbers = values.astype(np.float64)
        exact = _EXACT.get(values.dtype.itemsize, 0.0)
        bad = ~(np.isfinite(numbers) & (numbers == np.rint(numbers)) & (np.abs(numbers) < exact))
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"{path}: row {row}: {ID} is the float {numbers[row]!r}, which may be another id rounded; "
                             "allowed: text or whole numbers")  # fmt: skip
        values = numbers.astype(np.int64)
    return pd.Series([str(value).strip() for value in values.tolist()], dtype="str")


def _features(table: dict[str, NDArray[np.generic]], names: Sequence[str], path: Path) -> NDArray[np.float32]:
    columns = []
    for name in names:
        values = table[name]
        if values.ndim != 1 or values.dtype.kind not in "iufb":
            raise InputError(f"{path}: column {name!r} is {values.dtype} of shape {values.shape}; allowed: numbers")
        with np.errstate(over="ignore", invalid="ignore"):
            columns.append(values.astype(np.float32))
    return np.stack(columns, axis=1) if columns else np.zeros((len(next(iter(table.values()))), 0), np.float32)


def _id_column(ids: pd.Series) -> fits.Column:
    """Return ids as numbers where that keeps every digit, else as text."""
    whole = ids.str.fullmatch(r"0|-?[1-9]\d{0,17}")
    if whole.all():
        return fits.Column(ID, "K", array=ids.astype(np.int64).to_numpy())
    width = max((len(name.encode()) for name in ids), default=1)
    return fits.Column(ID, f"{max(width, 1)}A", array=np.array(ids.tolist(), dtype=np.str_))
