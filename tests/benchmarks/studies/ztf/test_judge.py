"""Judging: a stack is the weighed sum of its members' calibrated logits, and tables hold known figures."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf import judge
from benchmarks.studies.ztf.judge import digest_of, logits_file, of_fold, summed, tables
from benchmarks.studies.ztf.trainings import calibrated
from models.recipes.stack_members import read_members
from pipeline.io import settings_files


def rows(logits, *, count=20, night="2019-01-01"):
    label = np.arange(count) % 2
    names = [f"c{number}" for number in range(count)]
    same = dict.fromkeys(("candidate_id", "object_id", "group_id"), names)
    about = {"night": night, "kind": np.where(label, "variable", "bogus"), "label_source": "eye", "magnitude": 18.0}
    return pd.DataFrame(same | about | {"label": label, "logit": logits})


def test_a_stack_is_what_its_members_say_by_the_weights_of_its_file(tmp_path, monkeypatch):
    path, rng = tmp_path / "fold0.h5", np.random.default_rng(1)
    members = read_members("ztf_default")
    for member in members.members:
        parts = [rows(rng.normal(size=20)).assign(part=part) for part in ("validation", "test")]
        pd.concat(parts, ignore_index=True).to_parquet(logits_file(path, member.classifier, 2, tmp_path))
    found = of_fold(path, "ztf_default", 2, tmp_path)
    names = [member.classifier for member in members.members]
    tables = [calibrated(pd.read_parquet(logits_file(path, name, 2, tmp_path))) for name in names]
    by_hand = sum(weight * table["logit"] for weight, table in zip(members.weights, tables, strict=True))
    expected = calibrated(tables[0].assign(logit=by_hand))
    assert found["logit"].to_numpy() == pytest.approx(expected["logit"][20:].to_numpy())
    assert "part" not in found


def test_members_that_judged_other_rows_are_refused():
    with pytest.raises(ValueError, match="members judged other rows"):
        summed([rows(0.0), rows(0.0)[::-1].reset_index(drop=True)], [0.5, 0.5])


def test_the_table_has_the_mean_over_seeds_and_both_spans():
    label = np.arange(20) % 2
    right, wrong = rows(2.0 * label - 1.0), rows(1.0 - 2.0 * label)
    late = rows(2.0 * label - 1.0, night="2020-07-01").assign(candidate_id=[f"d{number}" for number in range(20)])
    late["object_id"] = late["candidate_id"]
    both = [pd.concat([one, late], ignore_index=True) for one in (right, wrong)]
    some = both[0].assign(logit=np.where(np.arange(40) < 20, np.nan, both[0]["logit"]))
    found = tables({"ours": both, "some": [some]})
    (mean,) = [line for line in found if line.startswith("| ours | 40")][:1]
    assert "| 0.7500 (" in mean
    assert "0.5000, 1.0000" in mean
    assert any(line.startswith("| some | 20 | 1.0000 (") for line in found)
    assert any(line.startswith("| ours | 0.5000 (") and "1.0000 (" in line for line in found)


def test_a_digest_is_of_the_recipe_and_of_its_members(monkeypatch):
    stated, before = settings_files.raw, digest_of("ztf_default")
    changed = {"ztf_histograms": {"label_source_weight": {"eye": 11}}}
    monkeypatch.setattr(settings_files, "raw", lambda kind, name: {**stated(kind, name), **changed.get(name, {})})
    assert digest_of("ztf_default") != before
    assert digest_of("ztf_ensemble") == digest_of("ztf_ensemble")


def test_logits_of_a_recipe_that_was_changed_since_are_not_judged_as_its_own(tmp_path, monkeypatch):
    stated, before = settings_files.raw, logits_file(tmp_path / "fold0.h5", "ztf_histograms", 1, tmp_path)
    monkeypatch.setattr(settings_files, "raw", lambda kind, name: {**stated(kind, name), "class_weight": "none"})
    assert logits_file(tmp_path / "fold0.h5", "ztf_histograms", 1, tmp_path) != before


def test_the_recipe_is_made_of_recipes_of_its_own():
    members = read_members("ztf_default")
    assert [member.classifier for member in members.members] == ["ztf_ensemble", "ztf_histograms"]
    assert members.weights == (0.7, 0.3)
    assert settings_files.raw("classifiers", "ztf_default")["combine"] == "weights"
    assert judge.SPLIT_NIGHT == "2020-06-01"
