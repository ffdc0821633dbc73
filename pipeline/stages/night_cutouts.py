"""One night of a survey, read, labelled and cleaned batch by batch; what was lost is counted on the way.

Tested by tests/pipeline/stages/test_fetch_cutouts.py.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pandas as pd

from pipeline.cutouts.dropped import dropped_words
from pipeline.errors import TooMuchLostError
from pipeline.io.results.cutout_file import CutoutHeader
from pipeline.labels import LABEL_PROVIDERS, ChainLink, parse_chain
from pipeline.labels.cleaning import CleaningStep, parse_cleaning
from pipeline.stages.labelling import Labeller
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Batch, measured_exposures
from pipeline.surveys.label_tables import label_tables, require_frozen_tables, table_places
from pipeline.surveys.night_parts import ReadsInParts, each_batch
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

_Made = TypeVar("_Made")


def header_of(name: str, settings: SurveySettings) -> CutoutHeader:
    """Return what the cutout files of a survey state."""
    return CutoutHeader(
        survey=name,
        channels=settings.channels,
        size_pixel=settings.cutout_size_pixel,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
        unit=settings.unit,
    )


class NightCutouts:
    """A night's cutouts, labelled and cleaned, batch by batch; what was lost is counted on the way.

    Parameters
    ----------
    job : NightJob
        Which night of which survey, and its frozen input.
    ephemeris : DataFrame, optional
        What `FetchMovers` made, where labels or cleaning name it.
    labels : bool
        Whether rows get labels. Without, they are given none as long as labels and cleaning decide neither which rows
        stay nor a flag of them; where they do, they are read and followed all the same.

    Attributes
    ----------
    job : NightJob
        As given.
    header : CutoutHeader
        What a file of these cutouts states.
    exposures, lost : int
        Exposures read so far, and how many of them were unusable; or what else the survey counts, see ``counted``.
    counted : str
        What these are: ``exposures``, or ``packets``, ``alerts``, ``stamps`` of a survey that reads no images.

    Raises
    ------
    InputError
        If rows, files or label tables are no longer what was frozen.
    """

    def __init__(self, job: NightJob, *, ephemeris: pd.DataFrame | None = None, labels: bool = True) -> None:
        survey, night, file = job.survey, job.night, f"surveys/{job.name}.yaml"
        chain = parse_chain(survey.settings.labels, file)
        cleaning = parse_cleaning(survey.settings.cleaning, file)
        self._labelled = labels or _decide_rows(chain, cleaning)
        if not self._labelled:
            chain, cleaning = (), ()
        tables = label_tables(survey, [*chain, *cleaning], night, ephemeris)
        require_frozen_tables(night, tables, job.manifest)
        self.job, self.header = job, header_of(job.name, survey.settings)
        self.counted = survey.counted
        self.exposures = self.lost = self._rows = 0
        self._reasons: set[str] = set()
        self._dropped: Counter[str] = Counter()
        self._measured: list[pd.DataFrame] = []
        places = table_places(survey, [*chain, *cleaning], night)
        self._labeller = Labeller(night, chain, cleaning, tables, survey.settings.conflicts, places)

    def batches(self) -> Iterator[Batch]:
        """Yield the night's batches, those without candidates as well.

        Raises
        ------
        TooMuchLostError
            After the last, if more than ``max_lost_fraction`` of the exposures were lost; the reasons are in the
            message.
        """
        for batch in self.job.survey.read(self.job.night, self.job.manifest):
            self._count(batch)
            labelled = self._labeller.label(batch)
            self._dropped.update(labelled.dropped["reason"])
            yield labelled
        self._finish()

    def each(self, function: Callable[[Batch], _Made]) -> Iterator[_Made]:
        """Yield what a function makes of each batch; otherwise as `batches`.

        Where no labels are needed and the survey is read in parts, the processes that read a batch do this as well,
        and its pixels do not leave them.

        Parameters
        ----------
        function : callable
            Of a module, as its arguments and results it may go between processes.
        """
        if self._labelled or not isinstance(self.job.survey, ReadsInParts):
            yield from map(function, self.batches())
            return
        for batch, made in each_batch(self.job.survey, self.job.night, self.job.manifest, function):
            self._count(batch)
            self._dropped.update(batch.dropped["reason"])
            yield made
        self._finish()

    def _count(self, batch: Batch) -> None:
        self.exposures, self.lost = self.exposures + batch.exposures, self.lost + batch.lost
        self._reasons |= set(batch.dropped["reason"]) if batch.lost else set()
        self._rows += len(batch.candidates) + len(batch.dropped)
        self._measured += [batch.measured] if len(batch.measured) else []

    def _finish(self) -> None:
        if self._labelled:
            self._labeller.finish()
        if self.exposures and not self._rows:
            log.warning("night %s: not one candidate in %d %s", self.job.night, self.exposures, self.counted)
        allowed = self.job.survey.settings.max_lost_fraction
        require_enough(self.job.night, self.lost, self.exposures, allowed, self._reasons, self.counted)
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        """Say in the log who was left out and why; a warning where something was lost, or nothing is left."""
        total = self._dropped.total()
        if total:
            grave = self.lost or total == self._rows
            log.log(logging.WARNING if grave else logging.INFO, "night %s: %d of %d left out: %s",
                    self.job.night, total, self._rows, dropped_words(self._dropped))  # fmt: skip

    @property
    def measured(self) -> pd.DataFrame:
        """Rows for ``/exposures`` of what was read so far."""
        return pd.concat([measured_exposures(), *self._measured], ignore_index=True)

    @property
    def percent(self) -> float:
        """How much of the frozen input was read; -1 where it does not say how much there is."""
        manifest = self.job.manifest
        queries, files = manifest.get("queries", {}), manifest.get("files", {})
        exposures = queries.get("exposures", {}).get("rows", 0)
        if exposures:
            return 100.0 * min(1.0, self.exposures / exposures)
        rows = max((entry.get("rows", 0) for entry in (*queries.values(), *files.values())), default=0)
        return 100.0 * min(1.0, self._rows / rows) if rows else -1.0

    @property
    def counts(self) -> dict[str, Any]:
        """What was read, lost and labelled, for the provenance."""
        read = {"counted": self.counted, "exposures": self.exposures, "exposures_lost": self.lost}
        return {**read, "labelling": self._labeller.counts}


def require_enough(
    night: str, lost: int, total: int, allowed: float, reasons: set[str], counted: str = "exposures"
) -> None:
    """Raise `TooMuchLostError` when more than the allowed share was lost.

    Parameters
    ----------
    night : str
        The night.
    lost, total : int
        How many could not be used, of how many.
    allowed : float
        The survey's ``max_lost_fraction``.
    reasons : set of str
        Why, for the message.
    counted : str
        What was counted, in the plural.
    """
    if total and lost / total > allowed:
        raise TooMuchLostError(
            f"night {night}: {lost} of {total} {counted} are unusable; max_lost_fraction allows {allowed:g}. "
            + "; ".join(sorted(reasons)[:3])
        )


def _decide_rows(chain: Sequence[ChainLink], cleaning: Sequence[CleaningStep]) -> bool:
    """Tell whether labels can drop or flag a row: by cleaning, or because two that judge may disagree."""
    judges = [link for link in chain if LABEL_PROVIDERS.metadata(link.provider).get("judges", True)]
    return bool(cleaning) or len(judges) > 1
