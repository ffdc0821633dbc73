"""One writer a target: the others wait and know for whom, and a dead one holds nothing."""

import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import BeingBuiltError
from pipeline.io.results import target_lock
from pipeline.io.results.target_lock import PREFIX, only_writer

ROOT = Path(__file__).resolve().parents[4]
OWNER = """
import sys
from pathlib import Path
from pipeline.io.results.target_lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.read()
"""
OWNER_WITH_A_FORK = """
import os, sys, time
from pathlib import Path
from pipeline.io.results.target_lock import only_writer
with only_writer(Path(sys.argv[1])):
    if os.fork() == 0:
        print(os.getpid(), flush=True)  # the fork itself, so that it has begun by then
        time.sleep(600)
    sys.stdin.read()
"""
COUNTER = """
import sys
from pathlib import Path
from pipeline.io.results import target_lock
target_lock.POLL_S = 0.0005
target = Path(sys.argv[1])
for _ in range(50):
    with target_lock.only_writer(target, told=lambda owner: None):
        count = int(target.read_text())
        target.write_text(str(count + 1))
"""


UNKNOWN = "another run, which has not said yet who it is"


def start(code, target, *before):
    command = [*before, sys.executable, "-c", code, str(target)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def lock_of(target):
    return target.with_name(f"{PREFIX}{target.name}")


def is_free(target):
    try:
        with only_writer(target, wait=False):
            return True
    except BeingBuiltError:
        return False


@pytest.fixture
def target(tmp_path):
    return tmp_path / "night" / "FetchCutouts-abc.h5"


@pytest.fixture
def owner(target):
    """Another process that holds the target's lock."""
    with start(OWNER, target) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_another_process_may_not_build_meanwhile_and_learns_who_does(target, owner):
    with pytest.raises(BeingBuiltError) as caught, only_writer(target, wait=False):
        pass
    assert f"process {owner.pid} on {socket.gethostname()}, since 20" in str(caught.value)
    assert str(target) in str(caught.value)


def test_who_waits_is_told_for_whom_once_and_begins_when_the_other_has_ended(target, owner, monkeypatch):
    monkeypatch.setattr(target_lock, "POLL_S", 0.01)
    asked = []
    sleep = target_lock.time.sleep

    def count(seconds):
        asked.append(seconds)
        sleep(seconds)
        if len(asked) == 3:
            owner.stdin.close()

    monkeypatch.setattr(target_lock.time, "sleep", count)
    told = []
    with only_writer(target, told=told.append):
        assert owner.wait(timeout=60) == 0
        assert lock_of(target).is_file()
    assert len(told) == 1
    assert f"process {owner.pid} on" in told[0]


def test_a_lock_is_gone_when_the_target_is_built(target):
    with only_writer(target):
        assert list(target.parent.iterdir()) == [lock_of(target)]
    assert list(target.parent.iterdir()) == []


def test_a_lock_is_given_back_after_an_error(target):
    with pytest.raises(ValueError, match="no more"), only_writer(target):
        raise ValueError("no more")
    assert is_free(target)


def test_a_killed_owner_holds_nothing(target, owner):
    assert not is_free(target)
    owner.send_signal(signal.SIGKILL)
    owner.wait(timeout=60)
    assert lock_of(target).is_file()
    assert is_free(target)
    assert not lock_of(target).exists()


def test_a_fork_of_a_killed_owner_that_lives_on_holds_nothing(target):
    with start(OWNER_WITH_A_FORK, target) as process:
        fork = int(process.stdout.readline())
        assert not is_free(target)
        process.kill()
        process.wait(timeout=60)
        os.kill(fork, 0)
        assert is_free(target)
        os.kill(fork, signal.SIGKILL)


def test_no_two_hold_a_lock_that_each_removes(tmp_path):
    target = tmp_path / "count"
    target.write_text("0")
    processes = [start(COUNTER, target) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0, 0]
    for process in processes:
        process.communicate()
    assert target.read_text() == "200"


def test_the_lock_holds_between_process_namespaces(target):
    other = ("unshare", "--pid", "--fork", "--kill-child")
    if shutil.which("unshare") is None or subprocess.run([*other, "true"], capture_output=True).returncode:
        pytest.skip("this user may not make a process namespace")
    with start(OWNER, target, *other) as process:
        assert process.stdout.readline() == "holds\n"
        assert json.loads(lock_of(target).read_text())["pid"] == "1"
        assert not is_free(target)
        process.kill()
        process.wait(timeout=60)
        process.stdout.read()
    assert is_free(target)


def test_two_names_of_one_target_are_one_lock(target, owner, tmp_path):
    (tmp_path / "link").symlink_to(target.parent)
    assert not is_free(tmp_path / "link" / target.name)
    assert is_free(tmp_path / "other" / target.name)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_a_file_system_has_no_locks_the_target_is_built_with_a_warning(target, monkeypatch, caplog, code):
    def refuse(descriptor, operation):
        raise OSError(code, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with only_writer(target):
        target.write_text("built")
    assert "has no locks" in caplog.text


def test_where_no_file_can_be_made_the_writer_of_the_target_says_so(tmp_path):
    (tmp_path / "night").write_text("a file in the folder's place")
    with pytest.raises(NotADirectoryError), only_writer(tmp_path / "night" / "x.h5"):
        (tmp_path / "night" / "x.h5").write_text("built")


def test_a_link_in_the_place_of_the_lock_leads_nowhere(target, tmp_path):
    target.parent.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock_of(target).symlink_to(victim)
    with only_writer(target):
        pass
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b'{"host": "h\\u001b[2J", "pid": 1, "command": "x", "since": "now"}', "`x` (process 1 on h?[2J, since now)"),
        (b"", UNKNOWN),
        (b"[1]", UNKNOWN),
        (b"\xff" * 9000, UNKNOWN),
    ],
    ids=["escape codes", "nothing", "no owner", "no text"],
)
def test_whatever_stands_in_a_lock_is_told_in_printable_letters(target, owner, said, shown):
    lock_of(target).write_bytes(said)
    with pytest.raises(BeingBuiltError) as caught, only_writer(target, wait=False):
        pass
    assert f"is being built by {shown}; run again later" in str(caught.value)


def test_a_command_is_told_as_typed_without_its_secrets(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/venv/luigi/__main__.py", "--module", "tasks", "--x", "https://me:pw@h.org/a b"])
    assert target_lock._command() == "luigi --module tasks --x 'https://***@h.org/a b'"
