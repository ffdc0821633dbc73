"""What cuts on features say of the judged rows of a report: a baseline that learns nothing.

Tested by tests/pipeline/stages/test_rule_scores.py.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.features import physical_features, unmeasurable
from pipeline.features.cuts import FeatureCuts, require_sound
from pipeline.features.seeing import typical_fwhm
from pipeline.io.results.cutout_file import CutoutFile, open_cutouts
from pipeline.plots.data import CutOutcomes

log = logging.getLogger(__name__)

_BLOCK_ROWS: Final = 1024
"""Rows read at once."""

FIRST_ROWS: Final = 256
"""Rows of a file in whose stars the FWHM is measured: the same as by packages that score the file."""

_SMALLEST_SIDE: Final = 9
"""Pixels a side below which no feature is measured."""


def rule_scores(
    judged: pd.DataFrame, files: Sequence[Path], stated: Mapping[str, object]
) -> tuple[pd.DataFrame, CutOutcomes] | None:
    """Return the judged rows with the logits of cuts as scores, and which cuts each fails; None if none is measured.

    Parameters
    ----------
    judged : DataFrame
        With ``candidate_id`` and ``label``; rows without a label are not measured, and get the score NaN.
    files : sequence of Path
        Cutout files or data sets that hold them; if several hold one, the first counts. Tables, pixels that are not raw
        and channels in which no feature is measured are passed over.
    stated : mapping
        The cuts by name, as a recipe states them.

    Raises
    ------
    SettingsError
        With all that is wrong with the cuts.
    """
    found = require_sound(stated)
    cuts = FeatureCuts.of(found)
    wanted = set(judged["candidate_id"][judged["label"].isin([REAL, BOGUS])])
    ids, features = _measured(files, wanted)
    if not len(ids):
        return None
    log.info("cuts on features judge %d of %d labelled rows", len(ids), len(wanted))
    scores = pd.Series(cuts.logits(features).astype(float), index=ids)
    failed = pd.DataFrame(~cuts.passed(features), columns=list(cuts.names))
    failed.insert(0, "candidate_id", ids)
    ranges = {name: (cut.feature, cut.words) for name, cut in found.items()}
    return judged.assign(score=judged["candidate_id"].map(scores)), CutOutcomes(ranges=ranges, failed=failed)


def _measured(files: Sequence[Path], wanted: set[str]) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
    """Return ids ``(n,)`` and features ``(n, f)`` of the wanted rows that can be measured."""
    ids: list[NDArray[np.object_]] = [np.empty(0, object)]
    features: list[NDArray[np.float32]] = []
    for path in files:
        with open_cutouts(path) as file:
            names = file.candidates(columns=("candidate_id",))["candidate_id"]
            rows = names.index[names.isin(wanted) & ~names.duplicated()].to_numpy()
            why = _not_measured(file)
            if why or not len(rows):
                log.info("no features of %s: %s", path.name, why or "it holds no judged row")
                continue
            channels = file.header.channels
            fwhm = typical_fwhm(file.pixels(slice(0, min(len(names), FIRST_ROWS))), channels)
            for block, pixels in _blocks(file, rows):
                ids.append(names[block].to_numpy(object))
                features.append(physical_features(pixels, channels, fwhm))
            wanted = wanted.difference(names[rows])
    return np.concatenate(ids), np.concatenate(features) if features else np.empty((0, 0), np.float32)


def _not_measured(file: CutoutFile) -> str:
    """Return why no feature of a file's cutouts says anything; empty if some do."""
    header = file.header
    if header.is_table or header.kind != "cutouts":
        return "it holds no cutouts"
    if header.pixel_state != "raw":
        return f"its pixels are {header.pixel_state}"
    if header.size_pixel < _SMALLEST_SIDE:
        return f"its cutouts have {header.size_pixel} pixels a side; {_SMALLEST_SIDE} are the least"
    return unmeasurable(header.channels)


def _blocks(file: CutoutFile, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield numbers and cutouts of ascending rows of a file, as many as lie in one block of it."""
    for start in np.unique(rows // _BLOCK_ROWS) * _BLOCK_ROWS:
        chosen = rows[(rows >= start) & (rows < start + _BLOCK_ROWS)]
        yield chosen, file.pixels(slice(chosen[0], chosen[-1] + 1))[chosen - chosen[0]]
