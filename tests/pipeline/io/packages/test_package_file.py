import pytest
from small_packages import write_small_package

from pipeline.errors import InputError
from pipeline.io.packages.package_file import PackageFacts


def package(folder, threshold, history=""):
    return write_small_package(folder, history, thresholds={"mdr": threshold})


def test_the_threshold_of_folds_is_their_median(tmp_path):
    folders = [package(tmp_path / str(value), value) for value in (0.2, 0.9, 0.4)]
    facts = PackageFacts.read(folders)
    assert facts.threshold == 0.4
    assert "median of 3 folds (0.200 to 0.900)" in facts.threshold_rule
    assert facts.history.empty


def test_calibrations_are_read_by_package_and_thresholds_by_rule(tmp_path):
    facts = PackageFacts.read([package(tmp_path / str(value), value) for value in (0.2, 0.9, 0.4)])
    assert facts.best_thresholds["mdr"] == 0.4
    assert all(set(entry) >= {"method", "slope", "intercept"} for entry in facts.calibrations.values())


def test_the_history_of_the_first_is_read(tmp_path):
    facts = PackageFacts.read([package(tmp_path / "a", 0.5, "epoch,loss\n1,0.5\n")])
    assert facts.history["loss"].tolist() == [0.5]
    assert facts.threshold_rule == "rule 'mdr' on validation rows"


def test_another_folder_is_no_package(tmp_path):
    with pytest.raises(InputError, match=r"no model package in .*: package\.json is missing"):
        PackageFacts.read([tmp_path])


def test_a_threshold_that_was_edited_is_not_taken(tmp_path):
    folder = package(tmp_path / "a", 0.5)
    (folder / "package.json").write_text((folder / "package.json").read_text().replace("0.5", "0.1"))
    with pytest.raises(InputError, match=r"package\.json was changed after it was written"):
        PackageFacts.read([folder])


def test_of_the_history_validation_is_renamed_and_times_do_not_count(tmp_path):
    facts = PackageFacts.read([package(tmp_path / "a", 0.3, "epoch,loss,validation_loss,seconds\n1,0.5,0.6,3\n")])
    assert list(facts.history) == ["epoch", "loss", "val_loss"]


def test_a_history_without_a_loss_is_none(tmp_path):
    assert PackageFacts.read([package(tmp_path / "a", 0.3, "epoch,rows,seconds\n1,200,3\n")]).history.empty
