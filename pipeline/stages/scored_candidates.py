"""A night's scores joined with the columns and cutouts of their candidates."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.dropped import left_out
from pipeline.errors import IncompatiblePackageError, InputError
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import read_scores, require_score, unlike_training

ROW: Final = "cutout_row"
"""Column with the number of the candidate's row in the cutout file, from 0."""

_OF_SCORES: Final = (
    "score", "score_std", "entropy", "bald", "label_predicted", "label_decided", "decided_by", "flags", "model",
    "release",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ScoredNight:
    """The scored candidates of a night.

    Attributes
    ----------
    candidates : DataFrame
        Candidate columns with those of the scores, and `ROW`.
    header : CutoutHeader
        The header of the cutout file.
    cutouts, scores : Path
        The files.
    unlike : mapping
        How the cutouts differ from those that the model learned from, as for `unlike_words`.
    dropped : mapping of str to int
        Numbers of candidates that the cutout file lists as left out, by reason; empty if it holds other nights too.
    """

    candidates: pd.DataFrame
    header: CutoutHeader
    cutouts: Path
    scores: Path
    unlike: Mapping[str, Mapping[str, str | float]]
    dropped: Mapping[str, int]


def learned_from(night: ScoredNight, packages: Iterable[Path]) -> pd.Series:
    """Return, for each candidate, whether the model that scored it learned from it in training or validation.

    Parameters
    ----------
    night : ScoredNight
        The scored candidates.
    packages : iterable of Path
        Packages that may have made the scores. One that is damaged, or does not say what it learned from, is ignored.

    Returns
    -------
    Series of bool
        One value per candidate.
    """
    learned = pd.Series(False, night.candidates.index)
    for folder in packages:
        with suppress(InputError, IncompatiblePackageError):
            name, ids = read_training_ids(folder)
            if ids is not None:
                learned |= (ids.part_of(night.candidates["candidate_id"]) >= 0) & (night.candidates["model"] == name)
    return learned


def read_scored(scores: Path, cutouts: Path, night: str) -> ScoredNight:
    """Return the candidates of a night in a scores file, with their columns in the cutout file.

    Parameters
    ----------
    scores, cutouts : Path
        A scores file, and the cutout file or data set that has its candidates.
    night : str
        ISO date; rows of other nights are left out.

    Raises
    ------
    InputError
        If a scored candidate is not in the cutout file, if a candidate appears twice, if none belongs to the night, or
        if there are more than two classes.
    """
    found = read_scores(scores)
    require_score(found, scores, "lists of candidates")
    with open_cutouts(cutouts) as file:
        known = file.candidates()
        header = file.header
        alone = not file.is_dataset and (known["night"] == night).all()
        dropped = left_out(file.table("dropped"))["reason"].value_counts().to_dict() if alone else {}
    _require_once(found, scores)
    _require_once(known, cutouts)
    lost = found["candidate_id"][~found["candidate_id"].isin(known["candidate_id"])]
    if len(lost):
        raise InputError(
            f"{scores}: {len(lost)} of {len(found)} candidates are not in {cutouts}, {lost.iloc[0]!r} first; "
            "name the file that was scored with --rows"
        )
    joined = _joined(found, known.assign(**{ROW: np.arange(len(known))}))
    of_night = joined[joined["night"] == night].reset_index(drop=True)
    if joined.size and of_night.empty:
        nights = ", ".join(sorted(set(joined["night"])))
        raise InputError(f"{scores} holds no candidate of night {night}; its nights: {nights}")
    return ScoredNight(
        candidates=of_night,
        header=header,
        cutouts=cutouts,
        scores=scores,
        unlike=unlike_training(scores),
        dropped=dropped,
    )


def read_cutouts(night: ScoredNight, rows: Sequence[int]) -> NDArray[np.float32]:
    """Return the cutouts ``(n, y, x, channel)`` of some rows of the cutout file, in the order of ``rows``."""
    size, channels = night.header.size_pixel, len(night.header.channels)
    pixels = np.empty((len(rows), size, size, channels), dtype=np.float32)
    with open_cutouts(night.cutouts) as file:
        for place in np.argsort(rows, kind="stable"):  # as they lie in the file, so that no chunk is read twice
            pixels[place] = file.pixels(slice(rows[place], rows[place] + 1))[0]
    return pixels


def read_features(night: ScoredNight, rows: Sequence[int]) -> pd.DataFrame:
    """Return the features of some rows of the file of a table, a column each, in the order of ``rows``."""
    return pd.DataFrame(read_cutouts(night, rows)[:, 0, 0, :], columns=list(night.header.channels))


def _require_once(table: pd.DataFrame, path: Path) -> None:
    twice = table["candidate_id"][table["candidate_id"].duplicated()]
    if len(twice):
        raise InputError(f"{path}: candidate {twice.iloc[0]!r} appears twice; allowed: once")


def _joined(scores: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Return one row per scored candidate: its columns in the cutout file, and those of the scores."""
    own = [name for name in scores if name in _OF_SCORES or name.startswith("p_")]
    if "flags" in own:
        candidates = candidates.drop(columns="flags")
    return scores[["candidate_id", *own]].merge(candidates, on="candidate_id", how="inner", validate="one_to_one")
