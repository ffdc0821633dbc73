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

from benchmarks.studies.ztf.inner_folds import VARIANTS, file_name, inner_scores
from benchmarks.studies.ztf.trainings import calibrated
from pipeline.classes import BOGUS
from pipeline.metrics import METRICS

FIGURES: Final = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc")
SHARE: Final = 0.05

MIXTURES: Final[Sequence[Mapping[str, float]]] = (
    *({name: 1.0} for name in VARIANTS),
    *({"ensemble": share, "histograms": round(1.0 - share, 1)} for share in (0.8, 0.7, 0.5, 0.2)),
    {"ensemble": 0.7, "network, eye 5": 0.3},
    {"ensemble": 0.7, "network, 41 pixels": 0.3},
    {"ensemble": 0.5, "histograms": 0.2, "network, 41 pixels": 0.3},
)
"""Weights of variants, whose calibrated logits are added up."""


def main() -> int:
    """Print a line for each mixture of which all logits are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="the data sets of all folds, in their order")
    parser.add_argument("--scratch", type=Path, required=True, help="folder with the logits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", nargs="+", metavar="01", help="two folds each, judged by themselves; all by default")
    options = parser.parse_args()
    heads = ("recipe", "AUC", "MDR at FPR 5 %", "FPR at MDR 1 %", "variables found at FPR 5 %", "folds in favour")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    first: pd.DataFrame | None = None
    for mixture in MIXTURES:
        try:
            if options.pairs:
                figures = pair_figures(mixture, options.scratch, options.seed, options.pairs)
            else:
                figures = figures_of(mixture, options.scratch, options.seed, options.folds)
        except FileNotFoundError:
            continue
        first = figures if first is None else first
        print(line_of(mixture, figures, first))
    return 0


def figures_of(mixture: Mapping[str, float], scratch: Path, seed: int, folds: Sequence[Path]) -> pd.DataFrame:
    """Return the figures of each fold's inner rows, one line a fold."""
    members = [dict(inner_scores(scratch, name, seed, folds)) for name in mixture]
    weights = list(mixture.values())
    found = [[member[fold] for member in members] for fold in range(len(folds))]
    return pd.DataFrame([merits(_mixed(tables, weights, f"fold {fold}")) for fold, tables in enumerate(found)])


def pair_figures(mixture: Mapping[str, float], scratch: Path, seed: int, pairs: Sequence[str]) -> pd.DataFrame:
    """Return the figures of the test rows of some pairs of folds, one line a pair, such as ``01``."""
    lines = []
    for pair in pairs:
        one, other = map(int, pair)
        files = [scratch / file_name(name, seed, one, other) for name in mixture]
        scored = [calibrated(pd.read_parquet(file)) for file in files]
        tested = [table[table["part"] == "test"].reset_index(drop=True) for table in scored]
        lines.append(merits(_mixed(tested, list(mixture.values()), f"pair {pair}")))
    return pd.DataFrame(lines)


def _mixed(tables: Sequence[pd.DataFrame], weights: Sequence[float], what: str) -> pd.DataFrame:
    """Return rows with the weighed sum of the logits of several tables."""
    for table in tables[1:]:
        if not table["candidate_id"].equals(tables[0]["candidate_id"]):
            raise ValueError(f"{what}: the members scored other rows; remove their files and train again")
    return tables[0].assign(logit=np.tensordot(weights, [table["logit"] for table in tables], axes=1))


def merits(rows: pd.DataFrame) -> dict[str, float]:
    """Return the figures of rows with ``label kind logit``."""
    label, logit = rows["label"].to_numpy(), rows["logit"].to_numpy()
    bogus = np.sort(logit[label == BOGUS])[::-1]
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
