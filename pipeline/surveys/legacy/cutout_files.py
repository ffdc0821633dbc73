"""Writes an opened set of stamps as a cutout file, or, with the parts that the set knows, as a data set.

Tested by tests/conformance/test_stamp_sets.py.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import LEFT_OUT, PARTS, TEST, TRAIN, VALIDATION
from pipeline.cutouts.extract import nearest_pixel
from pipeline.datasets.leakage import OVERLAPS, separate_parts
from pipeline.datasets.name_hashes import hash_unit, key_of
from pipeline.datasets.overlaps import Footprints
from pipeline.errors import DataSetError, InputError, TooMuchLostError
from pipeline.ids.text_blocks import HeldTexts, JoinedTexts, decided
from pipeline.io.legacy.base import EXTRA, Rows, StampSet
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.schema import SEPARATION, TEXT
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.legacy.survey import batches, nights_of
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

VALIDATION_SHARE = 0.25
"""Share of the training objects that becomes the validation part; psat-ml's own share of the rows."""
_BLOCK = 256


def write_cutout_file(
    path: Path, stamps: StampSet, settings: SurveySettings, survey: str, night: str, provenance: Mapping[str, object]
) -> None:
    """Write all stamps with the labels of their files.

    Parameters
    ----------
    path : Path
        The file to write.
    stamps : StampSet
        The opened set.
    settings : SurveySettings
        Telescope, channels, pixel scale, and how much may be lost.
    survey : str
        Name of the survey that the file states.
    night : str
        Night of stamps without a date; may be empty.
    provenance : mapping
        What makes the file.

    Raises
    ------
    TooMuchLostError
        If more than ``max_lost_fraction`` of the stamps could not be read.
    """
    nights = nights_of(stamps, settings, night)
    with CutoutWriter(path, _header(stamps, settings, survey), provenance) as writer:
        writer.drop(stamps.dropped)
        kept: list[str] | None = [] if len(stamps.extra.columns) else None
        _append(writer, batches(stamps, settings, nights), settings, kept)
        if kept is not None:
            rows = stamps.extra[stamps.rows["candidate_id"].isin(kept).to_numpy()].reset_index(drop=True)
            writer.write_table(EXTRA, dict.fromkeys(rows, TEXT), rows)


def write_parts(
    path: Path, stamps: StampSet, settings: SurveySettings, survey: str, night: str, provenance: Mapping[str, object]
) -> None:
    """Write a data set that keeps the test part of the set; a share of the training objects becomes validation.

    Training rows whose object is in the test part as well are left out and counted, and so are rows whose cutouts
    overlap those of another part, where the files state places: the old division leaked.

    Parameters
    ----------
    path : Path
        The file to write.
    stamps : StampSet
        The opened set, which must know its parts.
    settings : SurveySettings
        Telescope, channels, pixel scale, and how much may be lost.
    survey : str
        Name of the survey that the file states.
    night : str
        Night of stamps without a date; may be empty.
    provenance : mapping
        What makes the file.

    Raises
    ------
    InputError
        If the set has no parts.
    DataSetError
        If a part loses all rows of a class because they overlap another part.
    TooMuchLostError
        If more than ``max_lost_fraction`` of the stamps could not be read.
    """
    if "split" not in stamps.rows:
        raise InputError("these files know no training and test part; leave out --keep-split")
    rows = stamps.rows
    part, leaked = _parts(rows)
    usable = (rows["label"].to_numpy() >= 0) & ~leaked
    overlaps, separation = separate_parts(_places(stamps, settings), np.where(usable, part, LEFT_OUT))
    _require_kept(rows["label"].to_numpy(), part, usable, overlaps)
    usable &= ~overlaps
    provenance = {**provenance, SEPARATION: separation.facts()}
    log.log(logging.WARNING if overlaps.any() else logging.INFO, "%s", separation.words())
    nights = nights_of(stamps, settings, night)
    order = np.lexsort((hash_unit(rows["candidate_id"], "imported"), part))
    order = order[usable[order]]
    with CutoutWriter(path, _header(stamps, settings, survey), provenance) as writer:
        writer.drop(stamps.dropped)
        writer.drop(dropped_rows(rows["candidate_id"][rows["label"] < 0], "data set", "no label"))
        writer.drop(dropped_rows(rows["candidate_id"][leaked], "data set", "its object stands in the test part"))
        writer.drop(dropped_rows(rows["candidate_id"][overlaps], "data set", OVERLAPS))
        if leaked.any():
            log.warning("%d training rows show objects of the test part and are left out", int(leaked.sum()))
        written: list[NDArray[np.int8]] = []
        for code in PARTS.values():
            blocks = _chunks(order[part[order] == code])
            found = _append(writer, (b for rows_ in blocks for b in batches(stamps, settings, nights, rows_)), settings)
            written.append(np.full(found, code, dtype=np.int8))
        writer.write_split(np.concatenate(written), str(provenance["fingerprint"]))


def _parts(rows: pd.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return each row's part, and which training rows show an object of the test part."""
    part = rows["split"].to_numpy(np.int8).copy()
    held = set(rows["object_id"][part == TEST])
    leaked = (part == TRAIN) & rows["object_id"].isin(held).to_numpy()
    turn = hash_unit(rows["object_id"], "imported:validation") < VALIDATION_SHARE
    part[(part == TRAIN) & turn] = VALIDATION
    return part, leaked


def _places(stamps: StampSet, settings: SurveySettings) -> Footprints:
    """Return which pixels the stamps cover, as far as their files say."""
    rows = stamps.rows
    silent = pd.Series("", rows.index, dtype="str")
    image = JoinedTexts(*(HeldTexts(rows.get(name, silent)) for name in ("exposure_id", "detector")))
    numbers = {
        name: rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)
        for name in ("x_pixel", "y_pixel", "ra_deg", "dec_deg")
    }
    return Footprints(
        exposure=decided(image, key_of),
        x_pixel=nearest_pixel(numbers["x_pixel"]),
        y_pixel=nearest_pixel(numbers["y_pixel"]),
        ra_deg=numbers["ra_deg"],
        dec_deg=numbers["dec_deg"],
        size_pixel=stamps.size_pixel,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
    )


def _require_kept(
    label: NDArray[np.integer], part: NDArray[np.int8], usable: NDArray[np.bool_], overlaps: NDArray[np.bool_]
) -> None:
    """Raise `DataSetError` where a part loses all its rows of a class because their cutouts overlap another part's."""
    for name, code in PARTS.items():
        for value in np.unique(label[usable & (part == code)]).tolist():
            mine = usable & (part == code) & (label == value)
            if overlaps[mine].all():
                raise DataSetError(
                    f"all {int(mine.sum())} {name} rows of class {value} have cutouts that overlap another part's; the "
                    "files' own parts cannot be kept: leave out --keep-split, and let BuildDataset divide the rows"
                )


def _chunks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _append(
    writer: CutoutWriter, found: Iterator[Batch], settings: SurveySettings, kept: list[str] | None = None
) -> int:
    """Append batches and return how many rows; ``kept`` gets their ids. Too many unreadable stamps are an error."""
    before = writer.kept
    total = lost = 0
    reasons: set[str] = set()
    for batch in found:
        total, lost = total + batch.exposures, lost + batch.lost
        reasons |= set(batch.dropped["reason"]) if batch.lost else set()
        writer.drop(batch.dropped)
        if len(batch.candidates):
            writer.append(batch.cutouts, batch.candidates)
            if kept is not None:
                kept += batch.candidates["candidate_id"].tolist()
    if total and lost / total > settings.max_lost_fraction:
        raise TooMuchLostError(
            f"{lost} of {total} stamps are unusable; {settings.max_lost_fraction:g} of them may be. "
            + "; ".join(sorted(reasons)[:3])
        )
    return writer.kept - before


def _header(stamps: StampSet, settings: SurveySettings, survey: str) -> CutoutHeader:
    return CutoutHeader(
        survey=survey,
        channels=stamps.channels,
        size_pixel=stamps.size_pixel,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
        unit=settings.unit,
        class_names=stamps.class_names,
        pixel_state=stamps.pixel_state,
    )
