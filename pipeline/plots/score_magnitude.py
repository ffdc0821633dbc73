"""Scores of all detections against their magnitudes, with cuts in width, over any number of images."""

import numpy as np
import pandas as pd

from pipeline.metrics.binning import numbers_of
from pipeline.plots.data import PlotResult, ReportData, part_rows, stacked
from pipeline.plots.style import BOGUS, MUTED, REAL, legend_entries, no_data, panels, plot

SORTS = {"injected": REAL, "real": "#56B4E9", "bogus": BOGUS, "not labelled": MUTED}
"""What a detection is known to be, and its colour."""

COLUMNS = ("candidate_id", "exposure_id", "magnitude", "score", "fwhm_ratio", "passes", "sort")
_FEWEST = 5
_MOST_POINTS = 20_000


@plot(
    "score_magnitude",
    title="Score against magnitude",
    caption="One point a detection, each with its own image's values. Filled: its width lies within the stated "
    "cuts; crosses: outside, as trails, cosmic rays and blends do. Below: how widths are spread.",
)
def score_magnitude(data: ReportData) -> PlotResult:
    """Draw score over magnitude for injected, real, bogus and unlabelled detections, and the widths."""
    table, note = score_magnitude_table(data)
    figure, axes = panels(1, 2, width=5.2, height=3.9)
    left, right = axes[0]
    if table.empty:
        no_data(left, note)
        right.set_axis_off()
        return PlotResult(figure=figure, table=table, note=note)
    low, high = data.fwhm_ratio_cuts
    drawn = table if len(table) <= _MOST_POINTS else table.iloc[:: -(-len(table) // _MOST_POINTS)]
    for sort, colour in SORTS.items():
        rows = drawn[drawn["sort"] == sort]
        inside, outside = rows[rows["passes"]], rows[~rows["passes"]]
        style = {"s": 9, "color": colour, "linewidths": 0.7}
        if len(rows):
            left.scatter(inside["magnitude"], inside["score"], marker="o", label=sort, **style)
            left.scatter(outside["magnitude"], outside["score"], marker="x", **style)
            right.scatter(rows["magnitude"], rows["fwhm_ratio"], marker="o", label=sort, **style)
    left.axhline(data.threshold(data.classifier), color=MUTED, linestyle="--", linewidth=1.0)
    left.set(
        xlabel="magnitude", ylabel=f"score of {data.classifier}", title=f"{int(table['passes'].sum())} pass the cuts"
    )
    for cut in (low, high):
        right.axhline(cut, color=MUTED, linestyle="--", linewidth=1.0)
    right.set(xlabel="magnitude", ylabel="FWHM over that of the image", title=f"cuts {low:g} and {high:g}")
    handles, labels = legend_entries([left])
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return PlotResult(figure=figure, table=table, note=note)


def score_magnitude_table(data: ReportData) -> tuple[pd.DataFrame, str]:
    """Return a row a scored detection with magnitude, width ratio and whether it passes, and what is missing.

    Detections are told apart by ``candidate_id``, never by their number within an image.
    """
    rows = part_rows(data.scores[data.classifier], data.part)
    rows = rows[np.isfinite(rows["score"].astype(float))].drop_duplicates("candidate_id")
    if "magnitude" not in rows or rows.empty:
        return stacked([], COLUMNS), f"no scored row of the {data.part} part has a magnitude"
    rows = rows.reset_index(drop=True)
    magnitude = numbers_of(rows["magnitude"])
    ratio, note = _ratio(rows)
    low, high = data.fwhm_ratio_cuts
    with np.errstate(invalid="ignore"):
        # a detection without a width is not cut by one
        passes = ~np.isfinite(ratio) | ((ratio >= low) & (ratio <= high))
    table = pd.DataFrame(
        {
            "candidate_id": rows["candidate_id"].astype(str),
            "exposure_id": rows["exposure_id"].astype(str) if "exposure_id" in rows else "",
            "magnitude": magnitude,
            "score": rows["score"].astype(float),
            "fwhm_ratio": ratio,
            "passes": passes,
            "sort": _sorts(rows),
        }
    )
    known = np.isfinite(magnitude) & (np.abs(magnitude) < 90)
    return table[known].reset_index(drop=True), note


def _sorts(rows: pd.DataFrame) -> np.ndarray:
    injected = rows["label_source"].astype(str) == "injected" if "label_source" in rows else False
    return np.select(
        [(rows["label"] == 1) & injected, rows["label"] == 1, rows["label"] == 0],
        ["injected", "real", "bogus"],
        default="not labelled",
    )


def _ratio(rows: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return each detection's width over that of its own image's point sources, and how the latter is known."""
    if "fwhm_pixel" not in rows:
        return np.full(len(rows), np.nan), "no widths: the cuts cut nothing"
    width = numbers_of(rows["fwhm_pixel"])
    width = np.where(width > 0, width, np.nan)
    if "fwhm_psf_pixel" in rows:
        return width / np.where(numbers_of(rows["fwhm_psf_pixel"]) > 0, numbers_of(rows["fwhm_psf_pixel"]), np.nan), ""
    exposures = rows["exposure_id"].astype(str) if "exposure_id" in rows else pd.Series("", index=rows.index)
    real = pd.Series(np.where(rows["label"] == 1, width, np.nan))
    groups = real.groupby(exposures.to_numpy())
    own = groups.transform("median").where(groups.transform("count") >= _FEWEST)
    everywhere = float(np.nanmedian(real)) if real.notna().any() else np.nan
    return width / own.fillna(everywhere).to_numpy(float), (
        "the width of an image's point sources is the median of its reals, or of all where it has fewer than five"
    )
