import pytest

from models import training_variables
from pipeline.errors import MissingExtraError, SettingsError, StorageError


def test_no_epoch_is_kept_unless_it_is_asked_for(monkeypatch):
    monkeypatch.delenv(training_variables.KEEP_EPOCHS, raising=False)
    assert training_variables.kept_every() == 0
    monkeypatch.setenv(training_variables.KEEP_EPOCHS, "10")
    assert training_variables.kept_every() == 10


@pytest.mark.parametrize("stated", ["0", "-1", "2.5", "all"])
def test_what_is_no_number_of_epochs_is_refused(monkeypatch, stated):
    monkeypatch.setenv(training_variables.KEEP_EPOCHS, stated)
    with pytest.raises(SettingsError, match=f"NIGHTSIFT_KEEP_EPOCHS is '{stated}'; allowed: a whole number"):
        training_variables.kept_every()


def test_logs_for_tensorboard_are_written_only_on_request(monkeypatch, tmp_path):
    monkeypatch.delenv(training_variables.TENSORBOARD, raising=False)
    assert training_variables.tensorboard_folder("a") is None
    monkeypatch.setenv(training_variables.TENSORBOARD, str(tmp_path / "boards"))
    assert training_variables.tensorboard_folder("a") == tmp_path / "boards" / "a"
    assert (tmp_path / "boards" / "a").is_dir()


def test_logs_without_tensorboard_say_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv(training_variables.TENSORBOARD, str(tmp_path / "boards"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"NIGHTSIFT_TENSORBOARD needs tensorboard, .*nightsift\[tensorboard\]"):
        training_variables.tensorboard_folder("a")
    assert not (tmp_path / "boards").exists()


def test_a_folder_for_logs_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(training_variables.TENSORBOARD, str(tmp_path / "file"))
    with pytest.raises(
        StorageError, match=f"NIGHTSIFT_TENSORBOARD: the folder {tmp_path}/file/a cannot be made: Not a"
    ):
        training_variables.tensorboard_folder("a")
