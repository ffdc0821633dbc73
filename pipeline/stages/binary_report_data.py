"""What a report of real and bogus shows: scores, references, mistakes, truth and injections.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, CLASS_NAMES, LEFT_OUT, REAL, TEST, UNLABELLED
from pipeline.errors import InputError
from pipeline.ids.unmatched import warn_unmatched
from pipeline.io.packages.package_content import read_package
from pipeline.io.packages.package_file import PackageFacts, learned_from
from pipeline.io.results.scores_file import scores_provenance, unlike_training
from pipeline.metrics import scored_mask, worst_mistakes
from pipeline.metrics.mistakes import example_rows
from pipeline.metrics.verdict_coverage import VerdictPromise
from pipeline.plots.data import CutOutcomes, Mistakes, ReportData
from pipeline.rng import stream
from pipeline.scores.verdicts import CONFORMAL
from pipeline.stages.injection_results import psfs_of_injections, truth_of_injections
from pipeline.stages.mistake_cutouts import with_cutouts
from pipeline.stages.report_sources import GATHERED, ReportSources
from pipeline.stages.rule_scores import rule_scores
from pipeline.stages.scored_beside import scored_beside
from pipeline.stages.scored_rows import separations_of
from pipeline.stages.stated_cuts import RULES
from pipeline.stages.usable_scores import UsableScores
from pipeline.surveys.base import Source, StatesFolder

log = logging.getLogger(__name__)


def reference_scores(
    survey: Source[StatesFolder], names: Sequence[str], judged: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the judged rows with the scores of other classifiers, or of a single column; NaN where there is none.

    A name of a candidate column means the column's own values, with the sign by which larger means more often real.
    """
    found = {}
    for name in names:
        if name in judged:
            score = judged[name].to_numpy(float)
            score = score * _direction(judged["label"].to_numpy(), score)
        else:
            table = survey.reference(name, "").drop_duplicates("candidate_id").set_index("candidate_id")
            score = table["score"].reindex(judged["candidate_id"]).to_numpy(float)
            if len(table) and len(judged) and not table.index.isin(judged["candidate_id"]).any():
                warn_unmatched(log, f"the table {name!r} of the survey", len(table), "a judged candidate")
        found[name] = judged.assign(score=score)
    return found


def _direction(label: np.ndarray, score: np.ndarray) -> int:
    known = np.isfinite(score)
    real, bogus = score[known & (label == REAL)], score[known & (label == BOGUS)]
    return -1 if len(real) and len(bogus) and np.median(real) < np.median(bogus) else 1


def mistakes_with_cutouts(
    judged: pd.DataFrame, threshold: float, rows: Sequence[Path], most: int = 8
) -> Mistakes | None:
    """Return the worst mistakes with their cutouts, read row by row; None if there are no mistakes or no cutouts.

    Parameters
    ----------
    judged : DataFrame
        Rows with ``label`` and ``score``.
    threshold : float
        From which score a row is called real.
    rows : sequence of Path
        Files with cutouts; where they lack a row, it has no picture.
    most : int
        How many mistakes of each kind.
    """
    called_at = float(np.float32(threshold))  # as rows are called
    return with_cutouts(worst_mistakes(judged, called_at, most), rows)


def truth_of_judged(survey: Source[StatesFolder], nights: Sequence[str], judged: pd.DataFrame) -> pd.DataFrame | None:
    """Return what each judged candidate really is; None unless the survey knows it, as a synthetic sky does."""
    if "truth" not in survey.tables or not nights:
        return None
    truth = pd.concat([survey.reference("truth", night) for night in nights], ignore_index=True)
    is_judged = truth["candidate_id"].isin(judged["candidate_id"])
    if (truth["candidate_id"] != "").any() and len(judged) and not is_judged.any():
        warn_unmatched(log, "the table 'truth' of the survey", len(truth), "a judged candidate")
    return truth[is_judged].reset_index(drop=True)


def _with_failed_cuts(judged: pd.DataFrame, cuts: CutOutcomes | None) -> pd.DataFrame:
    """Return the judged rows with the names of the cuts that each fails, where there are cuts."""
    if cuts is None:
        return judged
    names = np.array(list(cuts.ranges), dtype=object)
    listed = [", ".join(names[row]) for row in cuts.failed[list(names)].to_numpy(bool)]
    return judged.assign(
        failed_cuts=judged["candidate_id"].map(dict(zip(cuts.failed["candidate_id"], listed, strict=True)))
    )


def _check_classes(model: str, table: pd.DataFrame) -> None:
    strange = sorted(set(table["label"].dropna()) - {UNLABELLED, BOGUS, REAL})
    if strange:
        raise InputError(
            f"{model}: label {strange[0]} is not one that a report can judge; allowed: 0 (bogus), 1 (real) and "
            "-1 (unlabelled)"
        )


def _check_judged(model: str, table: pd.DataFrame, learned: int) -> None:
    if not scored_mask(table["label"], table["score"]).any():
        unlabelled = int((~table["label"].isin([BOGUS, REAL])).sum())
        raise InputError(
            f"{model}: no rows to judge: {learned} were left out because the model learned from them; of the other "
            f"{len(table)}, {unlabelled} have no label and the rest no score. Use --rows to name labelled rows"
        )


def _learned_of_nights(table: pd.DataFrame, learned: Mapping[str, pd.Series]) -> pd.DataFrame | None:
    """Return the rows of completely scored nights that a model learned from; None if such nights are not known."""
    if "split" not in table or "night" not in table:
        return None
    return table[np.any([*learned.values()], axis=0) & (table["split"] == LEFT_OUT).to_numpy()]


def _scores_files(sources: ReportSources) -> dict[str, Path]:
    """Return all scores files of a report, by model."""
    return {**sources.scores, **{name: package.scores for name, package in sources.beside.items()}}


def _calibrations(
    tables: Mapping[str, pd.DataFrame], facts: Mapping[str, PackageFacts], named: Sequence[Path]
) -> dict[str, dict[str, Mapping[str, object]]]:
    """Return by model the calibration of each package that its rows name, of its own packages and of named ones."""
    known = {name: stated for fact in facts.values() for name, stated in fact.calibrations.items()}
    contents = [read_package(folder).values for folder in named]
    known |= {str(content["name"]): content["calibration"] for content in contents if "calibration" in content}
    return {
        model: {name: known[name] for name in table["model"].astype(str).unique() if name in known}
        for model, table in tables.items()
        if "model" in table
    }


@GATHERED.register("binary")
def gather_report_data(
    survey: Source[StatesFolder], sources: ReportSources, _names: Sequence[str] = CLASS_NAMES
) -> ReportData:
    """Return everything that a report of real and bogus shows.

    Parameters
    ----------
    survey : Source
        Where references and truth come from.
    sources : ReportSources
        The files that the report is made from, and what is asked of it.

    Raises
    ------
    InputError
        If ``must_judge`` is set and a model has no judged rows, or if there are labels of more than two classes.
    """
    scores = UsableScores.read(sources.scores, sources.rows, sources.scored_by, sources.found_packages)
    tables = scores.usable
    for model, table in tables.items():
        _check_classes(model, table)
        if sources.must_judge:
            _check_judged(model, table, len(scores.joined[model]) - len(table))
    packages = {**sources.packages, **{name: [package.folder] for name, package in sources.beside.items()}}
    facts = {model: PackageFacts.read(folders) for model, folders in packages.items() if folders}
    first = next(iter(tables))
    test = tables[first]
    judged = test[test["split"] == TEST] if "split" in test and (test["split"] == TEST).any() else test
    thresholds = {model: fact.threshold for model, fact in facts.items()}
    threshold_rules = {model: fact.threshold_rule for model, fact in facts.items()}
    compared = judged.drop(columns="verdict", errors="ignore")  # those of the classifier judge no other
    ruled = rule_scores(compared, sources.rows, sources.cuts) if sources.cuts and sources.rows else None
    beside = {name: scored_beside(compared, package) for name, package in sources.beside.items()}
    others = {name: one.rows for name, one in beside.items()}
    others |= reference_scores(survey, sources.references, compared)
    if ruled and RULES not in tables:  # a trained one has its own scores
        others = {RULES: ruled[0], **others}
        thresholds, threshold_rules = {**thresholds, RULES: 0.0}, {**threshold_rules, RULES: "all cuts are passed"}
    return ReportData(
        title=sources.title,
        survey=sources.name,
        scores=tables | others,
        thresholds=thresholds,
        threshold_rules=threshold_rules,
        mistakes=mistakes_with_cutouts(
            _with_failed_cuts(judged, ruled[1] if ruled else None),
            thresholds.get(first, sources.drawn.threshold),
            sources.rows,
            sources.drawn.examples,
        ),
        examples=_examples(judged, thresholds.get(first, sources.drawn.threshold), sources),
        history={model: fact.history for model, fact in facts.items() if model not in beside and len(fact.history)},
        calibrations=_calibrations(tables, facts, sources.scored_by),
        best_thresholds={model: fact.best_thresholds for model, fact in facts.items()},
        base_rate=survey.settings.base_rate,
        candidates_per_night=survey.settings.candidates_per_night,
        truth=truth_of_judged(survey, sorted(set(judged["night"])), judged) if "night" in judged else None,
        notes=survey.settings.notes,
        injected=truth_of_injections(sources.simulated),
        psfs=psfs_of_injections(sources.simulated),
        fwhm_ratio_cuts=sources.fwhm_ratio_cuts,
        learned=scores.counts_learned | {name: one.learned for name, one in beside.items()},
        learned_of_nights=_learned_of_nights(scores.joined[first], scores.learned[first]),
        unknown=scores.unknown,
        unknown_training=tuple(name for name, one in beside.items() if not one.says_what_it_learned),
        unlike={model: unlike_training(path) for model, path in _scores_files(sources).items()},
        separations=separations_of(sources.rows),
        cuts=ruled[1] if ruled else None,
        spans=survey.settings.spans,
        trained_on=_trained_on(tables[first], packages.get(first, ()), sources),
        drawn=sources.drawn,
        promises={
            model: promise for model, path in _scores_files(sources).items() if (promise := _promise(path)) is not None
        },
    )


def _examples(judged: pd.DataFrame, threshold: float, sources: ReportSources) -> Mistakes | None:
    """Return rows of what is usual, with their cutouts; None without labelled rows or cutouts."""
    rows = judged[scored_mask(judged["label"], judged["score"])].drop_duplicates("candidate_id")
    rng = stream(0, "report examples", sources.name)
    return with_cutouts(example_rows(rows, threshold, sources.drawn.examples, rng), sources.rows)


def _trained_on(table: pd.DataFrame, own: Sequence[Path], sources: ReportSources) -> dict[str, object]:
    """Return what the classifier learned from; of given scores, what the one package says that made them all."""
    if own:
        return learned_from(own)
    names = set(table["model"].astype(str)) if "model" in table else set()
    made = [
        folder
        for folder in (*sources.scored_by, *sources.found_packages)
        if read_package(folder).values["name"] in names
    ]
    return learned_from(made[:1]) if len(names) == 1 else {}


def _promise(scores: Path) -> VerdictPromise | None:
    """Return what the verdicts of a scores file promise; None if it does not say, as a CSV file."""
    said = {} if scores.suffix == ".csv" else scores_provenance(scores).get(CONFORMAL, {})
    if "rows" not in said:
        return None
    return VerdictPromise(
        error=said["error"], rows=said["rows"], by_class=said["promise"] == "class", base_rate=said["base_rate"]
    )
