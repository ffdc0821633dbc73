"""Puts a result in its place atomically: whole or not at all, whatever happens to the writer.

A writer gets a scratch path beside the target, with the same ending. When it returns, everything is flushed
to disk and renamed. A directory is complete if and only if its ``manifest.json``, written last, is there
and agrees with the files. Scratch left by a dead writer is removed by the next one: whether a writer of the same host
and process namespace lives is told by its process id, whether any other does (another host, another container) by the
lease that each writer renews on its scratch.
"""

import hashlib
import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, MissingInputError
from pipeline.io.files.digests import file_digest
from pipeline.io.files.storage import make_folder, naming_storage

MANIFEST = "manifest.json"
_PREFIX = ".partial-"
RENEWED_S: Final = 60.0
"""How often a writer renews the lease on its scratch: it sets the time of the scratch's last change."""
_ENDED: Final = ("Z", "X")
"""States of a process that has ended and whose parent has not reaped it; in a container it often never does."""
LEASE_S: Final = 3600.0
"""After this long without renewal the scratch of a writer elsewhere is taken for an orphan; far above `RENEWED_S`,
for clocks of hosts differ and a machine may sleep."""


def commit(target: Path, writer: Callable[[Path], None], *, directory: bool = False) -> None:
    """Have ``writer`` make the target under a scratch name, then move it into place.

    Parameters
    ----------
    target : Path
        Where the result belongs. A directory that is already complete is kept: the first writer wins.
    writer : callable
        Called with the scratch path; for a directory, that of an empty one.
    directory : bool
        Whether the target is a directory.

    Raises
    ------
    StorageError
        If the folder of the target cannot be made or written, or has no space left; it is named.
    """
    make_folder(target.parent)
    with naming_storage(target.parent):
        _commit(target, writer, directory)


def _commit(target: Path, writer: Callable[[Path], None], directory: bool) -> None:
    sweep(target.parent)
    scratch = target.parent / f"{_PREFIX}{_writer_id()}-{uuid.uuid4().hex[:8]}-{target.name}"
    try:
        if directory:
            scratch.mkdir()
        with _renewed(scratch):
            writer(scratch)
            if directory:
                _write_manifest(scratch)
            _flush(scratch)
        _move(scratch, target, directory)
    finally:
        _remove(scratch)


def is_complete(target: Path, *, directory: bool = False) -> bool:
    """Tell whether the target is there and whole; of a directory's files, names and sizes are compared."""
    if not directory:
        return target.is_file()
    try:
        manifest = json.loads((target / MANIFEST).read_text())
        return all((target / name).stat().st_size == entry["size"] for name, entry in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def verified_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a directory, by its manifest, after each was found as written.

    Raises
    ------
    MissingInputError
        If the manifest, or a file that it names, is not there.
    InputError
        If the manifest cannot be read, or a file was changed or added; the file is named.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise MissingInputError(
            f"{folder} has no {MANIFEST}, by which its files are checked; restore it or make it anew"
        )
    try:
        wanted = {str(name): str(entry["sha256"]) for name, entry in json.loads(file.read_bytes())["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{file} cannot be read: it was changed after it was written; restore it") from None
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    if there - set(wanted):
        raise InputError(f"{folder / min(there - set(wanted))} is not in {MANIFEST}: it was added later; remove it")
    if set(wanted) - there:
        raise MissingInputError(
            f"{folder / min(set(wanted) - there)} is missing, but {MANIFEST} names it; restore it or make {folder} anew"
        )
    for name, digest in wanted.items():
        found = file_digest(folder / name)
        if found != digest:
            raise InputError(
                f"{folder / name} was changed after it was written: sha256 {found[:12]}, {MANIFEST} says {digest[:12]}"
            )
    return wanted


def sweep(folder: Path) -> int:
    """Remove the scratch that dead writers left in ``folder``; return how many."""
    orphans = [path for path in folder.glob(f"{_PREFIX}*") if not _is_alive(path)]
    for orphan in orphans:
        _remove(orphan)
    return len(orphans)


def _writer_id() -> str:
    return f"{_host()}-{os.getpid()}-{_start_time(os.getpid())}"


@contextmanager
def _renewed(scratch: Path) -> Iterator[None]:
    """Renew the lease on the scratch, in a thread of its own, as long as the block runs."""
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(scratch, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()


def _renew(scratch: Path, ended: threading.Event) -> None:
    while not ended.wait(RENEWED_S):
        with suppress(OSError):  # the writer has not made its file yet
            os.utime(scratch)


def _host() -> str:
    """Return what tells apart the places in which a process id means one process: host, boot, process namespace."""
    place = [socket.gethostname(), _read("/proc/sys/kernel/random/boot_id"), _namespace()]
    return hashlib.sha256("\0".join(place).encode()).hexdigest()[:8]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    return _status(pid)[1]


def _status(pid: int) -> tuple[str, str]:
    """Return the letter of a process's state and the time at which it started; empty and 0 without /proc."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (fields[0], fields[19]) if fields else ("", "0")


def _is_alive(path: Path) -> bool:
    host, pid, started = [*path.name.removeprefix(_PREFIX).split("-"), "", ""][:3]
    if host != _host():
        return _has_lease(path)
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    state, start = _status(int(pid))
    return start == started and state not in _ENDED


def _has_lease(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < LEASE_S
    except OSError:  # its writer has just finished
        return True


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": file_digest(path)}
        for path in files
    }
    (folder / MANIFEST).write_text(json.dumps({"schema": 1, "files": entries}, indent=1, sort_keys=True))


def _flush(path: Path) -> None:
    members = [path, *path.rglob("*")] if path.is_dir() else [path]
    for member in members:
        _flush_one(member)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(scratch: Path, target: Path, directory: bool) -> None:
    if directory and target.exists():
        if is_complete(target, directory=True):
            return
        _remove(target)
    try:
        scratch.replace(target)
    except OSError:
        if not (directory and is_complete(target, directory=True)):  # another writer came first
            raise
    _flush_one(target.parent)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
