"""What of a candidate is sent to the page: texts that are harmless, numbers that JSON can hold.

Tested by tests/web/test_app.py.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from pipeline.cutouts.missing import Flag
from pipeline.redaction import harmless
from pipeline.report.candidates import FLAG_WORDS
from web.candidates import Candidates
from web.verdict_book import VerdictBook

_SHOWN: Final = (
    "candidate_id", "object_id", "night", "score", "score_std", "magnitude", "band", "flux_sign", "snr",
)  # fmt: skip


def number(value: object, otherwise: float) -> float:
    """Return a finite number, or another one in its place."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else otherwise  # type: ignore[arg-type]


def plain(value: object) -> object:
    """Return a value of a column as JSON holds it: missing numbers are None, texts harmless.

    A number keeps the digits that its type has, so that times and sky positions, which are float64, lose none.

    Examples
    --------
    >>> [plain(value) for value in (float("nan"), np.float32(0.1), np.float64(58270.4428012), np.int8(-1), "a")]
    [None, 0.1, 58270.4428012, -1, 'a']
    """
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        digits = 7 if isinstance(value, np.float32 | np.float16) else 15
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return harmless(str(value)) if value is not None else None


def flag_words(flags: int) -> list[str]:
    """Return the flags of a candidate in words, but for the one that tells that it has a label.

    Examples
    --------
    >>> flag_words(Flag.EDGE | Flag.BORDERLINE_LABEL)
    ['part of the cutout lies outside the image']
    """
    return [words for flag, words in FLAG_WORDS.items() if flags & flag and flag is not Flag.BORDERLINE_LABEL]


def cells(candidates: Candidates, rows: Sequence[int], book: VerdictBook, person: str) -> list[dict[str, Any]]:
    """Return what cells of the grid say; never a label, which would decide what a person says."""
    records = candidates.rows.iloc[list(rows)].to_dict("records")
    return [_cell(candidates, row, own, book, person) for row, own in zip(rows, records, strict=True)]


def _cell(
    candidates: Candidates, row: int, own: Mapping[Hashable, Any], book: VerdictBook, person: str
) -> dict[str, Any]:
    said = book.last_of(str(own["candidate_id"]), person)
    return {name: plain(own[name]) for name in _SHOWN if name in own} | {
        "row": row,
        "flags": flag_words(int(own["flags"])),
        "reason": plain(own.get("reason", "")),
        "called": _called(candidates, own.get("label_predicted", -1)),
        "mine": None if said is None else {"verdict": said.verdict, "number": said.number, "of": said.of},
    }


def _called(candidates: Candidates, code: object) -> str:
    """Return the class that the classifier decided on; empty if none."""
    index = int(number(code, -1))
    names = candidates.header.class_names
    return names[index] if 0 <= index < len(names) else ""
