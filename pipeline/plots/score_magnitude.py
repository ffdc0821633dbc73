"""Scores of the judged part's detections against their magnitudes, with cuts in width."""

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL
from pipeline.metrics import STRATA, is_injected
from pipeline.metrics.binning import measured, numbers_of
from pipeline.plots.data import PlotResult, ReportData, part_rows, stacked
from pipeline.plots.style import BOGUS_COLOUR, MUTED, REAL_COLOUR, legend_entries, no_data, panels, plot

SORTS = {"injected": REAL_COLOUR, "real": "#56B4E9", "bogus": BOGUS_COLOUR, "not labelled": MUTED}
"""What a detection is known to be, and its colour."""

COLUMNS = ("candidate_id", "exposure_id", "magnitude", "score", "fwhm_ratio", "passes", "sort")
_FEWEST = 5
_MOST_POINTS = 20_000
_NO_WIDTHS = "no widths are known, so nothing is cut"


@plot(
    "score_magnitude",
    title="Score against magnitude",
    caption="Left: one point per scored detection of the judged part that has a magnitude. Dots: the width, in units "
    "of that of point sources in the same image, is within the cuts or not known. Crosses: it is outside, as for "
    "trails, cosmic rays and blends. The dashed line is the threshold. Right: these widths, with the cuts.",
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
    every = -(-len(table) // _MOST_POINTS)
    drawn = table.iloc[::every]
    note = "; ".join(
        part for part in (note, f"only one in {every} points is drawn and listed" if every > 1 else "") if part
    )
    for sort, colour in SORTS.items():
        rows = drawn[drawn["sort"] == sort]
        inside, outside = rows[rows["passes"]], rows[~rows["passes"]]
        style = {"s": 9, "color": colour, "linewidths": 0.7}
        if len(rows):
            for panel, column in ((left, "score"), (right, "fwhm_ratio")):
                panel.scatter(inside["magnitude"], inside[column], marker="o", label=sort, **style)
                panel.scatter(outside["magnitude"], outside[column], marker="x", **style)
    left.axhline(data.threshold(data.classifier), color=MUTED, linestyle="--", linewidth=1.0)
    left.set(
        xlabel="magnitude",
        ylabel=f"score of {data.classifier}",
        title=f"{int(table['passes'].sum())} of {len(table)} pass the cuts",
    )
    if table["fwhm_ratio"].notna().any():
        for cut in (low, high):
            right.axhline(cut, color=MUTED, linestyle="--", linewidth=1.0)
        right.set(xlabel="magnitude", ylabel="FWHM / FWHM of point sources", title=f"cuts {low:g} and {high:g}")
    else:
        no_data(right, _NO_WIDTHS)
    handles, labels = legend_entries([left])
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return PlotResult(figure=figure, table=drawn.reset_index(drop=True), note=note)


def score_magnitude_table(data: ReportData) -> tuple[pd.DataFrame, str]:
    """Return one row per scored detection with its magnitude, width ratio and whether it passes, and a note.

    Detections are identified by ``candidate_id``, never by their number within an image.
    """
    rows = part_rows(data.scores[data.classifier], data.part)
    rows = rows[np.isfinite(rows["score"].astype(float))].drop_duplicates("candidate_id")
    rows = rows.reset_index(drop=True)
    magnitude = measured(rows["magnitude"], STRATA["magnitude"]) if "magnitude" in rows else np.full(len(rows), np.nan)
    known = np.isfinite(magnitude)
    if not known.any():
        return stacked([], COLUMNS), f"no scored row of the {data.part} part has a magnitude"
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
    return table[known].reset_index(drop=True), note


def _sorts(rows: pd.DataFrame) -> np.ndarray:
    return np.select(
        [(rows["label"] == REAL) & is_injected(rows), rows["label"] == REAL, rows["label"] == BOGUS],
        ["injected", "real", "bogus"],
        default="not labelled",
    )


def _ratio(rows: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return each detection's width in units of that of point sources in its image, and how the latter is estimated."""
    width = numbers_of(rows["fwhm_pixel"]) if "fwhm_pixel" in rows else np.full(len(rows), np.nan)
    width = np.where(width > 0, width, np.nan)
    if np.isnan(width).all():
        return width, _NO_WIDTHS
    if "fwhm_psf_pixel" in rows:
        return width / np.where(numbers_of(rows["fwhm_psf_pixel"]) > 0, numbers_of(rows["fwhm_psf_pixel"]), np.nan), ""
    exposures = rows["exposure_id"].astype(str) if "exposure_id" in rows else pd.Series("", index=rows.index)
    real = pd.Series(np.where(rows["label"] == REAL, width, np.nan))
    groups = real.groupby(exposures.to_numpy())
    own = groups.transform("median").where(groups.transform("count") >= _FEWEST)
    everywhere = float(np.nanmedian(real)) if real.notna().any() else np.nan
    return width / own.fillna(everywhere).to_numpy(float), (
        "the width of point sources in an image is the median of its reals, or of all reals if it has fewer than five"
    )
