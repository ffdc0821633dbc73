"""A night that is labelled anew without its images: only labels differ, so a former cutout file has its pixels."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pipeline.classes import UNLABELLED
from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, NightsiftError
from pipeline.fingerprint import what_decides
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutFile, open_cutouts
from pipeline.io.results.night_manifest import Manifest
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.label_tables import rows_and_images
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

_Provenance = Mapping[str, Any]
"""Nested JSON, as a cutout file states it."""

_BY_LABELS: Final = ("label", "clean")
"""Steps that drop a row because of its label: with another label it may be kept, but its pixels are gone."""
_NO_CANDIDATES: Final = pd.DataFrame({name: [] for name in schema.CANDIDATE_COLUMNS})


class RelabelledNight(NightCutouts):
    """A night with the pixels and rows of a former cutout file, and with new labels and cleaning.

    Parameters
    ----------
    job : NightJob
        The night; its ``provenance`` is that of the file to be written.
    former : Path
        A cutout file of the same rows and images, from which labels and cleaning dropped nothing.
    ephemeris : DataFrame, optional
        As for `NightCutouts`.
    """

    def __init__(self, job: NightJob, former: Path, *, ephemeris: pd.DataFrame | None = None) -> None:
        super().__init__(job, ephemeris=ephemeris)
        provenance = job.provenance
        self._former = former
        with open_cutouts(former) as file:
            before, then = file.provenance, json.loads(file.text("manifest"))
            self._whole, self._dropped = len(file), file.table("dropped")
            self._measured = [file.table("exposures")] if file.holds("exposures") else []
        self.exposures, self.lost = int(before["exposures"]), int(before["exposures_lost"])
        self._changed = sorted(
            {
                *_differing(then["queries"], job.manifest["queries"]),
                *_differing(_label_files(before), _label_files(provenance)),
                *(f"setting {key}" for key in _differing(_label_settings(before), _label_settings(provenance))),
            }
        )

    @property
    def is_placed(self) -> bool:
        """Whether the order of ``/dropped`` is known: it is if the new labels drop no row, or nothing else was dropped.

        This reads the labels only; the object cannot be used to read the night afterwards.
        """
        if not len(self._dropped):
            return True
        with open_cutouts(self._former) as file:
            unlabelled = (_unlabelled(file.candidates(rows)) for rows in _exposures(file))
            return not any(len(self._labeller.label(_without_pixels(rows)).dropped) for rows in unlabelled)

    def batches(self) -> Iterator[Batch]:
        """Yield the dropped rows and then one exposure at a time, as `NightCutouts` does but without reading images.

        Raises
        ------
        InputError
            If the pixels of the former file are damaged, or a label belongs to no candidate.
        """
        yield self._labeller.label(_without_pixels(_NO_CANDIDATES, self._dropped))
        with open_cutouts(self._former) as file:
            for rows in _exposures(file):
                pixels = file.pixels(rows, hashed=True)
                self._rows = rows.stop
                yield self._labeller.label(Batch(cutouts=pixels, candidates=_unlabelled(file.candidates(rows))))
        self._labeller.finish()

    @property
    def percent(self) -> float:
        """How much of the former file was labelled, in per cent; -1 if it has no rows."""
        return 100.0 * self._rows / self._whole if self._whole else -1.0

    @property
    def counts(self) -> dict[str, object]:
        """The counts of `NightCutouts`, the file that the pixels are from, and the tables or settings that changed."""
        return {**super().counts, "relabelled": {"pixels_of": self._former.name, "changed": self._changed}}


def relabelled_night(
    job: NightJob, formers: Iterable[Path], *, ephemeris: pd.DataFrame | None = None
) -> RelabelledNight | None:
    """Return the night from the first former cutout file that differs only in its labels; None if there is none.

    Parameters
    ----------
    job : NightJob
        The night; the identity in its ``provenance`` decides whether a former file can be used. If the survey has no
        images, the result is None: its cutouts come with their rows, so nothing would be saved.
    formers : iterable of Path
        Cutout files of the same night.
    ephemeris : DataFrame, optional
        As for `NightCutouts`.
    """
    if not job.survey.has_images:
        return None
    for path in formers:
        try:
            why = _why_not(path, job.provenance, job.manifest)
        except (NightsiftError, OSError, KeyError, TypeError, ValueError) as error:
            why = str(error)
        if not why and not RelabelledNight(job, path, ephemeris=ephemeris).is_placed:
            why = "the new labels drop rows"
        if not why:
            log.info("night %s: labelled anew, with pixels and rows of %s", job.night, path.name)
            return RelabelledNight(job, path, ephemeris=ephemeris)
        log.info("night %s: pixels of %s cannot be used again: %s", job.night, path.name, why)
    return None


def _why_not(path: Path, provenance: _Provenance, manifest: Manifest) -> str:
    """Return why the rows and pixels of a former file cannot be used; empty if they can."""
    with open_cutouts(path) as file:
        if _without_labels(file.provenance["identity"]) != _without_labels(provenance["identity"]):
            return "its settings were different"
        if rows_and_images(json.loads(file.text("manifest"))) != rows_and_images(manifest):
            return "its rows or images were different"
        if file.table("dropped")["step"].isin(_BY_LABELS).any():
            return "labels or cleaning dropped rows, which may have to be kept now"
        _exposures(file)
        return ""


def _without_labels(identity: Mapping[str, Any]) -> dict[str, object]:
    """Return the part of an identity that decides rows and pixels; what is upstream is compared by the manifest."""
    decides = dict(identity["decides"])
    decides.pop("label_files", None)
    decides["survey"] = what_decides(SurveySettings, decides["survey"])
    return {"revision": identity["revision"], "task": identity["task"], "decides": decides}


def _label_settings(provenance: _Provenance) -> dict[str, object]:
    survey = provenance["identity"]["decides"]["survey"]
    return {key: value for key, value in survey.items() if key not in what_decides(SurveySettings, survey)}


def _label_files(provenance: _Provenance) -> dict[str, object]:
    return dict(provenance["identity"]["decides"].get("label_files", {}))


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    return {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}


def _exposures(file: CutoutFile) -> list[slice]:
    """Return the rows of each exposure, which are contiguous in a survey with images.

    Raises
    ------
    InputError
        If they are not: then the exposure was labelled in several parts.
    """
    ids = file.candidates(columns=("exposure_id",))["exposure_id"].to_numpy(object)
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, np.intp)
    if len(set(ids[starts])) != len(starts):
        raise InputError("its exposures came in several parts")
    return [slice(int(start), int(stop)) for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True)]


def _unlabelled(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return rows without their labels, as they were before labelling."""
    flags = candidates["flags"].to_numpy() & ~np.int32(Flag.BORDERLINE_LABEL)
    candidates = candidates.assign(flags=flags, group_id=candidates["object_id"], label=np.int8(UNLABELLED))
    return candidates.assign(kind="", label_source="").astype({"kind": "str", "label_source": "str"})


def _without_pixels(candidates: pd.DataFrame, dropped: pd.DataFrame | None = None) -> Batch:
    listed = [dropped_rows([], "", "")] + ([] if dropped is None else [dropped])
    pixels = np.empty((len(candidates), 0, 0, 0), np.float32)
    return Batch(cutouts=pixels, candidates=candidates, dropped=pd.concat(listed, ignore_index=True))
