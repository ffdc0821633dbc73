"""A hundred thousand stamps in one process, in memory that hardly grows."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.io.results.cutout_file import open_cutouts

ROOT = Path(__file__).resolve().parents[4]
IMPORT = """
import resource, sys
from commands.convert import About, import_stamps
import_stamps("psat_list", [sys.argv[1]], sys.argv[2], About(), {"label": "none"})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
ID_BYTES = 400
"""A row's texts: path, candidate, object and exposure."""


def write_stamps(folder, count, size=8):
    """Write small FITS files fast, and a list of them."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2",
             f"NAXIS1  = {size:20d}", f"NAXIS2  = {size:20d}", "END"]  # fmt: skip
    head = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    folder.mkdir()
    names = [f"{row // 2:07d}_58226.{row % 10}_{row}.fits" for row in range(count)]
    for row, name in enumerate(names):
        pixels = np.full((size, size), row % 30000, ">i2").tobytes()
        (folder / name).write_bytes(head + pixels.ljust(2880, b"\0"))
    (folder / "images.txt").write_text("".join(f"{name}\n" for name in names))
    return folder / "images.txt"


def peak_memory(images, out):
    """Return the largest memory of a process that imports a list, bytes."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, str(images), str(out)],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(ran.stdout.split()[-1]) * 1024


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.replaces("psat-ml", "P13")
def test_a_hundred_thousand_stamps_take_hardly_more_memory_than_ten_thousand(tmp_path):
    peaks = {}
    for count in (10_000, 100_000):
        images = write_stamps(tmp_path / str(count), count)
        peaks[count] = peak_memory(images, tmp_path / f"{count}.h5")
        with open_cutouts(tmp_path / f"{count}.h5") as file:
            assert len(file) == count
            assert file.pixels(slice(count - 1, count))[0, 0, 0, 0] == (count - 1) % 30000
    assert peaks[100_000] - 90_000 * ID_BYTES < 1.1 * peaks[10_000]
