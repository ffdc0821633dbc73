"""What a simulation tells of the PSF of each image: in the log, and as the table ``psf`` of its file."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.io import schema
from pipeline.psf import ChosenPsf
from pipeline.surveys.simulation_frames import SimulationFrames

log = logging.getLogger(__name__)


def psf_rows(exposure_id: str, chosen: Mapping[str, ChosenPsf], frames: SimulationFrames, folder: Path) -> pd.DataFrame:
    """Return what to say of each image's PSF and properties; where the survey lies on disk is no part of it."""
    rows = []
    for image, psf in chosen.items():
        frame = frames.science if image == "science" else frames.template
        numbers = psf.quality.numbers() if psf.quality else {}
        mine = [note for note in frames.notes if (image == "science") == note.startswith("the science")]
        row = {"fwhm_pixel": psf.model.fwhm_pixel, "wing_fraction": psf.model.wing_fraction, "stars": 0} | numbers
        rows.append(
            row
            | {"exposure_id": exposure_id, "image": image, "source": psf.source, "kind": psf.model.kind}
            | {"fallback": psf.fallback.replace(f"{folder}/", ""), "assumed": "; ".join(mine), "gain": frame.gain}
        )
    return pd.DataFrame(rows).reindex(columns=list(schema.PSF_COLUMNS))


def log_psfs(psfs: pd.DataFrame) -> pd.DataFrame:
    """Return rows of PSFs, after their fallbacks and assumptions were logged: another process may have made them."""
    for row in psfs.itertuples():
        for said in (f"PSF from {row.source}: {row.fallback}" if row.fallback else "", row.assumed):
            if said:
                log.warning("exposure %s, %s image: %s", row.exposure_id, row.image, said)
    return psfs
