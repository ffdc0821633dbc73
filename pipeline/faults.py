"""Gathering faults: each look goes on where another failed, so that a check says all that is wrong."""

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
