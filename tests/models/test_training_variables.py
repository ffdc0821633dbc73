import pytest

from models import training_variables
from pipeline.errors import SettingsError


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
