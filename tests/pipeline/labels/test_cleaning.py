"""Cleaning filters: who leaves, by which filter, and who stays."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.labels.cleaning import CLEANERS, clean, parse_cleaning

TABLES = {
    "variables": pd.DataFrame({"ra_deg": [10.0], "dec_deg": [0.0]}),
    "movers": pd.DataFrame({"exposure_id": ["e1"], "ra_deg": [10.0], "dec_deg": [0.0]}),
    "frame_detections": pd.DataFrame({"candidate_id": list("abc"), "frames_seen": [1, 1, 1], "frames": 4}),
    "flagged_exposures": pd.DataFrame({"exposure_id": ["e1"]}),
}


def run(candidates, *entries, tables=TABLES):
    steps = parse_cleaning(entries, "survey.yaml")
    return {name: rows.tolist() for name, rows in clean(candidates, steps, tables).items()}


@pytest.fixture
def crowded_rows(make_rows):
    """Three candidates at one place of one exposure: bogus, real, unlabelled."""
    return make_rows("abc", exposure_id=["e1"] * 3, ra_deg=[10.0] * 3, dec_deg=[0.0] * 3, label=[0, 1, -1])


@pytest.mark.replaces("gotorb", "G11")
@pytest.mark.parametrize("cleaner", ["variables", "movers", "cosmic_rays"])
def test_variables_movers_and_cosmic_rays_leave_the_bogus_and_nothing_else(crowded_rows, cleaner):
    assert run(crowded_rows, {"cleaner": cleaner}) == {cleaner: [True, False, False]}
    assert run(crowded_rows, {"cleaner": cleaner, "rows": "bogus_and_unlabelled"}) == {cleaner: [True, False, True]}


def test_a_bogus_away_from_the_star_stays(crowded_rows):
    far = crowded_rows.assign(dec_deg=2.0 / 3600)
    assert run(far, {"cleaner": "variables", "radius_arcsec": 1.0}) == {"variables": [False] * 3}
    assert run(far, {"cleaner": "variables", "radius_arcsec": 3.0}) == {"variables": [True, False, False]}


def test_a_mover_cleans_its_own_exposure_alone(crowded_rows):
    assert run(crowded_rows.assign(exposure_id="e2"), {"cleaner": "movers"}) == {"movers": [False] * 3}


@pytest.mark.replaces("gotorb", "G11")
@pytest.mark.parametrize(("seen", "frames", "leaves"), [(0, 4, False), (1, 4, True), (2, 4, False), (1, 1, False)])
def test_a_cosmic_ray_is_what_exactly_one_of_several_frames_shows(make_rows, seen, frames, leaves):
    table = pd.DataFrame({"candidate_id": ["a"], "frames_seen": [seen], "frames": [frames]})
    assert run(make_rows("a", label=[0]), {"cleaner": "cosmic_rays"}, tables={"frame_detections": table}) == {
        "cosmic_rays": [leaves]
    }


def test_a_candidate_whose_frames_nobody_looked_at_stays(make_rows):
    assert run(make_rows("z", label=[0]), {"cleaner": "cosmic_rays"}) == {"cosmic_rays": [False]}


@pytest.mark.replaces("gotorb", "G11")
def test_a_flagged_exposure_keeps_so_many_labelled_rows(make_rows):
    names = [f"c{n}" for n in range(40)]
    rows = make_rows(
        names,
        exposure_id=["e1"] * 30 + ["e2"] * 10,
        label=[0, 1, -1, 1] * 10,
        label_source=["marshall", "x", "", "x"] * 10,
    )
    (leaves,) = run(rows, {"cleaner": "flagged_exposures", "keep": 10}).values()
    stays = rows[~np.array(leaves)]
    assert stays["exposure_id"].value_counts().to_dict() == {"e1": 10, "e2": 10}
    assert (stays.loc[stays["exposure_id"] == "e1", "label"] >= 0).all()
    (leaves,) = run(rows, {"cleaner": "flagged_exposures", "keep": 10, "keep_sources": ["marshall"]}).values()
    assert rows[~np.array(leaves)].query("exposure_id == 'e1'")["label_source"].tolist() == ["marshall"] * 8
    (leaves,) = run(rows, {"cleaner": "flagged_exposures", "keep": 0}).values()
    assert leaves == [True] * 30 + [False] * 10


def test_a_row_is_counted_by_the_first_filter_that_takes_it(crowded_rows):
    assert run(crowded_rows, {"cleaner": "variables"}, {"cleaner": "movers"}) == {
        "variables": [True, False, False],
        "movers": [False, False, False],
    }


def test_the_input_is_left_alone_and_without_steps_nobody_leaves(crowded_rows):
    before = crowded_rows.copy()
    assert run(crowded_rows) == {}
    run(crowded_rows, {"cleaner": "variables"})
    pd.testing.assert_frame_equal(crowded_rows, before)


@pytest.mark.parametrize("cleaner", list(CLEANERS))
def test_every_filter_takes_no_rows_and_is_described(make_rows, cleaner):
    assert run(make_rows(""), {"cleaner": cleaner}) == {cleaner: []}
    assert CLEANERS.summary(cleaner).endswith(".")


@pytest.mark.parametrize("cleaner", list(CLEANERS))
def test_a_table_without_a_column_is_named(crowded_rows, cleaner):
    with pytest.raises(InputError, match=r"cleaning '\w+': column '\w+' is missing; there: none"):
        run(crowded_rows, {"cleaner": cleaner}, tables={})


def test_faults_of_the_settings_are_named():
    for entry, error, message in (
        ({"cleaner": "cosmics"}, SettingsError, "unknown cleaning filter 'cosmics'"),
        ({"table": "t"}, SettingsError, r"survey.yaml: cleaning\[0\]: 'cleaner' is missing; known: cosmic_rays"),
        ({"cleaner": "movers", "radius": 1}, SettingsError, r"cleaning\[0\]: unknown key 'radius'"),
        ({"cleaner": "flagged_exposures", "keep": -1}, SettingsError, "keep is -1; allowed: at least 0"),
    ):
        with pytest.raises(error, match=message):
            parse_cleaning([entry], "survey.yaml")
