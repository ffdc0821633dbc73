"""Draws saved distributions: ``python -m benchmarks.studies.photoz.figures FILE FOLDER TITLE``.

FILE is one that ``benchmarks.studies.photoz.judge boss FOLDER --save`` wrote; FOLDER gets one PNG a figure.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.studies.photoz import recipe
from pipeline.io.tables.redshift_pdfs import read_redshift_pdfs
from pipeline.metrics.redshift_residuals import JudgedRedshifts
from pipeline.metrics.redshift_summary import redshift_summary_by
from pipeline.plots.redshifts import REDSHIFT_PLOTS, RedshiftReportData
from pipeline.redshifts.point_estimates import point_estimates
from pipeline.rng import stream


def main() -> int:
    """Draw every figure of `REDSHIFT_PLOTS`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("title")
    options = parser.parse_args()
    pdfs, columns = read_redshift_pdfs(options.file)
    spectroscopic = columns["z_spec"].astype(np.float64)
    value = point_estimates(pdfs)["value"].to_numpy()
    judged = JudgedRedshifts.of(value, spectroscopic, pdfs)
    trends = [
        redshift_summary_by(
            judged, by, edges, np.arange(len(judged)), metrics=["bias", "sigma_nmad"],
            replicates=recipe.REPLICATES, rng=stream(recipe.SEED, "study", what),
        ).assign(by=what)
        for what, by, edges in (
            ("spectroscopic redshift", spectroscopic, recipe.REDSHIFT_EDGES),
            ("i (mag)", columns["magnitude"].astype(np.float64), recipe.MAGNITUDE_EDGES),
        )
    ]  # fmt: skip
    data = RedshiftReportData(
        title=options.title, spectroscopic=spectroscopic, predicted=value, pit=judged.pit, trends=pd.concat(trends)
    )
    for name in REDSHIFT_PLOTS:
        REDSHIFT_PLOTS[name](data).figure.savefig(options.folder / f"{name}.png", dpi=110)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
