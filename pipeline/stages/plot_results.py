"""What a report judges: scores joined with what is known of each candidate, references, worst mistakes."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, LEFT_OUT, REAL, TEST
from pipeline.datasets.separation import Separation
from pipeline.errors import InputError
from pipeline.ids.unmatched import warn_unmatched
from pipeline.io.packages.package_file import PackageFacts
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores, unlike_training
from pipeline.metrics import scored_mask, worst_mistakes
from pipeline.plots.data import Mistakes, Psfs, ReportData
from pipeline.stages.learned_rows import DATASET_PART, learned_parts, left_out_rows, unknown_rows
from pipeline.surveys.base import Survey

log = logging.getLogger(__name__)
_MISTAKES = 8


def judged_scores(scores: Path, rows: Sequence[Path]) -> pd.DataFrame:
    """Return a scores file with the columns of its candidates beside it, joined by ``candidate_id``.

    Parameters
    ----------
    scores : Path
        Parquet or CSV. A CSV that holds ``label`` itself needs no rows.
    rows : sequence of Path
        Cutout files or data sets that hold the candidates; a candidate in several counts by the first.

    Returns
    -------
    DataFrame
        With ``dataset_part`` beside the columns of the candidates where data sets are among ``rows``: the part of
        the candidate as in ``split``, the lowest over all of them, -1 where it is in none.

    Raises
    ------
    InputError
        If a scored candidate is in none of them and the scores hold no label.
    """
    table = read_scores(scores)
    if not rows:
        if "label" not in table:
            raise InputError(f"{scores} holds no labels: name the cutout file or data set with --rows")
        return table
    given = [_candidates(path) for path in rows]
    known = pd.concat(given, ignore_index=True).drop_duplicates("candidate_id")
    absent = ~table["candidate_id"].isin(known["candidate_id"])
    if absent.any():
        raise InputError(
            f"{scores}: candidate_id {table['candidate_id'][absent].iloc[0]!r} and {int(absent.sum()) - 1} more "
            f"are in none of {', '.join(path.name for path in rows)}"
        )
    for path, candidates in zip(rows, given, strict=True):
        if len(candidates) and not candidates["candidate_id"].isin(table["candidate_id"]).any():
            warn_unmatched(log, str(path), len(candidates), f"a candidate of {scores.name}")
    keep = [name for name in known if name == "candidate_id" or name not in table]
    joined = table.merge(known[keep], on="candidate_id", how="left", validate="many_to_one")
    parts = _dataset_parts(rows)
    if parts is None:
        return joined
    return joined.assign(**{DATASET_PART: joined["candidate_id"].map(parts).fillna(-1).astype(np.int8)})


def separations(rows: Sequence[Path]) -> list[Separation | None]:
    """Return how each data set among some files kept its parts from sharing pixels; None for one that does not say."""
    found: list[Separation | None] = []
    for path in rows:
        with open_cutouts(path) as file:
            if file.is_dataset:
                facts = file.provenance.get(schema.SEPARATION)
                found.append(Separation.from_facts(facts) if facts else None)
    return found


def _dataset_parts(rows: Sequence[Path]) -> pd.Series | None:
    """Return the lowest part of each candidate over the data sets among ``rows``; None where none is one."""
    found = []
    for path in rows:
        with open_cutouts(path) as file:
            if file.is_dataset:
                ids = file.candidates(columns=("candidate_id",))["candidate_id"]
                found.append(pd.Series(file.split()[0], index=ids.to_numpy()))
    return pd.concat(found).groupby(level=0).min() if found else None


def _candidates(path: Path) -> pd.DataFrame:
    with open_cutouts(path) as file:
        return file.candidates()


def reference_scores(survey: Survey, names: Sequence[str], judged: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what other classifiers, or one column alone, say of the judged rows; NaN where they are silent.

    A name that is a candidate column is used as it stands, turned so that larger means more often real.
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


def mistakes(judged: pd.DataFrame, threshold: float, rows: Sequence[Path]) -> Mistakes | None:
    """Return the worst mistakes with their cutouts, read row by row; None when no cutouts are at hand."""
    worst = worst_mistakes(judged, threshold, _MISTAKES)
    places: dict[str, NDArray[np.float32]] = {}
    for path in rows:
        with open_cutouts(path) as file:
            ids = file.candidates(columns=("candidate_id",))["candidate_id"]
            wanted = ids.index[ids.isin(worst["candidate_id"])]
            places |= {ids[row]: file.pixels(slice(row, row + 1))[0] for row in wanted if ids[row] not in places}
            channels = file.header.channels
    if not rows or not len(worst):
        return None
    return Mistakes(rows=worst, cutouts=np.stack([places[name] for name in worst["candidate_id"]]), channels=channels)


def truth_table(survey: Survey, nights: Sequence[str], judged: pd.DataFrame) -> pd.DataFrame | None:
    """Return what each judged candidate really is, where the survey knows (a synthetic sky does) and there is any."""
    if "truth" not in survey.tables or not nights:
        return None
    truth = pd.concat([survey.reference("truth", night) for night in nights], ignore_index=True)
    mine = truth["candidate_id"].isin(judged["candidate_id"])
    if (truth["candidate_id"] != "").any() and len(judged) and not mine.any():
        warn_unmatched(log, "the table 'truth' of the survey", len(truth), "a judged candidate")
    return truth[mine].reset_index(drop=True)


def injected_table(simulated: Sequence[Path]) -> pd.DataFrame | None:
    """Return the truth of simulated transients, recovered and missed, over all files; None without injections."""
    tables = []
    for path in dict.fromkeys(simulated):
        with open_cutouts(path) as file:
            truth = file.table("truth")
        if len(truth):
            tables.append(truth)
    if not tables:
        return None
    injected = pd.concat(tables, ignore_index=True)
    repeated = injected["injection_id"].duplicated()
    if repeated.any():
        first = injected["injection_id"][repeated].iloc[0]
        raise InputError(f"injection_id {first!r} is in more than one of {', '.join(path.name for path in simulated)}")
    return injected


def injection_psfs(simulated: Sequence[Path]) -> Psfs | None:
    """Return the PSFs with which sources were put into images, over all files; None where there are none."""
    rows, images = [], []
    for path in dict.fromkeys(simulated):
        with open_cutouts(path) as file:
            rows.append(file.table("psf"))
            images.append(file.stack("psf_images"))
    if not sum(map(len, rows)):
        return None
    return Psfs(rows=pd.concat(rows, ignore_index=True), images=np.concatenate(images))


def _check_classes(model: str, table: pd.DataFrame) -> None:
    strange = sorted(set(table["label"].dropna()) - {-1, 0, 1})
    if strange:
        raise InputError(
            f"{model}: a report judges label 0 (bogus) and 1 (real), -1 is unlabelled; given {strange[0]} as well"
        )


def _check_judged(model: str, table: pd.DataFrame, learned: int) -> None:
    if not scored_mask(table["label"], table["score"]).any():
        unlabelled = int((~table["label"].isin([0, 1])).sum())
        raise InputError(
            f"{model}: no row to judge: {learned} were left out because the model learned from them; of the other "
            f"{len(table)}, {unlabelled} have no label, the rest no score. Name rows with labels with --rows"
        )


def _learned_of_nights(table: pd.DataFrame, learned: Mapping[str, pd.Series]) -> pd.DataFrame | None:
    """Return the rows of nights scored as a whole that a model learned from; None where no whole night is known."""
    if "split" not in table or "night" not in table:
        return None
    return table[np.any([*learned.values()], axis=0) & (table["split"] == LEFT_OUT).to_numpy()]


def report_data(
    survey: Survey,
    *,
    name: str,
    title: str,
    scores: Mapping[str, Path],
    rows: Sequence[Path],
    packages: Mapping[str, Sequence[Path]],
    scored_by: Sequence[Path] = (),
    found_packages: Sequence[Path] = (),
    references: Sequence[str] = (),
    simulated: Sequence[Path] = (),
    fwhm_ratio_cuts: tuple[float, float] = (0.5, 4.2),
    must_judge: bool = False,
) -> ReportData:
    """Return everything a report shows.

    Parameters
    ----------
    survey : Survey
        Where references and truth come from.
    name, title : str
        The survey's name, the report's heading.
    scores : mapping of str to Path
        Scores files by model, the judged classifier first, then the baseline.
    rows : sequence of Path
        Cutout files or data sets with the scored candidates.
    packages : mapping of str to sequence of Path
        Each model's packages, one a fold.
    scored_by : sequence of Path
        Packages that made the scores, as a user says; rows that they learned from are left out.
    found_packages : sequence of Path
        Packages that may have made them, as far as the scores name them.
    references : sequence of str
        Other scores to compare with.
    simulated : sequence of Path
        Files of simulated transients whose rows are among the scored ones.
    fwhm_ratio_cuts : tuple of float
        Of the figure of scores against magnitude.
    must_judge : bool
        Whether a report without judged rows is refused; a night without labels has none and keeps its page.

    Raises
    ------
    InputError
        If rows must be judged and a model has none, or labels are of more than two classes.
    """
    joined = {model: judged_scores(path, rows) for model, path in scores.items()}
    parts = learned_parts(joined, scored_by, found_packages)
    learned = {model: left_out_rows(table, parts[model]) for model, table in joined.items()}
    tables = {model: table[~np.any([*learned[model].values()], axis=0)] for model, table in joined.items()}
    for model, table in tables.items():
        _check_classes(model, table)
        if must_judge:
            _check_judged(model, table, len(joined[model]) - len(table))
    facts = {model: PackageFacts.read(folders) for model, folders in packages.items() if folders}
    first = next(iter(tables))
    test = tables[first]
    judged = test[test["split"] == TEST] if "split" in test and (test["split"] == TEST).any() else test
    thresholds = {model: fact.threshold for model, fact in facts.items()}
    return ReportData(
        title=title,
        survey=name,
        scores=tables | reference_scores(survey, references, judged),
        thresholds=thresholds,
        threshold_rules={model: fact.threshold_rule for model, fact in facts.items()},
        mistakes=mistakes(judged, thresholds.get(first, 0.5), rows),
        history={model: fact.history for model, fact in facts.items() if len(fact.history)},
        base_rate=survey.settings.base_rate,
        truth=truth_table(survey, sorted(set(judged["night"])), judged) if "night" in judged else None,
        notes=survey.settings.notes,
        injected=injected_table(simulated),
        psfs=injection_psfs(simulated),
        fwhm_ratio_cuts=fwhm_ratio_cuts,
        learned={
            model: {part: int(left_out.sum()) for part, left_out in by_part.items()}
            for model, by_part in learned.items()
        },
        learned_of_nights=_learned_of_nights(joined[first], learned[first]),
        unknown={model: int(unknown_rows(table, parts[model]).sum()) for model, table in joined.items()},
        unlike={model: unlike_training(path) for model, path in scores.items()},
        separations=separations(rows),
    )
