"""A report from its data: measure, draw, and fill in the page; what differs between kinds is in `REPORT_KINDS`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.plots.data import PlotResult
from pipeline.plots.reported import Reported
from pipeline.plots.style import label_panels
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.kinds import REPORT_KINDS
from pipeline.report.metrics_json import ReportNumbers
from pipeline.report.page import page
from pipeline.report.plain import plain

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report, not yet on disk.

    Attributes
    ----------
    html : str
        The page; it links to ``figures/<name>.png`` and ``tables/<name>.csv`` beside it.
    metrics : ReportNumbers
        The content of metrics.json, with what its kind adds; plain types only.
    figures : dict of str to PlotResult
        Figures and their numbers by name, in the order of the page.
    """

    html: str
    metrics: ReportNumbers
    figures: dict[str, PlotResult]


def build_report(
    data: Reported,
    *,
    plots: Sequence[str] | None = None,
    replicates: int = 1000,
    seed: int = 0,
    provenance: Mapping[str, object] | None = None,
) -> Report:
    """Return the report of a classifier and of the models that it is compared with.

    Parameters
    ----------
    data : Reported
        Scores and what else is shown; its ``kind`` says what is measured, drawn and told of them.
    plots : sequence of str, optional
        Names of figures of this kind, in the order of the page; those of ``data.drawn`` by default.
    replicates : int
        Number of bootstrap samples of groups.
    seed : int
        Seed of the bootstrap.
    provenance : mapping, optional
        How the report comes about; it is folded on the page, and part of metrics.json.

    Raises
    ------
    UnknownNameError
        If there is no kind or no plot of a name; nothing is computed before.
    """
    kind = REPORT_KINDS[data.kind]
    wanted = (data.drawn.plots or kind.order) if plots is None else plots
    draws = {name: kind.plots[name] for name in wanted}
    how = Bootstrap(replicates=replicates, seed=seed, level=data.drawn.interval_level)
    data = kind.completed(data, how)
    numbers = kind.measure(data, how)
    figures = {}
    for name, draw in draws.items():
        figures[name] = draw(data)
        label_panels(figures[name].figure, data.drawn.panel_label)
        log.debug("drew %s with %d rows of numbers", name, len(figures[name].table))
    numbers["figures"] = {name: {"note": result.note} for name, result in figures.items()}
    numbers["provenance"] = plain(dict(provenance or {}))
    log.info(
        "measured %d models on %d rows%s, drew %d figures",
        len(data.scores),
        numbers["counts"]["judged"],
        kind.in_short(numbers),
        len(figures),
    )
    return Report(html=page(kind, data, numbers, figures), metrics=numbers, figures=figures)
