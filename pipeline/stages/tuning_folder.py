"""The folder of a search: the table of its trials, the best of them as a recipe, and a figure.

Tested by tests/models/searches/test_tuning.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pipeline.io.files.csv_cells import write_csv
from pipeline.plots.style import RC
from pipeline.plots.tuning import trials_figure

SCHEMA: Final = 1
"""Raised when files, columns or keys of the folder change."""
TRIALS: Final = "trials.csv"
RECIPE: Final = "best.yaml"
SUMMARY: Final = "tuning.json"
FIGURE: Final = "trials.png"

_DOTS_PER_INCH: Final = 140


@dataclass(frozen=True, kw_only=True)
class TuningResult:
    """What a search found.

    Attributes
    ----------
    trials : DataFrame
        One row per trial: ``number state objective``, one column per parameter, ``epochs seconds reason``.
    classifier, space : str
        Names of the files.
    searched : mapping
        By parameter, how it is searched, as the file of the space states it.
    objective : str
        What the trials were judged by.
    larger_is_better : bool
        Its direction.
    seed : int
    dataset : str
        Fingerprint of the data set.
    best : mapping
        Row of the best trial: its ``number`` and ``objective``.
    changes : mapping
        What the best recipe states beyond the searched one.
    """

    trials: pd.DataFrame
    classifier: str
    space: str
    searched: Mapping[str, Any]
    objective: str
    larger_is_better: bool
    seed: int
    dataset: str
    best: Mapping[str, Any]
    changes: Mapping[str, Any]


def write_tuning(directory: Path, result: TuningResult) -> None:
    """Write a search into a folder that exists: ``trials.csv``, ``best.yaml``, ``tuning.json`` and ``trials.png``.

    Parameters
    ----------
    directory : Path
        The folder.
    result : TuningResult
        Equal results give equal bytes.
    """
    write_csv(directory / TRIALS, result.trials, lineterminator="\n")
    (directory / RECIPE).write_text(_recipe(result), encoding="utf-8")
    text = json.dumps(_summary(result), indent=1, ensure_ascii=False, allow_nan=False)
    (directory / SUMMARY).write_text(f"{text}\n", encoding="utf-8")
    figure = trials_figure(
        result.trials, result.searched, objective=result.objective, larger_is_better=result.larger_is_better
    )
    FigureCanvasAgg(figure)
    with rc_context(RC):
        figure.savefig(directory / FIGURE, dpi=_DOTS_PER_INCH, metadata={"Software": None})


def _recipe(result: TuningResult) -> str:
    """Return the best recipe as the text of a file that extends the searched one."""
    number, objective = result.best["number"], result.best["objective"]
    head = (
        f"# Trial {number}, the best of {len(result.trials)} of {result.classifier} in the space {result.space}.\n"
        f"# Its {result.objective} of {objective:.6g} is of the validation rows that chose it, and so optimistic.\n"
    )
    said = {"extends": result.classifier, **result.changes}
    return head + yaml.safe_dump(said, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def _summary(result: TuningResult) -> dict[str, Any]:
    counts = result.trials["state"].value_counts()
    return {
        "schema": SCHEMA,
        "classifier": result.classifier,
        "space": result.space,
        "parameters": result.searched,
        "objective": result.objective,
        "larger_is_better": result.larger_is_better,
        "seed": result.seed,
        "dataset": result.dataset,
        "trials": {state: int(counts.get(state, 0)) for state in ("complete", "pruned", "failed")},
        "best": {**result.best, "recipe": result.changes},
    }
