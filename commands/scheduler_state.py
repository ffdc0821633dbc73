"""Where luigi's scheduler keeps its list over a restart: a pickle, so in a folder that nobody else can write to."""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import SettingsError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def state_path(data: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file of the scheduler's list for a results folder, whose folder is made if necessary.

    To load a pickle is to run what it holds, with the rights of whoever starts the scheduler. The results folder is
    often shared by a group, and it is served; so the list lies in the user's own state folder.

    Parameters
    ----------
    data : Path
        The results folder.
    environment : mapping
        ``XDG_STATE_HOME`` is where the folder ``nightsift`` is made; without it ``~/.local/state``.

    Raises
    ------
    SettingsError
        If somebody else could have written, or could write, the file, or it would be served.
    """
    home = Path(environment.get("XDG_STATE_HOME", ""))
    folder = (home if home.is_absolute() else Path.home() / ".local" / "state") / "nightsift"
    if folder.resolve().is_relative_to(data.resolve()):
        raise SettingsError(
            f"the scheduler's list would lie in {folder}, below the results folder {data}; name another folder with "
            "XDG_STATE_HOME"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_own(folder, stat.S_ISDIR, 0o077, "a folder of your own with mode 700")
    path = folder / f"scheduler-{hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]}.pickle"
    if os.path.lexists(path):
        _require_own(path, stat.S_ISREG, _OTHERS_WRITE, "a plain file of your own that nobody else may write to")
    return path


def _require_own(path: Path, is_kind: Callable[[int], bool], forbidden: int, allowed: str) -> None:
    """Raise `SettingsError` unless a path is of a kind, not a link, owned by the user, and without forbidden bits."""
    found = path.lstat()
    whose = found.st_uid == os.geteuid() and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1)
    if not is_kind(found.st_mode) or not whose or found.st_mode & forbidden:
        raise SettingsError(
            f"{path} is {stat.filemode(found.st_mode)} of user {found.st_uid}; allowed: {allowed} (user "
            f"{os.geteuid()}), because the scheduler runs what its list holds; find out who made it, and remove it or "
            "correct its mode"
        )
