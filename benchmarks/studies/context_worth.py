"""What the context of the exposure is worth: ``python -m benchmarks.studies.context_worth DATASET SURVEY``.

DATASET is a data set with the columns of the context, SURVEY the ``survey.sqlite`` with the truth of its candidates.
Boosting on features learns with and without them. The training part alone is used, in three folds of whole nights: each
row is scored by a model that saw nothing of its night. The other parts stay untouched for figures.
"""

import argparse
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.architectures.feature_models import build_boosting
from models.inputs.metadata import MetadataScaling, fit_scaling, values_of
from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.features import physical_features
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import METRICS

FOLDS: Final = 3
LEARNT: Final = 9000
"""Rows that each model learns from at most."""

BLOCK: Final = 512
SEED: Final = 1

OF_EXPOSURES: Final = ("exposure_density", "exposure_negative_share")
"""Columns that tell one exposure from another without telling that it is cloudy."""

VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "pixels alone": (),
    "with those of `boosting_context`": tuple(name for name in CONTEXT_COLUMNS if name not in OF_EXPOSURES),
    "with all columns": CONTEXT_COLUMNS,
}
ALONE: Final = (("satellite_trail", "all reals"), ("cloud_residual", "variable"), ("hot_pixel", "all reals"))
"""Kinds of bogus, each with the reals that it is hardest to tell from."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Candidates that were found, none that were injected.

    Attributes
    ----------
    features : ndarray of float32, (n, f)
        Physical features of their cutouts.
    context : ndarray of float32, (n, k)
        `CONTEXT_COLUMNS`.
    kind : ndarray of str, (n,)
        What they really are.
    is_real : ndarray of bool, (n,)
        Whether that is real.
    fold : ndarray of int, (n,)
        Of their night.
    """

    features: NDArray[np.float32]
    context: NDArray[np.float32]
    kind: NDArray[np.object_]
    is_real: NDArray[np.bool_]
    fold: NDArray[np.intp]


def main() -> int:
    """Print what each column tells alone, and what boosting reaches with and without them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("survey", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.dataset, options.survey)
    print(f"{len(rows.fold)} rows, {int(rows.is_real.sum())} real\n")
    print("\n".join([*alone_table(rows), "", *worth_table(rows)]))
    return 0


def read_rows(dataset: Path, survey: Path) -> Rows:
    """Return the rows of the training part that the survey's truth knows."""
    with closing(sqlite3.connect(survey)) as connection:
        truth = pd.read_sql("SELECT candidate_id, kind AS truth, is_real FROM truth", connection)
    with open_dataset(dataset) as file:
        candidates = file.candidates("train").merge(truth, on="candidate_id", how="left")
        channels = file.channels
        blocks = (physical_features(pixels, channels) for _, pixels in file.batches("train", BLOCK))
        features = np.concatenate(list(blocks))
    known = candidates["truth"].notna().to_numpy()
    found = candidates[known]
    nights = found["night"].rank(method="dense").to_numpy(int)
    return Rows(
        features=features[known],
        context=values_of(found, CONTEXT_COLUMNS),
        kind=found["truth"].to_numpy(object),
        is_real=found["is_real"].to_numpy() == 1,
        fold=nights % FOLDS,
    )


def alone_table(rows: Rows) -> list[str]:
    """Return the AUC of each column alone between a kind of bogus and a kind of real, as lines of a table."""
    heads = [f"{bogus} against {real}" for bogus, real in ALONE]
    lines = [f"| column | {' | '.join(heads)} |", "|---" * (len(ALONE) + 1) + "|"]
    for name, values in zip(CONTEXT_COLUMNS, rows.context.T, strict=True):
        lines.append(f"| `{name}` | {' | '.join(f'{_auc(values, rows, *pair):.3f}' for pair in ALONE)} |")
    return lines


def _auc(values: NDArray[np.float32], rows: Rows, bogus: str, real: str) -> float:
    is_bogus, is_real = rows.kind == bogus, rows.is_real if real == "all reals" else rows.kind == real
    judged = (is_bogus | is_real) & np.isfinite(values)
    return METRICS["auc"](is_bogus[judged].astype(int), values[judged])


def worth_table(rows: Rows) -> list[str]:
    """Return what boosting reaches with the columns of each of `VARIANTS`, as lines of a table."""
    shown = "satellite_trail", "cloud_residual", "crosstalk", "star_residual"
    heads = ["AUC", "MDR at FPR 1 %", "MDR at FPR 5 %", "variables found at FPR 5 %"]
    heads += [f"{kind} that pass at FPR 1 %" for kind in shown]
    lines = [f"| boosting | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for what, names in VARIANTS.items():
        scores, label = scores_of(rows, names), rows.is_real.astype(int)
        one, five = (threshold_at(scores, rows.is_real, share) for share in (0.01, 0.05))
        shares = [METRICS["mdr_at_fpr_1pc"](label, scores), METRICS["mdr_at_fpr_5pc"](label, scores)]
        shares.append(float((scores[rows.kind == "variable"] > five).mean()))
        cells = [f"{METRICS['auc'](label, scores):.4f}", *(f"{100 * share:.1f} %" for share in shares)]
        cells += [
            f"{int((scores[rows.kind == kind] > one).sum())} of {int((rows.kind == kind).sum())}" for kind in shown
        ]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return lines


def threshold_at(scores: NDArray[np.float64], is_real: NDArray[np.bool_], share: float) -> float:
    """Return the lowest score above which no more than a share of the bogus lie.

    Examples
    --------
    >>> threshold_at(np.array([0.1, 0.2, 0.3, 0.4, 0.9]), np.array([False] * 4 + [True]), 0.25)
    0.3
    """
    bogus = np.sort(scores[~is_real])[::-1]
    return float(bogus[int(share * len(bogus))])


def scores_of(rows: Rows, names: Sequence[str]) -> NDArray[np.float64]:
    """Return the score of each row by the model that learned from other folds, ``(n,)``."""
    context = rows.context[:, [CONTEXT_COLUMNS.index(name) for name in names]]
    scores = np.empty(len(rows.fold))
    for fold in range(FOLDS):
        held, learnt = rows.fold == fold, np.flatnonzero(rows.fold != fold)[:LEARNT]
        scaling = fit_scaling(context[learnt], names) if names else None
        is_real = rows.is_real[learnt]
        weight = np.where(is_real, 0.5 / is_real.mean(), 0.5 / (1.0 - is_real.mean()))
        model = build_boosting(SEED)
        model.fit(_seen(rows.features[learnt], context[learnt], scaling), is_real, sample_weight=weight)
        scores[held] = model.predict_proba(_seen(rows.features[held], context[held], scaling))[:, 1]
    return scores


def _seen(
    features: NDArray[np.float32], context: NDArray[np.float32], scaling: MetadataScaling | None
) -> NDArray[np.float32]:
    return features if scaling is None else np.concatenate([features, scaling.encoded(context)], axis=1)


if __name__ == "__main__":
    raise SystemExit(main())
