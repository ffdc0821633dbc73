"""Rows of the ablations: apart on the sky, the same for all lines, with as many hidden reals as planned."""

import numpy as np
import pandas as pd

from benchmarks.studies.ablation.rows import (
    KNOWN_REALS,
    NATURAL_SHARE,
    divided,
    hidden_labels,
    labelled_nights,
    parts_of,
)


def sky(n=4000):
    """Candidates over half a degree, three of each group, some of which stand in another cell than the first."""
    rng = np.random.default_rng(1)
    group = np.arange(n) // 3
    ra, dec = (rng.uniform(0, 0.5, group.max() + 1)[group] + rng.normal(0, 0.01, n) for _ in range(2))
    labels = (rng.random(n) < 0.4).astype(np.int8)
    return pd.DataFrame(
        {
            "ra_deg": 150 + ra,
            "dec_deg": 2 + dec,
            "group_id": [f"g{number}" for number in group],
            "label": labels,
            "label_source": np.where(rng.random(n) < 0.05, "injected", "eyeball"),
            "night": [f"2026-01-{1 + number % 20:02d}" for number in group],
        }
    )


def test_parts_share_no_group_and_have_about_their_shares():
    rows = sky()
    part = parts_of(rows)
    assert (pd.Series(part).groupby(rows["group_id"]).nunique() == 1).all()
    shares = pd.Series(part).value_counts(normalize=True)
    assert np.allclose(shares[["teach", "stop", "judge"]], [0.55, 0.10, 0.35], atol=0.06)


def test_budgets_hold_and_injected_rows_only_teach():
    rows = sky()
    places, part = divided(rows, teach=500, judge=300), parts_of(rows)
    assert (len(places["teach"]), len(places["judge"])) == (500, 300)
    for name in ("stop", "judge"):
        assert set(part[places[name]]) == {name}
        assert set(rows["label_source"].iloc[places[name]]) == {"eyeball"}
    assert set(part[np.concatenate([places["teach"], places["bogus"], places["unlabelled"]])]) == {"teach"}
    assert not set(places["teach"]) & set(places["bogus"])
    assert set(rows["label"].iloc[places["bogus"]]) == {0}
    again = divided(rows, teach=500, judge=300)
    assert all(np.array_equal(places[name], again[name]) for name in places)


def test_what_passes_for_bogus_holds_the_natural_share_of_reals():
    rows = sky()
    places = divided(rows, teach=1000, judge=10)["unlabelled"]
    true = rows["label"].to_numpy()[places]
    given = hidden_labels(true)
    assert given.mean() == KNOWN_REALS
    assert not (given > true).any()
    assert abs(true[given == 0].mean() - NATURAL_SHARE) < 0.001


def test_a_quarter_of_the_nights_is_labelled():
    assert len(labelled_nights(sky()["night"])) == 5
