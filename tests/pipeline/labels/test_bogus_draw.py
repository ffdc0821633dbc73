"""The draw of bogus: seeded by id, as many as the reals and some, clear of what may be real."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.labels import label_candidates, parse_chain


def draw(candidates, tables=None, reals=(), **settings):
    links = parse_chain(
        [{"provider": "list", "table": "t", "label": "real"}, {"provider": "bogus_draw", **settings}], "s.yaml"
    )
    return label_candidates(
        candidates, links, {"t": pd.DataFrame({"candidate_id": list(reals)}, dtype="str"), **(tables or {})}
    ).candidates


def names(count):
    return [f"c{n}" for n in range(count)]


def bogus(found):
    return set(found["candidate_id"][found["label"] == 0])


@pytest.mark.replaces("gotorb", "G2")
def test_each_exposure_gives_as_many_bogus_as_it_has_reals_and_bogus_every_more(make_rows):
    exposures = ["e1"] * 20 + ["e2"] * 20 + ["e3"] * 3
    candidates = make_rows(names(43), exposure_id=exposures)
    found = draw(candidates, reals=["c0", "c1", "c20"], bogus_every=4)
    counts = found[found["label"] == 0].groupby("exposure_id").size().to_dict()
    assert counts == {"e1": 6, "e2": 5, "e3": 3}
    assert not bogus(found) & {"c0", "c1", "c20"}


def test_who_is_drawn_depends_on_seed_and_id_alone(make_rows):
    candidates = make_rows(names(40), exposure_id=["e1"] * 40)
    first = bogus(draw(candidates, bogus_every=5))
    assert first == bogus(draw(candidates[::-1].reset_index(drop=True), bogus_every=5))
    assert first != bogus(draw(candidates, bogus_every=5, seed=2))
    fewer = make_rows([*sorted(first), "other"], exposure_id=["e1"] * 6)
    assert first <= bogus(draw(fewer, bogus_every=6))


@pytest.mark.replaces("gotorb", "G2")
def test_only_what_scores_low_is_drawn(make_rows):
    score = pd.DataFrame({"candidate_id": names(4), "score": [0.59, 0.6, 0.7, np.nan]})
    found = draw(
        make_rows(names(5), exposure_id=["e1"] * 5), {"rb": score}, bogus_every=9, scores="rb", score_below=0.6
    )
    assert bogus(found) == {"c0"}


@pytest.mark.replaces("gotorb", "G2")
def test_nobody_near_a_predicted_mover_or_a_variable_is_drawn(make_rows):
    candidates = make_rows(
        names(4), exposure_id=["e1", "e1", "e2", "e1"], ra_deg=[10.0, 11.0, 10.0, 12.0], dec_deg=[0] * 4
    )
    movers = pd.DataFrame({"exposure_id": ["e1"], "ra_deg": [10.001], "dec_deg": [0.0]})
    stars = pd.DataFrame({"ra_deg": [11.001], "dec_deg": [0.0]})
    asked = {"movers": "m", "variables": "v", "clear_arcsec": 5.0, "share": 1.0}
    assert bogus(draw(candidates, {"m": movers, "v": stars}, **asked)) == {"c2", "c3"}


def test_limits_of_the_settings():
    for bad, message in (
        ({"bogus_every": -1}, "bogus_every is -1; allowed: at least 0"),
        ({"variables": "v", "variable_catalogue": "f.csv"}, "give one of them"),
    ):
        with pytest.raises(SettingsError, match=message):
            parse_chain([{"provider": "bogus_draw", **bad}], "s.yaml")
