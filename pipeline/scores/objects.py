"""Scores of objects: what the scores of single images say about an object as a whole."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.registry import Registry

OBJECT_COLUMNS = ("object_id", "score", "images", "telescope", "images_all", "rule")
"""Columns of the objects' scores, in their order."""

Rule = Callable[[pd.DataFrame], pd.DataFrame]
OBJECT_RULES: Registry[Rule] = Registry("object rule")


def score_objects(scores: pd.DataFrame, rule: str = "longest_median") -> pd.DataFrame:
    """Return one row per object, the least likely first.

    Parameters
    ----------
    scores : DataFrame
        ``object_id telescope score``, one row per image; NaN if an image could not be scored.
    rule : str
        Name in `OBJECT_RULES`.

    Returns
    -------
    DataFrame
        ``object_id``; ``score``, NaN for an object without a score (these come last); ``images``, how many the score is
        based on; ``telescope`` of these images, empty for several; ``images_all`` of the object; ``rule``.

    Raises
    ------
    InputError
        If a column is missing.
    UnknownNameError
        If there is no such rule.

    Examples
    --------
    >>> images = pd.DataFrame({"object_id": ["a"] * 3, "telescope": ["x", "y", "y"], "score": [0.9, 0.2, 0.4]})
    >>> score_objects(images)[["object_id", "score", "telescope"]].to_dict("list")
    {'object_id': ['a'], 'score': [0.30000000000000004], 'telescope': ['y']}
    """
    judge = OBJECT_RULES[rule]
    absent = [name for name in ("object_id", "telescope", "score") if name not in scores]
    if absent:
        raise InputError(f"scores: column {absent[0]!r} is missing; there: {', '.join(scores)}")
    images_all = scores.groupby("object_id")["score"].size().rename("images_all")
    judged = judge(scores[np.isfinite(scores["score"].to_numpy(float))])
    objects = images_all.to_frame().join(judged).rename_axis("object_id").reset_index()
    objects["images"] = objects["images"].fillna(0).astype(int)
    objects["telescope"] = objects["telescope"].fillna("")
    objects = objects.assign(rule=rule).sort_values(["score", "object_id"], na_position="last", ignore_index=True)
    return objects[list(OBJECT_COLUMNS)]


@OBJECT_RULES.register("longest_median")
def longest_median(scores: pd.DataFrame) -> pd.DataFrame:
    """Take the median of the telescope with the most images; of several such, the first by name."""
    each = scores.groupby(["object_id", "telescope"])["score"].agg(["size", "median"]).reset_index()
    each = each.sort_values(["object_id", "size", "telescope"], ascending=[True, False, True])
    first = each.drop_duplicates("object_id").set_index("object_id")
    return first.rename(columns={"size": "images", "median": "score"})[["score", "images", "telescope"]]


def _over_all(scores: pd.DataFrame, statistic: str) -> pd.DataFrame:
    each = scores.groupby("object_id")
    telescopes = each["telescope"].agg(lambda names: names.iloc[0] if names.nunique() == 1 else "")
    return pd.DataFrame({"score": each["score"].agg(statistic), "images": each.size(), "telescope": telescopes})


@OBJECT_RULES.register("median")
def median(scores: pd.DataFrame) -> pd.DataFrame:
    """Take the median of all images."""
    return _over_all(scores, "median")


@OBJECT_RULES.register("mean")
def mean(scores: pd.DataFrame) -> pd.DataFrame:
    """Take the mean of all images."""
    return _over_all(scores, "mean")


@OBJECT_RULES.register("max")
def maximum(scores: pd.DataFrame) -> pd.DataFrame:
    """Take the highest score of all images."""
    return _over_all(scores, "max")
