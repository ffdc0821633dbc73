"""Verdicts by eye are whole, name each alert once, and stand beside the kinds of the truth that they mean."""

import pandas as pd
import pytest
import yaml

from benchmarks.studies.synthetic.ztf_by_eye import beside_truth, read_verdicts


def test_every_bogus_is_judged_once(real_data):
    table = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet", columns=["candid", "label"])
    assert sorted(read_verdicts()["name"]) == sorted(table["candid"][table["label"] == 0].astype(str))


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"a": {"truth": "", "rows": ["1", "2"], "unsure": ["3"]}}, "a is unsure of 3"),
        ({kind: {"truth": "", "rows": ["1"], "unsure": []} for kind in "ab"}, "1 is listed under two kinds"),
    ],
)
def test_a_faulty_list_is_refused_by_name(tmp_path, entries, fault):
    path = tmp_path / "verdicts.yaml"
    path.write_text(yaml.safe_dump(entries))
    with pytest.raises(ValueError, match=fault):
        read_verdicts(path)


def test_kinds_by_eye_stand_beside_the_truth_that_they_mean():
    eye = [
        ("1", "ring", "star", False),
        ("2", "dipole", "star", True),
        ("3", "ring", "star", False),
        ("4", "dark", "", False),
    ]
    verdicts = pd.DataFrame(eye, columns=["name", "kind", "truth", "unsure"])
    truth = pd.Series(["star", "star", "ghost"])
    kinds = beside_truth(verdicts, truth, truth[:1])
    assert kinds.loc["star"].tolist() == [2, 1, 3, 1, "2 ring, 1 dipole"]
    assert kinds.loc["dark"].tolist() == [0, 0, 1, 0, "1 dark"]
    assert kinds.loc["ghost"].tolist() == [1, 0, 0, 0, ""]
