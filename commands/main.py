"""``nightsift``: the verbs beside the tasks.

Tested by tests/integration/test_commands.py.
"""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Sequence

from commands.verbs import (
    candidates,
    check,
    conversions,
    demo,
    eyeball,
    gate,
    listing,
    nights,
    people,
    plan,
    scheduler,
    starter,
    table,
)
from pipeline.io import tracebacks
from pipeline.redaction import hide_secrets

FAULT = 1
VERBS = (check, listing, plan, nights, table, gate, candidates, eyeball, people, conversions, demo, starter, scheduler)
"""Modules of verbs, in the order of ``--help``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; what goes wrong is one line and 1, a reader that stops reading is not.

    A bug keeps its traceback in a file, as `pipeline.io.tracebacks` says; Ctrl-C is 130.
    """
    hide_secrets()
    options = _options(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        tracebacks.show(type(error), error, error.__traceback__)
        return tracebacks.INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAULT
    return code


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a verb; words that it does not know are the parameters of a task, if it takes one."""
    parser = _parser()
    parser.set_defaults(takes_parameters=False)
    options, rest = parser.parse_known_args(arguments)
    options.parameters = rest
    if options.parameters and not options.takes_parameters:
        parser.error(f"unrecognised: {' '.join(options.parameters)}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nightsift", description="Verbs of Nightsift beside its luigi tasks.")
    parser.add_argument("--version", action="version", version=f"nightsift {importlib.metadata.version('nightsift')}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for module in VERBS:
        module.add_to(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
