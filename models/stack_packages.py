"""The package of a stack: a directory with a whole copy of each member's package, and how their logits are combined.

``members/00-NAME`` and so on (the packages, with their manifests), ``training_ids.npy`` (what any member learned from),
``logits.parquet`` (of the rows that weighed them), ``package.json``, ``card.md``, ``provenance.json`` and
``weights.sha256``, the digest by which two packages are equal.

Tested by tests/models/test_stacking.py.
"""

import dataclasses
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from models.packages import LOGITS
from models.stack_card import stack_card
from models.stacked import MEMBERS
from models.stacking import OpenedMember, Stacked
from models.trained_files import finite_or_none, json_text
from pipeline.classes import LEARNED_PARTS, STACK
from pipeline.fingerprint import fingerprint
from pipeline.io.files.digests import file_digest
from pipeline.io.packages.package_content import STACK_SCHEMA
from pipeline.io.packages.package_values import check_values
from pipeline.io.packages.training_ids import read_training_ids, write_union
from pipeline.io.results.commit import MANIFEST
from pipeline.io.results.parquet_table import write_table
from pipeline.io.results.provenance import package_versions

log = logging.getLogger(__name__)

_UNDIGESTED: Final = ("provenance.json", MANIFEST)
"""Files of members that say when and where these were made; the stack's own manifest has them."""


def write(directory: Path, stacked: Stacked, *, provenance: Mapping[str, object]) -> None:
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
    content = _content(stacked, folders)
    weights = fingerprint([(member.package.directory / "weights.sha256").read_text() for member in stacked.members])
    digest = fingerprint([content, weights])
    content |= {
        "name": f"{STACK}-{digest[:12]}",
        "weights_sha256": weights,
        "metrics": {name: finite_or_none(value) for name, value in stacked.metrics.items()},
        "versions": package_versions(),
        "files": _digests(directory),
    }
    check_values(json.loads(json_text(content)), f"the {content['name']} just stacked")
    (directory / "provenance.json").write_text(json_text(dict(provenance)))
    (directory / "card.md").write_text(stack_card(content))
    (directory / "weights.sha256").write_text(digest + "\n")
    (directory / "package.json").write_text(json_text(content))
    log.info("wrote package %s of %d members", content["name"], len(folders))


def _content(stacked: Stacked, folders: Sequence[str]) -> dict[str, object]:
    """Return the part of ``package.json`` that decides scores."""
    recipe, contract = stacked.recipe, stacked.contract
    parameters = [member.package.content["parameters"] for member in stacked.members]
    return {
        "schema": STACK_SCHEMA,
        "classifier": STACK,
        "family": STACK,
        "recipe": dataclasses.asdict(recipe),
        "seed": stacked.seed,
        "input": {name: finite_or_none(value) for name, value in dataclasses.asdict(contract).items()},
        "classes": list(stacked.members[0].package.class_names),
        "members": list(map(_member, stacked.members, folders, stacked.weights)),
        "combination": _combination(stacked),
        "calibration": {
            "method": recipe.calibration,
            "slope": stacked.platt.slope,
            "intercept": stacked.platt.intercept,
            "prevalence": finite_or_none(stacked.prevalence),
        },
        "thresholds": dict(stacked.thresholds),
        "threshold_rule": recipe.threshold_rule,
        "posterior": {"masks": [], "samples": 0},
        "external_features": None,
        "external_normalisation": None,
        "parameters": None if None in parameters else sum(parameters),
        "dataset_fingerprint": stacked.dataset_fingerprint,
        "runtime": "onnxruntime, float32",
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


def _digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in _UNDIGESTED)
    return {path.relative_to(directory).as_posix(): file_digest(path) for path in files}
