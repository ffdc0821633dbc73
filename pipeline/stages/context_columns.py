"""The context of a night's candidates, where its survey asks for it: made before the first pixel is read."""

import logging
from typing import TYPE_CHECKING

from pipeline.stages.night_job import NightJob

if TYPE_CHECKING:
    from pipeline.context.night_context import NightContext

log = logging.getLogger(__name__)


def context_of(job: NightJob) -> "NightContext | None":
    """Return the context of a night, from all of its detections; None if the survey's settings ask for none.

    Raises
    ------
    ChangedInputError
        If the rows are no longer what was frozen.
    """
    settings = job.survey.settings
    if not settings.context_columns:
        return None
    from pipeline.context.night_context import night_context  # it searches neighbours, which takes a while to load

    context = night_context(
        job.survey.detections(job.night, job.manifest),
        settings.context_columns,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
    )
    log.info("night %s: context of %d detections on %d images", job.night, len(context.hashes), len(context.images))
    return context
