"""Gathering faults: a failed check does not stop the others, so that all faults are reported at once."""

import re
from collections.abc import Callable, Iterable

from pipeline.errors import NightsiftError


def faults_of(checks: Iterable[Callable[[], object]]) -> list[str]:
    """Return all faults that some checks find, each fault once.

    Parameters
    ----------
    checks : iterable of callable
        Each raises a `NightsiftError`, or returns a list of faults, or anything else if nothing is wrong.

    Examples
    --------
    >>> from pipeline.errors import InputError
    >>> def fails():
    ...     raise InputError("no file a.fits")
    >>> faults_of([fails, lambda: ["no file b.fits"], lambda: 3])
    ['no file a.fits', 'no file b.fits']
    """
    found: list[str] = []
    for check in checks:
        try:
            faults = check()
        except NightsiftError as error:
            found.append(str(error))
        else:
            found += faults if isinstance(faults, list) else []
    return list(dict.fromkeys(found))


def placed(where: str, faults: Iterable[str]) -> list[str]:
    """Return faults each with where it was found, unless it names that itself.

    Examples
    --------
    >>> placed("night 2026-01-05", ["no file a.fits", "night 2026-01-05: the rows changed"])
    ['night 2026-01-05: no file a.fits', 'night 2026-01-05: the rows changed']
    >>> placed("a.fits", ["FITS file images/a.fits is truncated", "aa.fits is another file"])
    ['FITS file images/a.fits is truncated', 'a.fits: aa.fits is another file']
    """
    named = re.compile(rf"(?<!\w){re.escape(where)}(?!\w)")
    return [said if named.search(said) else f"{where}: {said}" for said in faults]
