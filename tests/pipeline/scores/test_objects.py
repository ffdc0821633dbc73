import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, UnknownNameError
from pipeline.scores.objects import OBJECT_COLUMNS, OBJECT_RULES, score_objects


def images(**rows):
    """Return one row an image: object = [(telescope, score), ...]."""
    flat = [(name, telescope, score) for name, seen in rows.items() for telescope, score in seen]
    return pd.DataFrame(flat, columns=["object_id", "telescope", "score"])


def scores_of(objects):
    return dict(zip(objects["object_id"], objects["score"].round(6), strict=True))


@pytest.mark.replaces("psat-ml", "P9")
def test_an_object_has_the_median_score_of_the_telescope_with_most_images():
    seen = images(a=[("hko", 0.9), ("mlo", 0.1), ("mlo", 0.3), ("mlo", 0.8)], b=[("sth", 0.5)])
    objects = score_objects(seen).set_index("object_id")
    assert objects.loc["a", ["score", "images", "telescope", "images_all"]].tolist() == [0.3, 3, "mlo", 4]
    assert objects.loc["b", ["score", "images", "telescope"]].tolist() == [0.5, 1, "sth"]


def test_of_telescopes_with_as_many_images_the_first_by_name_counts():
    assert scores_of(score_objects(images(a=[("z", 0.9), ("c", 0.2)]))) == {"a": 0.2}


@pytest.mark.replaces("psat-ml", "P9")
def test_objects_come_sorted_the_least_likely_first_and_the_unscored_last():
    seen = images(b=[("t", 0.7)], d=[("t", np.nan)], a=[("t", 0.7)], c=[("t", 0.1)])
    objects = score_objects(seen)
    assert objects["object_id"].tolist() == ["c", "a", "b", "d"]
    assert np.isnan(objects["score"].iloc[-1])
    assert objects["images"].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(("rule", "expected"), [("median", 0.3), ("mean", 0.4), ("max", 0.9)])
def test_other_rules_take_all_images(rule, expected):
    seen = images(a=[("x", 0.9), ("y", 0.1), ("y", 0.3), ("z", 0.3)])
    assert scores_of(score_objects(seen, rule)) == {"a": expected}


@pytest.mark.parametrize("rule", list(OBJECT_RULES))
def test_every_rule_ignores_images_without_a_score_and_bears_none_at_all(rule):
    seen = images(a=[("x", np.nan), ("x", 0.4)])
    assert scores_of(score_objects(seen, rule)) == {"a": 0.4}
    assert list(score_objects(seen[:0], rule)) == list(OBJECT_COLUMNS)


def test_what_is_missing_or_unknown_is_named():
    with pytest.raises(InputError, match="column 'telescope' is missing; there: object_id, score"):
        score_objects(pd.DataFrame({"object_id": ["a"], "score": [1.0]}))
    with pytest.raises(UnknownNameError, match="unknown object rule 'modus'; known: longest_median, max"):
        score_objects(images(a=[("x", 1.0)]), "modus")
