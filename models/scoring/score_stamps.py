"""Scores of FITS cutouts, streamed from their files through a package: any number of them takes little memory."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from models.inputs.image_sampling import MEASURED_ROWS
from models.scoring.score_files import ScoredBlocks, Scoring, score_batch, write_scored
from models.training.fitted import no_progress
from pipeline.errors import InputError
from pipeline.io.executor import cores, spread
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.stages.stamp_files import Lost, StampReader

log = logging.getLogger(__name__)

_BLOCKS = 16
"""Forward passes of files that one process makes before it answers."""
_MOST_NAMED = 20
_MOST_LISTED = 10_000


def score_stamps(
    path: Path,
    scoring: Scoring,
    *,
    stamps: StampReader,
    files: Sequence[str],
    header: CutoutHeader,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None] = no_progress,
) -> Lost:
    """Write the scores of FITS cutouts in their order; return which files could not be scored, and why.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    scoring : Scoring
        How.
    stamps : StampReader
        Reads the files.
    files : sequence of str
        Their paths.
    header : CutoutHeader
        What the survey says of its cutouts.
    provenance : mapping
        Stored in the file, with counts and what was not scored.
    progress : callable
        Called with the share done and a message.

    Raises
    ------
    InputError
        If no file can be scored.
    IncompatiblePackageError
        If the package cannot score such cutouts; both sides are stated.
    """
    scoring = scoring.of(lambda: [stamps.read(files[:MEASURED_ROWS])[0].cutouts], header.channels)
    step, lost = scoring.batch_size * _BLOCKS, Lost()
    chunks = [files[start : start + step] for start in range(0, len(files), step)]
    workers = min(scoring.processes or cores(), max(1, len(chunks)))

    def told() -> Iterator[ScoredBlocks]:
        done = 0
        each = spread(partial(_score_chunk, stamps, scoring.share, header.channels), chunks, workers=workers)
        for chunk, (blocks, faults) in zip(chunks, each, strict=True):
            lost.update(faults)
            done += len(chunk)
            yield blocks
            progress(done / len(files), f"scored {done - len(lost)} of {done} files")
        if len(lost) == len(files):
            first, why = next(iter(lost.items()))
            raise InputError(f"none of {len(files)} files can be scored; {first}: {why}")

    def read() -> dict[str, object]:
        return {"read": {"files": len(files), "not_scored": len(lost)}, "not_scored": _listed(lost)}

    write_scored(path, scoring, header, told(), "the files", provenance, at_the_end=read)
    for file, why in list(lost.items())[:_MOST_NAMED]:
        log.warning("not scored: %s: %s", file, why)
    return lost


def _listed(lost: Lost) -> dict[str, str]:
    return dict(list(lost.items())[:_MOST_LISTED])


def _score_chunk(
    stamps: StampReader, scoring: Scoring, channels: tuple[str, ...], files: Sequence[str]
) -> tuple[ScoredBlocks, Lost]:
    batch, lost = stamps.read(files)
    return score_batch(scoring, channels, batch), lost
