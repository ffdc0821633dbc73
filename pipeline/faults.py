"""Gathering faults: each look goes on where another failed, so that a check says all that is wrong."""

import re
from collections.abc import Callable, Iterable

from pipeline.errors import NightsiftError


def faults_of(looks: Iterable[Callable[[], object]]) -> list[str]:
    """Return what is wrong by some looks, each fault once.

    Parameters
    ----------
    looks : iterable of callable
        Each raises a `NightsiftError`, or returns a list of faults, or something else where nothing is wrong.

    Examples
    --------
    >>> from pipeline.errors import InputError
    >>> def fails():
    ...     raise InputError("no file a.fits")
    >>> faults_of([fails, lambda: ["no file b.fits"], lambda: 3])
    ['no file a.fits', 'no file b.fits']
    """
    found: list[str] = []
    for look in looks:
        try:
            said = look()
        except NightsiftError as error:
            found.append(str(error))
        else:
            found += said if isinstance(said, list) else []
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
