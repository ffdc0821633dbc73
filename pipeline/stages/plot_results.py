"""The report of a classifier: gather scores and rows, measure, draw, write.

Tested by tests/pipeline/stages/test_class_report_data.py.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.classes import MEASURED, are_real_and_bogus
from pipeline.report import build_report
from pipeline.stages.class_report_data import class_names_of
from pipeline.stages.report_folder import write_report
from pipeline.stages.report_sources import GATHERED, ReportSources
from pipeline.surveys.base import Source, StatesFolder


def plot_results(
    path: Path,
    survey: Source[StatesFolder],
    sources: ReportSources,
    *,
    replicates: int,
    seed: int,
    gate: object = None,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None],
) -> None:
    """Write a report into a folder: figures, their numbers, metrics with intervals, one page.

    Parameters
    ----------
    path : Path
        The folder.
    survey : Source
        Where references and truth come from.
    sources : ReportSources
        The files that the report is made from, and what is asked of it.
    replicates, seed : int
        Number of bootstrap samples for the intervals, and the seed of their draw.
    gate : GateRules, optional
        Rules that say whether the classifier may go live.
    provenance : mapping
        How the report comes about, which is written into it.
    progress : callable
        Called with how far the work is, 0 to 100, and a line of text.

    Raises
    ------
    InputError
        As raised by `class_names_of`, and by what gathers the data.
    """
    names = class_names_of(survey.settings, sources)
    data = GATHERED[kind_of_report(names)](survey, sources, names)
    progress(30, "computing metrics and intervals")
    report = build_report(data, replicates=replicates, seed=seed, gate=gate, provenance=provenance)
    write_report(path, report)
    progress(100, f"{len(report.figures)} figures")


def kind_of_report(names: Sequence[str]) -> str:
    """Return which kind of report classes of these names get, by its name in `REPORT_KINDS` and `GATHERED`.

    Parameters
    ----------
    names : sequence of str
        The names of the classes, from `class_names_of`.
    """
    if tuple(names) == MEASURED:
        return "regression"
    return "binary" if are_real_and_bogus(names) else "classes"
