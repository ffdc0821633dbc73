"""What made a result: parameters, settings, inputs, code, packages, host and times."""

import datetime
import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.redaction import all_redacted

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("astropy", "h5py", "luigi", "numpy", "onnxruntime", "pandas", "scikit-learn", "sep", "tensorflow")


def record(
    *, task: str, fingerprint: str, identity: Mapping[str, Any], inputs: Mapping[str, str], started: str
) -> dict[str, Any]:
    """Return the provenance that every target carries, free of secrets by construction.

    Parameters
    ----------
    task : str
        The task's family.
    fingerprint : str
        Its identity.
    identity : mapping
        What the fingerprint was made of: parameters, settings, digests, revision.
    inputs : mapping
        Name to path of each input, relative to the data folder.
    started : str
        UTC time at which the work began.
    """
    return {
        "task": task,
        "fingerprint": fingerprint,
        "identity": all_redacted(identity),
        "inputs": dict(inputs),
        "code": code_version(),
        "packages": package_versions(),
        "python": platform.python_version(),
        "host": platform.node(),
        "started": started,
        "ended": now(),
    }


def now() -> str:
    """Return the UTC time to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@functools.cache
def code_version() -> dict[str, Any]:
    """Return the release and, in a git checkout, the commit and whether the tree was changed."""
    version = {"version": importlib.metadata.version("nightsift"), "commit": "", "dirty": False}
    if (ROOT / ".git").exists():
        version["commit"] = _git("rev-parse", "HEAD")
        version["dirty"] = bool(_git("status", "--porcelain", "--untracked-files=no"))
    return version


def _git(*arguments: str) -> str:
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""


@functools.cache
def package_versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}
