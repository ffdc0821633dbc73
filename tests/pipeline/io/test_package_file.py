import json

import pytest

from pipeline.errors import InputError
from pipeline.io.package_file import PackageFacts


def package(folder, threshold, history=""):
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"threshold_rule": "mdr", "thresholds": {"mdr": threshold}}))
    (folder / "history.csv").write_text(history)
    return folder


def test_the_threshold_of_folds_is_their_median(tmp_path):
    folders = [package(tmp_path / str(value), value) for value in (0.2, 0.9, 0.4)]
    facts = PackageFacts.read(folders)
    assert facts.threshold == 0.4
    assert "median of 3 folds (0.200 to 0.900)" in facts.threshold_rule
    assert facts.history.empty


def test_the_history_of_the_first_is_read(tmp_path):
    facts = PackageFacts.read([package(tmp_path / "a", 0.5, "epoch,loss\n1,0.5\n")])
    assert facts.history["loss"].tolist() == [0.5]
    assert facts.threshold_rule == "rule 'mdr' on validation rows"


def test_another_folder_is_no_package(tmp_path):
    with pytest.raises(InputError, match=r"is no model package: it has no package.json"):
        PackageFacts.read([tmp_path])


def test_of_the_history_validation_is_renamed_and_times_do_not_count(tmp_path):
    facts = PackageFacts.read([package(tmp_path / "a", 0.3, "epoch,loss,validation_loss,seconds\n1,0.5,0.6,3\n")])
    assert list(facts.history) == ["epoch", "loss", "val_loss"]


def test_a_history_without_a_loss_is_none(tmp_path):
    assert PackageFacts.read([package(tmp_path / "a", 0.3, "epoch,rows,seconds\n1,200,3\n")]).history.empty
