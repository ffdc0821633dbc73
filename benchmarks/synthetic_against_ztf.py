"""How the synthetic candidates differ from real ZTF alerts, and what a classifier carries from one to the other.

``python -m benchmarks.synthetic_against_ztf ALERTS [--figures FOLDER] [--survey synthetic]``, where ALERTS holds
``alerts.parquet`` and ``cutouts.h5``. Prints tables; all rows of either survey are stamps of 63 pixels.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.synthetic_measures import RULES, measure_stamps
from models.architectures.feature_ensemble import feature_ensemble
from pipeline.cutouts import extract_cutouts
from pipeline.detection import detect
from pipeline.difference import difference_of
from pipeline.features import physical_features
from pipeline.io.settings_files import load
from pipeline.metrics import bootstrap
from pipeline.plots.style import BOGUS, REAL
from pipeline.settings import parse
from pipeline.sky import SkySettings, draw_field, explain, plan_visits, render_exposure, render_template
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.synthetic import frames

Scorer = Callable[[NDArray[np.float32]], NDArray[np.float64]]

SIZE_PIXEL = 63
FOLDS = 5
_MAGIC = 1e30


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Labelled stamps, (n, y, x, channel), with the group and the kind of each."""

    stamps: NDArray[np.float32]
    label: NDArray[np.int64]
    group: NDArray[np.str_]
    kind: NDArray[np.str_]


def main() -> int:
    """Print both tables and, where asked, save the figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic_against_ztf", description=__doc__)
    parser.add_argument("alerts", type=Path, help="folder with alerts.parquet and cutouts.h5")
    parser.add_argument("--figures", type=Path, help="folder to save synthetic_against_ztf.png in")
    parser.add_argument("--survey", default="synthetic", help="a synthetic survey of config/surveys")
    parser.add_argument("--stamps", type=int, default=1200, help="most synthetic stamps whose shape is measured")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    samples = {"synthetic": synthetic(options.survey), "ZTF": ztf(options.alerts)}
    print_transfer(samples)
    rng = np.random.default_rng(1)
    measures = {}
    for name, sample in samples.items():
        rows = rng.permutation(len(sample.label))[: options.stamps]
        table = measure_stamps(sample.stamps[rows])
        measures[name] = table.assign(label=sample.label[rows], kind=sample.kind[rows])
    print_measures(measures)
    if options.figures:
        draw(measures).savefig(options.figures / "synthetic_against_ztf.png", dpi=90)
    return 0


def synthetic(survey: str) -> Sample:
    """Return the candidates of a synthetic survey with their true labels; groups are places on the sky."""
    sky = load("surveys", survey, SurveySettings).input["sky"]
    settings = parse(SkySettings, sky, f"surveys/{survey}.yaml: sky")
    visits = plan_visits(settings, 1)
    objects = {field: draw_field(settings, field, visits, 1) for field in range(settings.fields)}
    templates = {field: render_template(settings, field, objects[field], 1) for field in objects}
    parts, area = [], 0.0
    for visit in visits:
        exposure = render_exposure(settings, visit, objects[visit.field], templates[visit.field], 1)
        made = difference_of(*frames(exposure, settings), is_aligned=True).subtraction
        width, correlation = made.fwhm_pixel, made.correlation
        found = detect(made.difference, made.noise, fwhm_pixel=width, zeropoint=27.0, correlation=correlation)
        truth = explain(found, exposure, float(np.nanmedian(made.noise)), settings)
        x, y = found["x_pixel"].to_numpy(), found["y_pixel"].to_numpy()
        images = (exposure.science, exposure.template, made.difference)
        stamps = np.stack([extract_cutouts(image, x, y, SIZE_PIXEL).pixels for image in images], axis=-1)
        ra, dec = exposure.wcs.pixel_to_world_values(x, y)
        places = [f"{a * 1200:.0f} {d * 1200:.0f}" for a, d in zip(ra, dec, strict=True)]
        parts.append((stamps, truth["is_real"].to_numpy(), places, truth["kind"].to_numpy()))
        area += (settings.size_pixel * settings.pixel_scale_arcsec / 3600.0) ** 2
    stamps, label, group, kind = (np.concatenate(part) for part in zip(*parts, strict=True))
    print(f"synthetic: {len(label)} candidates, {len(label) / area:.0f} a square degree and exposure, ", end="")
    print(f"{label.mean():.3f} of them real")
    return Sample(stamps=stamps, label=label.astype(np.int64), group=group.astype(str), kind=kind.astype(str))


def ztf(folder: Path) -> Sample:
    """Return the labelled alerts; differences of faded sources, stored template less science, turned."""
    table = pd.read_parquet(folder / "alerts.parquet")
    with h5py.File(folder / "cutouts.h5") as file:
        stamps = np.moveaxis(file["cutouts"][:], 1, -1)
    stamps[~(np.abs(stamps) < _MAGIC)] = np.nan
    stamps[(table["isdiffpos"] == "f").to_numpy(), :, :, 2] *= -1.0
    labelled = (table["label"] >= 0).to_numpy()
    table = table[labelled]
    return Sample(
        stamps=stamps[labelled],
        label=table["label"].to_numpy(np.int64),
        group=table["objectId"].to_numpy(str),
        kind=table["label_source"].to_numpy(str),
    )


def print_transfer(samples: dict[str, Sample]) -> None:
    """Print the AUC of an ensemble on physical features, trained on one sample and tested on either."""
    features = {name: physical_features(sample.stamps) for name, sample in samples.items()}
    print("\n| trained on | tested on | AUC | rows |\n|---|---|---|---|")
    for train, sample in samples.items():
        for test, other in samples.items():
            scores = _folds(features[train], sample) if train == test else _fit(features[train], sample)(features[test])
            found = bootstrap("auc", other.label, scores, other.group, rng=np.random.default_rng(1))
            interval = f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
            print(f"| {train} | {test} | {interval} | {len(other.label)} |", flush=True)


def _fit(features: NDArray[np.float32], sample: Sample, rows: NDArray[np.bool_] | None = None) -> Scorer:
    """Return the scores that a model gives that was trained on some rows, classes of equal weight."""
    chosen = np.ones(len(sample.label), dtype=bool) if rows is None else rows
    label = sample.label[chosen]
    weight = np.where(label == 1, 0.5 / label.mean(), 0.5 / (1.0 - label.mean()))
    model = feature_ensemble(1).fit(features[chosen], label, sample_weight=weight)
    return lambda other: model.predict_proba(other)[:, 1]


def _folds(features: NDArray[np.float32], sample: Sample) -> NDArray[np.float64]:
    """Return the score of each row by a model that saw nothing of its group."""
    _, number = np.unique(sample.group, return_inverse=True)
    fold = np.random.default_rng(1).permutation(number.max() + 1)[number] % FOLDS
    scores = np.empty(len(fold))
    for one in range(FOLDS):
        scores[fold == one] = _fit(features, sample, fold != one)(features[fold == one])
    return scores


def print_measures(measures: dict[str, pd.DataFrame]) -> None:
    """Print medians with quartiles of each class, the share of negative ones, and the kinds of shape."""
    classes = [(name, word, table[table["label"] == label]) for name, table in measures.items() for label, word in
               ((1, "real"), (0, "bogus"))]  # fmt: skip
    print("\n| | rows | signal to noise | FWHM, pixel | elongation | negative |\n|---|---|---|---|---|---|")
    for name, word, rows in classes:
        cells = []
        for column in ("snr", "fwhm_pixel", "elongation"):
            low, middle, high = rows[column].quantile([0.25, 0.5, 0.75])
            cells.append(f"{middle:.3g} ({low:.3g} to {high:.3g})")
        signs = rows["flux_sign"][rows["flux_sign"] != 0]
        print(f"| {name}, {word} | {len(rows)} | {' | '.join(cells)} | {(signs < 0).mean():.2f} |")
    print(f"\n| shape | {' | '.join(f'{name}, {word}' for name, word, _ in classes)} |\n|---|---|---|---|---|")
    for shape in RULES:
        shares = " | ".join(f"{100 * (rows['shape'] == shape).mean():.0f} %" for _, _, rows in classes)
        print(f"| {shape} | {shares} |")
    kinds = measures["synthetic"]["kind"].value_counts()
    print("\nsynthetic kinds: " + ", ".join(f"{kind} {number}" for kind, number in kinds.items()))


def draw(measures: dict[str, pd.DataFrame]) -> Figure:
    """Return histograms of both surveys, reals above and bogus below."""
    figure = Figure(figsize=(11.0, 6.0), layout="constrained")
    axes = figure.subplots(2, 3)
    grids = {
        "snr": (np.geomspace(3.0, 2000.0, 25), "signal to noise"),
        "fwhm_pixel": (np.linspace(0.0, 7.0, 29), "FWHM, pixel"),
        "elongation": (np.geomspace(1.0, 12.0, 25), "elongation"),
    }
    for row, (label, word, colour) in enumerate(((1, "real", REAL), (0, "bogus", BOGUS))):
        for panel, (column, (grid, title)) in zip(axes[row], grids.items(), strict=True):
            for name, table in measures.items():
                values = table.loc[table["label"] == label, column].dropna()
                weights = np.full(len(values), 1.0 / max(len(values), 1))
                is_real_sky = name == "ZTF"
                panel.hist(
                    values, bins=grid.tolist(), weights=weights, label=f"{name} ({len(values)})", color=colour,
                    histtype="stepfilled" if is_real_sky else "step", alpha=0.35 if is_real_sky else 1.0,
                    linewidth=1.6,
                )  # fmt: skip
            panel.set(xlabel=title, ylabel=f"share of the {word}", xscale="linear" if column == "fwhm_pixel" else "log")
            panel.legend(fontsize=8, frameon=False)
    return figure


if __name__ == "__main__":
    sys.exit(main())
