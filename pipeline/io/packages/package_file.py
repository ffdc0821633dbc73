"""Facts of model packages for a report: threshold and training history, read from JSON and CSV alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.io.packages.package_content import read_package


@dataclass(frozen=True, kw_only=True)
class PackageFacts:
    """Facts of one classifier, from one package or from one per fold.

    Attributes
    ----------
    threshold : float
        Score from which a candidate is called real; the median over folds.
    threshold_rule : str
        How it was chosen, in words.
    best_thresholds : mapping of str to float
        What each rule chose on the validation rows; the median over folds.
    calibrations : mapping of str to mapping
        What each package states of its calibration, by its name.
    history : DataFrame
        One row per epoch of the first package; empty for classifiers that have no epochs.
    """

    threshold: float
    threshold_rule: str
    best_thresholds: Mapping[str, float]
    calibrations: Mapping[str, Mapping[str, Any]]
    history: pd.DataFrame

    @classmethod
    def read(cls, folders: Sequence[Path]) -> Self:
        """Return the facts of the packages of one classifier, each checked as `read_package` does."""
        contents = [read_package(folder).values for folder in folders]
        rule = str(contents[0]["threshold_rule"])
        values = [float(content["thresholds"][rule]) for content in contents]
        words = f"rule {rule!r} on validation rows"
        if len(values) > 1:
            words += f", median of {len(values)} folds ({min(values):.3f} to {max(values):.3f})"
        return cls(
            threshold=float(np.median(values)),
            threshold_rule=words,
            best_thresholds=_thresholds(contents),
            calibrations={str(content["name"]): content["calibration"] for content in contents},
            history=_history(folders[0] / "history.csv"),
        )


def learned_from(folders: Sequence[Path]) -> dict[str, Any]:
    """Return what the first of a classifier's packages learned from; what it does not say is left out.

    Parameters
    ----------
    folders : sequence of Path
        Its packages, one per fold.

    Returns
    -------
    dict
        ``survey``, ``rows`` by class and by ``label_sources``, ``nights first_night last_night``, and ``folds``, the
        number of packages; empty without a package.
    """
    if not folders:
        return {}
    content = read_package(folders[0]).values
    counts = content.get("counts", {}).get("train", {})
    seen = content.get("seen", {})
    return {
        "survey": str(content["input"].get("survey", "")),
        "rows": {name: int(counts["class"][name]) for name in content["classes"] if name in counts.get("class", {})},
        "label_sources": {str(name): int(n) for name, n in counts.get("label_source", {}).items()},
        **{name: seen[name] for name in ("nights", "first_night", "last_night") if name in seen},
        "folds": len(folders),
    }


def _thresholds(contents: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the median threshold by each rule that all packages know."""
    known = [
        {rule: float(entry["threshold"]) for rule, entry in content["best_thresholds"].items()}
        if content.get("best_thresholds")
        else {rule: float(value) for rule, value in content["thresholds"].items()}
        for content in contents
    ]
    shared = [rule for rule in sorted(known[0]) if all(rule in one for one in known)]
    return {rule: float(np.median([one[rule] for one in known])) for rule in shared}


def training_history(folders: Sequence[Path]) -> pd.DataFrame:
    """Return the training of a classifier by epoch, from its first package; empty for one that has no epochs.

    Parameters
    ----------
    folders : sequence of Path
        Its packages, one per fold, each checked as `read_package` does.
    """
    for folder in folders:
        read_package(folder)
    return _history(folders[0] / "history.csv")


def _history(file: Path) -> pd.DataFrame:
    """Return what a training's figure shows: no times, which differ from run to run, and only where there is a loss."""
    try:
        history = pd.read_csv(file) if file.is_file() and file.stat().st_size > 1 else pd.DataFrame()
        history.astype(float)
    except (ValueError, OSError, OverflowError) as error:  # pandas' own errors are ValueErrors
        said = " ".join(str(error).split())[:200]
        raise InputError(f"{file} is not a CSV file of numbers: {said}; train again") from None
    if "loss" not in history:
        return pd.DataFrame()
    return history.drop(columns="seconds", errors="ignore").rename(
        columns=lambda name: name.replace("validation_", "val_")
    )
