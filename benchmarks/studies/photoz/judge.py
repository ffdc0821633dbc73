"""Judges photometric redshifts: ``python -m benchmarks.studies.photoz.judge boss FOLDER`` or ``... deep2 FILE``.

FOLDER holds ``boss_dr10_0.csv`` (trains), ``_1`` (tunes) and ``_3`` (is judged). With ``--rehearse``, ``_3`` is not
opened and half of ``_1`` is judged instead. The network takes the zero points of each band from the galaxies that tune.
With ``--refit`` it is judged once more after it learned from ``_0`` and ``_1``. What calibrates it is predicted by
halves of the tuning galaxies, each by what the other half gave. FILE is the catalogue of DEEP2 and 3D-HST; half of it
trains, a quarter tunes, a quarter is judged; as these are parts of one catalogue, there are no zero points. With
``--save FILE`` the judged distributions are written for qp, one file for each regressor.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.photoz import recipe
from benchmarks.studies.photoz.catalogues import Catalogue, boss, deep2, divided, joined
from models.regressors.base import RegressionRows, fit_regressor
from pipeline.io.tables.redshift_pdfs import write_redshift_pdfs
from pipeline.metrics.intervals import binomial_interval
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, JudgedRedshifts
from pipeline.metrics.redshift_summary import redshift_summary, redshift_summary_by
from pipeline.metrics.resampling import Interval
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.photometric_features import PhotometricFeatures
from pipeline.redshifts.point_estimates import point_estimates
from pipeline.redshifts.recalibration import fit_pit_map
from pipeline.redshifts.zero_points import PredictFromMagnitudes, ZeroPoints, fit_zero_points
from pipeline.rng import stream
from pipeline.scores.conformal import ConformalIntervals

NETWORK = "mixture_density"
REFITTED = "refitted_network"


def main() -> int:
    """Train, tune, judge and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", choices=["boss", "deep2"])
    parser.add_argument("place", type=Path)
    parser.add_argument("--rehearse", action="store_true")
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--only", nargs="*", default=[NETWORK, *recipe.BASELINES])
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    if options.catalogue == "deep2":
        train, tune, judged = divided(deep2(options.place), (2, 1, 1), "deep2")
    else:
        train, tune = boss(options.place, 0), boss(options.place, 1)
        tune, judged = divided(tune, (1, 1), "rehearsal") if options.rehearse else (tune, boss(options.place, 3))
    print(f"{len(train)} galaxies train, {len(tune)} tune, {len(judged)} are judged\n", flush=True)
    study = Study(options.catalogue == "deep2", train, tune, judged)
    names = [name for name in options.only if name != NETWORK]
    networks = study.networks(refit=options.refit) if NETWORK in options.only else {}
    found = networks | {name: study.calibrated(name, *study.baseline(name)) for name in names}
    study.report(found)
    for name, pdfs in found.items() if options.save else ():
        path = options.save.with_name(f"{options.save.stem}_{name}.hdf5")
        write_redshift_pdfs(path, pdfs, {"z_spec": judged.redshift, "magnitude": study.magnitude})
    return 0


class Study:
    """One catalogue in three parts, and what is said about them."""

    def __init__(self, faint: bool, train: Catalogue, tune: Catalogue, judged: Catalogue) -> None:
        self.faint, self.train, self.tune, self.judged = faint, train, tune, judged
        self.edges = recipe.DEEP2_EDGES if faint else recipe.EDGES
        self.bins = {
            "i (mag)": recipe.DEEP2_MAGNITUDE_EDGES if faint else recipe.MAGNITUDE_EDGES,
            "z_spec": recipe.DEEP2_REDSHIFT_EDGES if faint else recipe.REDSHIFT_EDGES,
        }
        self.magnitude = judged.magnitudes[:, recipe.REFERENCE_BAND]

    def baseline(self, name: str) -> tuple[BinnedPdfs, BinnedPdfs]:
        """Return the distributions of the galaxies that tune and of those that are judged."""
        predict = _fitted(name, self.train, self.edges)
        tune, judged = self.tune, self.judged
        return predict(tune.magnitudes, tune.errors), predict(judged.magnitudes, judged.errors)

    def networks(self, *, refit: bool) -> dict[str, BinnedPdfs]:
        """Return the distributions of the judged galaxies by the network, and by that which was fitted once more."""
        if self.faint:
            return {NETWORK: self.calibrated(NETWORK, *self.baseline(NETWORK))}
        predict = _fitted(NETWORK, self.train, self.edges)
        halves = divided(self.tune, (1, 1), "zero points")
        self.tune = joined(*halves)
        points = [fit_zero_points(predict, half.magnitudes, half.errors, half.redshift) for half in halves]
        for one in points:
            print(f"  zero points {_millimagnitudes(one.offset)} +- {_millimagnitudes(one.deviation)} mmag", flush=True)
        final = replace(points[0], offset=0.5 * (points[0].offset + points[1].offset))
        tuned = _stacked(*(_moved(half, one, predict) for half, one in zip(halves, points[::-1], strict=True)))
        found = {NETWORK: self.calibrated(NETWORK, tuned, _moved(self.judged, final, predict))}
        if refit:
            parts = []
            for half, other, one in zip(halves, halves[::-1], points[::-1], strict=True):
                parts.append(_moved(half, one, _fitted(NETWORK, joined(self.train, _added(other, one)), self.edges)))
            predict = _fitted(NETWORK, joined(self.train, _added(self.tune, final)), self.edges)
            found[REFITTED] = self.calibrated(REFITTED, _stacked(*parts), _moved(self.judged, final, predict))
        return found

    def calibrated(self, name: str, tuned: BinnedPdfs, judged: BinnedPdfs) -> BinnedPdfs:
        """Return the judged distributions after the PIT map of the tuned ones, and print their coverage before."""
        print(f"{name}: {time.process_time():.0f} s of processor time so far", flush=True)
        self._coverage(tuned, judged)
        return fit_pit_map(tuned.below(self.tune.redshift), recipe.KNOTS).apply(judged)

    def _coverage(self, tuned: BinnedPdfs, judged: BinnedPdfs) -> None:
        """Print how many judged galaxies lie in intervals that the tuning part calibrated, without the PIT map."""
        ends, new = tuned.quantile([0.05, 0.95]), judged.quantile([0.05, 0.95])
        fitted = ConformalIntervals.fit(self.tune.redshift, ends[:, 0], ends[:, 1], miscoverage=recipe.MISCOVERAGE)
        low, high = fitted.apply(new[:, 0], new[:, 1])
        hits, n = int(((self.judged.redshift >= low) & (self.judged.redshift <= high)).sum()), len(self.judged)
        bottom, top = binomial_interval(hits, n, recipe.LEVEL)
        print(
            f"  conformal intervals of {100 * (1 - recipe.MISCOVERAGE):.0f} %: {hits} of {n} inside, "
            f"{100 * hits / n:.2f} % ({100 * float(bottom):.2f} to {100 * float(top):.2f}), "
            f"mean width {np.mean(high - low):.3f}",
            flush=True,
        )

    def report(self, found: dict[str, BinnedPdfs]) -> None:
        """Print the measures of all regressors, and of the first in bins."""
        judged = {name: self._judged(pdfs) for name, pdfs in found.items()}
        groups = np.arange(len(self.judged))
        columns = {
            name: redshift_summary(
                rows, groups, replicates=recipe.REPLICATES, level=recipe.LEVEL, rng=stream(recipe.SEED, "study")
            )
            for name, rows in judged.items()
        }
        print(f"\n|  | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
        for metric in REDSHIFT_METRICS:
            print(f"| {metric} | {' | '.join(_words(metric, column[metric]) for column in columns.values())} |")
        for what, edges in self.bins.items():
            by = self.judged.redshift if what == "z_spec" else self.magnitude
            for name in list(judged)[:2]:
                print(f"\n{name}, in bins of {what}:\n")
                table = redshift_summary_by(
                    judged[name], by, edges, groups, metrics=["bias", "sigma_nmad", "outliers", "pit_ks"],
                    replicates=recipe.REPLICATES, level=recipe.LEVEL, rng=stream(recipe.SEED, "study", what),
                )  # fmt: skip
                _print_bins(table)

    def _judged(self, pdfs: BinnedPdfs) -> JudgedRedshifts:
        return JudgedRedshifts.of(point_estimates(pdfs)["value"], self.judged.redshift, pdfs)


def _fitted(name: str, part: Catalogue, edges: NDArray[np.float64]) -> PredictFromMagnitudes:
    """Return a regressor of magnitudes and errors that learned from a part."""
    features = PhotometricFeatures.fit(part.magnitudes, part.errors, recipe.REFERENCE_BAND)
    rows = RegressionRows.of(features.apply(part.magnitudes, part.errors), part.redshift)
    settings = recipe.NETWORK if name == NETWORK else recipe.BASELINES[name]
    predict = fit_regressor(name, rows, edges, seed=recipe.SEED, **settings)
    return lambda magnitudes, errors: predict(features.apply(magnitudes, errors))


def _stacked(*parts: BinnedPdfs) -> BinnedPdfs:
    return BinnedPdfs(edges=parts[0].edges, masses=np.concatenate([part.masses for part in parts]))


def _added(part: Catalogue, points: ZeroPoints) -> Catalogue:
    return replace(part, magnitudes=points.apply(part.magnitudes, part.errors))


def _moved(part: Catalogue, points: ZeroPoints, predict: PredictFromMagnitudes) -> BinnedPdfs:
    return predict(points.apply(part.magnitudes, part.errors), part.errors)


def _millimagnitudes(values: NDArray[np.float64]) -> str:
    return " ".join(f"{1000 * value:.0f}" for value in values)


def _print_bins(table: pd.DataFrame) -> None:
    metrics = list(dict.fromkeys(table["metric"]))
    print(f"| bin | n | {' | '.join(metrics)} |\n|---|---|{'---|' * len(metrics)}")
    for (low, high), rows in table.groupby(["low", "high"], sort=True):
        cells = [
            _words(
                row.metric,
                Interval(value=row.value, low=row.value_low, high=row.value_high, level=0.95, n=row.n, n_groups=row.n),
            )
            for row in rows.itertuples()
        ]
        print(f"| {low:g} to {high:g} | {rows['n'].max()} | {' | '.join(cells)} |")


def _words(metric: str, one: Interval) -> str:
    if REDSHIFT_METRICS[metric].unit:
        return f"{100 * one.value:.2f} ({100 * one.low:.2f} to {100 * one.high:.2f}) %"
    return f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})"


if __name__ == "__main__":
    raise SystemExit(main())
