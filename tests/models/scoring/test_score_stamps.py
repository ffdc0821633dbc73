"""FITS cutouts are scored in memory that hardly grows with their number."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.io.results.scores_file import read_scores

ROOT = Path(__file__).resolve().parents[3]
SIDE = 31
NAME_BYTES = 800
"""The path of a file, and its id, twice."""
SCORE = """
import resource, sys
from pathlib import Path
from models.scoring.any_package import open_package
from models.scoring.score_files import Scoring
from models.scoring.score_stamps import score_stamps
from pipeline.io import settings_files
from pipeline.io.packages.named_packages import package_folder
from pipeline.settings import parse
from pipeline.stages.night_cutouts import header_of
from pipeline.stages.stamp_files import StampReader, find_stamps
from pipeline.surveys.settings import SurveySettings

content = settings_files.raw("surveys", "psat_stamps") | {"channels": ["science", "difference"]}
settings = parse(SurveySettings, content | {"cutout_size_pixel": 31, "fwhm_pixel": 2.5}, "own")
lost = score_stamps(
    Path(sys.argv[2]),
    Scoring(
        package=open_package(package_folder("starter"), threads=1), batch_size=32, release="r1", seed=1, fwhm_pixel=2.5
    ),
    stamps=StampReader(settings=settings), files=find_stamps("@" + sys.argv[1]), header=header_of("own", settings),
    provenance={},
)
print(len(lost), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def block(*cards):
    return "".join(f"{card:80}" for card in (*cards, "END")).ljust(2880).encode()


def write_stamps(folder, count):
    """Write FITS files of two HDUs fast, every hundredth one broken, and a list of them."""
    folder.mkdir()
    sides = ["BITPIX  =                  -32", "NAXIS   =                    2", f"NAXIS1  = {SIDE:20d}",
             f"NAXIS2  = {SIDE:20d}", "PCOUNT  =                    0", "GCOUNT  =                    1"]  # fmt: skip
    head = block("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
    rng = np.random.default_rng(0)
    for row in range(count):
        whole = head
        for name in ("SCIENCE", "DIFFERENCE"):
            pixels = rng.normal(size=SIDE * SIDE).astype(">f4").tobytes()
            whole += block("XTENSION= 'IMAGE   '", *sides, f"EXTNAME = '{name}'") + pixels.ljust(5760, b"\0")
        (folder / f"{row:07d}.fits").write_bytes(whole if row % 100 else b"broken")
    (folder / "all.txt").write_text("".join(f"{row:07d}.fits\n" for row in range(count)))
    return folder / "all.txt"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.replaces("psat-ml", "P13")
def test_ten_times_as_many_stamps_take_hardly_more_memory_and_none_is_lost(tmp_path):
    peaks = {}
    for count in (1_000, 10_000):
        listed = write_stamps(tmp_path / str(count), count)
        ran = subprocess.run(
            [sys.executable, "-c", SCORE, listed, tmp_path / f"{count}.parquet"],
            cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        lost, kilobytes = map(int, ran.stdout.split())
        assert (lost, len(read_scores(tmp_path / f"{count}.parquet"))) == (count // 100, count - count // 100)
        peaks[count] = kilobytes * 1024
    assert peaks[10_000] - 9_000 * NAME_BYTES < 1.1 * peaks[1_000]
