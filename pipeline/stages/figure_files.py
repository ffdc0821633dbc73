"""The figures of a report on disk, for light and for dark screens.

Tested by tests/pipeline/stages/test_report_folder.py.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.io.files.csv_cells import write_csv
from pipeline.plots.dark import darkened
from pipeline.plots.data import PlotResult
from pipeline.plots.style import RC

DOTS_PER_INCH = 160


def write_figures(directory: Path, results: Mapping[str, PlotResult], said: str = "", *, svg: bool = False) -> None:
    """Write figures and the tables of their numbers; equal ones give equal bytes.

    Parameters
    ----------
    directory : Path
        Gets ``figures/<name>.png``, ``figures/<name>.dark.png`` and ``tables/<name>.csv``.
    results : mapping of str to PlotResult
        The figures by name.
    said : str
        What a picture says of its data, beside the digest of its table: it stands as ``Source`` in the file.
    svg : bool
        Whether to write ``figures/<name>.svg`` too, for papers and talks.
    """
    figures, tables = directory / "figures", directory / "tables"
    for folder in (figures, tables):
        folder.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        table = tables / f"{name}.csv"
        write_csv(table, result.table, float_format="%.9g", lineterminator="\n")
        source = (
            f"{said}{'; ' if said else ''}tables/{name}.csv sha256 {hashlib.sha256(table.read_bytes()).hexdigest()}"
        )
        with rc_context(RC):
            _write(figures, name, result, source, svg=svg)


def _write(figures: Path, name: str, result: PlotResult, source: str, *, svg: bool) -> None:
    FigureCanvasAgg(result.figure)
    said = {"Software": None, "Source": source}
    result.figure.savefig(figures / f"{name}.png", dpi=DOTS_PER_INCH, metadata=said)
    if svg:
        facts = {"Date": None, "Creator": None, "Source": source}
        result.figure.savefig(figures / f"{name}.svg", metadata=facts)
    with darkened(result.figure):
        result.figure.savefig(figures / f"{name}.dark.png", dpi=DOTS_PER_INCH, metadata=said)
