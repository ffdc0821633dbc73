"""How the folder of a package is finished, of one classifier as of a stack: name, digests, description and card.

Tested by tests/models/packages/test_package.py.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from models.packages.trained_files import finite_or_none, json_text
from models.recipes.calibration_keys import BASE_RATE
from models.recipes.threshold_settings import DecidedBySurvey
from pipeline.fingerprint import fingerprint
from pipeline.io.files.digests import file_digest
from pipeline.io.packages.package_values import check_values
from pipeline.io.results.commit import MANIFEST
from pipeline.io.results.provenance import package_versions
from pipeline.scores.class_calibration import Calibration, described

PROVENANCE: Final = "provenance.json"
_UNDIGESTED: Final = (PROVENANCE, MANIFEST)
"""Files, of members too, that say when and where they were made; the package's own manifest has them."""


def calibration_content(
    method: str,
    calibration: Calibration,
    prevalence: float,
    shares: Mapping[str, float],
    fitted_prevalence: float | None = None,
) -> dict[str, object]:
    """Return what a package says of its calibration.

    Parameters
    ----------
    method : str
        The recipe's.
    calibration : Platt, Beta, Isotonic or ClassScaling
        What was fitted.
    prevalence : float
        Share of reals that the scores are calibrated for; stated as None where it is NaN.
    shares : mapping of str to float
        With more than two classes, the share of each among the rows that it was fitted on; empty with two.
    fitted_prevalence : float, optional
        Share of reals among the rows that it was fitted on, stated where ``prevalence`` is the survey's base rate.
    """
    stated = {"method": method, **described(calibration), "prevalence": finite_or_none(prevalence)}
    moved = {} if fitted_prevalence is None else {"fitted_prevalence": fitted_prevalence}
    return stated | moved | ({"class_shares": dict(shares)} if shares else {})


def moved_from(recipe: DecidedBySurvey, fitted_prevalence: float) -> float | None:
    """Return the share of reals that a calibration was moved from to the base rate; None where it was not moved."""
    return fitted_prevalence if recipe.calibrated_to == BASE_RATE else None


def told_beside(
    best: Mapping[str, Mapping[str, float]], check: Mapping[str, object], figures: Mapping[str, object]
) -> dict[str, object]:
    """Return what stands beside what decides scores.

    Parameters
    ----------
    best : mapping
        What each threshold rule chose.
    check : mapping
        What the calibration does for rows that did not fit it.
    figures : mapping
        Of training rows and of strata of validation rows, by their keys.
    """
    finite = {rule: {name: finite_or_none(value) for name, value in entry.items()} for rule, entry in best.items()}
    told = {"best_thresholds": finite, "calibration_check": dict(check), **figures}
    return {name: value for name, value in told.items() if value}


def finish(
    directory: Path,
    content: Mapping[str, object],
    *,
    title: str,
    weights_sha256: str,
    metrics: Mapping[str, float],
    card: Callable[[Mapping[str, object]], str],
    provenance: Mapping[str, object],
    beside: Mapping[str, object] | None = None,
) -> str:
    """Write ``package.json``, ``card.md``, ``provenance.json`` and ``weights.sha256``; return the package's name.

    Parameters
    ----------
    directory : Path
        Holds all other files of the package.
    content : mapping
        What of ``package.json`` decides scores; with the weights it gives the digest by which packages are equal.
    title : str
        What the name begins with.
    weights_sha256 : str
        Digest of the weights.
    metrics : mapping of str to float
        On the rows that judged.
    card : callable
        From the whole content to the card in Markdown.
    provenance : mapping
        Kept beside the package, not part of its equality.
    beside : mapping, optional
        Further keys of ``package.json`` that decide nothing.

    Raises
    ------
    InputError
        When a value is one with which no package opens, such as two classes of one name.
    """
    digest = fingerprint([content, weights_sha256])
    name = f"{title}-{digest[:12]}"
    whole = {
        **content,
        **(beside or {}),
        "name": name,
        "weights_sha256": weights_sha256,
        "metrics": {metric: finite_or_none(value) for metric, value in metrics.items()},
        "versions": package_versions(),
        "files": _digests(directory),
    }
    check_values(json.loads(json_text(whole)), f"the {name} just made")
    (directory / PROVENANCE).write_text(json_text(dict(provenance)))
    (directory / "card.md").write_text(card(whole))
    (directory / "weights.sha256").write_text(digest + "\n")
    (directory / "package.json").write_text(json_text(whole))
    return name


def _digests(directory: Path) -> dict[str, str]:
    """Return the sha256 of the files in a folder and in those within it, by their place in it."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in _UNDIGESTED)
    return {path.relative_to(directory).as_posix(): file_digest(path) for path in files}
