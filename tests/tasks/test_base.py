from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from tasks import base


class Trained(base.PipelineTask):
    """A task with a state to go on from."""

    suffix = ".txt"

    def decides(self):
        return {}

    def folder(self):
        return "survey", "all", "all"

    def build(self, path: Path) -> None:
        path.write_text("package")

    def committed(self) -> None:
        tidied.append(self.output().exists())


tidied: list[bool] = []


@pytest.fixture(autouse=True)
def nothing_tidied(data_folder):
    """Forget what earlier tests tidied."""
    tidied.clear()


def test_what_a_killed_run_goes_on_from_is_removed_when_the_target_is_in_its_place():
    Trained().run()
    assert tidied == [True]


def test_what_a_killed_run_goes_on_from_stays_where_the_target_cannot_be_put_in_its_place(monkeypatch):
    def fail(target, writer, *, directory):
        writer(target.with_name("scratch"))
        raise OSError("disk full")

    Trained().output().path.parent.mkdir(parents=True)
    monkeypatch.setattr(base, "commit", fail)
    with pytest.raises(OSError, match="disk full"):
        Trained().run()
    assert tidied == []


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "-rf", ".", "a\0b", ""])
@pytest.mark.parametrize(("place", "what"), [(0, "survey"), (1, "release"), (2, "the range of nights")])
def test_no_name_leads_a_result_out_of_the_data_folder(name, place, what, monkeypatch):
    folder = ["survey", "all", "night"]
    folder[place] = name
    monkeypatch.setattr(Trained, "folder", lambda _: tuple(folder))
    with pytest.raises(SettingsError, match=f"{what} is .*; allowed: 1 to 180 bytes without slash"):
        Trained().output()


def test_nor_does_what_the_result_is_called_after(monkeypatch):
    monkeypatch.setattr(Trained, "readable", lambda _: "x/../../../../etc/cron.d/x")
    with pytest.raises(SettingsError, match="the name of what Trained makes is 'Trained-x/"):
        Trained().output()
