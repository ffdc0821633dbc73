"""Movers and injected sources: nearest candidate, one each, within limits."""

import pandas as pd
import pytest

from pipeline.labels import label_candidates, parse_chain

ARCSEC = 1 / 3600


def label(candidates, provider="mover", **settings):
    tables = {name: settings.pop(name) for name in ("movers", "rb", "injected") if name in settings}
    return label_candidates(candidates, parse_chain([{"provider": provider, **settings}], "s.yaml"), tables).candidates


def movers(**columns):
    count = len(columns["dec_deg"])
    return pd.DataFrame({"mover_id": [f"m{n}" for n in range(count)], "exposure_id": "e1", "ra_deg": 10.0} | columns)


def along(make_rows, *arcsec):
    """Return candidates a, b, ... of one exposure at declinations in arcsec."""
    return make_rows("abcdef"[: len(arcsec)], exposure_id=["e1"] * len(arcsec), ra_deg=[10.0] * len(arcsec),
                     dec_deg=[value * ARCSEC for value in arcsec])  # fmt: skip


@pytest.mark.replaces("gotorb", "G2")
def test_a_mover_takes_its_nearest_candidate_and_no_other(make_rows):
    found = label(along(make_rows, 1.5, 0.5), movers=movers(dec_deg=[0.0]))
    assert found["label"].tolist() == [-1, 1]
    assert found["group_id"].tolist() == ["oa", "mover m0"]


def test_two_movers_never_share_a_candidate(make_rows):
    found = label(along(make_rows, 0.0, 1.8), movers=movers(dec_deg=[0.1 * ARCSEC, 0.3 * ARCSEC]))
    assert found["group_id"].tolist() == ["mover m0", "mover m1"]


@pytest.mark.replaces("gotorb", "G2")
def test_match_radius_faintest_magnitude_and_score_floor_are_settings(make_rows):
    candidates = along(make_rows, 0.0, 60.0, 120.0)
    table = movers(dec_deg=[1.2 * ARCSEC, 60 * ARCSEC, 120 * ARCSEC], magnitude=[18.0, 21.0, 19.0])
    score = pd.DataFrame({"candidate_id": list("abc"), "score": [0.5, 0.5, 0.01]})

    def labelled(**settings):
        return label(candidates, movers=table, rb=score, **settings)["label"].tolist()

    assert labelled() == [1, 1, 1]
    assert labelled(radius_arcsec=1.0) == [-1, 1, 1]
    assert labelled(max_magnitude=20.2) == [1, -1, 1]
    assert labelled(scores="rb", score_above=0.01) == [1, 1, -1]


def test_a_candidate_without_a_score_is_no_detection(make_rows):
    score = pd.DataFrame({"candidate_id": ["x"], "score": [0.9]})
    assert label(along(make_rows, 0.0), movers=movers(dec_deg=[0.0]), rb=score, scores="rb")["label"].tolist() == [-1]


@pytest.mark.parametrize("magnitude", [float("nan"), 99.0, -999.0])
def test_a_mover_whose_magnitude_is_not_known_is_looked_for(make_rows, magnitude):
    table = movers(dec_deg=[0.0], magnitude=[magnitude])
    assert label(along(make_rows, 0.0), movers=table, max_magnitude=15.0)["label"].tolist() == [1]


def test_sources_that_the_survey_injected_are_real(make_rows):
    table = pd.DataFrame({"exposure_id": ["e1", "e2"], "ra_deg": 10.0, "dec_deg": [0.0, 60 * ARCSEC]})
    found = label(along(make_rows, 0.2, 60.0), "injected", injected=table)
    assert found[["label", "kind", "label_source"]].to_numpy().tolist() == [[1, "injected", "injected"], [-1, "", ""]]
