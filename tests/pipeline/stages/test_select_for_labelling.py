"""Selections of candidates to label: none is proposed twice, whatever is asked for, killed or run at once."""

import sqlite3
from contextlib import closing
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, StorageError
from pipeline.io.results.scores_file import ScoresWriter, score_columns
from pipeline.io.tables.label_file import read_labels
from pipeline.scores.acquisition import Mixture
from pipeline.stages import select_for_labelling as module
from pipeline.stages.select_for_labelling import COLUMNS, Request, select_for_labelling

ROWS = 60


def write_scores(path, ids, real):
    real = np.asarray(real, np.float32)
    columns = {"candidate_id": ids, "p_0": 1 - real, "p_1": real, "score": real}
    texts = {"object_id": "", "exposure_id": "", "night": "", "model": "m", "release": "r1"}
    numbers = {"split": -1, "label_predicted": 0, "score_std": np.nan, "entropy": np.nan, "bald": np.nan, "flags": 0}
    with ScoresWriter(path, 2, {}) as writer:
        writer.append(pd.DataFrame(columns).assign(**texts, **numbers)[list(score_columns(2))])


@pytest.fixture
def night(make_rows, make_cutouts, tmp_path):
    """Return the folder of a night of 60 scored candidates, of which the first six have labels."""
    ids = [f"{row:03d}" for row in range(ROWS)]
    make_cutouts(tmp_path / "night.h5", make_rows(ids, label=[1, 0] * 3 + [-1] * (ROWS - 6)), size=7)
    write_scores(tmp_path / "scores.parquet", ids, np.random.default_rng(1).random(ROWS))
    return tmp_path


def choose(night, selection, by="margin:0.5,random:0.5", count=10, seed=1, labelled=False, name="list.csv"):
    request = Request(count=count, mixture=Mixture.parse(by), seed=seed, labelled=labelled, selection=selection,
                      ledger=night / ".selected.sqlite")  # fmt: skip
    select_for_labelling(night / name, night / "scores.parquet", night / "night.h5", request)
    return pd.read_csv(night / name, dtype={"candidate_id": str}, keep_default_na=False)


@pytest.mark.replaces("gotorb", "G10")
def test_successive_selections_never_propose_a_candidate_twice(night):
    steps = [("margin", 1), ("random", 1), ("entropy", 1), ("core_set", 2), ("margin:1,random:1", 1)]
    found = [choose(night, f"step {number}", by, seed=seed) for number, (by, seed) in enumerate(steps)]
    ids = [name for table in found for name in table["candidate_id"]]
    assert len(ids) == len(set(ids)) == 50
    assert not {"000", "001", "002", "003", "004", "005"} & set(ids), "labelled ones are left out"
    last = choose(night, "last", "random")
    assert len(last) == 4, "what is left"
    with pytest.raises(
        InputError, match=r"none of 60 scored candidates of night.h5 is left to choose: 54 were proposed"
    ):
        choose(night, "one more", "random")
    assert len(choose(night, "labelled", "random", labelled=True)) == 6


@pytest.mark.replaces("gotorb", "G10")
def test_a_selection_that_is_made_again_is_the_same_although_others_came_in_between(night):
    first = choose(night, "a", "margin:0.5,core_set:0.3,random:0.2")
    choose(night, "b")
    (night / "list.csv").unlink()
    pd.testing.assert_frame_equal(choose(night, "a", "margin:0.5,core_set:0.3,random:0.2"), first)


@pytest.mark.replaces("gotorb", "G10")
def test_a_selection_that_fails_half_way_leaves_nothing_in_the_ledger(night, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(module, "select", lambda *_: 1 / 0)
        choose(night, "a")
    with closing(sqlite3.connect(night / ".selected.sqlite")) as ledger:
        assert not ledger.execute("SELECT name FROM sqlite_master").fetchall()
    assert len(choose(night, "b", count=54)) == 54


def _in_another_process(night, number):
    return choose(night, f"run {number}", "random", seed=1, name=f"list{number}.csv")["candidate_id"].tolist()


@pytest.mark.replaces("gotorb", "G10")
def test_selections_at_once_have_no_candidate_in_common(night):
    with get_context("fork").Pool(3) as workers:
        found = workers.starmap(_in_another_process, [(night, number) for number in range(5)])
    ids = [name for names in found for name in names]
    assert len(ids) == len(set(ids)) == 50


def test_the_list_is_ranked_reasoned_and_read_back_by_label_providers(night):
    found = choose(night, "a")
    assert tuple(found) == COLUMNS
    assert found["rank"].tolist() == list(range(1, 11))
    assert found["reason"].value_counts().to_dict() == {"margin": 5, "random": 5}
    margin = found[found["reason"] == "margin"]
    assert margin["value"].astype(float).to_numpy() == pytest.approx(1 - abs(2 * margin["score"] - 1), abs=1e-6)
    filled = found.assign(label=["1", "0", ""] + [""] * 7)
    filled.to_csv(night / "done.csv", index=False)
    labels = read_labels(str(night / "done.csv")).set_index("candidate_id")["label"]
    assert labels.loc[found["candidate_id"]].tolist() == [1, 0] + [-1] * 8


def test_a_damaged_ledger_is_named_and_nothing_is_proposed(night):
    (night / ".selected.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="keeps what was proposed to be labelled, cannot be used"):
        choose(night, "a")
