"""A data set of 700 small cutout files, as years of quiet nights leave them; each file read once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py

from benchmarks.inputs import write_rows
from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.io.results import hdf5
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.stages.build_dataset import build_dataset

FILES, ROWS, SIZE, BUDGET = 700, 16, 15, 2.0
_REPEATS = 3


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Compare building the data set with opening each file once and reading all of it."""
    sources = [folder / f"night{number}.h5" for number in range(FILES)]
    for number, path in enumerate(sources):
        write_rows(path, ROWS, SIZE, first=number * ROWS)
    seconds = interleaved(
        {"build": lambda: _build(folder / "many.h5", sources), "read": lambda: _read(sources)}, _REPEATS
    )
    ratio = median_ratio(seconds["build"], seconds["read"])
    opens = _opens(lambda: _build(folder / "many.h5", sources))
    yield Row(
        what=f"BuildDataset of {FILES} files, {FILES * ROWS:,} rows of {SIZE} x {SIZE} x 3",
        budget=f"at most {BUDGET:.0f} x, each opened twice",
        measured=f"{min(seconds['build']):.1f} s, {opens:,} opens",
        naive=f"each opened and read once: {min(seconds['read']):.1f} s",
        ratio=ratio,
        holds=ratio <= BUDGET and opens == 2 * FILES,
        peak_mb=peak_mb(),
    )
    for path in sources:
        path.unlink()


def _build(path: Path, sources: list[Path]) -> None:
    recipe = DatasetRecipe(survey="benchmark", nights=("2026-01-01",))
    build_dataset(
        path, sources=sources, recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="0" * 64, provenance={}
    )


def _read(sources: list[Path]) -> None:
    for path in sources:
        with open_cutouts(path) as file:
            file.candidates()
            file.pixels(hashed=True)


def _opens(work: Callable[[], None]) -> int:
    """Return how many files a function opens."""
    count, plain = 0, hdf5.open_to_read

    def counted(path: Path) -> h5py.File:
        nonlocal count
        count += 1
        return plain(path)

    hdf5.open_to_read = counted
    try:
        work()
    finally:
        hdf5.open_to_read = plain
    return count
