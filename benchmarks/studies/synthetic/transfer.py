"""What a classifier carries from one survey to the other: AUC of each way to train, tested on either."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.synthetic.recipe_fits import fitted_scores
from benchmarks.studies.synthetic.transfer_sides import FOLDS, Side
from models.recipes.classifier import ClassifierRecipe
from pipeline.features import physical_features
from pipeline.io import settings_files
from pipeline.metrics import METRICS, bootstrap

SEED = 1
LEAST_ROWS = 5
"""A kind of fewer rows gets no line of its own."""

Scores = Mapping[tuple[str, str], pd.DataFrame]
"""Way to train and survey tested on to the judged rows with their ``score``."""


def feature_scores(sides: Sequence[Side], classifier: str) -> Scores:
    """Return the scores by a recipe on physical features.

    On its own survey each row is scored by a model that saw nothing of its group; on the other by a model of all rows
    that teach.
    """
    recipe = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", classifier), classifier)
    features: dict[str, NDArray[np.float32]] = {}
    for side in sides:
        if side.survey not in features:
            features[side.survey] = physical_features(side.pixels)
    judged = {side.survey: side.judged() for side in sides}
    scores = {}
    for side in sides:
        own = features[side.survey]
        for survey, rows in judged.items():
            if survey == side.survey:
                scored = _by_folds(recipe, side, own)
            else:
                measured = features[survey][rows["row"]]
                scored = rows.assign(score=fitted_scores(recipe, side.whole(), own, SEED, measured))
            scores[side.name, survey] = scored
    return scores


def _by_folds(recipe: ClassifierRecipe, side: Side, features: NDArray[np.float32]) -> pd.DataFrame:
    scored = []
    for fold in range(FOLDS):
        parts = side.parts(fold)
        test = parts["test"]
        scored.append(test.assign(score=fitted_scores(recipe, parts, features, SEED, features[test["row"]])))
    rows = pd.concat(scored).sort_values("row", ignore_index=True)
    return rows.assign(kind=side.kind[rows["row"]])


def print_transfer(scores: Scores, passing: NDArray[np.bool_], head: str) -> None:
    """Print the AUC with 68 % intervals over groups of each way to train, in rows, on each test, in columns."""
    tests = ("synthetic", "synthetic, cut", "ZTF")
    print(f"\n| {head}, trained on | tested on {' | '.join(tests)} |\n|---|---|---|---|")
    for train in dict.fromkeys(name for name, _ in scores):
        cells = []
        for test in tests:
            rows = scores[train, test.partition(",")[0]]
            cells.append(auc_cell(rows[passing[rows["row"]]] if test.endswith("cut") else rows))
        print(f"| {train} | {' | '.join(cells)} |", flush=True)


def auc_cell(rows: pd.DataFrame) -> str:
    """Return the AUC of scored rows with its interval, and how many rows there are."""
    label, score, group = (rows[name].to_numpy() for name in ("label", "score", "group_id"))
    found = bootstrap("auc", label, score, group.astype(str), rng=np.random.default_rng(1))
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f}), {len(rows)}"


def print_strata(scores: Scores, survey: str) -> None:
    """Print the AUC of each kind of real against all bogus, and of all reals against each kind of bogus."""
    ways = [train for train, test in scores if test == survey]
    print(f"\n| on {survey} | rows | {' | '.join(ways)} |\n|---|---|{'---|' * len(ways)}")
    for name, chosen in strata(scores[ways[0], survey]):
        cells = [f"{METRICS['auc'](rows['label'][chosen], rows['score'][chosen]):.3f}"
                 for rows in (scores[way, survey] for way in ways)]  # fmt: skip
        count = int((scores[ways[0], survey]["kind"] == name.partition(" ")[2]).sum())
        print(f"| {name} | {count} | {' | '.join(cells)} |", flush=True)


def strata(rows: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield a name and the rows of each kind with all rows of the other class, for kinds of enough rows."""
    label, kind = rows["label"].to_numpy(), rows["kind"].to_numpy()
    for value, word in ((1, "real"), (0, "bogus")):
        names, counts = np.unique(kind[label == value], return_counts=True)
        for name in names[counts >= LEAST_ROWS]:
            yield f"{word} {name}", (label != value) | (kind == name)
