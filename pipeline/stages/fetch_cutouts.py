"""One night from a survey into a cutout file: read, label, write, list what was lost."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from pipeline.cutouts.dropped import dropped_words
from pipeline.errors import TooMuchLostError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import EXPOSURE_COLUMNS
from pipeline.labels import LABEL_PROVIDERS, ChainLink, parse_chain
from pipeline.labels.cleaning import CleaningStep, parse_cleaning
from pipeline.stages.labelling import Labeller
from pipeline.surveys.base import Batch, Survey, measured_exposures
from pipeline.surveys.edge_policy import apply_edge_policy
from pipeline.surveys.label_tables import label_tables, require_frozen_tables, table_places
from pipeline.surveys.parts import ReadsInParts, each_batch
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
    survey : Survey
        Where the night is read.
    name : str
        The survey's name, for messages.
    night : str
        The night, an ISO date.
    manifest : mapping
        The night's input as it was frozen.
    ephemeris : DataFrame, optional
        What `FetchMovers` made, where labels or cleaning name it.
    labels : bool
        Whether rows get labels. Without, they are given none as long as labels and cleaning decide neither which rows
        stay nor a flag of them; where they do, they are read and followed all the same.

    Attributes
    ----------
    exposures, lost : int
        Exposures read so far, and how many of them were unusable.

    Raises
    ------
    InputError
        If rows, files or label tables are no longer what was frozen.
    """

    def __init__(
        self,
        survey: Survey,
        *,
        name: str,
        night: str,
        manifest: Mapping[str, Any],
        ephemeris: pd.DataFrame | None = None,
        labels: bool = True,
    ) -> None:
        chain = parse_chain(survey.settings.labels, f"surveys/{name}.yaml")
        cleaning = parse_cleaning(survey.settings.cleaning, f"surveys/{name}.yaml")
        self._labelled = labels or _decide_rows(chain, cleaning)
        if not self._labelled:
            chain, cleaning = (), ()
        tables = label_tables(survey, [*chain, *cleaning], night, ephemeris)
        require_frozen_tables(night, tables, manifest)
        self.survey, self.night, self.manifest = survey, night, manifest
        self.header = header_of(name, survey.settings)
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
        for read in self.survey.read(self.night, self.manifest):
            self._count(read)
            batch = apply_edge_policy(read, self.survey.settings)
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
        if self._labelled or not isinstance(self.survey, ReadsInParts):
            yield from map(function, self.batches())
            return
        for batch, made in each_batch(self.survey, self.night, self.manifest, function):
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
            log.warning("night %s: not one candidate in %d exposures", self.night, self.exposures)
        allowed = self.survey.settings.max_lost_fraction
        require_enough(self.night, self.lost, self.exposures, allowed, self._reasons)
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        """Say in the log who was left out and why; a warning where something was lost, or nothing is left."""
        total = self._dropped.total()
        if total:
            grave = self.lost or total == self._rows
            log.log(logging.WARNING if grave else logging.INFO, "night %s: %d of %d left out: %s",
                    self.night, total, self._rows, dropped_words(self._dropped))  # fmt: skip

    @property
    def measured(self) -> pd.DataFrame:
        """Rows for ``/exposures`` of what was read so far."""
        return pd.concat([measured_exposures(), *self._measured], ignore_index=True)

    @property
    def percent(self) -> float:
        """How much of the frozen input was read; -1 where it does not say how much there is."""
        queries, files = self.manifest.get("queries", {}), self.manifest.get("files", {})
        exposures = queries.get("exposures", {}).get("rows", 0)
        if exposures:
            return 100.0 * min(1.0, self.exposures / exposures)
        rows = max((entry.get("rows", 0) for entry in (*queries.values(), *files.values())), default=0)
        return 100.0 * min(1.0, self._rows / rows) if rows else -1.0

    @property
    def counts(self) -> dict[str, Any]:
        """What was read, lost and labelled, for the provenance."""
        return {"exposures": self.exposures, "exposures_lost": self.lost, "labelling": self._labeller.counts}


def fetch_night(
    path: Path,
    survey: Survey,
    *,
    name: str,
    night: str,
    manifest: Mapping[str, Any],
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None],
    ephemeris: pd.DataFrame | None = None,
) -> None:
    """Read a night and write its cutout file; parameters and errors as of `NightCutouts` and `write_night`."""
    read = NightCutouts(survey, name=name, night=night, manifest=manifest, ephemeris=ephemeris)
    write_night(path, read, provenance=provenance, progress=progress)


def write_night(
    path: Path, night: NightCutouts, *, provenance: Mapping[str, Any], progress: Callable[[float, str], None]
) -> None:
    """Write a night's labelled cutouts, what was dropped, and the manifest, as one cutout file."""
    with CutoutWriter(path, night.header, provenance) as writer:
        for batch in night.batches():
            if len(batch.candidates):
                writer.append(batch.cutouts, batch.candidates)
            writer.drop(batch.dropped)
            progress(night.percent, f"{writer.kept} cutouts of {night.exposures} exposures")
        if len(night.measured):
            writer.write_table("exposures", EXPOSURE_COLUMNS, night.measured)
        writer.write_text("manifest", json.dumps({**night.manifest, "as_of": ""}, sort_keys=True))
        writer.provenance |= {"as_of": night.manifest.get("as_of", ""), **night.counts}
    log.info("night %s: kept %d cutouts, dropped %d, lost %d of %d exposures", night.night, writer.kept,
             sum(writer.dropped.values()), night.lost, night.exposures)  # fmt: skip


def require_enough(night: str, lost: int, total: int, allowed: float, reasons: set[str]) -> None:
    """Raise `TooMuchLostError` when more than the allowed share of exposures was lost."""
    if total and lost / total > allowed:
        raise TooMuchLostError(
            f"night {night}: {lost} of {total} exposures are unusable; max_lost_fraction allows {allowed:g}. "
            + "; ".join(sorted(reasons)[:3])
        )


def _decide_rows(chain: Sequence[ChainLink], cleaning: Sequence[CleaningStep]) -> bool:
    """Tell whether labels can drop or flag a row: by cleaning, or because two that judge may disagree."""
    judges = [link for link in chain if LABEL_PROVIDERS.metadata(link.provider).get("judges", True)]
    return bool(cleaning) or len(judges) > 1
