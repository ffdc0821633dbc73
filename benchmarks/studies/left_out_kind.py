"""Purity on injections of a kind that no training row is of: ``python -m benchmarks.studies.left_out_kind DATASET``.

DATASET is that of ``synthetic_large`` with its injections. This recipe was fixed before any figure was seen:

* Judged are injected sources with a signal to noise of 5.5 to 6.5, of the kinds `JUDGED`; ``injected_variable`` has too
  few such rows. All of a kind that is left out are judged, whatever their part, for none teaches. Training and
  validation rows that share a group with a judged row are left out as well.
* Beside them stand the bogus of the test part in the same range of signal to noise, weighed to one bogus a real, or to
  the base rate of the survey.
* Classifiers are those of the recipes `RECIPES`, with the recipes' own settings, on `physical_features`; the first is
  the one that counts. Purity and completeness are means over the seeds and, of several kinds, of all their rows as one,
  each scored by the models that lack its kind.
* The threshold is the highest one that at least 90 % of the judged reals pass, so that completeness is stated and
  purity is found. Beside it stands what a user would get: the threshold that 90 % of the validation reals in that range
  pass, which are of other kinds; purity and completeness are then both found.
* The headline is the first variant of `VARIANTS`, one kind left out at a time. The others leave out all injections, all
  injections and the sky's own transients, or nothing, in which case the judged rows are those of the test part.
* Intervals are of 95 %, from 1,000 resamplings of groups, of reals and of bogus; thresholds are chosen anew in each.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.synthetic.recipe_fits import fitted
from models.graphs.trees import logit_of
from models.recipes.classifier import load
from models.registry import CLASSIFIERS
from pipeline.classes import PARTS, REAL
from pipeline.features import physical_features
from pipeline.io import settings_files
from pipeline.io.results.dataset_file import open_dataset
from pipeline.metrics import Interval, bootstrap_statistic
from pipeline.rng import stream

RECIPES: Final = ("histogram_boosting", "feature_ensemble")
JUDGED: Final = ("injected_host", "injected_random")
SNR: Final = (5.5, 6.5)
COMPLETENESS: Final = 0.9
BLOCK: Final = 512
INJECTED: Final = (*JUDGED, "injected_variable")
VARIANTS: Final[Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...]]]]] = {
    "its own kind": [((kind,), (kind,)) for kind in JUDGED],
    "all injections": [(INJECTED, JUDGED)],
    "all injections and transients": [((*INJECTED, "transient"), JUDGED)],
    "nothing": [((), JUDGED)],
}
"""What is left out: pairs of the kinds that teach nothing, and those that are judged by such models."""

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Judged rows.

    Attributes
    ----------
    scores : ndarray of float64, (s, n)
        Logits by each seed.
    is_real : ndarray of bool, (n,)
    groups : ndarray of str, (n,)
    model : ndarray of int64, (n,)
        By which models a row was scored: bogus stand there once for each.
    limits : ndarray of float64, (s, m)
        The threshold of each seed and model, from validation rows.
    """

    scores: Array
    is_real: NDArray[np.bool_]
    groups: NDArray[np.str_]
    model: NDArray[np.int64]
    limits: Array


def main() -> int:
    """Print a table of purity for each recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="where features are kept, as .npy")
    parser.add_argument("--base-rate", type=float, default=0.18, help="share of reals of the survey")
    parser.add_argument("--seeds", default="1,2,3")
    options = parser.parse_args()
    rows, features = read_rows(options.dataset, options.features)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    for name in RECIPES:
        print(f"\n{name}\n", flush=True)
        print("\n".join(head(options.base_rate)))
        for variant, pairs in VARIANTS.items():
            scored = joined([judged(rows, features, name, *pair, seeds) for pair in pairs])
            print(line(variant, scored, options.base_rate), flush=True)
    return 0


def read_rows(dataset: Path, kept: Path) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Return the labelled rows of all parts, with their ``split``, and their features."""
    tables, blocks = [], []
    with open_dataset(dataset) as file:
        for part, code in PARTS.items():
            tables.append(file.candidates(part).assign(split=code))
            if not kept.is_file():
                blocks += [physical_features(pixels, file.channels) for _, pixels in file.batches(part, BLOCK)]
    if not kept.is_file():
        np.save(kept, np.concatenate(blocks), allow_pickle=False)
    rows = pd.concat(tables, ignore_index=True)
    return rows.assign(row=np.arange(len(rows))), np.load(kept, allow_pickle=False)


def in_range(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows have the signal to noise that is judged, ``(n,)``."""
    return rows["snr"].between(*SNR).to_numpy()


def divided(
    rows: pd.DataFrame, left_out: Sequence[str], kinds: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the training and validation rows by part, and those that are judged.

    Parameters
    ----------
    rows : DataFrame
        ``kind label snr split group_id``.
    left_out : sequence of str
        Kinds of which nothing teaches.
    kinds : sequence of str
        Kinds of reals that are judged; of those that teach, the test part alone.
    """
    test = rows["split"] == PARTS["test"]
    unseen = rows["kind"].isin(left_out)
    reals = rows["kind"].isin(kinds) & (unseen | test)
    chosen = rows[in_range(rows) & (reals | (test & (rows["label"] != REAL)))]
    teaches = ~unseen & ~rows["group_id"].isin(chosen["group_id"]) & (rows["label"] >= 0)
    parts = {name: rows[teaches & (rows["split"] == PARTS[name])].reset_index(drop=True) for name in
             ("train", "validation")}  # fmt: skip
    return parts, chosen.reset_index(drop=True)


def judged(
    rows: pd.DataFrame,
    features: NDArray[np.float32],
    name: str,
    left_out: Sequence[str],
    kinds: Sequence[str],
    seeds: Sequence[int],
) -> Scored:
    """Return the scores of judged rows by models that learned nothing of some kinds."""
    recipe = load(settings_files.raw("classifiers", name), name)
    parts, chosen = divided(rows, left_out, kinds)
    held = parts["validation"][in_range(parts["validation"]) & (parts["validation"]["label"] == REAL)]
    scores, limits = [], []
    for seed in seeds:
        model = fitted(CLASSIFIERS[recipe.classifier](seed, **recipe.settings), recipe, parts, features)
        scores.append(logit_of(model.predict_proba(features[chosen["row"]])))
        of_known = logit_of(model.predict_proba(features[held["row"]]))
        limits.append(highest_passed(of_known, np.ones((1, len(of_known))))[0])
    return Scored(
        scores=np.array(scores),
        is_real=(chosen["label"] == REAL).to_numpy(),
        groups=chosen["group_id"].to_numpy(str),
        model=np.zeros(len(chosen), dtype=np.int64),
        limits=np.array(limits)[:, None],
    )


def joined(found: Sequence[Scored]) -> Scored:
    """Return the judged rows of several models as one."""
    return Scored(
        scores=np.concatenate([one.scores for one in found], axis=1),
        is_real=np.concatenate([one.is_real for one in found]),
        groups=np.concatenate([one.groups for one in found]),
        model=np.concatenate([np.full(len(one.model), place) for place, one in enumerate(found)]),
        limits=np.concatenate([one.limits for one in found], axis=1),
    )


def highest_passed(scores: Array, weights: Array) -> Array:
    """Return the highest of the scores ``(n,)`` that `COMPLETENESS` of the weights ``(r, n)`` reach, ``(r,)``."""
    order = np.argsort(-scores, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1) >= COMPLETENESS * weights.sum(axis=1, keepdims=True) - 1e-9
    return scores[order][reached.argmax(axis=1)]


def rates(scored: Scored, weights: Array, *, own: bool) -> tuple[Array, Array]:
    """Return completeness and false positive rate, each ``(r,)``, means over seeds and pooled over models.

    Parameters
    ----------
    scored : Scored
    weights : ndarray of float64, (r, n)
        How often each row counts.
    own : bool
        Whether thresholds are those that `COMPLETENESS` of the judged reals pass, or those of validation rows.
    """
    found = []
    for seed, scores in enumerate(scored.scores):
        passed = np.zeros(weights.shape, dtype=bool)
        for model in np.unique(scored.model):
            mine = scored.model == model
            real = mine & scored.is_real
            limit = highest_passed(scores[real], weights[:, real]) if own else scored.limits[seed, model]
            passed[:, mine] = scores[mine] >= np.broadcast_to(np.atleast_1d(limit)[:, None], (len(weights), mine.sum()))
        found.append([_share(passed, weights, side) for side in (scored.is_real, ~scored.is_real)])
    completeness, fpr = np.mean(found, axis=0)
    return completeness, fpr


def _share(passed: NDArray[np.bool_], weights: Array, side: NDArray[np.bool_]) -> Array:
    return np.asarray((passed * weights)[:, side].sum(axis=1) / weights[:, side].sum(axis=1))


def purity(completeness: Array, fpr: Array, share: float) -> Array:
    """Return which share of what is called real is real, where a share of all candidates is.

    Examples
    --------
    >>> float(purity(np.array(0.9), np.array(0.1), 0.5))
    0.9
    """
    return share * completeness / (share * completeness + (1 - share) * fpr)


def head(base_rate: float) -> list[str]:
    """Return the head of the table."""
    titles = ["left out", "reals", "bogus", "completeness", "purity, 1 to 1", f"purity at {base_rate:g}",
              "completeness, threshold of validation", "purity, 1 to 1", f"purity at {base_rate:g}"]  # fmt: skip
    return [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]


def line(variant: str, scored: Scored, base_rate: float) -> str:
    """Return a line of the table."""
    bogus = int((~scored.is_real & (scored.model == 0)).sum())
    cells = [variant, str(int(scored.is_real.sum())), str(bogus)]
    for own in (True, False):
        whole = _interval(scored, own=own, share=None)
        cells.append(f"{100 * whole.value:.1f} %" if own else _words(whole))  # that threshold is chosen for it
        cells += [_words(_interval(scored, own=own, share=share)) for share in (0.5, base_rate)]
    return f"| {' | '.join(cells)} |"


def _interval(scored: Scored, *, own: bool, share: float | None) -> Interval:
    def statistic(weights: Array) -> Array:
        completeness, fpr = rates(scored, weights, own=own)
        return completeness if share is None else purity(completeness, fpr, share)

    return bootstrap_statistic(statistic, scored.groups, replicates=1000, level=0.95, rng=stream(1, "left out kind"))


def _words(found: Interval) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f}) %"


if __name__ == "__main__":
    raise SystemExit(main())
