"""The record of the PSF that a simulation used for each image: in the log and as ``psf`` and ``psf_images``."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.psf import ChosenPsf
from pipeline.surveys.exposures.properties import ExposureFrames

log = logging.getLogger(__name__)
_SIZE = schema.PSF_IMAGE_SIZE_PIXEL


def _no_rows() -> pd.DataFrame:
    kinds = {name: ("str" if kind == schema.TEXT else kind) for name, kind in schema.PSF_COLUMNS.items()}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _no_images(count: int = 0) -> NDArray[np.float32]:
    return np.full((count, len(schema.PSF_IMAGES), _SIZE, _SIZE), np.nan, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class PsfRecord:
    """The PSFs of one exposure's images.

    Attributes
    ----------
    rows : DataFrame
        :data:`pipeline.io.results.schema.PSF_COLUMNS`, one row per image that sources were put into.
    images : ndarray of float32, (n, which, y, x)
        :data:`pipeline.io.results.schema.PSF_IMAGES` of each image; NaN if it has no star to compare the PSF with.
    """

    rows: pd.DataFrame = field(default_factory=_no_rows)
    images: NDArray[np.float32] = field(default_factory=_no_images)


def psf_record(exposure_id: str, chosen: Mapping[str, ChosenPsf], frames: ExposureFrames, folder: Path) -> PsfRecord:
    """Return the record of the PSFs and properties of an exposure's images.

    Parameters
    ----------
    exposure_id : str
        The exposure.
    chosen : mapping of str to ChosenPsf
        The PSF of each image, ``science`` or ``template``.
    frames : ExposureFrames
        The images, with notes on what was assumed of them.
    folder : Path
        The survey's folder, which is removed from paths in texts so that results do not depend on it.
    """
    rows, images = [], _no_images(len(chosen))
    for place, (image, psf) in enumerate(chosen.items()):
        frame = frames.science if image == "science" else frames.template
        numbers = psf.quality.numbers() if psf.quality else {}
        notes = [note for note in frames.notes if (image == "science") == note.startswith("the science")]
        row = {"fwhm_pixel": psf.model.fwhm_pixel, "wing_fraction": psf.model.wing_fraction, "stars": 0} | numbers
        rows.append(
            row
            | {"exposure_id": exposure_id, "image": image, "source": psf.source, "kind": psf.model.kind}
            | {"fallback": psf.fallback.replace(f"{folder}/", ""), "assumed": "; ".join(notes), "gain": frame.gain}
        )
        if psf.quality:
            images[place] = psf.quality.images(_SIZE)
    return PsfRecord(rows=pd.DataFrame(rows).reindex(columns=list(schema.PSF_COLUMNS)), images=images)


def log_psfs(record: PsfRecord) -> PsfRecord:
    """Log the fallbacks and assumptions of a record, which another process may have made, and return it."""
    for row in record.rows.itertuples():
        for text in (
            f"PSF from {row.source}: {row.fallback}{_advice(row.fallback)}" if row.fallback else "",
            row.assumed,
        ):
            if text:
                log.warning("exposure %s, %s image: %s", row.exposure_id, row.image, text)
    return record


def _advice(fallback: str) -> str:
    """Return what to do if no PSF fits and the recipe does not try the one of the image's own stars."""
    if "none fits" not in fallback or "stars: " in fallback:
        return ""
    return "; to build it from the image's own stars, set psf: {sources: [stars, moffat]}, as in --simulation stars_psf"


def write_psfs(writer: CutoutWriter, records: Sequence[PsfRecord]) -> None:
    """Write the records of all exposures as ``psf`` and ``psf_images``, with equal numbers of rows."""
    filled = [record for record in records if len(record.rows)]
    rows = pd.concat([_no_rows(), *(record.rows for record in filled)], ignore_index=True)
    writer.write_table("psf", schema.PSF_COLUMNS, rows)
    writer.write_stack("psf_images", np.concatenate([_no_images(), *(record.images for record in filled)]))
