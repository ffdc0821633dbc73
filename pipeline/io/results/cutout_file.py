"""Writes and reads the cutout file (HDF5): pixels of candidates, their columns, what was dropped, provenance."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.dropped import left_out
from pipeline.cutouts.planes import images_of
from pipeline.errors import InputError
from pipeline.io.files.check_once import check_once
from pipeline.io.files.damaged import changed, naming
from pipeline.io.results import cutout_layout as layout
from pipeline.io.results import hdf5, schema
from pipeline.io.results.content import row_digests
from pipeline.io.results.cutout_header import CutoutHeader, read_header
from pipeline.io.results.hdf5_seal import chunks_of, seal
from pipeline.io.results.provenance import finished

_CHUNK_BYTES = 1 << 20
_FEATURE_ROWS = 4096
"""Rows of a table in a chunk, at most."""


class CutoutWriter:
    """Writes a cutout file block by block; use it as a context manager."""

    def __init__(self, path: Path, header: CutoutHeader, provenance: Mapping[str, object] | None = None) -> None:
        self._path = path
        self._file = hdf5.create(path)
        self._header = header
        for name, value in header.attributes.items():
            self._file.attrs[name] = value
        row = (len(header.channels),) if header.is_table else header.row_shape
        self._pixels = self._file.create_dataset(
            schema.FEATURES if header.is_table else schema.PIXELS,
            shape=(0, *row),
            maxshape=(None, *row),
            dtype="float32",
            chunks=(rows_a_chunk(row), *row),
            **hdf5.compression(),
            **hdf5.CHECKSUM,
            track_times=False,
        )
        self._digests = self._file.create_dataset(
            schema.PIXEL_DIGEST, (0,), "uint64", maxshape=(None,), chunks=(1024,), track_times=False, **hdf5.CHECKSUM
        )
        self._candidates = hdf5.create_table(self._file, "candidates", header.stored_columns)
        self._own = {name: hdf5.create_column(self._file, name, kind) for name, kind in header.row_columns.items()}
        self._dropped = hdf5.create_table(self._file, "dropped", schema.DROPPED_COLUMNS)
        self.provenance = dict(provenance or {})
        self.kept = 0
        self.dropped: dict[str, int] = {}

    def append(self, cutouts: NDArray[np.float32], candidates: pd.DataFrame) -> None:
        """Append rows: ``cutouts`` (n, y, x, channel), NaN = missing, and their candidate columns.

        Metadata that the rows lack is missing, for nobody measured it on cutouts that were made here.
        """
        if len(cutouts) != len(candidates):
            raise InputError(f"{len(cutouts)} cutouts with {len(candidates)} candidates; allowed: one for each")
        unmeasured = [name for name in self._header.metadata if name not in candidates]
        candidates = candidates.assign(**dict.fromkeys(unmeasured, np.nan)) if unmeasured else candidates
        hdf5.require_columns(self._candidates, candidates)
        for name in self._own:
            if name not in candidates:
                raise InputError(f"{self._path} has {name}s; the rows have no column {name!r}")
        self.append_pixels(cutouts)
        self.append_columns(candidates)

    def append_pixels(self, cutouts: NDArray[np.float32]) -> None:
        """Append the pixels of rows whose columns come by `append_columns`."""
        if cutouts.shape[1:] != self._header.row_shape:
            raise InputError(f"cutouts of shape {cutouts.shape} do not fit a file of {self._header.row_shape} per row")
        end = self.kept + len(cutouts)
        stored = cutouts.reshape(len(cutouts), *self._pixels.shape[1:])
        for data, values in ((self._pixels, stored), (self._digests, row_digests(cutouts))):
            data.resize(end, axis=0)
            data[self.kept :] = values
        self.kept = end

    def append_columns(self, candidates: pd.DataFrame) -> None:
        """Append candidate columns of rows whose pixels come by `append_pixels`."""
        hdf5.append_columns(self._candidates, candidates)
        if schema.WEIGHT in self._own and schema.WEIGHT in candidates:
            layout.require_weights(candidates[schema.WEIGHT].to_numpy(), str(self._path))
        hdf5.append_columns(self._own, candidates)

    def drop(self, dropped: pd.DataFrame) -> None:
        """Record the candidates that were left out: columns ``candidate_id step reason``."""
        hdf5.append_table(self._dropped, dropped)
        for reason, count in left_out(dropped)["reason"].value_counts().items():
            self.dropped[str(reason)] = self.dropped.get(str(reason), 0) + int(count)

    def write_table(self, name: str, columns: Mapping[str, str], rows: pd.DataFrame) -> None:
        """Write a whole further table, such as the truth of simulated transients."""
        hdf5.append_table(hdf5.create_table(self._file, name, columns), rows)

    def write_stack(self, name: str, images: NDArray[np.float32]) -> None:
        """Write images other than cutouts, such as those of the PSFs."""
        self._file.create_dataset(name, data=images, dtype="float32", track_times=False)

    def write_text(self, name: str, text: str) -> None:
        """Write one text, such as the frozen input manifest."""
        self._file.create_dataset(name, data=text, track_times=False)

    def write_split(self, split: NDArray[np.int8], fingerprint: str) -> None:
        """Make the file a data set: the part of each row, sorted, and the data set's identity."""
        self._file.create_dataset("split", data=split, track_times=False)
        self._file.attrs["fingerprint"] = fingerprint

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._require_whole()
            total = self.kept + sum(self.dropped.values())
            counts = {"in": total, "kept": self.kept, "dropped": self.dropped}
            self._file.attrs["provenance"] = json.dumps(finished(self.provenance) | {"counts": counts}, sort_keys=True)
            self._file.attrs[schema.SEAL] = "at the end of the file"
            pixels = chunks_of(self._pixels)
        self._file.close()
        if error is None:
            seal(self._path, pixels)

    def _require_whole(self) -> None:
        columns = {**self._candidates, **self._own}
        short = [name for name, data in columns.items() if len(data) != self.kept]
        if short:
            self._file.close()
            raise InputError(f"column {short[0]!r} does not have the {self.kept} rows of the cutouts")


class CutoutFile:
    """Reads a cutout file; memory holds its header, and a byte per row that says whether its pixels were checked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = hdf5.open_to_read(path)
        try:
            with self._naming():
                self.header = read_header(self._file)
                self._row_shape = self.header.row_shape
                self._require_layout()
                self._is_sealed = schema.SEAL in self._file.attrs
                self._unchecked = np.ones(len(self), bool)
        except Exception:
            self._file.close()
            raise

    def _require_layout(self) -> None:
        header = self.header
        if header.is_table:
            shape: tuple[int, ...] = (len(header.channels),)
            check_once("layout", self.path, lambda: layout.require_layout(self._file, schema.FEATURES, shape))
        else:
            shape = header.row_shape
            check_once("layout", self.path, lambda: layout.require_layout(self._file, schema.PIXELS, shape))

    def __len__(self) -> int:
        with self._naming():
            return int(self._file["candidates/candidate_id"].shape[0])

    def _naming(self) -> AbstractContextManager[None]:
        """Raise what goes wrong while the file is read as an error that names it."""
        return naming(self.path, hdf5.KIND)

    def candidates(self, rows: slice = slice(None), columns: tuple[str, ...] | None = None) -> pd.DataFrame:
        """Return candidate columns of some rows, all by default."""
        own = [name for name in self.header.row_columns if columns is None or name in columns]
        with self._naming():
            if not own:
                return hdf5.read_table(self._file["candidates"], rows, columns)
            stored = columns if columns is None else tuple(name for name in columns if name not in own)
            read = hdf5.read_table(self._file["candidates"], rows, stored)
            return read.assign(**{name: self._file[name][rows] for name in own})

    def pixels(self, rows: slice = slice(None), *, hashed: bool = False) -> NDArray[np.float32]:
        """Return cutouts ``(n, y, x, channel)`` of some rows, of a table its features; checked by their sums.

        Parameters
        ----------
        rows : slice
            All by default.
        hashed : bool
            Whether they are checked by the hashes of the rows as well, which takes as long as reading them. Pixels of
            a file without a seal always are, once.

        Raises
        ------
        InputError
            If pixels differ from those that were written.
        """
        stored = self._numbers(schema.FEATURES if self.header.is_table else schema.PIXELS, rows)
        pixels = stored.reshape(len(stored), *self._row_shape)
        fresh = self._unchecked[rows]
        if (hashed or not self._is_sealed) and fresh.any():
            wrong = fresh & (row_digests(pixels) != self._numbers(schema.PIXEL_DIGEST, rows))
            if wrong.any():
                row = int(np.arange(len(self))[rows][wrong][0])
                raise changed(self.path, f"the pixels of row {row} do not agree with /{schema.PIXEL_DIGEST}")
            self._unchecked[rows] = False
        return pixels

    def batches(self, size: int, *, hashed: bool = False) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` in order, at most ``size`` rows at once; ``hashed`` as in `pixels`."""
        for start in range(0, len(self), size):
            rows = slice(start, min(start + size, len(self)))
            yield rows, self.pixels(rows, hashed=hashed)

    def pixel_digests(self) -> NDArray[np.uint64]:
        """Return the hash of each row's pixels, ``(n,)``."""
        return self._numbers(schema.PIXEL_DIGEST)

    @property
    def is_dataset(self) -> bool:
        """Whether the rows are divided into parts to learn from and to be judged on."""
        return "split" in self._file

    def split(self) -> tuple[NDArray[np.int8], str]:
        """Return the part of each row and the identity of the data set; an error for a cutout file."""
        if not self.is_dataset:
            raise InputError(f"{self.path} is a cutout file, not a data set: it has no /split")
        with self._naming():
            return self._numbers("split"), str(self._file.attrs["fingerprint"])

    def holds(self, name: str) -> bool:
        """Tell whether the file has a further table, images or text of this name."""
        return name in self._file

    def table(self, name: str) -> pd.DataFrame:
        """Return a further table whole: ``dropped``, ``truth``."""
        with self._naming():
            return hdf5.read_table(self._node(name, "table"))

    def stack(self, name: str) -> NDArray[np.float32]:
        """Return further images whole: ``psf_images``."""
        self._node(name, "images")
        return self._numbers(name)

    def text(self, name: str) -> str:
        """Return one text of the file, such as ``manifest``."""
        with self._naming():
            return str(self._node(name, "text").asstr()[()])

    def _node(self, name: str, kind: str) -> h5py.Group | h5py.Dataset:
        with self._naming():
            if name not in self._file:
                raise InputError(f"{self.path}: no {kind} {name!r}; there: {', '.join(self._file)}")
            return self._file[name]

    def _numbers(self, name: str, rows: slice = slice(None)) -> NDArray[Any]:
        with self._naming():
            return np.asarray(self._file[name][rows])

    @property
    def provenance(self) -> dict[str, Any]:
        """What made the file, from what, with how many rows kept and dropped."""
        with self._naming():
            return dict(json.loads(self._file.attrs.get("provenance", "{}")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ImageFile(CutoutFile):
    """Reads a cutout file without the planes of variance and PSF that may stand behind its images."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if not self.header.is_table:
            self.header = replace(self.header, channels=images_of(self.header.channels))

    def pixels(self, rows: slice = slice(None), *, hashed: bool = False) -> NDArray[np.float32]:
        """Return images ``(n, y, x, channel)`` of some rows, as `CutoutFile.pixels`."""
        return super().pixels(rows, hashed=hashed)[..., : len(self.header.channels)]


def open_cutouts(path: str | Path) -> CutoutFile:
    """Open a cutout file to read; an older or newer schema is refused."""
    return CutoutFile(Path(path))


def rows_a_chunk(row_shape: tuple[int, ...]) -> int:
    """Return how many rows make a chunk: of about 1 MB and 64 rows at most, or of features, of about 256 kB."""
    row_bytes = 4 * int(np.prod(row_shape))
    if len(row_shape) == 1:
        return int(max(1, min(_FEATURE_ROWS, _CHUNK_BYTES // 4 // row_bytes)))
    return int(max(1, min(64, _CHUNK_BYTES // row_bytes)))
