"""The folder of a report: index.html, metrics.json, the figures and the tables of their numbers."""

import json
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.io.files.csv_cells import write_csv
from pipeline.plots.style import RC
from pipeline.report import Report

DOTS_PER_INCH = 160


def write_report(directory: Path, report: Report, *, svg: bool = False) -> None:
    """Write a report into a folder, which is created if it does not exist; equal reports give equal bytes.

    Parameters
    ----------
    directory : Path
        The folder; it gets ``index.html``, ``metrics.json``, ``figures/<name>.png`` and ``tables/<name>.csv``.
    report : Report
        From :func:`pipeline.report.build_report`.
    svg : bool
        Whether to write ``figures/<name>.svg`` too, for papers and talks.
    """
    figures, tables = directory / "figures", directory / "tables"
    for folder in (figures, tables):
        folder.mkdir(parents=True, exist_ok=True)
    with rc_context(RC):
        for name, result in report.figures.items():
            FigureCanvasAgg(result.figure)
            result.figure.savefig(figures / f"{name}.png", dpi=DOTS_PER_INCH, metadata={"Software": None})
            if svg:
                result.figure.savefig(figures / f"{name}.svg", metadata={"Date": None, "Creator": None})
    for name, result in report.figures.items():
        write_csv(tables / f"{name}.csv", result.table, float_format="%.9g", lineterminator="\n")
    text = json.dumps(report.metrics, indent=1, ensure_ascii=False, allow_nan=False)
    (directory / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (directory / "index.html").write_text(report.html, encoding="utf-8")
