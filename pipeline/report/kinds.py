"""What differs between the kinds of reports, and their registry; each kind is a folder beside this file.

Tested by tests/pipeline/report/test_build.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.errors import UnknownNameError
from pipeline.plots.data import PlotResult
from pipeline.plots.reported import Reported
from pipeline.registry import Registry
from pipeline.report.bootstrap import Bootstrap

D = TypeVar("D", bound=Reported)
N = TypeVar("N", bound=Mapping[str, Any])


def _as_it_is(data: D, _how: Bootstrap) -> D:
    return data


def _nothing(_numbers: object) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class ReportKind(Generic[D, N]):
    """How one kind of data is measured, drawn and told.

    Attributes
    ----------
    template : str
        Its page in this folder, which fills in the blocks of ``frame.html``.
    plots : Registry
        Its figures: functions of the data.
    order : tuple of str
        Names of all its figures, in the order of the page.
    measure : callable
        Returns all numbers of metrics.json from the data, with the keys of `pipeline.report.metrics_json`.
    shown : callable
        Returns what the page shows, from data and numbers: ``tiles headline part_heads parts mistakes``, which the
        frame needs, and what the kind's own blocks name. `pipeline.report.page` makes most of it.
    caveats : callable
        Returns what a reader must know before quoting a number, one sentence each, from the numbers.
    completed : callable
        Returns the data with what both figures and numbers need and is computed once, such as intervals.
    in_short : callable
        Returns what the log says of the numbers, beginning with a comma or a colon; empty by default.
    gate : callable, optional
        Returns what the rules of a gate say, from the numbers, the rules and their name; none: there is no such gate.
    """

    template: str
    plots: Registry[Callable[[D], PlotResult]]
    order: tuple[str, ...]
    measure: Callable[[D, Bootstrap], N]
    shown: Callable[[D, N], dict[str, object]]
    caveats: Callable[[N], list[str]]
    completed: Callable[[D, Bootstrap], D] = _as_it_is
    in_short: Callable[[N], str] = _nothing
    gate: Callable[[N, Any, str], dict[str, object]] | None = None


def faults_of_plots(names: Sequence[str], kind: str = "") -> list[str]:
    """Return what is wrong with the names of figures of a recipe: those that a kind of report, or none, has."""
    known = {name for one in ([kind] if kind else REPORT_KINDS) for name in REPORT_KINDS[one].plots}
    return [str(UnknownNameError("plot", name, known)) for name in names if name not in known]


REPORT_KINDS: Registry[ReportKind[Any, Any]] = Registry(
    "kind of report",
    {
        "binary": "pipeline.report.binary",
        "classes": "pipeline.report.classes",
        "regression": "pipeline.report.regression",
    },
)
