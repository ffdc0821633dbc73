"""Scores of a cutout file, a data set or a night as it is read, streamed through a package block by block."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from math import isnan, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.image_sampling import MEASURED_ROWS
from models.scoring.measured_sampling import at_sampling_of
from models.scoring.opened_package import OpenedPackage
from models.scoring.regressor import RegressorPackage
from models.training.fitted import no_progress
from pipeline.classes import LEFT_OUT
from pipeline.errors import InputError
from pipeline.io.executor import cores, spread
from pipeline.io.packages.training_ids import TrainingIds
from pipeline.io.results.cutout_file import CutoutFile, open_cutouts
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.schema import TEXT
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.scores.deciding_rules import RULES, DecidingRules
from pipeline.scores.unlike_training import UNLIKE, unlike_words
from pipeline.scores.verdicts import CONFORMAL
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.surveys.base import Batch

log = logging.getLogger(__name__)
_COLUMNS = ("candidate_id", "object_id", "exposure_id", "night", "flags")

_BLOCKS = 16
"""Forward passes of a file that one process makes before it answers."""


class _Scores(NamedTuple):
    """Scores of some rows, and which of the names asked for are among them."""

    rows: pd.DataFrame
    found: set[str]
    learned: int = 0
    """Rows that were left out because the package learned from them."""
    computed_by: frozenset[str] = frozenset()
    """Runtime, precision and provider."""


ScoredBlocks = list[_Scores]
"""What one process answers."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How rows are scored.

    Attributes
    ----------
    package : OpenedPackage or RegressorPackage
        The model package.
    batch_size : int
        Rows a forward pass, at least 1.
    release : str
        Name of the processing, for the column ``release``.
    seed : int
        Seed of dropout masks, where the package samples a posterior.
    only : collection of str
        Candidates or objects to score; empty for all.
    learned : TrainingIds or None
        Rows of these ids are left out, because the package learned from them; none: all rows are scored.
    processes : int
        That score at once; 0: one a core. They share the package's threads, and change no score.
    rules : DecidingRules or None
        What decides the class after the classifier; none, or empty: nothing does.
    fwhm_pixel : float or None
        Typical FWHM of the PSF of the images, in pixels; None: it is measured in the first rows, for features.
    """

    package: OpenedPackage | RegressorPackage
    batch_size: int = 256
    release: str
    seed: int
    only: Collection[str] = ()
    learned: TrainingIds | None = None
    processes: int = 1
    rules: DecidingRules | None = None
    fwhm_pixel: float | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size is {self.batch_size}; allowed: at least 1")
        if self.processes < 0:
            raise InputError(f"processes is {self.processes}; allowed: 0 (one a core) or more")

    def columns_of(self, there: Collection[str]) -> tuple[str, ...]:
        """Return the candidate columns that scores are made of; rules may also name features and probabilities."""
        ruled = sorted(self.rules.columns.intersection(there)) if self.rules else ()
        return tuple(dict.fromkeys((*_COLUMNS, *self.package.metadata_columns, *ruled)))

    def of(self, first: Callable[[], Iterable[NDArray[np.float32]]], channels: tuple[str, ...]) -> "Scoring":
        """Return how cutouts are scored of which some blocks are the first."""
        return replace(self, package=at_sampling_of(self.package, first, channels, self.fwhm_pixel))

    @property
    def share(self) -> "Scoring":
        """How one of the processes scores."""
        threads = max(1, self.package.threads // (self.processes or cores()))
        return replace(self, package=replace(self.package, threads=threads))


def score_file(
    path: Path,
    scoring: Scoring,
    *,
    rows: Path,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None] = no_progress,
) -> None:
    """Write the scores of the rows of a cutout file or data set, in its order.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    scoring : Scoring
        How.
    rows : Path
        Cutout file or data set.
    provenance : mapping
        Stored in the file.
    progress : callable
        Called with the share done and a message.

    Raises
    ------
    InputError
        If one of the candidates asked for is not in the file.
    IncompatiblePackageError
        If the package cannot score such cutouts; both sides are stated.
    """
    with open_cutouts(rows) as cutouts:
        header, count = cutouts.header, len(cutouts)
        scoring = scoring.of(lambda: [cutouts.pixels(slice(0, min(count, MEASURED_ROWS)))], header.channels)
    step = scoring.batch_size * _BLOCKS
    spans = [(start, min(start + step, count)) for start in range(0, count, step)]
    workers = min(scoring.processes or cores(), max(1, len(spans)))
    scored = spread(partial(_score_span, rows, scoring.share), spans, workers=workers)

    def told() -> Iterator[list[_Scores]]:
        for (_, last), blocks in zip(spans, scored, strict=True):
            yield blocks
            progress(last / count, f"scored {last} of {count} rows")

    write_scored(path, scoring, header, told(), rows.name, provenance)


def score_night(path: Path, scoring: Scoring, night: NightCutouts) -> None:
    """Write the scores of a night as it is read, without keeping its cutouts; otherwise as `score_file`.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    scoring : Scoring
        How.
    night : NightCutouts
        Which night, what the file says of its making, and who is told how far it is.

    Raises
    ------
    TooMuchLostError
        If more exposures were unusable than the survey allows.
    """
    scoring = scoring.of(lambda: (batch.cutouts for batch in night.again()), night.header.channels)

    def told() -> Iterator[list[_Scores]]:
        for blocks in night.each(partial(score_batch, scoring.share, night.header.channels)):
            yield blocks
            night.job.progress(night.percent, f"scored {night.exposures} {night.counted}")

    what = f"night {night.job.night}"
    write_scored(
        path, scoring, night.header, told(), what, night.job.provenance, at_the_end=lambda: {"read": night.counts}
    )


def write_scored(
    path: Path,
    scoring: Scoring,
    header: CutoutHeader,
    scored: Iterator[list[_Scores]],
    what: str,
    provenance: Mapping[str, object],
    at_the_end: Callable[[], Mapping[str, object]] = dict,
) -> None:
    """Write blocks of scores as they come.

    Parameters
    ----------
    path, scoring, provenance
        As for `score_file`.
    header : CutoutHeader
        What is said of the cutouts.
    scored : iterator of ScoredBlocks
        The blocks, in the order of the rows.
    what : str
        What is scored, for messages.
    at_the_end : callable
        Returns what is added to the provenance once all blocks are written.

    Errors are those of `score_file`.
    """
    package, found, count, learned = scoring.package, set[str](), 0, 0
    computed_by: frozenset[str] = frozenset()
    package.check(
        channels=header.channels,
        size_pixel=header.size_pixel,
        pixel_state=header.pixel_state,
        columns=header.columns,
    )
    unlike = package.contract.unlike(
        survey=header.survey, pixel_scale_arcsec=header.pixel_scale_arcsec, channels=header.channels
    )
    about: dict[str, object] = {UNLIKE: unlike} if unlike else {}
    _warn_of_unknown_scale(package, header, what)
    if scoring.rules:
        scoring.rules.require(_known(header, len(package.class_names)))
        about[RULES] = scoring.rules.stated()
    if "verdict" in package.score_columns(decided=False):
        about[CONFORMAL] = dict(package.content[CONFORMAL])
    columns = package.score_columns(decided=bool(scoring.rules))
    with ScoresWriter(path, columns, {**provenance, **about}, distributions=package.distributions) as writer:
        for block in chain.from_iterable(scored):
            found, learned = found | block.found, learned + block.learned
            computed_by |= block.computed_by
            if len(block.rows):
                if unlike and not count:  # of a night without rows there is nothing to doubt
                    log.warning("%s: %s; how well it does there is not known", what, unlike_words(unlike))
                writer.append(block.rows)
                count += len(block.rows)
        runtime = "; ".join(sorted(computed_by)) or package.runtime.stated
        writer.provenance |= {**at_the_end(), "runtime": runtime}
        if scoring.learned is not None:
            writer.provenance["learned_left_out"] = learned
            log.info("left out %d rows of %s, from which the package learned", learned, what)
    if set(scoring.only) - found:
        raise InputError(f"{min(set(scoring.only) - found)!r} is no candidate and no object of {what}")
    log.info("scored %d rows of %s by %s", count, what, runtime)


def _warn_of_unknown_scale(package: OpenedPackage | RegressorPackage, header: CutoutHeader, what: str) -> None:
    """Say in the log that nobody knows whether cutouts have the pixel scale that a model learned from."""
    if not isnan(getattr(package, "fwhm_pixel", nan)):
        return  # features are measured in the sampling of the FWHM, which is known
    contract = package.contract
    if not header.is_table and isnan(header.pixel_scale_arcsec) and not isnan(contract.pixel_scale_arcsec):
        log.warning(
            "%s does not state its pixel scale, and the model learned from pixels of %g arcsec; how well it does there "
            "is not known",
            what,
            contract.pixel_scale_arcsec,
        )


def _known(header: CutoutHeader, n_classes: int) -> list[str]:
    """Return what a rule may name: numbers of the candidates, features of a table, probabilities."""
    numbers = [name for name, kind in header.columns.items() if kind != TEXT]
    return [*numbers, *(header.channels if header.is_table else ()), *(f"p_{index}" for index in range(n_classes))]


def _score_span(rows: Path, scoring: Scoring, span: tuple[int, int]) -> list[_Scores]:
    """Score the rows of a file from a first one to before a last one, block by block."""
    with open_cutouts(rows) as cutouts:
        split, channels = _split_of(cutouts), cutouts.header.channels
        starts = range(span[0], span[1], scoring.batch_size)
        blocks = [slice(start, min(start + scoring.batch_size, span[1])) for start in starts]
        return [
            _score_block(
                scoring,
                channels,
                cutouts.candidates(block, scoring.columns_of(cutouts.header.columns)).assign(split=split[block]),
                cutouts.pixels(block),
            )
            for block in blocks
        ]


def score_batch(scoring: Scoring, channels: tuple[str, ...], batch: Batch) -> list[_Scores]:
    """Score what was read together of a night, block by block."""
    blocks = [slice(start, start + scoring.batch_size) for start in range(0, len(batch.candidates), scoring.batch_size)]
    columns = list(scoring.columns_of(batch.candidates))
    frames = [batch.candidates.iloc[block][columns].reset_index(drop=True) for block in blocks]
    return [
        _score_block(scoring, channels, frame.assign(split=np.int8(LEFT_OUT)), batch.cutouts[block])
        for frame, block in zip(frames, blocks, strict=True)
    ]


def _score_block(
    scoring: Scoring, channels: tuple[str, ...], frame: pd.DataFrame, pixels: NDArray[np.float32]
) -> _Scores:
    """Score the rows that are asked for, of those that a forward pass takes."""
    found: set[str] = set()
    wanted, learned = _wanted(frame, scoring.only, found), 0
    if scoring.learned is not None:
        known = wanted & (scoring.learned.part_of(frame["candidate_id"]) != LEFT_OUT).to_numpy()
        wanted, learned = wanted & ~known, int(known.sum())
    chosen = frame[wanted].reset_index(drop=True).assign(release=scoring.release)
    if not len(chosen):
        return _Scores(chosen, found, learned)
    scored = scoring.package.scored(chosen, pixels[wanted], channels, scoring.seed)
    decided = _decided(scored, scoring.rules, pixels[wanted], channels)
    return _Scores(decided, found, learned, scoring.package.computed_by)


def _decided(
    frame: pd.DataFrame, rules: DecidingRules | None, pixels: NDArray[np.float32], channels: tuple[str, ...]
) -> pd.DataFrame:
    """Return scored rows with the class after the rules, if there are any."""
    if not rules:
        return frame
    features = channels if pixels.shape[1:3] == (1, 1) else ()  # of a table; they come before columns of their name
    columns = {
        name: pixels[:, 0, 0, features.index(name)] if name in features else frame[name].to_numpy()
        for name in rules.columns
    }
    decided, rule = rules.decide(frame["label_predicted"], columns)
    return frame.assign(label_decided=decided, decided_by=rule)


def _wanted(frame: pd.DataFrame, only: Collection[str], found: set[str]) -> NDArray[np.bool_]:
    """Tell which rows are asked for, and note by which name."""
    if not only:
        return np.ones(len(frame), dtype=bool)
    asked = {name: frame[name].isin(set(only)).to_numpy() for name in ("candidate_id", "object_id")}
    for name, rows in asked.items():
        found |= set(frame[name][rows])
    return np.asarray(asked["candidate_id"] | asked["object_id"])


def _split_of(cutouts: CutoutFile) -> NDArray[np.int8]:
    try:
        return cutouts.split()[0]
    except InputError:
        return np.full(len(cutouts), LEFT_OUT, dtype=np.int8)
