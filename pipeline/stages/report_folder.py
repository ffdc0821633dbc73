"""The folder of a report: index.html, metrics.json, the figures and the tables of their numbers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pipeline.report import Report
from pipeline.report.metrics_json import ReportNumbers
from pipeline.stages.figure_files import write_figures


def write_report(directory: Path, report: Report, *, svg: bool = False) -> None:
    """Write a report into a folder, which is created if it does not exist; equal reports give equal bytes.

    Parameters
    ----------
    directory : Path
        The folder; it gets ``index.html`` and ``metrics.json``, and what `write_figures` writes.
    report : Report
        From :func:`pipeline.report.build_report`.
    svg : bool
        Whether to write ``figures/<name>.svg`` too, for papers and talks.
    """
    write_figures(directory, report.figures, _said_of(report.metrics), svg=svg)
    text = json.dumps(report.metrics, indent=1, ensure_ascii=False, allow_nan=False)
    (directory / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (directory / "index.html").write_text(report.html, encoding="utf-8")


def _said_of(numbers: ReportNumbers) -> str:
    """Return what each picture says of its data: survey, part, and the digest of the judged rows where it is known."""
    counts = cast("Mapping[str, object]", numbers["counts"])  # type: ignore[typeddict-item]
    rows = f"rows sha256 {counts['rows_sha256']}" if "rows_sha256" in counts else f"{counts['judged']} rows"
    return f"{numbers['survey']}, part {numbers['judged_part']}, {rows}"
