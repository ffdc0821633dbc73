"""What a manifest says of a night's rows and files, and that it is refused when they are no longer what was frozen."""

import pandas as pd

from pipeline.errors import ChangedInputError
from pipeline.io.results.content import frame_digest
from pipeline.io.results.night_manifest import Entry


def entry(table: pd.DataFrame) -> Entry:
    """Return what a manifest says of a table: the number of its rows, and the digest of their content."""
    return {"rows": len(table), "sha256": frame_digest(table)}


def require_unchanged(night: str, what: str, then: Entry, now: Entry) -> None:
    """Raise `ChangedInputError` if something is no longer what was frozen, by its digest.

    Parameters
    ----------
    night : str
        The night that was frozen.
    what : str
        What is compared, for the message: a file's name, ``the rows of ...``.
    then, now : Entry
        What the manifest says of it and what holds now: ``sha256``, and ``rows`` or ``size``, the bytes of a file or -1
        where there is none. Empty where nothing was frozen.

    Examples
    --------
    >>> require_unchanged("2026-01-05", "a.fits", {"size": 9, "sha256": "0a"}, {"size": -1, "sha256": "missing"})
    Traceback (most recent call last):
    ...
    pipeline.errors.ChangedInputError: night 2026-01-05: a.fits changed since the night was frozen \
(9 bytes then, missing now); use `nightsift refetch`
    """
    if now.get("sha256") != then.get("sha256"):
        before, after = _amount(then), _amount(now)
        counts = f" ({before} then, {after} now)" if before != after else ""
        raise ChangedInputError(
            f"night {night}: {what} changed since the night was frozen{counts}; use `nightsift refetch`"
        )


def _amount(stated: Entry) -> str:
    if "rows" in stated:
        return f"{stated['rows']} rows"
    size = stated.get("size", -1)
    return f"{size} bytes" if size >= 0 else "missing"
