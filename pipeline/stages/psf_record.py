"""What a simulation tells of the PSF of each image: in the log, and as ``psf`` and ``psf_images`` of its file."""

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
        :data:`pipeline.io.results.schema.PSF_COLUMNS`, one row an image that sources were put into.
    images : ndarray of float32, (n, which, y, x)
        :data:`pipeline.io.results.schema.PSF_IMAGES` of each, NaN where no star judged the PSF.
    """

    rows: pd.DataFrame = field(default_factory=_no_rows)
    images: NDArray[np.float32] = field(default_factory=_no_images)


def psf_record(exposure_id: str, chosen: Mapping[str, ChosenPsf], frames: ExposureFrames, folder: Path) -> PsfRecord:
    """Return what to say of each image's PSF and properties; where the survey lies on disk is no part of it."""
    rows, images = [], _no_images(len(chosen))
    for place, (image, psf) in enumerate(chosen.items()):
        frame = frames.science if image == "science" else frames.template
        numbers = psf.quality.numbers() if psf.quality else {}
        mine = [note for note in frames.notes if (image == "science") == note.startswith("the science")]
        row = {"fwhm_pixel": psf.model.fwhm_pixel, "wing_fraction": psf.model.wing_fraction, "stars": 0} | numbers
        rows.append(
            row
            | {"exposure_id": exposure_id, "image": image, "source": psf.source, "kind": psf.model.kind}
            | {"fallback": psf.fallback.replace(f"{folder}/", ""), "assumed": "; ".join(mine), "gain": frame.gain}
        )
        if psf.quality:
            images[place] = psf.quality.images(_SIZE)
    return PsfRecord(rows=pd.DataFrame(rows).reindex(columns=list(schema.PSF_COLUMNS)), images=images)


def log_psfs(record: PsfRecord) -> PsfRecord:
    """Return a record, after its fallbacks and assumptions were logged: another process may have made it."""
    for row in record.rows.itertuples():
        for said in (
            f"PSF from {row.source}: {row.fallback}{_advice(row.fallback)}" if row.fallback else "",
            row.assumed,
        ):
            if said:
                log.warning("exposure %s, %s image: %s", row.exposure_id, row.image, said)
    return record


def _advice(fallback: str) -> str:
    """Return what to do where no PSF fits and that of the image's own stars was not asked for."""
    if "none fits" not in fallback or "stars: " in fallback:
        return ""
    return "; the image's own stars are asked with psf: {sources: [stars, moffat]}, as in --simulation stars_psf"


def write_psfs(writer: CutoutWriter, records: Sequence[PsfRecord]) -> None:
    """Write the records of all exposures as ``psf`` and ``psf_images``, row by row the same."""
    filled = [record for record in records if len(record.rows)]
    rows = pd.concat([_no_rows(), *(record.rows for record in filled)], ignore_index=True)
    writer.write_table("psf", schema.PSF_COLUMNS, rows)
    writer.write_stack("psf_images", np.concatenate([_no_images(), *(record.images for record in filled)]))
