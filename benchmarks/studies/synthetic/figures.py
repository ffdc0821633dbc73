"""Figures of the synthetic sky: an exposure, and candidates of each kind.

``python -m benchmarks.studies.synthetic.figures FOLDER`` saves ``synthetic_exposure.png`` and ``synthetic_kinds.png``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.cutouts.extract import extract_cutouts
from pipeline.io.settings_files import load
from pipeline.settings import parse
from pipeline.sky import REAL_KINDS, SkySettings, draw_field, plan_visits, render_template
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.synthetic.survey import observe

SIZE_PIXEL = 41
COLUMNS = 4
_CHANNELS = ("science", "template", "difference")


def main() -> int:
    """Save both figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.synthetic.figures", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    settings = parse(SkySettings, load("surveys", "synthetic", SurveySettings).input["sky"], "surveys/synthetic.yaml")
    visits = plan_visits(settings, 1)
    objects = {field: draw_field(settings, field, visits, 1) for field in range(settings.fields)}
    templates = {field: render_template(settings, field, objects[field], 1) for field in objects}
    cutouts, kinds = [], []
    busiest: tuple[int, tuple[NDArray[np.float32], ...]] = (-1, ())
    for visit in visits:
        observed = observe(settings, visit, objects[visit.field], templates[visit.field], 1)
        exposure, found = observed.exposure, observed.candidates
        images = (exposure.science, exposure.template, observed.subtraction.difference)
        x, y = found["x_pixel"].to_numpy(), found["y_pixel"].to_numpy()
        cutouts.append(np.stack([extract_cutouts(image, x, y, SIZE_PIXEL).pixels for image in images], axis=1))
        kinds.append(found[["kind", "snr"]])
        trailed = int(exposure.marks["satellite_trail"].sum())
        busiest = max(busiest, (trailed, images), key=lambda one: one[0])
    draw_exposure(busiest[1]).savefig(folder / "synthetic_exposure.png", dpi=70)
    draw_kinds(np.concatenate(cutouts), pd.concat(kinds, ignore_index=True)).savefig(
        folder / "synthetic_kinds.png", dpi=80
    )
    return 0


def draw_exposure(images: tuple[NDArray[np.float32], ...]) -> Figure:
    """Return science image, template and difference beside each other."""
    figure = Figure(figsize=(18.0, 6.4), layout="constrained")
    for axes, name, image in zip(figure.subplots(1, 3), _CHANNELS, images, strict=True):
        _show(axes, image, symmetric=name == "difference")
        axes.set(title=name, xlabel="x, pixel", ylabel="y, pixel")
    return figure


def draw_kinds(cutouts: NDArray[np.float32], rows: pd.DataFrame) -> Figure:
    """Return triplets of each kind, in order of their signal to noise, the real kinds first."""
    order = [*REAL_KINDS, *sorted(set(rows["kind"]) - set(REAL_KINDS))]
    shown = [kind for kind in order if (rows["kind"] == kind).any()]
    figure = Figure(figsize=(15.0, 1.25 * len(shown)), layout="constrained")
    panels = figure.subplots(len(shown), 3 * COLUMNS)
    for line, kind in zip(panels, shown, strict=True):
        ranked = rows[rows["kind"] == kind].sort_values("snr").index
        chosen = ranked[np.round(np.linspace(0.1, 0.9, COLUMNS) * (len(ranked) - 1)).astype(int)]
        for number, axes in enumerate(line):
            row, channel = chosen[number // 3], number % 3
            _show(axes, cutouts[row, channel], symmetric=channel == 2)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(kind.replace("_", " "), rotation=0, ha="right", va="center")
    for number, axes in enumerate(panels[0]):
        axes.set_title(_CHANNELS[number % 3], fontsize=8)
    return figure


def _show(axes: Axes, image: NDArray[np.float32], *, symmetric: bool) -> None:
    """Show an image about its median, in units of the spread of its pixels, compressed where bright."""
    middle = np.nanmedian(image)
    spread = SIGMA_PER_MAD * np.nanmedian(np.abs(image - middle))
    scaled = np.arcsinh((image - middle) / max(float(spread), 1e-6))
    low, high = (-3.0, 3.0) if symmetric else (-1.5, 5.0)
    axes.imshow(scaled, vmin=low, vmax=high, cmap="gray", origin="lower", interpolation="nearest")


if __name__ == "__main__":
    sys.exit(main())
