"""The data that the report of a regressor is made from, and its figures.

Tested by tests/pipeline/report/regression/test_page.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.datasets.leakage import Separation
from pipeline.errors import InputError
from pipeline.metrics.redshift_residuals import JudgedRedshifts
from pipeline.plots.data import PARTS, PlotResult, part_rows
from pipeline.plots.redshifts import REDSHIFT_PLOTS, RedshiftReportData
from pipeline.plots.style import INK, MUTED, entering, marker_style, model_style, no_data, panels, per_cent
from pipeline.recipes.report import ReportRecipe
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.registry import Registry

COLUMNS: Final = ("candidate_id", "target", "value", "low", "high")
COVERAGE_COLUMNS: Final = ("model", "by", "low", "high", "n", "coverage", "coverage_low", "coverage_high", "width")
NO_TRENDS: Final = pd.DataFrame(columns=["by", "low", "high", "n", "metric", "value", "value_low", "value_high"])


@dataclass(frozen=True, kw_only=True)
class RegressionReportData:
    """Everything that the figures and the report of a regressor show; the tables are never changed.

    Attributes
    ----------
    title, survey : str
        The heading, and the survey's name.
    scores : mapping of str to DataFrame
        The rows of each model: first the judged regressor, then the baseline, numbered from 0. Required are
        `COLUMNS`; ``magnitude split group_id object_id`` are used if they exist. A ``target`` or a ``value`` of NaN is
        not known.
    pdfs : mapping of str to BinnedPdfs
        The distributions of these rows.
    miscoverage : mapping of str to float
        The share of rows that each model's interval ``low`` to ``high`` may miss.
    trends : DataFrame
        Of the judged rows of the judged regressor, as of `RedshiftReportData`, once they are measured.
    coverage : DataFrame
        `COVERAGE_COLUMNS`: the intervals of each model in bins, once they are measured.
    notes : tuple of str
        Caveats of the targets, one sentence each.
    learned, unknown, unlike, separations
        As of any data of a report.
    drawn : ReportRecipe
        What is shown, and how finely.

    Raises
    ------
    InputError
        If there are no scores, or a table lacks a column.
    """

    title: str
    survey: str
    scores: Mapping[str, pd.DataFrame]
    pdfs: Mapping[str, BinnedPdfs]
    miscoverage: Mapping[str, float]
    trends: pd.DataFrame = field(default_factory=lambda: NO_TRENDS)
    coverage: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COVERAGE_COLUMNS)))
    notes: tuple[str, ...] = ()
    learned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]] = field(default_factory=dict)
    separations: Sequence[Separation | None] = ()
    drawn: ReportRecipe = field(default_factory=ReportRecipe)
    kind: ClassVar[str] = "regression"

    def __post_init__(self) -> None:
        if not self.scores:
            raise InputError("a report needs the values of at least one regressor")
        for model, table in self.scores.items():
            absent = [name for name in COLUMNS if name not in table]
            if absent:
                raise InputError(f"{model}: column {absent[0]!r} is missing; there: {', '.join(map(str, table))[:300]}")

    @property
    def classifier(self) -> str:
        """Name of the judged model."""
        return next(iter(self.scores))

    @property
    def part(self) -> str:
        """Name of the part that all models are judged on: the first of `PARTS` with judged rows."""
        rows = self.scores[self.classifier]
        if "split" not in rows:
            return "all"
        return next((name for name in PARTS.values() if len(self.rows(self.classifier, name))), "test")

    def rows(self, model: str, part: str) -> pd.DataFrame:
        """Return the rows of a part with a target and a value; their numbers are those of `pdfs`."""
        rows = part_rows(self.scores[model], part)
        return rows[np.isfinite(rows["target"].to_numpy(float)) & np.isfinite(rows["value"].to_numpy(float))]

    def judged(self, model: str, part: str = "") -> tuple[pd.DataFrame, JudgedRedshifts]:
        """Return the judged rows of a model, and what the measures take of them; of its own part by default."""
        rows = self.rows(model, part or self.part)
        pdfs = self.pdfs[model].rows(rows.index.to_numpy())
        return rows, JudgedRedshifts.of(rows["value"], rows["target"], pdfs)

    @property
    def of_redshifts(self) -> RedshiftReportData:
        """What the figures of redshifts show: the judged rows of the judged regressor."""
        rows, judged = self.judged(self.classifier)
        return RedshiftReportData(
            title=self.classifier,
            spectroscopic=rows["target"].to_numpy(float),
            predicted=rows["value"].to_numpy(float),
            pit=judged.pit,
            trends=self.trends,
        )


REGRESSION_PLOTS: Registry[Callable[[RegressionReportData], PlotResult]] = Registry("plot of a regressor")


def _of_redshifts(name: str) -> None:
    said = REDSHIFT_PLOTS.metadata(name)

    @entering(REGRESSION_PLOTS, name, title=str(said["title"]), caption=str(said["caption"]))
    def drawn(data: RegressionReportData) -> PlotResult:
        return REDSHIFT_PLOTS[name](data.of_redshifts)


for _name in REDSHIFT_PLOTS:
    _of_redshifts(_name)


@entering(
    REGRESSION_PLOTS,
    "interval_coverage",
    title="Coverage of the intervals",
    caption="Share of targets between low and high (above) and mean width of these intervals (below) in bins. The "
    "dashed line is what was promised; the promise holds on average over all rows, not in each bin.",
)
def interval_coverage(data: RegressionReportData) -> PlotResult:
    """Draw how often the conformal intervals of each model hold the target, and how wide they are, in bins."""
    table = data.coverage[data.coverage["n"] > 0].reset_index(drop=True)
    kinds = list(dict.fromkeys(table["by"]))
    figure, axes = panels(2, max(len(kinds), 1), width=4.6, height=2.9)
    if table.empty:
        for panel in axes.ravel():
            no_data(panel, "there are no intervals")
        return PlotResult(figure=figure, table=table, note="there are no judged rows with an interval")
    for column, kind in enumerate(kinds):
        for place, model in enumerate(data.scores):
            rows = table[(table["by"] == kind) & (table["model"] == model)]
            centre = 0.5 * (rows["low"] + rows["high"]) + 0.06 * place * (rows["high"] - rows["low"])
            apart = np.abs(rows[["coverage_low", "coverage_high"]].to_numpy(float).T - rows["coverage"].to_numpy(float))
            axes[0, column].errorbar(centre, rows["coverage"], yerr=apart, linestyle="none", markersize=4,
                                     label=model, **marker_style(place))  # fmt: skip
            axes[1, column].plot(centre, rows["width"], linestyle="none", markersize=4, **marker_style(place))
        axes[0, column].axhline(1 - data.miscoverage[data.classifier], color=INK, linestyle="--", linewidth=0.9)
        axes[0, column].set(xlabel=kind, ylabel="share within low to high")
        axes[1, column].set(xlabel=kind, ylabel="mean width", ylim=(0.0, None))
        per_cent(axes[0, column].yaxis)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    axes[1, 0].legend(handles, labels, loc="best", fontsize="small")
    return PlotResult(figure=figure, table=table)


@entering(
    REGRESSION_PLOTS,
    "residual_histogram",
    title="Residuals",
    caption="Share of galaxies by (z_phot - z_spec) / (1 + z_spec), of each model on the same part. The dashed lines "
    "are the limits of an outlier.",
)
def residual_histogram(data: RegressionReportData) -> PlotResult:
    """Draw the distributions of the residuals of all models."""
    edges: NDArray[np.float64] = np.linspace(-0.3, 0.3, 61)
    parts = []
    for model in data.scores:
        _, judged = data.judged(model)
        known = judged.residual[np.isfinite(judged.residual)]
        counts, _ = np.histogram(np.clip(known, edges[0], edges[-1]), bins=edges)
        shares = counts / max(len(known), 1)
        parts.append(pd.DataFrame({"model": model, "low": edges[:-1], "high": edges[1:], "n": counts, "share": shares}))
    table = pd.concat(parts, ignore_index=True)
    figure, axes = panels(width=5.2, height=3.9)
    if not table["n"].sum():
        no_data(axes[0, 0], "there are no judged rows")
        return PlotResult(figure=figure, table=table.iloc[:0], note="there are no judged rows")
    for place, model in enumerate(data.scores):
        rows = table[table["model"] == model]
        axes[0, 0].stairs(
            rows["share"].to_numpy(), edges, label=model, color=model_style(place)["color"], linewidth=1.8
        )
    for side in (-0.15, 0.15):
        axes[0, 0].axvline(side, color=MUTED, linestyle="--", linewidth=0.9)
    axes[0, 0].set(xlim=edges[[0, -1]], xlabel="residual; beyond the ends counted there", ylabel="share of galaxies")
    axes[0, 0].legend(fontsize="small")
    return PlotResult(figure=figure, table=table)
