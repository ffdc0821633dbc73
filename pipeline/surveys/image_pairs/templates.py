"""Templates that an image service gives: asked for once, when a night is frozen, and files from then on.

Tested by tests/pipeline/surveys/image_pairs/test_exposures.py.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from astropy.io.fits import Header
from astropy.wcs import WCS

from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile
from pipeline.io.fits.wcs import celestial_wcs
from pipeline.io.services.templates import TemplateSource, fetch_template, template_file
from pipeline.io.settings_files import data_folder
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.settings import Place, fill_columns

log = logging.getLogger(__name__)

FOLDER = "templates"
"""Where they are kept, below the folder of results."""


class ServiceTemplates:
    """The templates of one survey.

    Parameters
    ----------
    service : TemplateSource
        Columns of the exposure may stand in braces in its ``hips``.
    paths : ImagePaths
        Where the science images are.
    place : Place
        The science image of an exposure.
    """

    def __init__(self, service: TemplateSource, paths: ImagePaths, place: Place) -> None:
        self.service, self._paths, self._place = service, paths, place

    def name(self, exposure: Mapping[str, object], header: Header, shape: tuple[int, int]) -> str:
        """Return the template's file below the folder of results, whether it is there yet or not.

        Raises
        ------
        InputError
            If the science image has no projection, or the exposure lacks what the service's survey is named by.
        """
        return f"{FOLDER}/{template_file(self._source(exposure), self._wcs(header), shape)}"

    def ask(self, exposure: Mapping[str, object]) -> None:
        """Ask for the template of an exposure unless it is there already; an unusable exposure is logged.

        Raises
        ------
        UnreachableError
            If the service does not answer.
        """
        try:
            path, hdu = self._paths.find(str(exposure["path"])), self._paths.hdu(self._place, exposure)
            with FitsFile(path) as file:
                header, shape = file.header(hdu), file.shape(hdu)
            fetch_template(self._source(exposure), self._wcs(header), shape, data_folder() / FOLDER)
        except InputError as error:
            log.warning("exposure %s gets no template: %s", exposure["exposure_id"], " ".join(str(error).split()))

    def _source(self, exposure: Mapping[str, object]) -> TemplateSource:
        hips = fill_columns(self.service.hips, {name: as_text([value])[0] for name, value in exposure.items()})
        if not hips:
            raise InputError(f"template_service.hips is {self.service.hips!r}; the exposure lacks a column in braces")
        return replace(self.service, hips=hips)

    def _wcs(self, header: Header) -> WCS:
        wcs = celestial_wcs(header, "science image")
        if wcs is None:
            raise InputError("the science image holds no WCS to ask for a template with")
        return wcs
