"""Surveys that have science images and templates, and neither differences nor candidates: both are made here."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from pipeline.faults import faults_of, placed
from pipeline.io.executor import spread
from pipeline.io.files.digests import file_digest
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.settings_files import data_folder
from pipeline.io.tables.catalogue_file import catalogue_path
from pipeline.io.tables.table_file import read_table
from pipeline.surveys.base import SURVEYS, Batch, ExposureImages, Source, dropped_rows
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.aligned_exposure import aligned_exposure
from pipeline.surveys.exposures.channels import require_searched
from pipeline.surveys.exposures.difference import differencing
from pipeline.surveys.exposures.reader import exposure_records
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.exposures.zeropoint import known_places
from pipeline.surveys.image_pairs.exposures import TEMPLATE_COLUMN, ExposureList
from pipeline.surveys.image_pairs.object_links import ObjectLinks
from pipeline.surveys.image_pairs.search import ExposureSearch, Found
from pipeline.surveys.image_pairs.settings import ImagePairsInput
from pipeline.surveys.manifests import entry, require_unchanged
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

_IDS = ("candidate_id", "object_id", "exposure_id", "mover_id", "variable_id", "host_id", "night")


@SURVEYS.register("image_pairs", settings=ImagePairsInput)
class ImagePairsSurvey(Source[ImagePairsInput]):
    """Science images and templates as FITS files, aligned, subtracted and searched an exposure at a time."""

    has_images = True
    holds = "the survey's images"

    def __init__(self, settings: SurveySettings, survey_input: ImagePairsInput, folder: Path | None = None) -> None:
        require_searched(settings.channels, survey_input.images.difference or DifferenceSettings())
        super().__init__(settings, survey_input, folder)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that the input states."""
        return tuple(self.input.tables)

    @cached_property
    def _list(self) -> ExposureList:
        return ExposureList(self.settings, self.input, self.folder)

    @cached_property
    def _search(self) -> ExposureSearch:
        return ExposureSearch(self.settings, self.input, _complete(self.input), self.folder)

    def nights(self) -> list[str]:
        """Return the nights that hold exposures."""
        return self._list.nights()

    def frozen_input(self, night: str) -> Manifest:
        """Return count and digest of the exposures, and size and digest of each image and catalogue."""
        exposures = self._list.rows(night)
        if self._list.templates is not None:
            for exposure in exposure_records(exposures, night):
                self._list.templates.ask(exposure)
        files = self._search.files.manifest(exposures)
        return {
            "candidates": "not known before the search",
            "queries": {"exposures": entry(exposures)},
            "files": files | {name: _described(catalogue_path(name)) for name in self._catalogues},
        }

    @property
    def _catalogues(self) -> list[str]:
        parts = (self.input.zeropoint, self.input.veto)
        return sorted({part.catalogue for part in parts if part is not None})

    def _exposures(self, night: str, manifest: Manifest) -> list[dict[str, object]]:
        """Return the exposures and see that they, and the catalogues, are what was frozen."""
        exposures = self._list.rows(night)
        require_unchanged(night, "the exposures", manifest["queries"]["exposures"], entry(exposures))
        for name in self._catalogues:
            require_unchanged(night, name, manifest["files"].get(name, {}), _described(catalogue_path(name)))
        return exposure_records(exposures, night)

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield the candidates of each exposure as it is searched, then the files that are not used."""
        exposures = self._exposures(night, manifest)
        faults, missing = dict(self._list.faults), set(self._list.lost)
        links = ObjectLinks(self.settings.linked_within_arcsec)
        search = partial(self._search.found, frozen=manifest["files"])
        for found in spread(search, exposures, workers=self.workers):
            yield _linked(found, links)
        for path, said in faults.items():
            mine = path in missing
            log.warning("%s %s: %s", path, "is not used" if mine else "belongs to no night", said)
            dropped = dropped_rows([path], "read", f"{'exposure unusable' if mine else 'file of no night'}: {said}")
            nothing = self._search.files.without(pd.Series(dtype="str"), "")
            yield replace(nothing, dropped=dropped, exposures=int(mine), lost=int(mine))

    def images(self, night: str, manifest: Manifest) -> Iterator[ExposureImages | Batch]:
        """Yield science and template of each exposure, as they are, for simulation."""
        for exposure in self._exposures(night, manifest):
            yield self._search.pair(exposure, manifest["files"])

    def table_files(self, table: str, night: str) -> list[Path]:
        """Return the files that hold a reference table of a night."""
        named = self.input.tables.get(table)
        return [] if named is None else [self.folder / named.replace("{night}", night)]

    def table_rows(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of a reference table that belong to the night, or all where it has no column ``night``."""
        texts = {*_IDS, *self.settings.id_columns}
        rows = read_table(self.folder / self.input.tables[table].replace("{night}", night), texts=texts)
        return rows[rows["night"] == night].reset_index(drop=True) if night and "night" in rows else rows

    def check(self) -> list[str]:
        """Look at the images of one exposure of the newest night, at the catalogues, and for the program."""
        nights: list[str] = []
        faults = faults_of([lambda: nights.extend(self.nights())])
        if not faults:
            faults = [told for path, said in self._list.faults.items() for told in placed(path, [said])]
            if not nights and not faults:
                faults.append(f"no image {self.input.files or self.input.exposures} below {self.folder}")
        night = nights[-1] if nights else ""
        looks: list[Callable[[], object]] = [partial(self.reference, table, night) for table in self.tables]
        for part in (self.input.zeropoint, self.input.veto):
            if part is not None:
                looks.append(partial(known_places, part.catalogue, part.ra_deg, part.dec_deg))
        looks.append(lambda: differencing(self._search.files.images.difference or DifferenceSettings()))
        if night:
            looks.append(lambda: self._check_all(night, 1))
        return list(dict.fromkeys([*faults, *faults_of(looks)]))

    def check_night(self, night: str) -> list[str]:
        """Return what is wrong with the images of a night, which are aligned and not subtracted."""
        return self._check_all(night)

    def _check_all(self, night: str, most: int | None = None) -> list[str]:
        records = exposure_records(self._list.rows(night), night)[:most]
        lost = {path: [said] for path, said in self._list.faults.items() if path in self._list.lost}
        looks = {f"exposure {record['exposure_id']}": faults_of([partial(self._align, record)]) for record in records}
        return [told for where, found in (lost | looks).items() for told in placed(where, found)]

    def _align(self, exposure: Mapping[str, object]) -> list[str]:
        if self._list.templates is not None:
            self._list.templates.ask(exposure)
        images = self._search.pair(exposure, self._search.files.manifest(pd.DataFrame([exposure])))
        if isinstance(images, Batch):
            return [str(reason) for reason in images.dropped["reason"]]
        aligned = aligned_exposure(images)
        if aligned.wcs is None and self.input.veto is not None:
            return ["the science image holds no WCS to look up known objects with"]
        return []


def _complete(survey_input: ImagePairsInput) -> ImageSettings:
    """Return where the images are, with how they are subtracted, and with the files of a service's templates."""
    images = survey_input.images
    if images.difference is None:
        images = replace(images, difference=DifferenceSettings())
    if survey_input.template_service is None:
        return images
    hdus = {**images.hdus, "template": f"{TEMPLATE_COLUMN}:0"}
    return replace(images, hdus=hdus, mounts=(*images.mounts, str(data_folder().resolve())))


def _described(path: Path) -> Entry:
    """Return size and digest of a file."""
    if not path.is_file():
        return {"size": -1, "sha256": "missing"}
    return {"size": path.stat().st_size, "sha256": file_digest(path, data_folder() / ".digests.sqlite")}


def _linked(found: Found, links: ObjectLinks) -> Batch:
    """Return the batch of an exposure whose candidates have the names of the objects that were found before."""
    batch = found.batch
    for text in found.notes:
        log.warning("exposure %s: %s", found.exposure_id, text)
    if not len(batch.candidates):
        return batch
    names = links.names(batch.candidates["candidate_id"].tolist(), found.places, found.sky)
    named = pd.Series(names, dtype="str")
    return replace(batch, candidates=batch.candidates.assign(object_id=named, group_id=named))
