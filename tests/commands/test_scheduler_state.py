"""The scheduler's list is a pickle: it lies where its user alone can write, never where results are served."""

import os
import stat

import pytest

from commands.scheduler_state import state_path
from pipeline.errors import SettingsError


@pytest.fixture
def places(tmp_path):
    """A results folder, and an environment that names a folder for states."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data", {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_the_folder_is_made_for_its_user_alone(places):
    path = state_path(*places)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.is_relative_to(places[0])


def test_a_list_of_its_own_is_taken_again(places):
    state_path(*places).write_bytes(b"list")
    assert state_path(*places).read_bytes() == b"list"


def test_each_results_folder_has_a_list_of_its_own(places, tmp_path):
    assert state_path(*places) != state_path(tmp_path / "other", places[1])


@pytest.mark.parametrize("given", [{}, {"XDG_STATE_HOME": "relative"}])
def test_without_a_folder_named_it_is_the_usual_one(tmp_path, monkeypatch, given):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert state_path(tmp_path / "data", given).parent == tmp_path / "home" / ".local" / "state" / "nightsift"


@pytest.mark.parametrize("mode", [0o770, 0o701, 0o777])
def test_a_folder_that_others_reach_is_refused(places, mode):
    state_path(*places).parent.chmod(mode)
    with pytest.raises(SettingsError, match=r"nightsift is d.* allowed: a folder of your own with mode 700"):
        state_path(*places)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_list_that_others_may_write_is_refused(places, mode):
    path = state_path(*places)
    path.write_bytes(b"list")
    path.chmod(mode)
    with pytest.raises(SettingsError, match="nobody else may write to"):
        state_path(*places)


def test_a_link_is_refused(places, tmp_path):
    path = state_path(*places)
    (tmp_path / "elsewhere").write_bytes(b"list")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="a plain file"):
        state_path(*places)
    path.unlink()
    os.link(tmp_path / "elsewhere", path)
    with pytest.raises(SettingsError, match="a plain file"):
        state_path(*places)


def test_a_link_to_a_folder_is_refused(places, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state" / "nightsift").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="a folder of your own"):
        state_path(*places)


@pytest.mark.parametrize("kind", ["folder", "list"])
def test_what_another_user_owns_is_refused(places, monkeypatch, kind):
    path = state_path(*places)
    path.write_bytes(b"list")
    if kind == "list" and os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(SettingsError, match="of user"):
        state_path(*places)


def test_a_folder_that_is_served_is_refused(places):
    data, _ = places
    with pytest.raises(SettingsError, match="below the results folder"):
        state_path(data, {"XDG_STATE_HOME": str(data / "state")})
