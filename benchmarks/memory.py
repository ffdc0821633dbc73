"""Peak memory of building a data set and of scoring, at 10,000 and at 100,000 (``--full``: 1,000,000) rows."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.inputs import write_rows
from benchmarks.rows import Row, in_fresh_process

SIZE, FILES = 15, 10
FEW, MANY, MOST = 10_000, 100_000, 1_000_000
ID_BYTES = 100
"""What tables of ids may take for each row, beside the 10 %."""

_BUILD = """
import sys
from pathlib import Path
from pipeline.io.assemble import assemble
from pipeline.recipes import DatasetRecipe
assemble(
    Path(sys.argv[1]), sources=[Path(name) for name in sys.argv[2:]],
    recipe=DatasetRecipe(survey="benchmark", nights=("2026-01-01",)),
    linked_within_arcsec=3.0, fold=0, fingerprint="0" * 64, provenance={},
)
"""
_SCORE = """
import sys
from pathlib import Path
from models.runtime import load
from models.scoring import Scoring, score_file
scoring = Scoring(package=load(Path(sys.argv[2])), release="r1", seed=1)
score_file(Path(sys.argv[1]), scoring, rows=Path(sys.argv[3]), provenance={})
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare the peaks of fresh processes that do the same with ten (or a hundred) times the rows."""
    built, scored = {}, {}
    many = MOST if full else MANY
    for count in (FEW, many):
        files = [folder / f"rows{count}-{part}.h5" for part in range(FILES)]
        for part, path in enumerate(files):
            write_rows(path, count // FILES, SIZE, first=part * (count // FILES))
        data_set = folder / f"set{count}.h5"
        built[count] = in_fresh_process(_BUILD, str(data_set), *map(str, files))
        scores = folder / f"scores{count}.parquet"
        scored[count] = in_fresh_process(_SCORE, str(scores), str(folder / "package15"), str(data_set))
        for path in (*files, data_set):
            path.unlink()
    yield _row("BuildDataset", built, many)
    yield _row("Infer", scored, many)


def _row(name: str, found: dict[int, dict[str, float]], rows: int) -> Row:
    few, many = found[FEW]["peak_mb"], found[rows]["peak_mb"]
    ids = ID_BYTES * (rows - FEW) / 2**20
    return Row(
        what=f"peak memory of {name}, {rows:,} rows of {SIZE} x {SIZE} x 3",
        budget=f"at most 1.1 x, ids {ids:.0f} MB more",
        measured=f"{many:,.0f} MB, {rows / found[rows]['seconds']:,.0f} rows/s",
        naive=f"{FEW:,} rows: {few:,.0f} MB",
        ratio=many / few,
        holds=many <= 1.1 * few + ids,
        peak_mb=many,
    )
