import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.metrics import STRATA, all_strata, groups_of, recall_by


def table():
    return pd.DataFrame(
        {
            "label": [1, 1, 1, 1, 0, 0],
            "score": [0.9, 0.2, 0.8, 0.7, 0.6, 0.1],
            "kind": ["mover", "mover", "variable", "variable", "cosmic ray", "cosmic ray"],
            "group_id": ["a", "b", "c", "c", "d", "e"],
            "magnitude": [17.0, 18.0, 19.0, 99.0, 20.0, np.nan],
            "flux_sign": [1, -1, 1, -1, 1, 1],
        }
    )


def test_each_kind_has_its_own_recall_and_false_positive_rate():
    found = recall_by(table(), "kind", threshold=0.5).set_index("stratum")
    assert found.loc["mover", "recall"] == 0.5
    assert found.loc["variable", "recall"] == 1.0
    assert found.loc["cosmic ray", "fpr"] == 0.5
    assert np.isnan(found.loc["mover", "fpr"])
    assert np.isnan(found.loc["cosmic ray", "auc"])


def test_an_object_counts_once_in_the_interval():
    found = recall_by(table(), "kind", threshold=0.5).set_index("stratum")
    assert (found.loc["variable", "n_real"], found.loc["variable", "n_real_groups"]) == (2, 1)
    assert found.loc["variable", "recall_low"] < found.loc["mover", "recall_high"]


def test_bins_are_disjoint_and_sentinels_are_missing():
    found = recall_by(table(), "magnitude", threshold=0.5, edges=[16, 18, 21])
    assert found["stratum"].tolist() == ["16 to 18 mag", "18 to 21 mag", "missing"]
    assert found["n_real"].tolist() == [1, 2, 1]
    assert found["n_bogus"].tolist() == [0, 1, 1]


def test_bins_by_quantile_hold_every_measured_row_once():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"label": 1, "score": rng.random(101), "snr": rng.exponential(10, 101)})
    found = recall_by(rows, "snr", threshold=0.5)
    assert found["n_real"].sum() == 101
    assert found["n_real"].between(20, 21).all()
    assert (found["bin_low"].to_numpy()[1:] == found["bin_high"].to_numpy()[:-1]).all()


def test_a_constant_column_is_one_bin():
    rows = pd.DataFrame({"label": [0, 1], "score": [0.1, 0.9], "snr": [5.0, 5.0]})
    assert recall_by(rows, "snr", threshold=0.5)["n_real"].tolist() == [1]


def test_signs_and_rare_values_are_sorted_and_the_rest_is_lumped():
    assert recall_by(table(), "flux_sign", threshold=0.5)["stratum"].tolist() == ["-1", "1"]
    many = pd.DataFrame({"label": 1, "score": 0.9, "detector": [f"c{i % 60}" for i in range(200)]})
    found = recall_by(many, "detector", threshold=0.5)
    assert len(found) == 24
    assert found["stratum"].iloc[-1] == "all others"
    assert found["n_real"].sum() == 200


def test_every_column_that_holds_anything_is_reported_and_empty_ones_are_not():
    rows = table().assign(detector="", host_offset_arcsec=np.nan)
    assert all_strata(rows, threshold=0.5)["column"].unique().tolist() == ["kind", "flux_sign", "magnitude"]
    assert all_strata(rows.iloc[:0], threshold=0.5).empty
    assert set(STRATA) >= {"kind", "label_source", "flux_sign", "band", "magnitude", "snr", "detector"}


def test_an_absent_column_is_named():
    with pytest.raises(InputError, match="no column 'band'"):
        recall_by(table(), "band", threshold=0.5)


def test_rows_without_a_group_are_groups_of_their_own():
    rows = pd.DataFrame({"group_id": ["a", "", None, "a"], "object_id": ["x", "y", "", "z"]})
    groups = groups_of(rows)
    assert groups[0] == groups[3] == "a"
    assert groups[1] == "y"
    assert len(set(groups)) == 3
