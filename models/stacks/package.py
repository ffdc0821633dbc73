"""The package of a stack: a directory with a whole copy of each member's package, and how their logits are combined.

``members/00-NAME`` and so on (the packages, with their manifests), ``training_ids.npy`` (what any member learned from),
``logits.parquet`` (of the rows that weighed them), ``package.json``, ``card.md``, ``provenance.json`` and
``weights.sha256``, the digest by which two packages are equal.

Tested by tests/models/stacks/test_stacking.py.
"""

import logging
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.graphs.runtimes import Runtime
from models.packages.folder import calibration_content, finish, moved_from, told_beside
from models.packages.package import LOGITS
from models.packages.verdict_limits import stated_limits
from models.scoring.stacked import MEMBERS
from models.stacks.card import stack_card
from models.stacks.stacking import OpenedMember, Stacked
from pipeline.classes import LEARNED_PARTS, STACK
from pipeline.fingerprint import fingerprint
from pipeline.io.packages.package_content import STACK_SCHEMA
from pipeline.io.packages.training_ids import read_training_ids, write_union
from pipeline.io.results.parquet_table import write_table

log = logging.getLogger(__name__)


def write_stack(directory: Path, stacked: Stacked, *, provenance: Mapping[str, object]) -> None:
    """Write the package of a stack into an empty directory.

    Parameters
    ----------
    directory : Path
        Exists; nothing is written outside it.
    stacked : Stacked
        What to write.
    provenance : mapping
        Kept beside the package, not part of its equality.

    Raises
    ------
    InputError
        When a value is one with which no package opens.
    """
    folders = [f"{number:02d}-{one.training.classifier}" for number, one in enumerate(stacked.members)]
    for member, folder in zip(stacked.members, folders, strict=True):
        shutil.copytree(member.package.directory, directory / MEMBERS / folder)
    learned = [read_training_ids(member.package.directory)[1] for member in stacked.members]
    known = [ids for ids in learned if ids is not None]
    if len(known) == len(learned):
        write_union(directory, known)
    write_table(directory / LOGITS, stacked.logits, {})
    name = finish(
        directory,
        _content(stacked, folders),
        title=STACK,
        weights_sha256=fingerprint(
            [(member.package.directory / "weights.sha256").read_text() for member in stacked.members]
        ),
        metrics=stacked.metrics,
        card=stack_card,
        provenance=provenance,
        beside=told_beside(stacked.best_thresholds, stacked.check, stacked.figures),
    )
    log.info("wrote package %s of %d members", name, len(folders))


def _content(stacked: Stacked, folders: Sequence[str]) -> dict[str, object]:
    """Return the part of ``package.json`` that decides scores."""
    recipe, contract = stacked.recipe, stacked.contract
    parameters = [member.package.content["parameters"] for member in stacked.members]
    return {
        "schema": STACK_SCHEMA,
        "classifier": STACK,
        "family": STACK,
        "recipe": recipe.stated,
        "seed": stacked.seed,
        "input": contract.stated(),
        "classes": list(stacked.members[0].package.class_names),
        "members": list(map(_member, stacked.members, folders, stacked.weights)),
        "combination": _combination(stacked),
        "calibration": calibration_content(
            stacked.method,
            stacked.calibration,
            stacked.prevalence,
            stacked.shares,
            moved_from(recipe, stacked.fitted_prevalence),
        ),
        "thresholds": dict(stacked.thresholds),
        "threshold_rule": recipe.threshold_rule,
        "posterior": {"masks": [], "samples": 0},
        "external_features": None,
        "external_normalisation": None,
        "parameters": None if None in parameters else sum(parameters),
        "dataset_fingerprint": stacked.dataset_fingerprint,
        "runtime": Runtime().stated,
        **stated_limits(
            recipe.conformal,
            stacked.logits,
            stacked.calibration,
            threshold=stacked.thresholds.get(recipe.threshold_rule, math.nan),
            class_names=stacked.members[0].package.class_names,
        ),
    }


def _member(member: OpenedMember, folder: str, weight: float) -> dict[str, object]:
    return {
        "folder": folder,
        "name": member.package.name,
        "classifier": member.training.classifier,
        "seed": member.training.seed,
        "learned_fold": member.training.learned_fold,
        "weight": weight,
    }


def _combination(stacked: Stacked) -> dict[str, object]:
    """Return which rows weighed the members and calibrated the stack."""
    rows, names = stacked.logits, stacked.members[0].package.class_names
    counts = np.bincount(rows["label"].to_numpy(np.int64), minlength=len(names))
    sources = rows["label_source"].value_counts().sort_index()
    return {
        "rows_of": list(LEARNED_PARTS) if stacked.recipe.folds else ["validation"],
        "rows": len(rows),
        "class": {name: int(count) for name, count in zip(names, counts, strict=True)},
        "label_source": {str(source): int(count) for source, count in sources.items()},
    }
