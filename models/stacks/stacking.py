"""A stack from the packages of its members: weights, one calibration and thresholds, from rows that no member learned.

Each member's package holds the logits of rows that judged it (``logits.parquet``); these did not teach its weights. So
nothing is scored again, let alone trained.

Tested by tests/models/stacks/test_stacking.py.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax

from models.inputs.contract import InputContract
from models.packages.calibration_check import calibration_check
from models.packages.calibration_choice import with_method
from models.packages.card_figures import DIVIDED, SEEN, strata_of
from models.packages.merits import fitted_calibration, fitted_prevalence, merits, prevalence_of, shares_of
from models.packages.package import LOGITS
from models.recipes.stack import StackRecipe
from models.recipes.stack_members import LOGISTIC, Training
from models.scoring.runtime import Package, load
from models.scoring.stacked import combined_logits
from pipeline.datasets.refolded import refolded_fingerprint
from pipeline.errors import DataSetError, InputError, MissingInputError
from pipeline.io.results.parquet_table import read_table
from pipeline.recipes.learned_fold import LearnedFold
from pipeline.scores.class_calibration import Calibration, calibration_of, probabilities_of
from pipeline.scores.combination import drawn_towards, fit_class_weights, fit_weights

log = logging.getLogger(__name__)

ROW: Final = ["candidate_id", "label", "label_source"]


@dataclass(frozen=True, kw_only=True)
class OpenedMember:
    """The package of one training of a member.

    Attributes
    ----------
    training : Training
    package : Package
    """

    training: Training
    package: Package

    @property
    def words(self) -> str:
        """Return in words which member it is."""
        fold = f", learned fold {self.training.learned_fold}" if self.training.learned_fold else ""
        return f"{self.training.classifier} (seed {self.training.seed}{fold})"


@dataclass(frozen=True, kw_only=True)
class Stacked:
    """What is made of the members.

    Attributes
    ----------
    recipe : StackRecipe
    seed : int
        Of the task.
    dataset_fingerprint : str
        Of what all members learned from.
    members : tuple of OpenedMember
    weights : tuple of float
        Of the logits of each of them; they sum to 1.
    contract : InputContract
        What cutouts all of them can score.
    calibration : Platt, Beta, Isotonic or ClassScaling
        Calibration of the weighed sum.
    method, prevalence, fitted_prevalence, shares
        As in `models.packages.calibrating.Calibrated`.
    thresholds, best_thresholds, check, figures, metrics : mapping
        As in `models.packages.calibrating.Calibrated`, of the stack's scores.
    logits : DataFrame
        ``candidate_id label label_source``, the combined ``logit`` before its calibration (``logit_0 logit_1 ...`` with
        more classes) and, of two classes, ``member_0 member_1 ...``: what is weighed, by the recipe's ``members``.
    """

    recipe: StackRecipe
    seed: int
    dataset_fingerprint: str
    members: tuple[OpenedMember, ...]
    weights: tuple[float, ...]
    contract: InputContract
    calibration: Calibration
    method: str
    prevalence: float
    fitted_prevalence: float
    shares: Mapping[str, float]
    thresholds: Mapping[str, float]
    best_thresholds: Mapping[str, Mapping[str, float]]
    check: Mapping[str, object]
    figures: Mapping[str, object]
    metrics: Mapping[str, float]
    logits: pd.DataFrame


def stack(
    trainings: Sequence[Training],
    folders: Sequence[Path],
    recipe: StackRecipe,
    *,
    seed: int,
    dataset_fingerprint: str,
    channels: Sequence[str],
    survey: Mapping[str, float] = MappingProxyType({}),
    candidates: pd.DataFrame | None = None,
) -> Stacked:
    """Combine packages that learned from one data set.

    Parameters
    ----------
    trainings : sequence of Training
        Of each package, in the order of the recipe's members.
    folders : sequence of Path
        The packages.
    recipe : StackRecipe
        How they are weighed and calibrated.
    seed : int
        Of the task.
    dataset_fingerprint : str
        Of the data set.
    channels : sequence of str
        The channels of the data set, in its order.
    survey : mapping of str to float, optional
        What the recipe takes of the survey, as in `models.packages.calibrating.calibrate`.
    candidates : DataFrame, optional
        Rows of the data set, among them those that judge: their ``candidate_id``, night and groups.

    Raises
    ------
    MissingInputError, InputError
        If a package is none, was changed, is of another data set, or has no logits.
    DataSetError
        If no row of a class judges all members.
    """
    members = tuple(map(_opened, trainings, folders))
    _require_alike(members, dataset_fingerprint)
    n_classes = len(members[0].package.class_names)
    rows, logits = _held_out(members, recipe)
    labels = rows["label"].to_numpy(np.int64)
    _require_classes(labels, members)
    shares = _shares(recipe, logits, labels)
    combined = combined_logits(logits, shares.tolist())
    whole = _of_rows(rows, candidates)
    chosen = with_method(recipe, combined, labels, whole)
    calibration = fitted_calibration(chosen, combined, labels, survey)
    judged = merits(chosen, combined, labels, calibration, survey)
    counts = np.bincount([member.training.member for member in members])
    return Stacked(
        recipe=recipe,
        seed=seed,
        dataset_fingerprint=dataset_fingerprint,
        members=members,
        weights=tuple(float(shares[one.training.member] / counts[one.training.member]) for one in members),
        contract=joint_contract([member.package.contract for member in members], channels),
        calibration=calibration,
        method=chosen.calibration,
        prevalence=prevalence_of(chosen, combined, labels, survey),
        fitted_prevalence=fitted_prevalence(chosen, combined, labels),
        shares=shares_of(recipe, labels, members[0].package.class_names),
        thresholds=judged.thresholds,
        best_thresholds=judged.best_thresholds,
        check=calibration_check(chosen, combined, labels, whole),
        figures={
            **({SEEN: learned[SEEN]} if SEEN in (learned := members[0].package.content) else {}),
            **strata_of(whole, labels, probabilities_of(calibration, combined), judged.threshold_of(recipe)),
        },
        metrics=judged.metrics,
        logits=rows.assign(
            **_named("logit", combined), **(_named("member", logits[..., 0].T) if n_classes == 2 else {})
        ),
    )


def _of_rows(rows: pd.DataFrame, candidates: pd.DataFrame | None) -> pd.DataFrame:
    """Return night, groups and what divides the rows, as far as they are known."""
    if candidates is None:
        return rows[["candidate_id"]]
    known = candidates.drop_duplicates("candidate_id").set_index("candidate_id")
    named = [name for name in ("night", "group_id", "object_id", *DIVIDED) if name in known]
    return known[named].reindex(rows["candidate_id"]).reset_index()


def joint_contract(contracts: Sequence[InputContract], channels: Sequence[str]) -> InputContract:
    """Return what cutouts several models can score, whose data set is one.

    Parameters
    ----------
    contracts : sequence of InputContract
        Of the models.
    channels : sequence of str
        The channels of the data set, in its order.
    """
    used, required = ({name for one in contracts for name in names(one)} for names in (_channels, _required))
    first, of_features = contracts[0], all(one.size_pixel_min is not None for one in contracts)
    least = max(one.least_pixel for one in contracts)
    return InputContract(
        survey=first.survey,
        channels=tuple(name for name in channels if name in used),
        required_channels=tuple(name for name in channels if name in required),
        size_pixel=max(one.size_pixel for one in contracts) if of_features else least,
        crop=all(one.takes_larger for one in contracts),
        pixel_scale_arcsec=first.pixel_scale_arcsec,
        pixel_state=first.pixel_state,
        size_pixel_min=least if of_features else None,
    )


def _channels(contract: InputContract) -> tuple[str, ...]:
    return contract.channels


def _required(contract: InputContract) -> tuple[str, ...]:
    return contract.required_channels


def _opened(training: Training, folder: Path) -> OpenedMember:
    package = load(folder)
    if not isinstance(package, Package):
        raise InputError(f"{folder} is the package of a stack, which cannot be a member of another one")
    return OpenedMember(training=training, package=package)


def _require_alike(members: Sequence[OpenedMember], dataset_fingerprint: str) -> None:
    for member in members:
        fold, learned = member.training.learned_fold, member.package.content["dataset_fingerprint"]
        wanted = refolded_fingerprint(dataset_fingerprint, LearnedFold.parse(fold)) if fold else dataset_fingerprint
        if learned != wanted:
            raise InputError(
                f"{member.package.directory} learned from data set {str(learned)[:12]!r}, not from {wanted[:12]!r}; "
                "members of a stack learn from the same rows: name the data set it was trained on, or train again"
            )


def _held_out(members: Sequence[OpenedMember], recipe: StackRecipe) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the rows that judge all members, and the logits ``(listed members, n, columns)`` of each listed member.

    A row has one logit by each seed: that of the training that did not learn from it. The mean over seeds is taken.
    """
    listed = [_mean_over_seeds(list(alike)) for _, alike in groupby(members, key=lambda one: one.training.member)]
    shared = reduce(lambda some, more: some.intersection(more.index), listed[1:], listed[0].index).sort_values()
    rows = shared.to_frame(index=False)
    trusted = ~rows["label_source"].isin(recipe.untrusted).to_numpy() & (rows["label"].to_numpy() >= 0)
    logits = np.stack([table.loc[shared[trusted]].to_numpy(np.float64) for table in listed])
    return rows[trusted].reset_index(drop=True), logits


def _mean_over_seeds(members: Sequence[OpenedMember]) -> pd.DataFrame:
    """Return the mean calibrated logits of a listed member, by row, of the rows that each of its seeds has."""
    tables = [_logits(member) for member in members]
    seeds = {member.training.seed for member in members}
    by_row = pd.concat(tables).groupby(level=ROW, sort=True)
    counts = by_row.size()
    return by_row.mean()[counts == len(seeds)]


def _logits(member: OpenedMember) -> pd.DataFrame:
    """Return a package's calibrated logits of the rows that judged it, by `ROW`."""
    file = member.package.directory / LOGITS
    if not file.is_file():
        raise MissingInputError(
            f"{member.package.directory} has no {LOGITS}, by which {member.words} could be weighed: it was made by an "
            "earlier version or imported; make the package again"
        )
    table = read_table(file)
    columns = [name for name in table if name == "logit" or str(name).startswith("logit_")]
    calibrated = calibration_of(member.package.content["calibration"]).calibrated(table[columns].to_numpy(np.float64))
    return pd.DataFrame(calibrated, columns=columns, index=pd.MultiIndex.from_frame(table[ROW]))


def _require_classes(labels: NDArray[np.int64], members: Sequence[OpenedMember]) -> None:
    names = members[0].package.class_names
    counts = np.bincount(labels, minlength=len(names))
    if counts.all():
        return
    found = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
    raise DataSetError(
        f"of rows that judge all of {_listed(members)} there are {found}; some of each class are needed: see "
        "`untrusted` of the recipes and `required_channels` of the members"
    )


def _listed(members: Iterable[OpenedMember]) -> str:
    return ", ".join(dict.fromkeys(member.training.classifier for member in members))


def _shares(recipe: StackRecipe, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight of each listed member; they sum to 1."""
    stated = np.asarray(recipe.weights or [1.0] * len(recipe.members), dtype=np.float64)
    shares = stated / stated.sum()
    if recipe.combine == LOGISTIC:
        alone = logits.shape[-1] == 1
        fitted = fit_weights(logits[..., 0].T, labels) if alone else fit_class_weights(log_softmax(logits, -1), labels)
        shares = drawn_towards(fitted, shares, labels) if recipe.weights else fitted
    named = zip((member.classifier for member in recipe.members), shares, strict=True)
    log.info("stack on %d rows: %s", len(labels), ", ".join(f"{share:.3f} {name}" for name, share in named))
    return np.asarray(shares)


def _named(name: str, columns: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return columns by name and number; of a logit of two classes, by name alone."""
    if name == "logit" and columns.shape[1] == 1:
        return {name: columns[:, 0]}
    return {f"{name}_{index}": columns[:, index] for index in range(columns.shape[1])}
