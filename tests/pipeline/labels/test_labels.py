import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.labels import LABEL_PROVIDERS, label_candidates, parse_chain


def judge(provider, candidates, reference=None, **settings):
    """Ask one provider; a single table is what it reads first."""
    parsed = LABEL_PROVIDERS.metadata(provider)["settings"](**settings)
    tables = reference if isinstance(reference, dict) else dict.fromkeys(parsed.reads(), reference)
    return LABEL_PROVIDERS[provider](candidates, {name: t for name, t in tables.items() if t is not None}, parsed)


def chain(*entries):
    return parse_chain(entries, "survey.yaml")


def test_a_list_is_joined_by_id_and_never_by_position(make_rows):
    table = pd.DataFrame({"candidate_id": ["c", "x", "a"], "label": [1, 0, 0]})
    verdict = judge("list", make_rows("abc"), table, table="eyeballs")
    assert verdict.label.tolist() == [0, -1, 1]
    assert verdict.kind.tolist() == ["bogus", "", "transient"]


def test_ids_with_leading_zeros_and_beyond_2_53_join_exactly(make_rows):
    ids = ["007", "7", str(2**53), str(2**53 + 1)]
    table = pd.DataFrame({"candidate_id": ["7", str(2**53 + 1)], "label": [1, 0]})
    assert judge("list", make_rows(ids), table, table="t").label.tolist() == [-1, 1, -1, 0]


def test_a_list_without_a_source_is_its_own(make_rows):
    table = pd.DataFrame({"candidate_id": ["a"], "label": [1]})
    assert judge("list", make_rows("a"), table, table="eyeballs").source.tolist() == ["eyeballs"]
    assert judge("list", make_rows("a"), table, table="eyeballs", source="eye").source.tolist() == ["eye"]


def test_kind_and_source_of_a_list_win_where_it_states_them(make_rows):
    table = pd.DataFrame(
        {"candidate_id": ["a", "b"], "label": [1, 1], "kind": ["supernova", ""], "label_source": ["spec", ""]}
    )
    verdict = judge("list", make_rows("ab"), table, table="t", source="file")
    assert verdict.kind.tolist() == ["supernova", "transient"]
    assert verdict.source.tolist() == ["spec", "file"]


def test_an_id_listed_twice_alike_is_fine_and_unlike_is_an_error(make_rows):
    alike = pd.DataFrame({"candidate_id": ["a", "a"], "label": [1, 1]})
    assert judge("list", make_rows("a"), alike, table="t").label.tolist() == [1]
    with pytest.raises(InputError, match="labels 't': candidate_id 'a' is both real and bogus"):
        judge("list", make_rows("a"), alike.assign(label=[1, 0]), table="t")


def test_unsure_beside_a_word_is_no_contradiction(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "a"], "label": [-1, 1]})
    assert judge("list", make_rows("a"), table, table="t").label.tolist() == [1]


def test_a_label_outside_the_classes_is_named(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "b"], "label": [1, 2]})
    with pytest.raises(
        InputError, match=r"labels 't': candidate_id 'b' has label '2'; allowed: 1 \(real\), 0 \(bogus\)"
    ):
        judge("list", make_rows("a"), table, table="t")


def test_a_table_without_the_column_is_named(make_rows):
    with pytest.raises(InputError, match="labels 't': column 'label' is missing; there: candidate_id"):
        judge("list", make_rows("a"), pd.DataFrame({"candidate_id": ["a"]}), table="t")


def test_movers_are_matched_within_their_own_exposure(make_rows):
    here = {"ra_deg": [10.0, 10.0, 10.0], "dec_deg": [0.0, 0.0, 0.001]}
    candidates = make_rows("abc", exposure_id=["e1", "e2", "e1"], **here)
    table = pd.DataFrame({"mover_id": ["m"], "exposure_id": ["e1"], "ra_deg": [10.0], "dec_deg": [1.0 / 3600]})
    verdict = judge("mover", candidates, table, radius_arcsec=2.0)
    assert verdict.label.tolist() == [1, -1, -1]


def test_rows_of_one_mover_become_one_group(make_rows):
    candidates = make_rows("abc", exposure_id=["e1", "e2", "e2"], ra_deg=[10, 11, 50], dec_deg=[0, 0, 0])
    table = pd.DataFrame(
        {"mover_id": ["m7", "m7"], "exposure_id": ["e1", "e2"], "ra_deg": [10.0, 11.0], "dec_deg": [0.0, 0.0]}
    )
    found = label_candidates(candidates, chain({"provider": "mover"}), {"movers": table}).candidates
    assert found["group_id"].tolist() == ["mover m7", "mover m7", "oc"]


def test_a_candidate_without_a_place_is_near_nothing(make_rows):
    candidates = make_rows("a", ra_deg=[np.nan], dec_deg=[0])
    table = pd.DataFrame({"ra_deg": [0.0], "dec_deg": [0.0]})
    assert judge("variable", candidates, table).label.tolist() == [-1]


def test_a_variable_is_matched_across_zero_degrees(make_rows):
    candidates = make_rows("ab", ra_deg=[359.9999, 359.99], dec_deg=[0, 0])
    table = pd.DataFrame({"ra_deg": [0.0001], "dec_deg": [0.0]})
    assert judge("variable", candidates, table, radius_arcsec=1.0).label.tolist() == [1, -1]


def test_a_teacher_speaks_at_the_ends_of_its_scores(make_rows):
    table = pd.DataFrame({"candidate_id": list("abcde"), "score": [0.9, 0.89, 0.1, 0.09, np.nan]})
    verdict = judge("teacher", make_rows("abcdef"), table, real_from=0.9, bogus_below=0.1)
    assert verdict.label.tolist() == [1, -1, -1, 0, -1, -1]
    assert set(verdict.source) == {"teacher", ""}


def test_thresholds_of_a_teacher_must_not_cross():
    with pytest.raises(SettingsError, match=r"bogus_below 0.9 and real_from 0.1"):
        chain({"provider": "teacher", "real_from": 0.1, "bogus_below": 0.9})


def test_a_draw_depends_on_the_id_and_not_on_the_set(make_rows):
    ids = [f"c{i}" for i in range(300)]
    all_at_once = judge("bogus_draw", make_rows(ids), share=0.3).label
    few = judge("bogus_draw", make_rows(ids[::-1][:50]), share=0.3).label
    np.testing.assert_array_equal(few, all_at_once[::-1][:50])
    assert 0.2 < (all_at_once == 0).mean() < 0.4


def test_a_draw_takes_nobody_or_everybody_at_the_ends(make_rows):
    assert set(judge("bogus_draw", make_rows("abc"), share=0.0).label) == {-1}
    assert set(judge("bogus_draw", make_rows("abc"), share=1.0).label) == {0}
    with pytest.raises(SettingsError, match=r"share is 1.5; allowed: 0 to 1"):
        chain({"provider": "bogus_draw", "share": 1.5})


def test_the_first_of_the_chain_wins_and_disagreement_is_flagged(make_rows):
    strong = pd.DataFrame({"candidate_id": ["a", "b"], "label": [0, 1]})
    weak = pd.DataFrame({"candidate_id": ["a", "b", "c"], "label": [1, 1, 1]})
    links = chain({"provider": "list", "table": "eyeballs"}, {"provider": "list", "table": "catalogue"})
    found = label_candidates(make_rows("abcd"), links, {"eyeballs": strong, "catalogue": weak}).candidates
    assert found["label"].tolist() == [0, 1, 1, -1]
    assert found["label_source"].tolist() == ["eyeballs", "eyeballs", "catalogue", ""]
    assert found["flags"].tolist() == [int(Flag.BORDERLINE_LABEL), 0, 0, 0]


def test_a_draw_fills_up_and_contradicts_nobody(make_rows):
    table = pd.DataFrame({"candidate_id": ["a"], "label": [1]})
    links = chain({"provider": "list", "table": "t"}, {"provider": "bogus_draw", "share": 1.0})
    found = label_candidates(make_rows("ab"), links, {"t": table}).candidates
    assert found["label"].tolist() == [1, 0]
    assert found["flags"].tolist() == [0, 0]


def test_a_kind_comes_from_whoever_knows_it(make_rows):
    eyes = pd.DataFrame({"candidate_id": ["a", "b"], "label": [1, 1]})
    teacher = pd.DataFrame({"candidate_id": ["a", "b"], "score": [1.0, 1.0]})
    variables = pd.DataFrame({"ra_deg": [20.0], "dec_deg": [0.0]})
    links = chain({"provider": "list", "table": "t"}, {"provider": "teacher"}, {"provider": "variable"})
    candidates = make_rows("ab", ra_deg=[20, 40], dec_deg=[0, 0])
    found = label_candidates(candidates, links, {"t": eyes, "teacher": teacher, "variables": variables}).candidates
    assert found["kind"].tolist() == ["variable", "transient"]


def test_two_files_under_one_table_name_are_both_read(make_rows):
    links = chain(
        {"provider": "list", "table": "t", "file": "1.csv"}, {"provider": "list", "table": "t", "file": "2.csv"}
    )
    tables = {
        "1.csv": pd.DataFrame({"candidate_id": ["a"], "label": [1]}),
        "2.csv": pd.DataFrame({"candidate_id": ["b"], "label": [0]}),
    }
    assert label_candidates(make_rows("ab"), links, tables).candidates["label"].tolist() == [1, 0]


def test_the_input_is_left_alone(make_rows):
    candidates = make_rows("a")
    label_candidates(candidates, chain({"provider": "bogus_draw", "share": 1.0}), {})
    assert candidates["label"].tolist() == [0]
    assert candidates["label_source"].tolist() == [""]


def test_a_chain_without_links_labels_nothing(make_rows):
    assert label_candidates(make_rows("ab"), (), {}).candidates["label"].tolist() == [-1, -1]


def test_an_unknown_provider_and_a_missing_one_are_named():
    with pytest.raises(SettingsError, match=r"unknown label provider 'moover'.*did you mean 'mover'"):
        chain({"provider": "moover"})
    with pytest.raises(SettingsError, match=r"survey.yaml: labels\[0\]: 'provider' is missing"):
        chain({"table": "t"})
    with pytest.raises(SettingsError, match=r"labels\[0\]: unknown key 'radius'"):
        chain({"provider": "mover", "radius": 3})
