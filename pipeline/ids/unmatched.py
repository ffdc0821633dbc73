"""Warns of a table of ids none of which is found, because it gives the same result as an empty table.

Tested by tests/pipeline/stages/test_labelling.py.
"""

import logging


def warn_unmatched(log: logging.Logger, where: str, rows: int, whose: str) -> None:
    """Warn that no row of a table matches what it is joined to.

    Parameters
    ----------
    log : Logger
        The logger of the module that joins.
    where : str
        File or table.
    rows : int
        How many rows it has.
    whose : str
        What its rows should belong to, such as ``a candidate of the night 2026-01-05``.
    """
    log.warning("%s: %d rows, and none is of %s; are the ids the same?", where, rows, whose)
