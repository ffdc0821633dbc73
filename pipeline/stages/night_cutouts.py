"""One night of a survey: read, labelled and cleaned batch by batch, with counts of what was lost.

Tested by tests/pipeline/stages/test_fetch_cutouts.py.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from pipeline.cutouts.dropped import dropped_words, left_out
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.schema import CUTOUTS, TABLE
from pipeline.labels import LABEL_PROVIDERS, ChainLink, parse_chain
from pipeline.labels.cleaning import CleaningStep, parse_cleaning
from pipeline.stages.context_columns import context_of
from pipeline.stages.labelling import Labeller
from pipeline.stages.lost_exposures import require_enough
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Batch, measured_exposures
from pipeline.surveys.label_tables import label_tables, require_frozen_tables, table_places
from pipeline.surveys.night_parts import ReadsInParts, each_batch
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


def header_of(name: str, settings: SurveySettings) -> CutoutHeader:
    """Return the header of a survey's cutout files."""
    return CutoutHeader(
        survey=name,
        channels=settings.channels,
        size_pixel=settings.cutout_size_pixel,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
        unit=settings.unit,
        class_names=settings.class_names,
        metadata=tuple(sorted((*settings.metadata_paths, *settings.context_columns))),
        kind=TABLE if settings.kind == TABLE else CUTOUTS,
        weighted=settings.is_weighted,
        targeted=settings.has_target,
    )


class NightCutouts:
    """A night's cutouts, labelled and cleaned batch by batch, with counts of what was lost.

    Parameters
    ----------
    job : NightJob
        The night of a survey, and its frozen input.
    ephemeris : DataFrame, optional
        The table that `FetchMovers` wrote, if labels or cleaning need it.
    labels : bool
        Whether rows get labels. If False, labels are left out, unless labels or cleaning decide which rows are kept or
        how they are flagged: then they are applied all the same.

    Attributes
    ----------
    job : NightJob
        The night of a survey, and its frozen input.
    header : CutoutHeader
        The header of a file of these cutouts.
    exposures, lost : int
        Exposures read so far, and how many of them were unusable; or what else the survey counts, see ``counted``.
    counted : str
        What these are: ``exposures``, or ``packets``, ``alerts``, ``stamps`` of a survey that reads no images.

    Raises
    ------
    ChangedInputError
        If a label table is no longer what was frozen.
    InputError
        If a label table cannot be read, or lacks a column.
    """

    def __init__(self, job: NightJob, *, ephemeris: pd.DataFrame | None = None, labels: bool = True) -> None:
        survey, night, file = job.survey, job.night, f"surveys/{job.name}.yaml"
        chain = parse_chain(survey.settings.labels, file, survey.settings.class_names)
        cleaning = parse_cleaning(survey.settings.cleaning, file)
        self._ephemeris, self._asked = ephemeris, labels
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
        names = survey.settings.class_names
        conflicts, stated = survey.settings.conflicts, survey.states_labels
        self._labeller = Labeller(night, chain, cleaning, tables, conflicts, places, names, stated=stated)

    def batches(self) -> Iterator[Batch]:
        """Yield the night's batches, including those without candidates.

        Raises
        ------
        ChangedInputError
            If rows or files are no longer what was frozen.
        TooMuchLostError
            After the last batch, if more than ``max_lost_fraction`` of the exposures were lost; the message has the
            reasons.
        """
        context = context_of(self.job)
        for read in self.job.survey.read(self.job.night, self.job.manifest):
            batch = read if context is None else replace(read, candidates=context.of_detections(read.candidates))
            self._count(batch)
            labelled = self._labeller.label(batch)
            self._dropped.update(left_out(labelled.dropped)["reason"])
            yield labelled
        self._finish()

    def again(self) -> Iterator[Batch]:
        """Yield the batches of the night without counting them here: for what has to be known before they are used."""
        yield from NightCutouts(self.job, ephemeris=self._ephemeris, labels=self._asked).batches()

    def each(self, function: Callable[[Batch], _Result]) -> Iterator[_Result]:
        """Yield the result of a function for each batch; it raises what `batches` raises.

        If neither labels nor a context are needed and the survey is read in parts, the process that reads a batch also
        calls the function, so that no pixels travel between processes.

        Parameters
        ----------
        function : callable
            Takes a batch. It must be defined at the top level of a module, because it and its results may be sent to
            other processes.
        """
        survey = self.job.survey
        if self._labelled or survey.settings.context_columns or not isinstance(survey, ReadsInParts):
            yield from map(function, self.batches())
            return
        for batch, result in each_batch(survey, self.job.night, self.job.manifest, function):
            self._count(batch)
            self._dropped.update(left_out(batch.dropped)["reason"])
            yield result
        self._finish()

    def _count(self, batch: Batch) -> None:
        self.exposures, self.lost = self.exposures + batch.exposures, self.lost + batch.lost
        self._reasons |= set(batch.dropped["reason"]) if batch.lost else set()
        self._rows += len(batch.candidates) + len(left_out(batch.dropped))
        self._measured += [batch.measured] if len(batch.measured) else []

    def _finish(self) -> None:
        if self._labelled:
            self._labeller.finish()
        if self.exposures and not self._rows:
            log.warning("night %s: no candidates in %d %s", self.job.night, self.exposures, self.counted)
        allowed = self.job.survey.settings.max_lost_fraction
        require_enough(self.job.night, self.lost, self.exposures, allowed, self._reasons, self.counted)
        self._log_dropped()

    def _log_dropped(self) -> None:
        """Log how many rows were left out and why, as a warning if exposures were lost or no row is left."""
        total = self._dropped.total()
        if total:
            grave = self.lost or total == self._rows
            log.log(logging.WARNING if grave else logging.INFO, "night %s: %d of %d left out: %s",
                    self.job.night, total, self._rows, dropped_words(self._dropped))  # fmt: skip

    @property
    def measured(self) -> pd.DataFrame:
        """The rows of the table ``/exposures`` for what was read so far."""
        return pd.concat([measured_exposures(), *self._measured], ignore_index=True)

    @property
    def percent(self) -> float:
        """How much of the frozen input was read, in per cent; -1 if the manifest does not say how much there is."""
        manifest = self.job.manifest
        queries, files = manifest.get("queries", {}), manifest.get("files", {})
        exposures = queries.get("exposures", {}).get("rows", 0)
        if exposures:
            return 100.0 * min(1.0, self.exposures / exposures)
        rows = max((entry.get("rows", 0) for entry in (*queries.values(), *files.values())), default=0)
        return 100.0 * min(1.0, self._rows / rows) if rows else -1.0

    @property
    def counts(self) -> dict[str, object]:
        """Numbers of what was read, lost and labelled, for the provenance."""
        read = {"counted": self.counted, "exposures": self.exposures, "exposures_lost": self.lost}
        return {**read, "labelling": self._labeller.counts}


def _decide_rows(chain: Sequence[ChainLink], cleaning: Sequence[CleaningStep]) -> bool:
    """Tell whether labels can drop or flag a row: by cleaning, or because two providers that judge may disagree."""
    judges = [link for link in chain if LABEL_PROVIDERS.metadata(link.provider).get("judges", True)]
    return bool(cleaning) or len(judges) > 1
