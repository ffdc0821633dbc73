"""Precedence and disagreement."""

import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.labels import label_candidates, parse_chain, settle

PLACE = {"ra_deg": [10.0], "dec_deg": [0.0]}
USUAL = [
    ({"provider": "list", "table": "eyeballs", "label": "bogus", "source": "eyeball"}, {"candidate_id": ["a"]}),
    ({"provider": "list", "table": "good", "label": "real", "source": "database"}, {"candidate_id": ["a"]}),
    ({"provider": "list", "table": "marshall", "label": "bogus", "source": "file"}, {"candidate_id": ["a"]}),
    ({"provider": "injected", "table": "injected"}, {"exposure_id": ["e1"], **PLACE}),
    ({"provider": "mover", "table": "movers"}, {"exposure_id": ["e1"], **PLACE}),
    ({"provider": "variable", "table": "variables"}, PLACE),
    ({"provider": "teacher", "table": "teacher"}, {"candidate_id": ["a"], "score": [0.0]}),
    ({"provider": "bogus_draw", "share": 1.0}, {}),
]
SOURCES = ["eyeball", "database", "file", "injected", "mover", "variable", "teacher", "bogus_draw"]


def who_labels(make_rows, chain):
    tables = {entry["table"]: pd.DataFrame(table) for entry, table in chain if "table" in entry}
    candidates = make_rows("a", exposure_id=["e1"], **PLACE)
    links = parse_chain([entry for entry, _ in chain], "survey.yaml")
    return label_candidates(candidates, links, tables).candidates["label_source"].tolist()


@pytest.mark.parametrize("first", range(len(USUAL)), ids=SOURCES)
def test_eyeball_database_file_injected_mover_variable_and_draw_follow_each_other(make_rows, first):
    assert who_labels(make_rows, USUAL[first:]) == [SOURCES[first]]


@pytest.mark.parametrize("first", range(len(USUAL)), ids=SOURCES)
def test_the_order_of_the_list_is_the_precedence_so_a_setting_changes_it(make_rows, first):
    turned = USUAL[::-1][len(USUAL) - 1 - first :]
    assert who_labels(make_rows, turned) == [SOURCES[first]]


@pytest.fixture
def conflicting(make_rows):
    """Of a, b and c only b is called real by one and bogus by another."""
    links = parse_chain(
        [
            {"provider": "list", "table": "strong", "source": "mover list"},
            {"provider": "list", "table": "weak", "source": "junk list"},
        ],
        "s.yaml",
    )
    tables = {
        "strong": pd.DataFrame({"candidate_id": ["a", "b"], "label": [1, 1]}),
        "weak": pd.DataFrame({"candidate_id": ["a", "b", "c"], "label": [1, 0, 0]}),
    }
    return label_candidates(make_rows("abc"), links, tables)


def test_every_disagreement_is_listed_with_both_words(conflicting):
    said = "label conflict: mover list says real, junk list says bogus"
    assert conflicting.conflicts.to_numpy().tolist() == [["b", said]]


def test_the_stronger_wins_by_default_and_is_logged(conflicting, caplog):
    caplog.set_level("DEBUG", logger="pipeline.labels.chain")
    assert settle(conflicting, "stronger").tolist() == [True, True, True]
    assert "1 of 3 candidates: label providers disagree, the stronger won" in caplog.text
    assert "candidate b: label conflict" in caplog.text


def test_a_disagreement_may_drop_the_row(conflicting):
    assert settle(conflicting, "drop").tolist() == [True, False, True]


def test_a_disagreement_may_be_an_error_that_names_the_row(conflicting):
    with pytest.raises(
        InputError, match=r"candidate_id 'b': label conflict: mover list says real, junk list says bogus"
    ):
        settle(conflicting, "error")


def test_where_all_agree_no_rule_does_anything(make_rows):
    agreed = label_candidates(make_rows("ab"), (), {})
    for rule in ("stronger", "drop", "error"):
        assert settle(agreed, rule).all()
