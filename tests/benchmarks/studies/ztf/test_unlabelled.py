"""The start without a label: nothing that people said teaches, and added labels are drawn from training rows."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf import unlabelled
from benchmarks.studies.ztf.trainings import named_recipe
from benchmarks.studies.ztf.unlabelled import PARENT, RECIPE, with_labels
from models.training.in_memory import MemoryDataSet
from models.training.rows import select_rows
from pipeline.classes import REAL
from pipeline.io import settings_files
from pipeline.labels.lists import ListLabels, list_labels
from pipeline.settings import parse


def settings(place):
    stated = settings_files.raw("surveys", "ztf_unlabelled")["labels"][place]
    return parse(ListLabels, {key: value for key, value in stated.items() if key != "provider"}, "labels")


def test_matches_with_solar_system_objects_are_the_only_label_and_all_others_are_parents():
    said = {"a": "sso", "b": "spec", "c": "var", "d": "eye", "e": ""}
    table = pd.DataFrame({"candidate_id": list(said), "label": list(said.values())})
    first, second = (
        list_labels(pd.DataFrame({"candidate_id": list(said)}), {"list": table}, settings(place)) for place in (0, 1)
    )
    assert first.label.tolist() == [REAL, -1, -1, -1, -1]
    assert first.source[0] == "sso"
    assert second.label.tolist() == [REAL] * 5
    assert set(second.source) == {PARENT}


def rows(sources, labels, prefix):
    return pd.DataFrame(
        {
            "candidate_id": [f"{prefix}{number}" for number in range(len(sources))],
            "label_source": sources,
            "label": labels,
            "kind": "k",
        }
    )


@pytest.fixture
def whole():
    train = rows(["sso", PARENT, PARENT, "self_made", "injected"], [1, 1, 1, 0, 1], "a")
    validation = rows(["sso", PARENT, "self_made"], [1, 1, 0], "v")
    pixels = {"train": np.zeros((5, 9, 9, 1), np.float32), "validation": np.zeros((3, 9, 9, 1), np.float32)}
    return MemoryDataSet(
        parts={"train": (train, pixels["train"]), "validation": (validation, pixels["validation"])},
        channels=("difference",),
    )


def test_parents_neither_teach_nor_judge(whole):
    train, validation = select_rows(whole, named_recipe(RECIPE))
    assert train.used.tolist() == [True, False, False, True, True]
    assert validation.used.tolist() == [True, False, True]


def test_added_labels_are_training_rows_that_do_not_teach_yet(whole, monkeypatch):
    class File:
        survey, channels, class_names, pixel_scale_arcsec = "ztf", ("difference",), ("bogus", "real"), 1.0
        fingerprint = "labelled"

        def candidates(self, part):
            labelled = rows(["sso", "eye", "spec", "teacher", "self_made"], [1, 0, 1, 1, 0], "a")
            return labelled if part == "train" else rows(["eye"], [0], "t")

        def cutouts(self, part):
            return np.ones((len(self.candidates(part)), 9, 9, 1), np.float32)

    monkeypatch.setattr(unlabelled, "open_dataset", lambda _: nullcontext(File()))
    none, every = (with_labels(whole, Path("fold0.h5"), count, 1) for count in (0, 9))
    assert len(none.candidates("train")) == 5
    assert every.candidates("train")["label_source"].tolist()[5:] == ["eye", "spec"]
    assert every.cutouts("train")[:, 0, 0, 0].tolist() == [0.0] * 5 + [1.0] * 2
    assert every.candidates("test")["candidate_id"].tolist() == ["t0"]
    ten_times = select_rows(every, named_recipe(RECIPE))[0].weights
    assert ten_times[5] / ten_times[3] == pytest.approx(10.0)
    one = [with_labels(whole, Path("fold0.h5"), 1, draw).candidates("train")["label"].iloc[-1] for draw in range(12)]
    assert set(one) == {0, 1}
