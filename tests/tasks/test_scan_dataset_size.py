"""A scan of sizes as it is planned."""

import pytest

import tasks
from pipeline.errors import SettingsError


def test_a_survey_of_many_classes_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path))
    scan = tasks.ScanDatasetSize(survey="target_selection", classifier="table_forest")
    with pytest.raises(SettingsError, match="survey target_selection has 5 classes: Others, BG, LRG, ELG, QSO; a scan"):
        scan.deps()
    assert list(tmp_path.iterdir()) == []
