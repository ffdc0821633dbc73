"""What the report of a night is made from.

Tested by tests/pipeline/report/night/test_numbers.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class EarlierNight:
    """The scores of an earlier night, by the same package.

    Attributes
    ----------
    night : str
        ISO date.
    scores : DataFrame
        Columns of a scores file, ``candidate_id object_id exposure_id score label_predicted`` among them.
    """

    night: str
    scores: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class NightData:
    """What the report of a night is made from.

    Attributes
    ----------
    survey, night : str
        Name of the survey, and ISO date of the night, or ``all``.
    class_names : tuple of str
        Names of the two classes.
    threshold : float
        The lowest score that is called the second class.
    rule : str
        The rule that chose it.
    frozen : mapping of str to int
        Rows of each table of the frozen input.
    dropped : DataFrame
        The cutout file's ``/dropped``: ``candidate_id step reason``, remarks on exposures among them.
    candidates : DataFrame
        All candidates that were cut, with their columns, those of the scores, and ``cutout_row``.
    about_cutouts : mapping
        The provenance of the cutout file.
    earlier : sequence of EarlierNight
        Earlier nights, the latest last.
    channels : tuple of str
        Channels of the cutouts; of a table its features.
    unlike : mapping
        How the cutouts differ from those that the model learned from, as for `unlike_words`.
    learned : int
        From how many of the candidates the model learned.
    notes : sequence of str
        Sentences of the survey's settings that a reader must know.
    """

    survey: str
    night: str
    class_names: tuple[str, ...]
    threshold: float
    rule: str
    frozen: Mapping[str, int]
    dropped: pd.DataFrame
    candidates: pd.DataFrame
    about_cutouts: Mapping[str, Any]
    earlier: Sequence[EarlierNight]
    channels: tuple[str, ...] = ()
    unlike: Mapping[str, Mapping[str, str | float]]
    learned: int = 0
    notes: Sequence[str] = ()


def called_real(scores: pd.DataFrame) -> pd.Series:
    """Return which rows are called the second class: by the rules of the survey where there are any, else by the score.

    Parameters
    ----------
    scores : DataFrame
        With ``label_predicted``, and ``label_decided`` of a survey with vetoes or overrides.
    """
    return scores["label_decided" if "label_decided" in scores else "label_predicted"] == 1
