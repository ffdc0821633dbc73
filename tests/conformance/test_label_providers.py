"""What every label provider must do, over all that the registry holds."""

import numpy as np
import pandas as pd
import pytest

from pipeline.labels import LABEL_PROVIDERS, parse_chain

TABLES = {
    "list": pd.DataFrame({"candidate_id": ["b", "zz"], "label": [1, 0]}),
    "mover": pd.DataFrame({"mover_id": ["m"], "exposure_id": ["e1"], "ra_deg": [20.0], "dec_deg": [0.0]}),
    "injected": pd.DataFrame({"exposure_id": ["e1"], "ra_deg": [20.0], "dec_deg": [0.0]}),
    "variable": pd.DataFrame({"variable_id": ["v"], "ra_deg": [20.0], "dec_deg": [0.0]}),
    "catalogue": pd.DataFrame({"ra_deg": [20.0], "dec_deg": [0.0], "class": ["SN Ia"]}),
    "teacher": pd.DataFrame({"candidate_id": ["b"], "score": [0.99]}),
    "bogus_draw": pd.DataFrame(),
}
SETTINGS = {"list": {"table": "t"}, "catalogue": {"other": "real"}, "bogus_draw": {"share": 0.5}}


@pytest.fixture(params=list(LABEL_PROVIDERS))
def provider(request):
    """Return a provider's name and a function that asks it."""
    name = request.param
    link = parse_chain([{"provider": name, **SETTINGS.get(name, {})}], "x.yaml")[0]
    return name, lambda candidates, table: LABEL_PROVIDERS[name](
        candidates, dict.fromkeys(link.reads, table), link.settings
    )


@pytest.fixture
def candidates(make_rows):
    return make_rows("abc", exposure_id=["e1", "e1", "e2"], ra_deg=[10, 20, 30], dec_deg=[0, 0, 0])


def test_its_example_is_here(provider):
    assert provider[0] in TABLES


def test_it_is_described(provider):
    assert LABEL_PROVIDERS.summary(provider[0]).endswith((".", "error."))


def test_no_candidates_get_no_verdict(provider, candidates):
    name, ask = provider
    verdict = ask(candidates[:0], TABLES[name])
    assert len(verdict.label) == len(verdict.kind) == len(verdict.source) == 0


def test_without_a_word_there_is_no_label_kind_or_source(provider, candidates):
    name, ask = provider
    verdict = ask(candidates, TABLES[name][:0])
    silent = verdict.label == -1
    assert silent.all() or name == "bogus_draw"
    assert set(verdict.kind[silent]) | set(verdict.source[silent]) <= {""}


def test_a_word_is_a_class_with_kind_and_source(provider, candidates):
    name, ask = provider
    verdict = ask(candidates, TABLES[name])
    assert verdict.label.dtype == np.int8
    spoken = verdict.label >= 0
    assert spoken.any()
    assert set(verdict.label[spoken]) <= {0, 1}
    assert "" not in set(verdict.kind[spoken]) | set(verdict.source[spoken])


def test_the_order_of_candidates_does_not_count(provider, candidates):
    name, ask = provider
    turned = ask(candidates[::-1].reset_index(drop=True), TABLES[name])
    np.testing.assert_array_equal(turned.label[::-1], ask(candidates, TABLES[name]).label)


def test_an_index_that_does_not_start_at_zero_does_not_count(provider, candidates):
    name, ask = provider
    moved = ask(candidates.set_axis([7, 8, 9]), TABLES[name])
    np.testing.assert_array_equal(moved.label, ask(candidates, TABLES[name]).label)
