"""Facts of model packages for a report: threshold and training history, read from JSON and CSV alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
    history : DataFrame
        One row per epoch of the first package; empty for classifiers that have no epochs.
    """

    threshold: float
    threshold_rule: str
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
            history=_history(folders[0] / "history.csv"),
        )


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
