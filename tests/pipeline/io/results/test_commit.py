import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.io.results import commit as commit_module
from pipeline.io.results.commit import MANIFEST, commit, is_complete, sweep, verified_digests

ROOT = Path(__file__).resolve().parents[4]

WRITER = """
import sys, time
from pathlib import Path
from pipeline.io.results.commit import commit
target, directory, pause = Path(sys.argv[1]), sys.argv[2] == "directory", float(sys.argv[3])

def write(path):
    file = path / "part.bin" if directory else path
    with file.open("wb") as stream:
        for block in range(50):
            stream.write(bytes([block]) * 20000)
            stream.flush()
            if block == 2:
                print("writing", flush=True)
            time.sleep(pause)
    if directory:
        (path / "last.txt").write_text("done")

commit(target, write, directory=directory)
print("done", flush=True)
"""


def start(target, kind, pause):
    command = [sys.executable, "-c", WRITER, str(target), kind, str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def scratch(folder):
    return sorted(folder.glob(".partial-*"))


@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("wait_s", [0.0, 0.02, 0.04, 0.05, 0.06, 0.1])
def test_a_killed_writer_leaves_nothing_or_the_whole(tmp_path, kind, wait_s):
    target = tmp_path / "result.bin"
    with start(target, kind, 0.001) as process:
        process.stdout.readline()
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
    if is_complete(target, directory=kind == "directory"):
        data = target / "part.bin" if kind == "directory" else target
        assert data.stat().st_size == 1_000_000
        assert kind == "file" or (target / "last.txt").read_text() == "done"
    else:
        assert not target.exists()
        assert scratch(tmp_path)
        commit(target, lambda path: path.write_text("again"))
        assert target.read_text() == "again"
    assert not scratch(tmp_path) or sweep(tmp_path)


def test_what_a_dead_writer_left_is_swept_and_what_a_live_one_writes_is_kept(tmp_path):
    dead, live = start(tmp_path / "a.bin", "file", 0.2), start(tmp_path / "b.bin", "directory", 0.2)
    with dead, live:
        dead.stdout.readline()
        live.stdout.readline()
        dead.kill()
        dead.wait()
        assert len(scratch(tmp_path)) == 2
        assert sweep(tmp_path) == 1
        assert [path.name.endswith("-b.bin") for path in scratch(tmp_path)] == [True]
        live.kill()
    assert sweep(tmp_path) == 1


def test_a_process_of_the_same_number_that_started_later_is_another(tmp_path):
    commit(tmp_path / "a", lambda path: ((tmp_path / "name").write_text(path.name), path.touch()))
    mine = (tmp_path / "name").read_text()
    prefix, host, number, _, rest = mine.split("-", 4)
    (tmp_path / f"{prefix}-{host}-{number}-1-{rest}").touch()
    assert sweep(tmp_path) == 1


def test_a_writer_that_was_killed_but_whose_parent_has_not_asked_for_it_is_dead(tmp_path):
    with start(tmp_path / "a.bin", "file", 0.2) as killed:
        killed.stdout.readline()
        killed.kill()
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        assert sweep(tmp_path) == 1


ELSEWHERE = (".partial-00000000-1-1-abc-x.h5", ".partial-something")


def test_scratch_of_another_host_or_of_another_make_is_left_alone_while_its_lease_is_renewed(tmp_path):
    for name in ELSEWHERE:
        (tmp_path / name).touch()
    assert sweep(tmp_path) == 0


def test_scratch_of_another_host_whose_lease_ran_out_is_swept(tmp_path):
    long_ago = time.time() - commit_module.LEASE_S - 1.0
    for name in ELSEWHERE:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert sweep(tmp_path) == len(ELSEWHERE)


def test_a_writer_that_computes_for_long_keeps_its_lease(tmp_path, monkeypatch):
    monkeypatch.setattr(commit_module, "RENEWED_S", 0.01)

    def write(path):
        path.write_text("half")
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 30.0
        while path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(time.time() - path.stat().st_mtime)

    seen = []
    commit(tmp_path / "a", write)
    assert seen[0] < 60.0


def test_a_process_id_of_another_namespace_says_nothing_about_ours(tmp_path, monkeypatch):
    here = commit_module._host()
    monkeypatch.setattr(commit_module, "_namespace", lambda: "pid:[1]")
    assert commit_module._host() != here
    (tmp_path / f".partial-{here}-{os.getpid()}-1-abc-x.h5").touch()
    assert sweep(tmp_path) == 0


def test_scratch_lies_beside_the_target_and_keeps_the_ending(tmp_path):
    seen = []
    commit(tmp_path / "deep" / "night.fits.fz", lambda path: (seen.append(path), path.touch()))
    assert seen[0].parent == tmp_path / "deep"
    assert seen[0].name.endswith("-night.fits.fz")
    assert seen[0].suffixes[-2:] == [".fits", ".fz"]


@pytest.mark.parametrize("directory", [False, True])
def test_an_error_in_the_writer_leaves_nothing(tmp_path, directory):
    def write(path):
        (path / "x" if directory else path).write_text("half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        commit(tmp_path / "out", write, directory=directory)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        commit(tmp_path / "out", lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def complete_folder(tmp_path):
    """A complete directory of two files."""

    def write(path):
        (path / "a.txt").write_text("first")
        (path / "sub").mkdir()
        (path / "sub" / "b.txt").write_text("second")

    commit(tmp_path / "package", write, directory=True)
    return tmp_path / "package"


def test_a_directory_is_complete_when_its_manifest_agrees(complete_folder):
    assert is_complete(complete_folder, directory=True)
    assert sorted(json.loads((complete_folder / MANIFEST).read_text())["files"]) == ["a.txt", "sub/b.txt"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text("{"),
        lambda folder: (folder / MANIFEST).write_text('{"files": []}'),
        lambda folder: (folder / "a.txt").write_text("first!"),
        lambda folder: (folder / "sub" / "b.txt").unlink(),
    ],
    ids=["no manifest", "half a manifest", "another manifest", "changed size", "missing file"],
)
def test_a_damaged_directory_is_incomplete_and_made_anew(complete_folder, damage):
    damage(complete_folder)
    assert not is_complete(complete_folder, directory=True)
    commit(complete_folder, lambda path: (path / "new.txt").write_text("new"), directory=True)
    assert is_complete(complete_folder, directory=True)
    assert not (complete_folder / "a.txt").exists()


def test_a_complete_directory_is_kept(complete_folder):
    commit(complete_folder, lambda path: (path / "new.txt").write_text("new"), directory=True)
    assert not (complete_folder / "new.txt").exists()
    assert scratch(complete_folder.parent) == []


def test_nothing_is_not_complete(tmp_path):
    assert not is_complete(tmp_path / "no")
    assert not is_complete(tmp_path / "no", directory=True)
    assert not is_complete(tmp_path)


def test_a_file_is_written_with_the_rights_of_its_process(tmp_path):
    commit(tmp_path / "out", lambda path: path.write_text("x"))
    assert os.access(tmp_path / "out", os.R_OK)


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt"])
def test_a_flipped_byte_of_any_file_is_named(complete_folder, name):
    content = bytearray((complete_folder / name).read_bytes())
    content[0] ^= 1
    (complete_folder / name).write_bytes(content)
    assert is_complete(complete_folder, directory=True)
    with pytest.raises(InputError, match=f"{name} was changed after it was written"):
        verified_digests(complete_folder)


def test_a_directory_without_its_manifest_or_with_another_file_is_refused(complete_folder):
    assert set(verified_digests(complete_folder)) == {"a.txt", "sub/b.txt"}
    (complete_folder / "c.txt").write_text("third")
    with pytest.raises(InputError, match=r"c\.txt is not in manifest\.json"):
        verified_digests(complete_folder)
    (complete_folder / MANIFEST).unlink()
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        verified_digests(complete_folder)
