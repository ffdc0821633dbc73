"""Which rows of ``/dropped`` are candidates that were left out, and one line of why, the frequent first."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import pandas as pd

_NAMED: Final = 3
"""This many reasons are named at most, because each lost file has a reason of its own."""

_REMARKS: Final = ("frames", "noise", "psf", "wcs", "zeropoint")
"""Steps of the rows that remark on an exposure or a frame: no candidate is left out by them."""


def left_out(dropped: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``/dropped`` without the remarks on exposures whose candidates are kept.

    Parameters
    ----------
    dropped : DataFrame
        With the column ``step``.

    Examples
    --------
    >>> rows = pd.DataFrame({"candidate_id": ["a", "exposure 1"], "step": ["cut", "zeropoint"]})
    >>> left_out(rows)["candidate_id"].tolist()
    ['a']
    """
    return dropped[~dropped["step"].isin(_REMARKS)]


def dropped_words(reasons: Mapping[str, int]) -> str:
    """Return why rows were dropped, and how many for each reason; empty if none was dropped.

    Parameters
    ----------
    reasons : mapping of str to int
        Rows by reason.

    Examples
    --------
    >>> dropped_words({"outside the image": 7, "a.avro: the Avro file is truncated": 1})
    'outside the image (7); a.avro: the Avro file is truncated (1)'
    >>> dropped_words({"a": 1, "b": 2, "c": 3, "d": 1, "e": 4})
    'e (4); c (3); b (2); 2 other reasons (2)'
    """
    ordered = Counter(dict(sorted(reasons.items()))).most_common()
    words = [f"{reason} ({n})" for reason, n in ordered[:_NAMED]]
    others = ordered[_NAMED:]
    if others:
        words.append(f"{len(others)} other reason{'s' if len(others) > 1 else ''} ({sum(n for _, n in others)})")
    return "; ".join(words)
