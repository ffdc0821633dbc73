"""A label of a detection and one of its object do not overwrite each other."""

import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.labels import label_candidates, parse_chain

OBJECTS = {"provider": "list", "table": "objects", "of": "object", "source": "catalogued"}
EYES = {"provider": "list", "table": "eyes", "source": "eyeball"}
TABLES = {
    "objects": pd.DataFrame({"object_id": ["good", "junk"], "label": [1, 0]}),
    "eyes": pd.DataFrame({"candidate_id": ["b", "d"], "label": [0, 1]}),
}


@pytest.fixture
def candidates(make_rows):
    """Return three detections of a good object, two of a bad one, and one of neither."""
    return make_rows("abcdef", object_id=["good", "good", "good", "junk", "junk", ""])


@pytest.mark.parametrize("chain", [[EYES, OBJECTS], [OBJECTS, EYES]], ids=["eyes first", "objects first"])
def test_one_bad_detection_does_not_damn_a_good_object_nor_the_object_save_it(candidates, chain):
    found = label_candidates(candidates, parse_chain(chain, "s.yaml"), TABLES)
    assert found.candidates["label"].tolist() == [1, 0, 1, 1, 0, -1]
    assert found.candidates["label_source"].tolist() == [
        "catalogued",
        "eyeball",
        "catalogued",
        "eyeball",
        "catalogued",
        "",
    ]
    assert len(found.conflicts) == 0, "the two are of different things"


def test_two_lists_of_objects_can_disagree(candidates):
    other = {"provider": "list", "table": "others", "of": "object"}
    tables = {**TABLES, "others": pd.DataFrame({"object_id": ["junk"], "label": [1]})}
    found = label_candidates(candidates, parse_chain([OBJECTS, other], "s.yaml"), tables)
    assert found.conflicts["candidate_id"].tolist() == ["d", "e"]
    assert found.candidates["label"].tolist() == [1, 1, 1, 0, 0, -1]


def test_a_guess_fills_what_neither_says(candidates):
    draw = {"provider": "bogus_draw", "share": 1.0}
    found = label_candidates(candidates, parse_chain([OBJECTS, draw], "s.yaml"), TABLES)
    assert found.candidates["label"].tolist() == [1, 1, 1, 0, 0, 0]
    assert found.candidates["label_source"].tolist()[5] == "bogus_draw"
    star = {"provider": "variable", "radius_arcsec": 1.0}
    stars = {"variables": candidates[["ra_deg", "dec_deg"]]}
    found = label_candidates(candidates, parse_chain([OBJECTS, star], "s.yaml"), {**TABLES, **stars})
    assert found.candidates["label"].tolist() == [1, 1, 1, 0, 0, 1]
    assert found.conflicts["candidate_id"].tolist() == ["d", "e"]


@pytest.mark.parametrize("of", ["object", "detection"])
def test_a_list_that_denies_a_stronger_guess_disagrees_with_it(candidates, of):
    star = {"provider": "variable", "radius_arcsec": 1.0}
    tables = {
        "denied": pd.DataFrame({"object_id": ["junk"], "candidate_id": ["d"], "label": [0]}),
        "variables": candidates[["ra_deg", "dec_deg"]].iloc[3:4],
    }
    denied = {"provider": "list", "table": "denied", "of": of}
    found = label_candidates(candidates, parse_chain([star, denied], "s.yaml"), tables)
    assert found.candidates["label"].tolist()[3] == 1
    assert found.conflicts["reason"].tolist() == ["label conflict: variable says real, denied says bogus"]


def test_an_object_with_two_labels_is_named(candidates):
    tables = {"objects": pd.DataFrame({"object_id": ["good", "good"], "label": [1, 0]})}
    with pytest.raises(InputError, match="labels 'objects': object_id 'good' is both real and bogus"):
        label_candidates(candidates, parse_chain([OBJECTS], "s.yaml"), tables)
