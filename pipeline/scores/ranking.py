"""The order in which somebody looks at a night: by score, with counts of what is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError

SIGNS: Final = (1, -1)
_NO_REASON: Final = "no reason stated"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which candidates are looked at.

    Attributes
    ----------
    top : int
        The most candidates that are looked at, at least 1.
    sign : int
        +1 or -1 for those that are brighter or fainter than the template; 0 for both.
    min_score : float
        Lowest score; NaN for all, including those without a score.
    by_object : bool
        Whether only the best candidate of each object is shown.
    """

    top: int = 50
    sign: int = 0
    min_score: float = float("nan")
    by_object: bool = False

    def __post_init__(self) -> None:
        if self.top < 1:
            raise SettingsError(f"top is {self.top}; allowed: at least 1")
        if self.sign not in (0, *SIGNS):
            raise SettingsError(f"sign is {self.sign}; allowed: +1, -1, or none for both")
        if not np.isnan(self.min_score) and not 0.0 <= self.min_score <= 1.0:
            raise SettingsError(f"min_score is {self.min_score:g}; allowed: 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The chosen candidates, best first, and how many of the night are not among them.

    Attributes
    ----------
    rows : DataFrame
        Those chosen, with ``rank`` (from 1) and ``detections``, the candidates of the same object in the night.
    night : int
        Candidates of the night.
    eligible : int
        Candidates, or objects, that pass the sign and the lowest score.
    tied : int
        How many of those left out by ``top`` have the score of the last one that is shown.
    not_scored : mapping of str to int
        Candidates of the night without a score, by reason.
    """

    rows: pd.DataFrame
    night: int
    eligible: int
    tied: int
    not_scored: Mapping[str, int]


def rank(candidates: pd.DataFrame, choice: Choice) -> Ranking:
    """Return the chosen candidates of a night by falling score, equal ones by ``candidate_id``, unscored ones last.

    Parameters
    ----------
    candidates : DataFrame
        ``candidate_id object_id score flux_sign flags``, and any further columns.
    choice : Choice
        Which candidates are looked at.

    Raises
    ------
    InputError
        If there are scores of more than two classes, none of which is the probability of being real.
    """
    if "p_2" in candidates and candidates["score"].isna().all():
        classes = sum(name.startswith("p_") for name in candidates)
        raise InputError(f"the scores are of {classes} classes; allowed: of two, bogus and real")
    ordered = candidates.sort_values("candidate_id", kind="stable")
    ordered = ordered.sort_values("score", ascending=False, kind="stable", na_position="last")
    objects = ordered["object_id"].where(ordered["object_id"] != "", ordered["candidate_id"])  # one without is its own
    ordered = ordered.assign(detections=objects.groupby(objects).transform("size"))
    chosen = ordered[_passes(ordered, choice)]
    if choice.by_object:
        chosen = chosen[~objects[chosen.index].duplicated()]
    shown = chosen.head(choice.top).reset_index(drop=True)
    rest = chosen["score"].iloc[choice.top :]
    return Ranking(
        rows=shown.assign(rank=np.arange(1, len(shown) + 1)),
        night=len(candidates),
        eligible=len(chosen),
        tied=int((rest == shown["score"].iloc[-1]).sum()) if len(rest) else 0,
        not_scored=unscored_reasons(candidates),
    )


def flag_names(flags: int) -> list[str]:
    """Return the names of the bits of ``flags``.

    Examples
    --------
    >>> flag_names(65)
    ['EDGE', 'NOT_SCORED']
    """
    return [str(flag.name) for flag in Flag if flags & flag]


def _passes(rows: pd.DataFrame, choice: Choice) -> pd.Series:
    passes = pd.Series(True, index=rows.index)
    if choice.sign:
        passes &= rows["flux_sign"] == choice.sign
    if not np.isnan(choice.min_score):
        passes &= rows["score"] >= np.float32(choice.min_score)
    return passes


def unscored_reasons(candidates: pd.DataFrame) -> dict[str, int]:
    """Return how many rows have no score, by the flags that they carry, the most frequent first.

    Parameters
    ----------
    candidates : DataFrame
        With ``score`` and ``flags``.
    """
    flags = candidates.loc[candidates["score"].isna(), "flags"].to_numpy(np.int64) & ~int(Flag.NOT_SCORED)
    counts = pd.Series(flags).value_counts(sort=True)
    return {", ".join(flag_names(int(bits))) or _NO_REASON: int(n) for bits, n in counts.items()}
