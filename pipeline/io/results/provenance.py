"""Provenance of results: parameters, settings, inputs, code, packages, host and times."""

import datetime
import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Collection, Mapping
from typing import Final

from pipeline.io.settings_files import ROOT
from pipeline.redaction import all_redacted

NUMBERS: Final[Mapping[str, str]] = {
    "astroalign": "the transformation of an image without a WCS",
    "astropy": "WCS, compressed images, times",
    "numpy": "arithmetic, random numbers",
    "onnxruntime": "scores",
    "pandas": "medians and groups of tables",
    "photutils": "the PSF of an image's own stars",
    "pyerfa": "positions of solar-system objects",
    "reproject": "images on another's grid",
    "scikit-image": "what astroalign fits its transformation with",
    "scipy": "convolution, optimisation, special functions",
    "sep": "sky background, detection, photometry",
}
"""Libraries that decide numbers of a result, and which numbers."""

TRAINING: Final[Mapping[str, str]] = {
    "keras": "the training of networks",
    "onnx": "the graph of a package",
    "scikit-learn": "the training of classifiers on features",
    "skl2onnx": "classifiers on features as graphs",
    "tensorflow": "the training of networks",
    "tf2onnx": "networks as graphs",
}
"""Libraries that decide the numbers of a trained classifier besides; they come with the extra ``train``."""

TUNING: Final[Mapping[str, str]] = {"optuna": "the values that a search tries"}
"""Libraries that decide which recipe a search finds, besides; they come with the extra ``train`` too."""

_STORING = ("fastavro", "h5py", "hdf5plugin", "luigi", "pyarrow")
"""Libraries that store and move data; the first to look at if a file does not open."""


def record(
    *, task: str, fingerprint: str, identity: Mapping[str, object], inputs: Mapping[str, str], started: str
) -> dict[str, object]:
    """Return the provenance that every target carries, without secrets.

    Parameters
    ----------
    task : str
        Name of the task's class.
    fingerprint : str
        The task's fingerprint.
    identity : mapping
        What the fingerprint was made of: parameters, settings, digests, revision.
    inputs : mapping
        Path of each input, relative to the data folder, by its name.
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


def finished(provenance: Mapping[str, object]) -> dict[str, object]:
    """Return a provenance that was recorded before the work, with the time at which its result is written.

    Examples
    --------
    >>> finished({"task": "Infer", "ended": "2026-01-05T00:00:00+00:00"})["ended"] > "2026-01-05"
    True
    >>> finished({})
    {}
    """
    return {**provenance, "ended": now()} if "ended" in provenance else dict(provenance)


def now() -> str:
    """Return the UTC time to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@functools.cache
def code_version() -> dict[str, object]:
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
    """Return the versions of the packages that results depend on; those that are not installed are left out."""
    versions = {name: _version(name) for name in sorted({*NUMBERS, *TRAINING, *TUNING, *_STORING})}
    return {name: version for name, version in versions.items() if version}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def other_versions(made_with: Mapping[str, str], libraries: Collection[str]) -> list[str]:
    """Return in words which libraries have another version here than a result was made with.

    Parameters
    ----------
    made_with : mapping of str to str
        Versions by package, as the result's provenance states them; other packages are not compared.
    libraries : collection of str
        Names of the packages that decide the result; those that are not installed here are not compared.
    """
    here = package_versions()
    both = sorted(name for name in libraries if name in made_with and name in here)
    return [f"made with {name} {made_with[name]}, here {here[name]}" for name in both if made_with[name] != here[name]]
