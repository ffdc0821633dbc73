"""How small and how fast cutouts are kept: the default compression beside none and others that HDF5 knows."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import draw_cutouts, half_real
from benchmarks.rows import Row, median_ratio, peak_mb
from pipeline.io.results.cutout_file import rows_a_chunk
from pipeline.io.results.hdf5 import COMPRESSIONS, create, open_to_read

SIZE, BLOCK, REPEATS, NIGHT = 63, 512, 3, 200_000
DEFAULT = "the default"
KINDS: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: COMPRESSIONS["zstd"],
    "none": COMPRESSIONS["none"],
    "lzf": {"shuffle": True, "compression": "lzf"},
    "gzip 1": COMPRESSIONS["gzip"],
    "zstd 3": {"shuffle": True, **hdf5plugin.Zstd(clevel=3)},
    "blosc lz4": hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE),
}


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Write and read the same cutouts with each compression, in turns."""
    cutouts = _cutouts(full)
    writing: dict[str, list[float]] = {name: [] for name in KINDS}
    reading: dict[str, list[float]] = {name: [] for name in KINDS}
    bytes_of = {}
    for _ in range(REPEATS):
        for name, options in KINDS.items():
            path = folder / "compressed.h5"
            writing[name].append(_seconds(_write, path, cutouts, options))
            reading[name].append(_seconds(_read, path))
            bytes_of[name] = path.stat().st_size
    for name in KINDS:
        if name != DEFAULT:
            yield _row(name, cutouts.nbytes, bytes_of, writing, reading)


def _cutouts(full: bool) -> NDArray[np.float32]:
    """Return the stamps of the real alerts where ``NIGHTSIFT_ZTF_ALERTS`` says where they are, else drawn ones."""
    folder = os.environ.get("NIGHTSIFT_ZTF_ALERTS")
    if folder is None:
        return draw_cutouts(half_real(2048 if full else 1024), SIZE, seed=1)
    with open_to_read(Path(folder) / "cutouts.h5") as file:
        return np.ascontiguousarray(np.moveaxis(file["cutouts"][: 2048 if full else 1024], 1, -1))


def _seconds(action: Any, *arguments: Any) -> float:
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


def _write(path: Path, cutouts: NDArray[np.float32], options: Mapping[str, Any]) -> None:
    row = cutouts.shape[1:]
    with create(path) as file:
        data = file.create_dataset("x", shape=cutouts.shape, dtype="f4", chunks=(rows_a_chunk(row), *row), **options)
        for start in range(0, len(cutouts), BLOCK):
            data[start : start + BLOCK] = cutouts[start : start + BLOCK]


def _read(path: Path) -> None:
    with open_to_read(path) as file:
        for start in range(0, len(file["x"]), BLOCK):
            file["x"][start : start + BLOCK]


def _row(
    name: str,
    raw: int,
    bytes_of: Mapping[str, int],
    writing: Mapping[str, list[float]],
    reading: Mapping[str, list[float]],
) -> Row:
    def shown(kind: str) -> str:
        share, write, read = bytes_of[kind] / raw, np.median(writing[kind]), np.median(reading[kind])
        night = share * NIGHT * SIZE * SIZE * 3 * 4 / 1e9
        speed = f"write {raw / write / 1e6:,.0f}, read {raw / read / 1e6:,.0f} MB/s"
        return f"{share:.2f} of the size ({night:.1f} GB per night), {speed}"

    both = [a + b for a, b in zip(writing[DEFAULT], reading[DEFAULT], strict=True)]
    others = [a + b for a, b in zip(writing[name], reading[name], strict=True)]
    ratio = median_ratio(both, others)
    smaller = bytes_of[DEFAULT] / bytes_of[name]
    return Row(
        what=f"cutouts of {NIGHT:,} candidates, 63 x 63 x 3, written and read once",
        budget="smaller, or not slower",
        measured=f"default: {shown(DEFAULT)}",
        naive=f"{name}: {shown(name)}",
        ratio=ratio,
        holds=smaller < 1 or ratio <= 1,
        peak_mb=peak_mb(),
    )
