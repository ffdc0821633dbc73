"""What the report of a regressor shows: values and distributions joined with the targets of their rows."""

from collections.abc import Sequence

import numpy as np

from pipeline.errors import InputError
from pipeline.io.results.schema import TARGET
from pipeline.io.results.scores_file import unlike_training
from pipeline.io.results.value_columns import distributions
from pipeline.plots.regression_data import RegressionReportData
from pipeline.stages.report_sources import GATHERED, ReportSources
from pipeline.stages.scored_rows import separations_of
from pipeline.stages.usable_scores import UsableScores
from pipeline.surveys.base import Source, StatesFolder


@GATHERED.register("regression")
def gather_regression_report_data(
    survey: Source[StatesFolder],
    sources: ReportSources,
    names: Sequence[str],  # noqa: ARG001  (there are no classes)
) -> RegressionReportData:
    """Return everything that the report of a regressor shows.

    Parameters
    ----------
    survey : Source
        For its notes.
    sources : ReportSources
        The files that the report is made from, and what is asked of it.
    names : sequence of str
        Not used.

    Raises
    ------
    InputError
        If scores are not those of a regressor, rows have no target, or ``must_judge`` is set and a model has no judged
        rows.
    """
    scores = UsableScores.read(sources.scores, sources.rows, sources.scored_by, sources.found_packages)
    tables, pdfs, miscoverage = {}, {}, {}
    for model, whole in scores.usable.items():
        table = whole.reset_index(drop=True)
        if "value" not in table or TARGET not in table:
            absent = "value" if "value" not in table else TARGET
            raise InputError(
                f"{sources.scores[model]}: there is no {absent!r}; allowed: scores of a regressor, with the rows of a "
                "survey with a target"
            )
        pdfs[model], miscoverage[model] = distributions(sources.scores[model], table)
        tables[model] = table[[name for name in table if not str(name).startswith("m_")]]
    data = RegressionReportData(
        title=sources.title,
        survey=sources.name,
        scores=tables,
        pdfs=pdfs,
        miscoverage=miscoverage,
        notes=survey.settings.notes,
        learned=scores.counts_learned,
        unknown=scores.unknown,
        unlike={model: unlike_training(path) for model, path in sources.scores.items()},
        separations=separations_of(sources.rows),
        drawn=sources.drawn,
    )
    for model, table in tables.items() if sources.must_judge else ():
        if not len(data.rows(model, data.part)):
            unknown = int((~np.isfinite(table[TARGET].to_numpy(float))).sum())
            raise InputError(
                f"{model}: no rows to judge: {len(scores.joined[model]) - len(table)} were left out because the model "
                f"learned from them; of the other {len(table)}, {unknown} have no target and the rest no value"
            )
    return data
