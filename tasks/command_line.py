"""Unknown flags: one line names the flag that was probably meant, in place of luigi's page of usage."""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

from luigi.task_register import Register

from pipeline.errors import UnknownNameError
from pipeline.io import tracebacks

_USAGE: Final = 2
"""Exit code for a command line that cannot be understood, as argparse has it."""


def require_known_flags(words: Sequence[str]) -> None:
    """Raise an error for a flag that neither the named tasks nor luigi know.

    Parameters
    ----------
    words : sequence of str
        The command line without the program: a task and its parameters, in any order. Without a task nothing is
        checked. As with argparse, a flag may be abbreviated, and ``--`` ends the flags.

    Raises
    ------
    UnknownNameError
        With the nearest flag, and those of the task.
    """
    families = [word for word in words if word in Register.task_names()]
    own = {_flag(name) for family in families for name, _ in Register.get_task_cls(family).get_params()}
    everywhere = dict(_flags_of_all())
    for word in takewhile(lambda word: word != "--", words if families else ()):
        flag = word.partition("=")[0]
        if (
            flag.startswith("--")
            and " " not in flag
            and not any(known.startswith(flag) for known in (*own, *everywhere))
        ):
            of_run = [name for name, is_of_run in everywhere.items() if is_of_run]
            near = [] if get_close_matches(flag, own) else get_close_matches(flag, of_run, n=1)
            raise UnknownNameError(f"parameter of {families[0]}", flag, [*own, *near])


def refuse_unknown_flags(command: Sequence[str]) -> None:
    """End luigi's own command with one line if it names an unknown flag; other programs are left alone.

    Luigi imports the module of its tasks before it looks at their flags, and offers no other moment.

    Parameters
    ----------
    command : sequence of str
        The program and its words, as ``sys.argv``.
    """
    program, *words = command or ("",)
    if _is_luigi(Path(program)) and ("--module=tasks" in words or ("--module", "tasks") in pairwise(words)):
        try:
            require_known_flags(words)
        except UnknownNameError as error:
            sys.stderr.write(f"{tracebacks.one_line(error)}\n")
            raise SystemExit(_USAGE) from None


def _is_luigi(program: Path) -> bool:
    return program.stem == "luigi" or (program.parent.name, program.name) == ("luigi", "__main__.py")


def _flags_of_all() -> Iterator[tuple[str, bool]]:
    """Yield each flag that any task may be given, and whether it is of the run rather than of a task."""
    for family, of_run, name, _ in Register.get_all_params():
        yield (_flag(name) if of_run else _flag(f"{family}_{name}")), of_run


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
