"""The verbs of ``nightsift``, one module each: its arguments, and what it calls; light to import.

Each module adds its parsers by ``add_to`` and states by ``set_defaults(run=...)`` which function runs the verb. What a
verb needs is imported when it runs, so that ``nightsift --help`` waits for nothing.
"""

import argparse
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What verbs are added to."""
