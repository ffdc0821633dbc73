"""A report from its data: measure, draw, and fill in the page; what differs between kinds is in `REPORT_KINDS`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
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
    gate: object = None,
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
    gate : GateRules, optional
        Rules that say whether the classifier may go live; ``data.drawn.gate`` is their name.
    provenance : mapping, optional
        How the report comes about; it is folded on the page, and part of metrics.json.

    Raises
    ------
    InputError
        If there is a gate and this kind of report has none.
    UnknownNameError
        If there is no kind or no plot of a name; nothing is computed before.
    """
    kind = REPORT_KINDS[data.kind]
    wanted = (data.drawn.plots or kind.order) if plots is None else plots
    draws = {name: kind.plots[name] for name in wanted}
    if gate is not None and kind.gate is None:
        raise InputError(f"the report of {data.survey} is one of {data.kind}; allowed with a gate: real and bogus")
    how = Bootstrap(replicates=replicates, seed=seed, level=data.drawn.interval_level)
    data = kind.completed(data, how)
    numbers = kind.measure(data, how)
    if gate is not None and kind.gate is not None:
        numbers["gate"] = plain(kind.gate(numbers, gate, data.drawn.gate))
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
