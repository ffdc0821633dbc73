"""Figures of the two samples beside each other: histograms of measures, and bogus of the same kind."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.studies.synthetic.compared_samples import Sample
from pipeline.conversions import SIGMA_PER_MAD
from pipeline.plots.style import BOGUS_COLOUR, INK, MUTED, REAL_COLOUR

EACH = 3
"""Examples of a kind from each survey."""

_OUTSIDE = 8
"""Pixels at each side of a cutout that the examples leave out, so that few pixels can be seen."""

_CHANNELS = ("science", "template", "difference")
_GRIDS = {
    "snr": (np.geomspace(3.0, 2000.0, 25), "signal to noise", "log"),
    "fwhm_pixel": (np.linspace(0.0, 7.0, 29), "FWHM, pixel", "linear"),
    "elongation": (np.geomspace(1.0, 12.0, 25), "elongation", "log"),
}


def draw_histograms(classes: Mapping[str, pd.DataFrame]) -> Figure:
    """Return histograms of classes, as of `compared_tables.classes_of`: reals above, bogus below."""
    figure = Figure(figsize=(12.0, 6.6), layout="constrained")
    axes = figure.subplots(2, 3)
    for row, (word, colour) in enumerate((("real", REAL_COLOUR), ("bogus", BOGUS_COLOUR))):
        looks = {
            f"ZTF {word}": {"histtype": "stepfilled", "color": colour, "alpha": 0.3},
            f"synthetic {word}": {"histtype": "step", "color": MUTED, "linewidth": 1.4, "linestyle": (0, (2, 1.4))},
            f"synthetic {word}, cut": {"histtype": "step", "color": colour, "linewidth": 1.8},
        }
        if word == "real":
            looks["ZTF, all alerts"] = {"histtype": "step", "color": INK, "linewidth": 1.0, "linestyle": (0, (6, 2))}
        for panel, (column, (grid, title, scale)) in zip(axes[row], _GRIDS.items(), strict=True):
            for name, look in looks.items():
                values = classes[name][column].dropna()
                weights = np.full(len(values), 1.0 / max(len(values), 1))
                panel.hist(values, bins=grid.tolist(), weights=weights, label=f"{name} ({len(values)})", **look)
            panel.set(xlabel=title, ylabel=f"share of the {word}", xscale=scale)
        axes[row][0].legend(fontsize=7.5, frameon=False)
    return figure


def draw_kinds(ztf: Sample, synthetic: Sample, verdicts: pd.DataFrame, shapes: pd.Series) -> Figure:
    """Return triplets of ZTF's bogus by eye, left, and of synthetic bogus of the kind that is meant, right.

    Parameters
    ----------
    ztf, synthetic : Sample
        The synthetic ones should have passed ZTF's cuts.
    verdicts : DataFrame
        As of :func:`benchmarks.studies.synthetic.ztf_by_eye.read_verdicts`.
    shapes : Series of str
        Shape of each synthetic row; where both are of a star, examples of both signs stand beside dipoles and rings,
        point-like ones beside copies.
    """
    kinds = list(dict.fromkeys(verdicts["kind"]))
    figure = Figure(figsize=(16.0, 0.92 * len(kinds) + 0.6), layout="constrained")
    halves = figure.subfigures(1, 2, width_ratios=(1.13, 1.0))
    rows, taken = [], []
    for kind in kinds:
        seen = verdicts[verdicts["kind"] == kind].sort_values("unsure", kind="stable")
        left = np.concatenate([np.flatnonzero(ztf.rows["name"] == name) for name in seen["name"]])
        right = _matching(synthetic, kind, str(seen["truth"].iloc[0]) or kind, shapes)
        right = _spread_out(np.setdiff1d(right, taken))
        taken += right.tolist()
        rows.append((_spread_out(left[: int((~seen["unsure"]).sum()) or None]), right))
    for place, (half, sample) in enumerate(zip(halves, (ztf, synthetic), strict=True)):
        half.suptitle(("ZTF, by eye", "synthetic, by truth, passing the cuts")[place], fontsize=11)
        panels = half.subplots(len(kinds), 3 * EACH, squeeze=False)
        for line, kind, shown in zip(panels, kinds, (pair[place] for pair in rows), strict=True):
            for number in range(EACH):
                _show(line[3 * number : 3 * number + 3], sample.cutouts[shown[number]] if number < len(shown) else None)
            if not len(shown):
                line[0].text(0.0, 0.5, "none", transform=line[0].transAxes, fontsize=9, color=MUTED)
            if place == 0:
                line[0].set_ylabel(kind.replace("_", " "), rotation=0, ha="right", va="center", fontsize=9)
        for channel, title in enumerate(_CHANNELS * EACH):
            panels[0][channel].set_title(title, fontsize=7.5)
    return figure


def _matching(synthetic: Sample, kind: str, truth: str, shapes: pd.Series) -> NDArray[np.intp]:
    """Return the synthetic rows that stand beside a kind."""
    wanted = {"dipole": "both signs", "ring": "both signs", "cloud_copy": "point-like", "satellite_trail": "point-like"}
    mine = (synthetic.rows["kind"] == truth).to_numpy()
    if kind in wanted:
        mine = mine & (shapes == wanted[kind]).to_numpy()
    return np.flatnonzero(mine)


def _spread_out(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return at most ``EACH`` of some rows, evenly among them."""
    if len(rows) <= EACH:
        return rows
    return rows[np.round(np.linspace(0.2, 0.8, EACH) * (len(rows) - 1)).astype(int)]


def _show(axes: "NDArray[np.object_] | list[Axes]", triplet: NDArray[np.float32] | None) -> None:
    """Show a triplet about its medians, in units of the spread of its pixels, compressed where bright."""
    for channel, panel in enumerate(axes):
        panel.set(xticks=[], yticks=[])
        if triplet is None:
            panel.set_axis_off()
            continue
        image = triplet[_OUTSIDE:-_OUTSIDE, _OUTSIDE:-_OUTSIDE, channel]
        seen = image[np.isfinite(image)]
        middle = np.median(seen) if len(seen) else 0.0
        spread = max(SIGMA_PER_MAD * float(np.median(np.abs(seen - middle))) if len(seen) else 0.0, 1e-6)
        low, high = (-4.0, 4.0) if channel == 2 else (-2.0, 6.0)
        scaled = np.arcsinh((image - middle) / spread)
        panel.imshow(scaled, vmin=low, vmax=high, cmap="gray", origin="lower", interpolation="nearest")
