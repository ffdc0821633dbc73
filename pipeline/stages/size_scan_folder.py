"""The folder of a scan of the training set's size: its tables, what was held fixed, and the curve.

Tested by tests/models/searches/test_size_scan.py.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.io.files.csv_cells import write_csv
from pipeline.metrics.size_scan import size_summary
from pipeline.plots.size_scan import size_curve
from pipeline.plots.style import RC
from pipeline.stages.figure_files import DOTS_PER_INCH


def write_size_scan(directory: Path, trainings: pd.DataFrame, facts: Mapping[str, object], *, title: str) -> None:
    """Write a scan into a folder: ``sizes.csv``, ``summary.csv``, ``scan.json`` and ``curve.png``.

    Parameters
    ----------
    directory : Path
        The folder, which exists.
    trainings : DataFrame
        One row per size and repeat, with the columns of `pipeline.metrics.size_scan.COLUMNS`.
    facts : mapping
        What ``scan.json`` says, of plain types.
    title : str
        Whose training it is, for the picture.
    """
    summary = size_summary(trainings)
    write_csv(directory / "sizes.csv", trainings, float_format="%.9g", lineterminator="\n")
    write_csv(directory / "summary.csv", summary, float_format="%.9g", lineterminator="\n")
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    (directory / "scan.json").write_text(text + "\n", encoding="utf-8")
    with rc_context(RC):
        figure = size_curve(trainings, summary, title=title)
        FigureCanvasAgg(figure)
        figure.savefig(directory / "curve.png", dpi=DOTS_PER_INCH, metadata={"Software": None})
