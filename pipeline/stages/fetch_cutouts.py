"""One night from a survey into a cutout file: read, label, write, list what was lost."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.schema import EXPOSURE_COLUMNS
from pipeline.io.settings_files import data_folder
from pipeline.io.tables import label_states
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.relabelled_night import relabelled_night
from pipeline.surveys.label_tables import label_files

log = logging.getLogger(__name__)


def fetch_cutouts(
    path: Path,
    job: NightJob,
    *,
    ephemeris: pd.DataFrame | None = None,
    formers: Iterable[Path] = (),
    manifest_file: Path | None = None,
) -> None:
    """Write a night's cutout file: from a former one if only labels differ, else from the survey.

    Parameters
    ----------
    path : Path
        Cutout file to write.
    job : NightJob
        The night, and its frozen input.
    ephemeris : DataFrame, optional
        The table that `FetchMovers` wrote, if labels or cleaning need it.
    formers : iterable of Path
        Former cutout files of the night; the first that differs only in its labels is used.
    manifest_file : Path, optional
        The manifest in the folder of results. If it is given, the label tables are recorded as unchanged.

    Raises
    ------
    ChangedInputError
        If rows, files or label tables are no longer what was frozen.
    InputError
        If a label table cannot be read, or names candidates that the night does not have.
    TooMuchLostError
        If more exposures are unusable than the survey allows.
    """
    settings = job.survey.settings
    remembers = manifest_file is not None and bool(settings.labels or settings.cleaning)
    seen = label_states.state_of(label_files(job.survey, job.night)) if remembers else {}
    formers = () if job.survey.states_labels else formers  # whose labels are not those of a chain alone
    night = relabelled_night(job, formers, ephemeris=ephemeris) or NightCutouts(job, ephemeris=ephemeris)
    write_night(path, night)
    if remembers:
        label_states.remember(data_folder() / label_states.NAME, str(manifest_file), seen, ())


def write_night(path: Path, night: NightCutouts) -> None:
    """Write a night's labelled cutouts, the list of what was dropped, and the manifest, as one cutout file."""
    job = night.job
    with CutoutWriter(path, night.header, job.provenance) as writer:
        for batch in night.batches():
            if len(batch.candidates):
                writer.append(batch.cutouts, batch.candidates)
            writer.drop(batch.dropped)
            job.progress(night.percent, f"{writer.kept} cutouts of {night.exposures} {night.counted}")
        if len(night.measured):
            writer.write_table("exposures", EXPOSURE_COLUMNS, night.measured)
        writer.write_text("manifest", json.dumps({**job.manifest, "as_of": ""}, sort_keys=True))
        writer.provenance |= {"as_of": job.manifest.get("as_of", ""), **night.counts}
    log.info("night %s: kept %d rows, dropped %d, lost %d of %d %s", job.night, writer.kept,
             sum(writer.dropped.values()), night.lost, night.exposures, night.counted)  # fmt: skip
