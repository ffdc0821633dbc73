"""How the synthetic candidates differ from real ZTF alerts, and what a classifier carries from one to the other.

``python -m benchmarks.studies.synthetic.against_ztf ALERTS [--figures FOLDER] [--network]``, where ALERTS holds
``alerts.parquet`` and ``cutouts.h5``. Prints tables; all rows of either survey are cutouts of 63 pixels.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.studies.artefacts.rows import read_alerts
from benchmarks.studies.synthetic.compared_figures import draw_histograms, draw_kinds
from benchmarks.studies.synthetic.compared_samples import Sample, synthetic, ztf
from benchmarks.studies.synthetic.compared_tables import (
    classes_of,
    print_agreement,
    print_cuts,
    print_density,
    print_kinds,
    print_measures,
    print_shapes,
)
from benchmarks.studies.synthetic.made_rows import make_rows
from benchmarks.studies.synthetic.measures import measure_cutouts
from benchmarks.studies.synthetic.transfer import SEED, feature_scores, print_strata, print_transfer
from benchmarks.studies.synthetic.transfer_network import print_network
from benchmarks.studies.synthetic.transfer_sides import synthetic_sides, ztf_sides
from benchmarks.studies.synthetic.ztf_by_eye import read_verdicts
from benchmarks.studies.synthetic.ztf_cuts import agreement, measure_cuts, passes
from pipeline.classes import BOGUS, REAL

CLASSIFIERS = ("ztf_ensemble", "ztf_boosting")
DATASET = "ztf_by_object"


def main() -> int:
    """Print all tables and, where asked, save the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.synthetic.against_ztf", description=__doc__)
    parser.add_argument("alerts", type=Path, help="folder with alerts.parquet and cutouts.h5")
    parser.add_argument("--figures", type=Path, help="folder to save synthetic_against_ztf.png and others in")
    parser.add_argument("--survey", default="synthetic", help="a synthetic survey of config/surveys")
    parser.add_argument("--stamps", type=int, help="most synthetic cutouts that are compared; default all")
    parser.add_argument("--scratch", type=Path, help="folder that keeps the fetched alerts for another run")
    parser.add_argument("--processes", type=int, default=2, help="processes that render the synthetic exposures")
    parser.add_argument("--network", action="store_true", help="train a small network too, some minutes")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sky, alerts = synthetic(options.survey, options.processes), ztf(options.alerts)
    if options.stamps:
        rows = np.sort(np.random.default_rng(1).permutation(len(sky.rows))[: options.stamps])
        sky = sky.take(rows)
    passing = compare(sky, alerts, options.alerts, options.figures)
    with tempfile.TemporaryDirectory() as folder:
        carry(sky, passing, options.alerts, options.scratch or Path(folder), network=options.network)
    return 0


def compare(sky: Sample, alerts: Sample, folder: Path, figures: Path | None) -> pd.Series:
    """Print what both samples are like; return which synthetic rows pass ZTF's cuts."""
    own = pd.read_parquet(folder / "alerts.parquet", columns=["nneg", "sumrat", "elong"])
    quantities = {
        name: measure_cuts(sample.turned[..., 2], sample.rows["edge_pixel"].to_numpy())
        for name, sample in (("synthetic", sky), ("ZTF", alerts))
    }
    passed = {name: passes(table) for name, table in quantities.items()}
    passing = passed["synthetic"].all(axis=1)
    print_agreement(agreement(quantities["ZTF"], own))
    by_class = {
        f"{name} {word}": passed[name][sample.rows["label"] == label]
        for name, sample in (("synthetic", sky), ("ZTF", alerts))
        for label, word in ((REAL, "real"), (BOGUS, "bogus"))
    }
    print_cuts(by_class | {"ZTF, all alerts": passed["ZTF"]})
    rows = sky.rows.assign(passes=passing)
    classes = classes_of(measure_cutouts(sky.cutouts).join(rows), measure_cutouts(alerts.cutouts).join(alerts.rows))
    print_measures(classes)
    print_shapes(classes)
    verdicts = read_verdicts()
    print_kinds(rows[rows["label"] == BOGUS], verdicts)
    print_density(rows, sky.area_deg2)
    if figures:
        figures.mkdir(parents=True, exist_ok=True)
        draw_histograms(classes).savefig(figures / "synthetic_against_ztf.png", dpi=90)
        cut = classes["synthetic bogus, cut"]
        some = sky.take(cut.index.to_numpy())
        draw_kinds(alerts, some, verdicts, cut["shape"].reset_index(drop=True)).savefig(
            figures / "synthetic_beside_ztf.png", dpi=90
        )
    return passing


def carry(sky: Sample, passing: pd.Series, folder: Path, scratch: Path, *, network: bool) -> None:
    """Print what classifiers trained on either survey are worth on both."""
    scratch.mkdir(parents=True, exist_ok=True)
    logging.disable(logging.ERROR)
    fetched = read_alerts(folder, scratch, DATASET)
    sides = [
        *synthetic_sides(sky, passing.to_numpy()),
        *ztf_sides(fetched, make_rows(fetched, SEED), read_verdicts()),
    ]
    for number, classifier in enumerate(CLASSIFIERS):
        scores = feature_scores(sides, classifier)
        print_transfer(scores, passing.to_numpy(), classifier)
        if number == 0:
            print_strata(scores, "ZTF")
            print_strata(scores, "synthetic")
    if network:
        print_network([sides[0], sides[-1]])


if __name__ == "__main__":
    sys.exit(main())
