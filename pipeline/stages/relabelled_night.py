"""A night labelled anew without its images: pixels and rows of a former cutout file, where only labels differ."""

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

_BY_LABELS: Final = ("label", "clean")
"""Steps that drop a row because of labels: under others it may come back, and its pixels are not there."""
_NOBODY: Final = pd.DataFrame({name: [] for name in schema.CANDIDATE_COLUMNS})


class RelabelledNight(NightCutouts):
    """A night whose pixels and rows are those of a former cutout file, its labels and cleaning anew.

    Parameters
    ----------
    job : NightJob
        Its ``provenance`` is that of the file that is to be written.
    former : Path
        A cutout file of the same rows and images, of which labels and cleaning dropped nothing.
    ephemeris : DataFrame, optional
        As of `NightCutouts`.
    """

    def __init__(self, job: NightJob, former: Path, *, ephemeris: pd.DataFrame | None = None) -> None:
        super().__init__(job, ephemeris=ephemeris)
        provenance = job.provenance
        self._former = former
        with open_cutouts(former) as file:
            said, then = file.provenance, json.loads(file.text("manifest"))
            self._whole, self._dropped = len(file), file.table("dropped")
            self._measured = [file.table("exposures")] if file.holds("exposures") else []
        self.exposures, self.lost = int(said["exposures"]), int(said["exposures_lost"])
        self._changed = sorted(
            {
                *_differing(then["queries"], job.manifest["queries"]),
                *_differing(_label_files(said), _label_files(provenance)),
                *(f"setting {key}" for key in _differing(_label_settings(said), _label_settings(provenance))),
            }
        )

    @property
    def is_placed(self) -> bool:
        """Whether the place in ``/dropped`` of each row that the new labels drop is known: it is where no other is.

        A look at the labels alone, after which the night cannot be read.
        """
        if not len(self._dropped):
            return True
        with open_cutouts(self._former) as file:
            unlabelled = (_unlabelled(file.candidates(rows)) for rows in _exposures(file))
            return not any(len(self._labeller.label(_without_pixels(rows)).dropped) for rows in unlabelled)

    def batches(self) -> Iterator[Batch]:
        """Yield an exposure at a time as `NightCutouts` does, and what was dropped, without a look at the images.

        Raises
        ------
        InputError
            If the pixels of the former file are not those that were written, or labels are of no candidate.
        """
        yield self._labeller.label(_without_pixels(_NOBODY, self._dropped))
        with open_cutouts(self._former) as file:
            for rows in _exposures(file):
                pixels = file.pixels(rows, hashed=True)
                self._rows = rows.stop
                yield self._labeller.label(Batch(cutouts=pixels, candidates=_unlabelled(file.candidates(rows))))
        self._labeller.finish()

    @property
    def percent(self) -> float:
        """How much of the former file was labelled."""
        return 100.0 * self._rows / self._whole if self._whole else -1.0

    @property
    def counts(self) -> dict[str, Any]:
        """What `NightCutouts` counts, whose rows and pixels they are, and which tables or settings gave new labels."""
        return {**super().counts, "relabelled": {"pixels_of": self._former.name, "changed": self._changed}}


def relabelled_night(
    job: NightJob, formers: Iterable[Path], *, ephemeris: pd.DataFrame | None = None
) -> RelabelledNight | None:
    """Return the night by the first former cutout file that differs in its labels alone; None where none does.

    Parameters
    ----------
    job : NightJob
        Of a survey that cuts images: for cutouts that come with their rows nothing would be saved. The identity in its
        ``provenance`` decides whether a former file serves.
    formers : iterable of Path
        Cutout files of the same night.
    ephemeris : DataFrame, optional
        As of `NightCutouts`.
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
            log.info("night %s: labels anew, pixels and rows of %s", job.night, path.name)
            return RelabelledNight(job, path, ephemeris=ephemeris)
        log.info("night %s: pixels of %s are not taken: %s", job.night, path.name, why)
    return None


def _why_not(path: Path, provenance: Mapping[str, Any], manifest: Manifest) -> str:
    """Return what keeps a former file from giving rows and pixels; empty where nothing does."""
    with open_cutouts(path) as file:
        if _but_labels(file.provenance["identity"]) != _but_labels(provenance["identity"]):
            return "its settings were others"
        if rows_and_images(json.loads(file.text("manifest"))) != rows_and_images(manifest):
            return "its rows or images were others"
        if file.table("dropped")["step"].isin(_BY_LABELS).any():
            return "labels or cleaning dropped rows, which may come back"
        _exposures(file)
        return ""


def _but_labels(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides rows and pixels: what lies upstream is compared by what the manifest says of it."""
    decides = dict(identity["decides"])
    decides.pop("label_files", None)
    decides["survey"] = what_decides(SurveySettings, decides["survey"])
    return {"revision": identity["revision"], "task": identity["task"], "decides": decides}


def _label_settings(provenance: Mapping[str, Any]) -> dict[str, Any]:
    survey = provenance["identity"]["decides"]["survey"]
    return {key: value for key, value in survey.items() if key not in what_decides(SurveySettings, survey)}


def _label_files(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return dict(provenance["identity"]["decides"].get("label_files", {}))


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    return {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}


def _exposures(file: CutoutFile) -> list[slice]:
    """Return the rows of each exposure, which a survey with images gives together.

    Raises
    ------
    InputError
        If an exposure stands in several places: then it was labelled in parts.
    """
    ids = file.candidates(columns=("exposure_id",))["exposure_id"].to_numpy(object)
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, np.intp)
    if len(set(ids[starts])) != len(starts):
        raise InputError("its exposures came in several parts")
    return [slice(int(start), int(stop)) for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True)]


def _unlabelled(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return rows as they were before they were labelled."""
    flags = candidates["flags"].to_numpy() & ~np.int32(Flag.BORDERLINE_LABEL)
    candidates = candidates.assign(flags=flags, group_id=candidates["object_id"], label=np.int8(UNLABELLED))
    return candidates.assign(kind="", label_source="").astype({"kind": "str", "label_source": "str"})


def _without_pixels(candidates: pd.DataFrame, dropped: pd.DataFrame | None = None) -> Batch:
    listed = [dropped_rows([], "", "")] + ([] if dropped is None else [dropped])
    pixels = np.empty((len(candidates), 0, 0, 0), np.float32)
    return Batch(cutouts=pixels, candidates=candidates, dropped=pd.concat(listed, ignore_index=True))
