"""gmadet's and otrain's data cube: ``.npz`` with cube, labels, mags, errmags, filters, candids, fwhms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError
from pipeline.ids.text import id_text
from pipeline.io.legacy.base import STAMP_SETS, Pixels, Rows, StampSet, channel_names, one_path, require_two_classes
from pipeline.io.legacy.columns import labels, numbers, require_unique, text_column
from pipeline.io.legacy.crop_or_pad import crop_or_pad_stack
from pipeline.io.legacy.gmadet import MISSING
from pipeline.io.legacy.npz import read_arrays, write_arrays
from pipeline.io.results.cutout_file import CutoutFile

SOURCE = "gmadet cube"
COLUMNS = {"mags": "magnitude", "errmags": "magnitude_error", "fwhms": "fwhm_pixel"}
TEXTS = {"candids": "candidate_id", "filters": "band"}
_BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class GmadetCubeOptions:
    """Options of the format ``gmadet_cube``.

    Attributes
    ----------
    ignore : tuple of str
        Names of arrays that are not read, such as ``candids`` where ids were cut into letters.
    """

    ignore: tuple[str, ...] = ()


@STAMP_SETS.register("gmadet_cube", settings=GmadetCubeOptions)
class GmadetCube:
    """The ``.npz`` file that gmadet and otrain train on."""

    writes_directory: ClassVar[bool] = False

    def __init__(self, options: GmadetCubeOptions) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the rows of the cube; its pixels stay on disk."""
        path = one_path(paths, "an .npz file")
        arrays = {name: values for name, values in read_arrays(path).items() if name not in self.options.ignore}
        cube = arrays.get("cube")
        if cube is None or cube.ndim != 4 or cube.dtype.kind not in "fiu" or cube.shape[1] != cube.shape[2]:
            found = "none" if cube is None else f"{cube.dtype} of shape {cube.shape}"
            raise InputError(f"{path}: array 'cube' is {found}; allowed: numbers (n, y, x, channel), square")
        if not (1 <= cube.shape[1] <= 512 and cube.shape[3]):
            raise InputError(f"{path}: stamps of shape {cube.shape[1:]}; allowed: 1 to 512 pixels, 1 channel or more")
        rows = _rows(arrays, len(cube), path)
        require_unique(rows["candidate_id"], f"{path}: candids")
        size = size_pixel or cube.shape[1]
        return StampSet(
            rows=rows,
            pixels=_reader(cube, size),
            channels=channel_names(channels, _channels(arrays, cube.shape[3]), path),
            size_pixel=size,
        )

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write all channels of all rows; unknown magnitudes become -99."""
        require_two_classes(cutouts)
        rows = cutouts.candidates()
        arrays: dict[str, NDArray[np.generic]] = {"labels": rows["label"].to_numpy(np.int64)}
        for name, column in COLUMNS.items():
            arrays[name] = rows[column].fillna(-99.0).to_numpy(np.float64)
        for name, column in TEXTS.items():
            arrays[name] = np.array(rows[column].tolist(), dtype=np.str_)
        arrays["channels"] = np.array(cutouts.header.channels, dtype=np.str_)
        side = cutouts.header.size_pixel
        shape = (len(cutouts), side, side, len(cutouts.header.channels))
        blocks = (pixels for _, pixels in cutouts.batches(_BLOCK))
        write_arrays(path, arrays, ("cube", shape, np.dtype(np.float32), blocks))


def _rows(arrays: Mapping[str, NDArray[np.generic]], count: int, path: Path) -> pd.DataFrame:
    for name in {"labels", *COLUMNS, *TEXTS} & set(arrays):
        if len(np.atleast_1d(arrays[name])) != count:
            raise InputError(
                f"{path}: array {name!r} has {len(np.atleast_1d(arrays[name]))} values for {count} stamps; "
                "the option ignore leaves an array out"
            )
    label = _labels(arrays.get("labels"), count, path)
    rows = pd.DataFrame({"label": label})
    for name, column in COLUMNS.items():
        if name in arrays:
            rows[column] = numbers(arrays[name].ravel().tolist(), f"{path}: {name}", MISSING)
    for name, column in TEXTS.items():
        if name in arrays:
            values = arrays[name].ravel().tolist()
            if values and isinstance(values[0], float):
                values = [id_text(value, f"{path}: {name}") for value in values]
            rows[column] = text_column(values)
    if "candidate_id" not in rows:
        rows["candidate_id"] = pd.Series([f"{path.stem}_{row:07d}" for row in range(count)], dtype="str")
    rows["object_id"] = rows["candidate_id"]
    rows["label_source"] = pd.Series(np.where(label == UNLABELLED, "", SOURCE), dtype="str")
    return rows


def _labels(stated: NDArray[np.generic] | None, count: int, path: Path) -> NDArray[np.int8]:
    """Return class numbers from class numbers or from one column per class; -1 is "no label" in our own files."""
    if stated is None:
        return np.full(count, UNLABELLED, dtype=np.int8)
    if stated.ndim == 2 and stated.shape[1] == 2 and stated.dtype.kind in "fiub":
        weights = np.asarray(stated, dtype=np.float64)
        if not (np.isin(weights, (0, 1)).all() and (weights.sum(axis=1) == 1).all()):
            row = int(np.argmax(~(np.isin(weights, (0, 1)).all(axis=1) & (weights.sum(axis=1) == 1))))
            raise InputError(f"{path}: labels: row {row} is {weights[row].tolist()}; allowed: [1, 0] or [0, 1]")
        return weights.argmax(axis=1).astype(np.int8)
    if stated.size != count:
        raise InputError(f"{path}: labels have shape {stated.shape}; allowed: ({count},) or ({count}, 2)")
    values = np.asarray(stated).ravel()
    silent = np.array([str(value) in ("-1", "-1.0") for value in values.tolist()], dtype=bool)
    label = np.full(count, UNLABELLED, dtype=np.int8)
    label[~silent] = labels(values[~silent].tolist(), f"{path}: labels")
    return label


def _channels(arrays: Mapping[str, NDArray[np.generic]], count: int) -> tuple[str, ...]:
    named = arrays.get("channels")
    if named is not None and named.shape == (count,):
        return tuple(text_column(named.tolist()))
    if count == 3:
        return ("science", "template", "difference")
    return ("difference",) if count == 1 else tuple(f"channel_{number}" for number in range(count))


def _reader(cube: NDArray[np.generic], size: int) -> Callable[[Rows], Pixels]:
    def read(rows: Rows) -> Pixels:
        pixels, _ = to_missing(np.asarray(cube[rows]))
        return crop_or_pad_stack(pixels, size), np.full(len(rows), "", dtype=object)

    return read
