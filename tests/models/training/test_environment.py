import pytest

from models.training.environment import KEEP_EPOCHS, TENSORBOARD, kept_every, tensorboard_folder
from pipeline.errors import MissingExtraError, SettingsError, StorageError


def test_no_epoch_is_kept_unless_it_is_asked_for(monkeypatch):
    monkeypatch.delenv(KEEP_EPOCHS, raising=False)
    assert kept_every() == 0
    monkeypatch.setenv(KEEP_EPOCHS, "10")
    assert kept_every() == 10


@pytest.mark.parametrize("stated", ["0", "-1", "2.5", "all"])
def test_what_is_no_number_of_epochs_is_refused(monkeypatch, stated):
    monkeypatch.setenv(KEEP_EPOCHS, stated)
    with pytest.raises(SettingsError, match=f"NIGHTSIFT_KEEP_EPOCHS is '{stated}'; allowed: a whole number"):
        kept_every()


def test_logs_for_tensorboard_are_written_only_on_request(monkeypatch, tmp_path):
    monkeypatch.delenv(TENSORBOARD, raising=False)
    assert tensorboard_folder("a") is None
    monkeypatch.setenv(TENSORBOARD, str(tmp_path / "boards"))
    assert tensorboard_folder("a") == tmp_path / "boards" / "a"
    assert (tmp_path / "boards" / "a").is_dir()


def test_logs_without_tensorboard_say_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv(TENSORBOARD, str(tmp_path / "boards"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"NIGHTSIFT_TENSORBOARD needs tensorboard, .*nightsift\[tensorboard\]"):
        tensorboard_folder("a")
    assert not (tmp_path / "boards").exists()


def test_a_folder_for_logs_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(TENSORBOARD, str(tmp_path / "file"))
    with pytest.raises(
        StorageError, match=f"NIGHTSIFT_TENSORBOARD: the folder {tmp_path}/file/a cannot be made: Not a"
    ):
        tensorboard_folder("a")
