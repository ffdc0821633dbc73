"""Which recipe the inner folds prefer: ``python -m benchmarks.studies.ztf.choose FOLD ... --scratch FOLDER``.

Each fold chooses by the rows of the other folds, scored by models that saw neither (`inner_folds`). Printed is, for
each mixture of variants, the mean over folds of the figures on these rows, and how many folds prefer it to the first.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.studies.ztf.inner_folds import VARIANTS, inner_scores
from pipeline.metrics import METRICS

FIGURES: Final = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc")
SHARE: Final = 0.05

MIXTURES: Final[Sequence[Mapping[str, float]]] = (
    *({name: 1.0} for name in VARIANTS),
    {"ensemble": 0.7, "histograms": 0.3},
    {"ensemble": 0.7, "network, 41 pixels": 0.3},
    {"ensemble": 0.5, "histograms": 0.2, "network, 41 pixels": 0.3},
    {"ensemble": 0.6, "histograms": 0.2, "network, 41 pixels": 0.2},
)
"""Weights of variants, whose calibrated logits are added up."""


def main() -> int:
    """Print a line for each mixture of which all logits are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="the data sets of all folds, in their order")
    parser.add_argument("--scratch", type=Path, required=True, help="folder with the logits")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    heads = ("recipe", "AUC", "MDR at FPR 5 %", "FPR at MDR 1 %", "variables found at FPR 5 %", "folds in favour")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    first: pd.DataFrame | None = None
    for mixture in MIXTURES:
        try:
            figures = figures_of(mixture, options.scratch, options.seed, options.folds)
        except FileNotFoundError:
            continue
        first = figures if first is None else first
        print(line_of(mixture, figures, first))
    return 0


def figures_of(mixture: Mapping[str, float], scratch: Path, seed: int, folds: Sequence[Path]) -> pd.DataFrame:
    """Return the figures of each fold's inner rows, one line a fold."""
    members = [dict(inner_scores(scratch, name, seed, folds)) for name in mixture]
    lines = []
    for fold in range(len(folds)):
        rows = members[0][fold].copy()
        for member in members[1:]:
            if not member[fold]["candidate_id"].equals(rows["candidate_id"]):
                raise ValueError(f"fold {fold}: the members scored other rows; remove their files and train again")
        logits = [member[fold]["logit"].to_numpy() for member in members]
        rows["logit"] = np.tensordot(list(mixture.values()), logits, axes=1)
        lines.append(merits(rows))
    return pd.DataFrame(lines)


def merits(rows: pd.DataFrame) -> dict[str, float]:
    """Return the figures of rows with ``label kind logit``."""
    label, logit = rows["label"].to_numpy(), rows["logit"].to_numpy()
    bogus = np.sort(logit[label == 0])[::-1]
    threshold = bogus[int(SHARE * len(bogus))]
    found = float((logit[rows["kind"] == "variable"] > threshold).mean())
    return {name: METRICS[name](label, logit) for name in FIGURES} | {"variables": found}


def line_of(mixture: Mapping[str, float], figures: pd.DataFrame, first: pd.DataFrame) -> str:
    """Return a mixture's line of the table."""
    name = " + ".join(part if weight == 1 else f"{weight:g} {part}" for part, weight in mixture.items())
    mean, better = figures.mean(), int((figures["auc"] > first["auc"]).sum())
    rates = [f"{100 * mean[key]:.1f} %" for key in (*FIGURES[1:], "variables")]
    cells = [name, f"{mean['auc']:.4f}", *rates, str(better)]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
