"""What a report of classes shows: which classes there are, their scores, the confused rows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.cutouts.planes import images_of
from pipeline.errors import InputError
from pipeline.io.packages.package_file import training_history
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import class_columns, scores_provenance, unlike_training
from pipeline.metrics.class_mistakes import class_mistakes
from pipeline.metrics.class_rows import judged_rows
from pipeline.plots import ClassReportData, Mistakes
from pipeline.plots.class_gallery import across_of
from pipeline.scores.deciding_rules import RULES, DecidingRules
from pipeline.stages.diagram_points import diagram_points
from pipeline.stages.mistake_cutouts import with_cutouts
from pipeline.stages.report_sources import GATHERED, ReportSources
from pipeline.stages.rule_columns import rule_columns
from pipeline.stages.scored_rows import separations_of
from pipeline.stages.usable_scores import UsableScores
from pipeline.surveys.base import Source, StatesFolder
from pipeline.surveys.settings import SurveySettings

_REFERENCE = "all that its veto allows"
"""What the point of a class in the figure of precision and recall is, where the survey has a veto for it."""

_MOST_MISTAKES = 30
"""How many confused rows the gallery gets at most."""


def class_names_of(settings: SurveySettings, sources: ReportSources) -> tuple[str, ...]:
    """Return the names of the classes that a report is of.

    The files with the rows decide; without them the survey's settings do, if the scores have as many classes.

    Parameters
    ----------
    settings : SurveySettings
        The survey's settings.
    sources : ReportSources
        The scores files and the files with their rows.

    Raises
    ------
    InputError
        If files disagree about the classes, or scores have probabilities of another number of classes.
    """
    stated = {path: _stated(path) for path in sources.rows}
    names = next(iter(stated.values()), settings.class_names)
    for path, others in stated.items():
        if others != names:
            raise InputError(
                f"{path} has the classes {', '.join(others)}, and {next(iter(stated))} {', '.join(names)}; a report "
                "is of one list of classes"
            )
    found = {path: class_columns(path) for path in sources.scores.values()}
    most = max(found.values(), default=0)
    if most <= 2 and len(names) <= 2:
        return tuple(names)
    for path, n in found.items():
        if n != len(names):
            where = next(iter(stated), None) or "the survey's settings"
            raise InputError(
                f"{path} has probabilities of {n} classes (p_0 ...), and {where} names {len(names)}: "
                f"{', '.join(names)}; name the rows that were scored with --rows"
            )
    return tuple(names)


@GATHERED.register("classes")
def gather_class_report_data(
    survey: Source[StatesFolder], sources: ReportSources, names: Sequence[str]
) -> ClassReportData:
    """Return everything that a report of classes shows.

    Parameters
    ----------
    survey : Source
        Whose settings have notes and vetoes.
    sources : ReportSources
        The files that the report is made from, and what is asked of it.
    names : sequence of str
        The names of the classes, from `class_names_of`.

    Raises
    ------
    InputError
        If ``must_judge`` is set and a model has no judged rows, a label is of no class, or models differ in a label.
    """
    scores = UsableScores.read(sources.scores, sources.rows, sources.scored_by, sources.found_packages)
    settings = survey.settings
    rules = DecidingRules.of(settings.vetoes, settings.overrides, names)
    for path in sources.scores.values():
        _require_same_rules(path, rules)
    data = ClassReportData(
        title=sources.title,
        survey=sources.name,
        class_names=tuple(names),
        scores={
            model: _ruled(_with_chances(table, names), rules, sources.rows) for model, table in scores.usable.items()
        },
        vetoes=rules.stated()["vetoes"],
        overrides=rules.stated()["overrides"],
        history={model: training_history(folders) for model, folders in sources.packages.items() if folders},
        notes=settings.notes,
        learned=scores.counts_learned,
        unknown=scores.unknown,
        unlike={model: unlike_training(path) for model, path in sources.scores.items()},
        separations=separations_of(sources.rows),
        drawn=sources.drawn,
    )
    data = replace(data, reference_points=_allowed_alone(data), reference_name=_REFERENCE)
    _require_one_label(data)
    if sources.must_judge:
        for model, table in data.scores.items():
            _require_judged(model, table, data, len(scores.joined[model]) - len(table))
    diagrams = diagram_points(data.judged(data.classifier), settings.colour_diagrams, sources.rows)
    return replace(data, mistakes=_mistakes(data, sources.rows), diagrams=tuple(diagrams))


def _with_chances(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return scores with a probability for each class; of two classes, the one score states both."""
    if len(names) != 2 or "p_1" in table:
        return table
    return table.assign(p_0=1.0 - table["score"], p_1=table["score"])


def _require_same_rules(path: Path, rules: DecidingRules) -> None:
    """Refuse scores whose classes were decided by other rules than the survey states: the report would contradict."""
    decided = {} if path.suffix == ".csv" else scores_provenance(path).get(RULES, {})
    if decided and decided != rules.stated():
        raise InputError(
            f"{path}: its classes were decided by other vetoes or overrides than the survey states now; score the "
            "rows again, or report them with the settings of then"
        )


def _ruled(table: pd.DataFrame, rules: DecidingRules, files: Sequence[Path]) -> pd.DataFrame:
    """Return the scores with what each veto says of each row, and the class after the rules where it is not there."""
    if not rules:
        return table
    columns = rule_columns(table, rules, files)
    table = table.assign(**{f"vetoed_{index}": vetoed for index, vetoed in rules.vetoed(columns).items()})
    if "label_decided" in table:
        return table
    chances = table[[f"p_{index}" for index in range(len(rules.class_names))]].to_numpy(dtype=np.float64)
    called = np.where(np.isnan(chances).any(axis=1), -1, np.nan_to_num(chances).argmax(axis=1))
    return table.assign(label_decided=rules.decide(called, columns)[0])


def _allowed_alone(data: ClassReportData) -> dict[int, tuple[float, float]]:
    """Return recall and precision of calling a class all judged rows that its veto allows, such as a cut in colour."""
    rows = data.judged(data.classifier)
    points = {}
    for index in (place for place in range(data.n_classes) if f"vetoed_{place}" in rows):
        allowed, own = ~rows[f"vetoed_{index}"].to_numpy(dtype=bool), (rows["label"] == index).to_numpy()
        if allowed.any() and own.any():
            points[index] = (float(allowed[own].mean()), float(own[allowed].mean()))
    return points


def _require_one_label(data: ClassReportData) -> None:
    """Refuse scores that label a candidate otherwise than those of the judged classifier: nothing could be paired."""
    first = data.scores[data.classifier].drop_duplicates("candidate_id").set_index("candidate_id")["label"].fillna(-1)
    for model, table in data.scores.items():
        own = table["candidate_id"].map(first)
        apart = table[own.notna() & (own != table["label"].fillna(-1))]
        if len(apart):
            raise InputError(
                f"{model}: candidate {apart['candidate_id'].iloc[0]} and {len(apart) - 1} more have another label than "
                f"in the scores of {data.classifier}; allowed: one label for each"
            )


def _stated(path: Path) -> tuple[str, ...]:
    with open_cutouts(path) as file:
        return tuple(file.header.class_names)


def _require_judged(model: str, table: pd.DataFrame, data: ClassReportData, learned: int) -> None:
    labelled = table["label"].fillna(-1)
    if not judged_rows(labelled, data.chances(table)).any():
        raise InputError(
            f"{model}: no rows to judge: {learned} were left out because the model learned from them; of the other "
            f"{len(table)}, {int((labelled < 0).sum())} have no label and the rest no score. Use --rows to name "
            "labelled rows"
        )


def _mistakes(data: ClassReportData, rows: Sequence[Path]) -> Mistakes | None:
    """Return the most surely confused rows of the judged part, as many of a pair as fit in a line of the gallery."""
    judged, of_pair = data.judged(data.classifier), 3
    if rows:
        with open_cutouts(rows[0]) as file:
            of_pair = of_pair if file.header.is_table else max(of_pair, across_of(images_of(file.header.channels)))
    found = class_mistakes(judged, data.n_classes, of_pair=of_pair, most=_MOST_MISTAKES)
    return with_cutouts(found, rows) if rows or found.empty else Mistakes(rows=found, cutouts=None)
