"""A training as it is planned."""

import importlib.util

import pytest
import yaml

import tasks
from pipeline.errors import MissingExtraError
from pipeline.io import settings_files


def test_rows_that_cannot_be_drawn_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    for kind, name in (("surveys", "fourmost"), ("surveys", "target_selection"), ("datasets", "target_selection")):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.yaml").write_text(yaml.safe_dump(dict(settings_files.raw(kind, name))))
    (tmp_path / "classifiers").mkdir()
    (tmp_path / "classifiers" / "drawing.yaml").write_text("{classifier: table_forest, sampling: {method: SMOTE}}")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    training = tasks.TrainClassifier(survey="target_selection", classifier="drawing")
    assert [type(one).__name__ for one in training.deps()] == ["BuildDataset"]
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "imblearn" else real(name))
    with pytest.raises(MissingExtraError, match=r"SMOTE' needs imbalanced-learn.*'nightsift\[sampling\]'"):
        training.deps()
