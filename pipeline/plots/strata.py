"""Recall and false positive rate by stratum: against magnitude, by kind, by source of the label and by sign."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from pipeline.classes import REAL
from pipeline.metrics import STRATA, recall_by
from pipeline.metrics.binning import measured, numbers_of, quantile_edges
from pipeline.plots.data import PlotResult, ReportData, stacked
from pipeline.plots.style import (
    BOGUS_COLOUR,
    MUTED,
    REAL_COLOUR,
    legend_entries,
    marker_style,
    model_style,
    no_data,
    panels,
    per_cent,
    plot,
)

SIGNS = {1: "positive difference", -1: "negative difference", 0: "sign not known"}
MAGNITUDE_BINS = 6
MOST_MODELS = 3


@plot(
    "recall_magnitude",
    title="Recall against magnitude",
    caption="Recall at the stored threshold should fall at the faint end and nowhere else. Bars: {level} intervals, in "
    "which each object counts once. Numbers: the reals in each bin.",
)
def recall_magnitude(data: ReportData) -> PlotResult:
    """Draw recall in bins of magnitude at each model's threshold, one panel per sign of the difference."""
    table = _magnitude_table(data)
    signs = [sign for sign in SIGNS if (table["flux_sign"] == sign).any()]
    figure, axes = panels(1, max(len(signs), 1), width=4.9, height=3.8)
    if not signs:
        note = f"no real of the {data.part} rows has a magnitude and a sign"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=table, note=note)
    for panel, sign in zip(axes[0], signs, strict=True):
        for index, model in enumerate(_shown(data)):
            rows = table[(table["flux_sign"] == sign) & (table["model"] == model)]
            centre = 0.5 * (rows["bin_low"] + rows["bin_high"]) + 0.03 * index
            _errorbar(panel, centre, rows, "recall", index, model, vertical=True)
            if index == 0:
                for x, n in zip(centre, rows["n_real"], strict=True):
                    panel.annotate(f"{n}", (x, -0.035), ha="center", va="top", fontsize=8, color=MUTED)
        panel.axhline(0, color=MUTED, linewidth=0.8)
        panel.set(ylim=(-0.11, 1.05), xlabel="magnitude", ylabel="recall (real called real)", title=SIGNS[sign])
        per_cent(panel.yaxis)
    axes[0, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 0.08))
    return PlotResult(figure=figure, table=table)


def _shown(data: ReportData) -> list[str]:
    """Return the models that are drawn in one panel; more would hide each other."""
    return list(data.scores)[:MOST_MODELS]


def _magnitude_table(data: ReportData) -> pd.DataFrame:
    first = data.judged(data.classifier)
    tables = []
    if "magnitude" in first:
        edges = quantile_edges(
            measured(first.loc[first["label"] == REAL, "magnitude"], STRATA["magnitude"]), MAGNITUDE_BINS
        )
        for model in _shown(data):
            rows = data.judged(model)
            rows = rows[rows["label"] == REAL]
            if "magnitude" not in rows or not len(edges):
                continue
            signs = numbers_of(rows["flux_sign"]) if "flux_sign" in rows else np.zeros(len(rows))
            signs = np.where(np.abs(signs) == 1, signs, 0)
            for sign in SIGNS:
                found = recall_by(
                    rows[signs == sign],
                    "magnitude",
                    threshold=data.threshold(model),
                    edges=edges,
                    level=data.drawn.interval_level,
                )
                tables.append(found[found["bin_low"].notna()].assign(model=model, flux_sign=sign))
    columns = ["model", "flux_sign", "bin_low", "bin_high", "n_real", "n_real_groups"]
    columns += ["recall", "recall_low", "recall_high"]
    return stacked(tables, columns)


@plot(
    "recall_kind",
    title="By kind, label source and sign",
    caption="Left: the share of the reals of each sort that is found; a good average can hide a poor one. Right: the "
    "share of the bogus of each sort that is called real. Bars: {level} intervals, in which each object counts once.",
)
def recall_kind(data: ReportData) -> PlotResult:
    """Draw recall of reals and pass rate of bogus for each kind, label source and sign, at the thresholds."""
    table = _kind_table(data)
    sides = [
        ("recall", "n_real", "share of the reals found", REAL_COLOUR),
        ("fpr", "n_bogus", "share of the bogus called real", BOGUS_COLOUR),
    ]
    lines = [_lines(table, data.classifier, n) for _, n, _, _ in sides]
    longest = max(len(lines[0]), len(lines[1]), 3)
    figure, axes = panels(1, 2, width=5.2, height=1.2 + 0.34 * longest)
    notes = []
    for panel, (share, n, label, colour), order in zip(axes[0], sides, lines, strict=True):
        if not order:
            notes.append(f"no {'reals' if share == 'recall' else 'bogus'} with a kind, label source or sign")
            no_data(panel, notes[-1])
            continue
        for index, model in enumerate(_shown(data)):
            rows = table[(table["model"] == model) & (table[n] > 0)].set_index(["column", "stratum"])
            rows = rows.reindex([key for key in order if key in rows.index])
            place = np.array([order.index(key) for key in rows.index]) + 0.16 * (index - 0.5 * (len(_shown(data)) - 1))
            _errorbar(panel, place, rows, share, index, model, vertical=False)
        _name_lines(panel, table, data.classifier, order, n)
        panel.set(xlim=_range(table, share), xlabel=label)
        panel.xaxis.label.set_color(colour)
        per_cent(panel.xaxis)
    handles, names = legend_entries(axes[0])
    figure.legend(handles, names, loc="outside upper left", ncols=max(len(_shown(data)), 1))
    return PlotResult(figure=figure, table=table, note="; ".join(notes))


def _range(table: pd.DataFrame, share: str) -> tuple[float, float]:
    """Return the range of 0 ... 1 that the rates need: down from 1 for recall, up from 0 for false positives."""
    if share == "recall":
        return min(float(np.floor(10 * table["recall_low"].min()) / 10), 0.9) - 0.01, 1.01
    return -0.01, max(float(np.ceil(10 * table["fpr_high"].max()) / 10), 0.1) + 0.01


def _kind_table(data: ReportData) -> pd.DataFrame:
    tables = []
    for model in _shown(data):
        rows = data.judged(model)
        for column in ("kind", "label_source", "flux_sign"):
            if column in rows and len(rows):
                found = recall_by(rows, column, threshold=data.threshold(model), level=data.drawn.interval_level)
                tables.append(found.assign(model=model))
    columns = ["model", "column", "stratum", "n_real", "n_real_groups", "recall", "recall_low", "recall_high"]
    columns += ["n_bogus", "n_bogus_groups", "fpr", "fpr_low", "fpr_high"]
    return stacked(tables, columns)


def _lines(table: pd.DataFrame, model: str, n: str) -> list[tuple[str, str]]:
    rows = table[(table["model"] == model) & (table[n] > 0)]
    return list(zip(rows["column"], rows["stratum"], strict=True))


def _name_lines(panel: Axes, table: pd.DataFrame, model: str, order: list[tuple[str, str]], n: str) -> None:
    counts = table[table["model"] == model].set_index(["column", "stratum"])[n]
    names = [f"{_spoken(column, stratum)}  ({counts[(column, stratum)]})" for column, stratum in order]
    panel.set_yticks(range(len(order)), names)
    panel.set_ylim(len(order) - 0.4, -0.6)
    panel.grid(visible=False, axis="y")
    for row in range(1, len(order)):
        if order[row][0] != order[row - 1][0]:
            panel.axhline(row - 0.5, color=MUTED, linewidth=0.8)


def _spoken(column: str, stratum: str) -> str:
    words = {"kind": "", "label_source": "label: ", "flux_sign": ""}
    signs = {str(sign): text for sign, text in SIGNS.items()}
    return words[column] + (signs.get(stratum, stratum) if column == "flux_sign" else stratum)


def _errorbar(
    panel: Axes, place: ArrayLike, rows: pd.DataFrame, share: str, index: int, model: str, *, vertical: bool
) -> None:
    value = rows[share].to_numpy(dtype=float)
    spread = np.clip([value - rows[f"{share}_low"], rows[f"{share}_high"] - value], 0, None)
    line = model_style(index)["linestyle"] if vertical else "none"
    x, y = (place, value) if vertical else (value, place)
    panel.errorbar(
        x,
        y,
        yerr=spread if vertical else None,
        xerr=None if vertical else spread,
        label=model,
        markersize=6,
        elinewidth=1.3,
        linewidth=1.0,
        linestyle=line,
        **marker_style(index),
    )
