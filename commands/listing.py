"""``nightsift list``: tasks, surveys, data sets, recipes of every kind and packages that come along, a line each."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pipeline.io import settings_files

KINDS = (
    "tasks",
    "surveys",
    "datasets",
    "simulations",
    "classifiers",
    "regressors",
    "spaces",
    "gates",
    "reports",
    "packages",
)


def listing(kinds: tuple[str, ...] = KINDS) -> int:
    """Print name and first sentence of everything of some kinds.

    Parameters
    ----------
    kinds : tuple of str
        Some of `KINDS`; several are printed under their headings.
    """
    for number, kind in enumerate(kinds):
        if len(kinds) > 1:
            sys.stdout.write(f"{chr(10) if number else ''}{kind}\n")
        entries = dict(_OTHERS[kind]() if kind in _OTHERS else _settings(kind))
        width = max(map(len, entries), default=0)
        indent = "  " if len(kinds) > 1 else ""
        sys.stdout.writelines(f"{indent}{name:{width}}  {said}".rstrip() + "\n" for name, said in entries.items())
    return 0


def _tasks() -> Iterator[tuple[str, str]]:
    import tasks

    for name in tasks.__all__:
        yield name, (getattr(tasks, name).__doc__ or "").strip().split("\n")[0]


def _packages() -> Iterator[tuple[str, str]]:
    from pipeline.io.packages.named_packages import shipped_folders
    from pipeline.io.packages.package_content import read_package

    for folder in shipped_folders():
        values = read_package(folder).values
        contract = values["input"]
        yield folder.name, f"{values['name']}, trained on {contract['survey']}: {', '.join(contract['channels'])}."


_OTHERS: Final[Mapping[str, Callable[[], Iterator[tuple[str, str]]]]] = {"tasks": _tasks, "packages": _packages}
"""What gives names and first sentences of the kinds that are no settings."""


def _settings(kind: str) -> Iterator[tuple[str, str]]:
    for name in settings_files.names(kind):
        path = settings_files.config_folder() / kind / f"{name}.yaml"
        yield name, first_sentence(path.read_text(encoding="utf-8", errors="replace"))


def first_sentence(text: str) -> str:
    r"""Return the first sentence of the comment at the beginning of a settings file; empty without a comment.

    Examples
    --------
    >>> first_sentence("# The network of a survey, trained\n# on our rows. Takes long.\nepochs: 3")
    'The network of a survey, trained on our rows.'
    """
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    said, stop, _ = " ".join(lines).partition(". ")
    return said + stop.strip()
