"""The image files of an exposure: what each was when the night was frozen, verified and opened once.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.files import digests
from pipeline.io.fits.image import FitsFile
from pipeline.io.results.night_manifest import Entry
from pipeline.io.settings_files import data_folder
from pipeline.surveys.exposures.masks import Mask
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.settings import ImageSettings, Place
from pipeline.surveys.manifests import require_unchanged

WHERE_COLUMNS_ARE_FROM = (
    "columns of exposures are those of the query or table, or, of image files, of the FITS keys that input.keys names"
)
"""What to look at where one is missing."""


def describe_file(paths: ImagePaths, name: str) -> Entry:
    """Return size and digest of a file, and where it was found if that is not where its path alone says."""
    try:
        path = paths.find(name)
    except InputError:
        return {"size": -1, "sha256": "missing"}
    digest = digests.file_digest(path, data_folder() / ".digests.sqlite")
    entry: Entry = {"size": path.stat().st_size, "sha256": digest}
    if paths.found_elsewhere(name, path):
        entry["found"] = str(path)
    return entry


class ExposureFiles:
    """The files of one exposure, to be used by ``with``.

    Parameters
    ----------
    paths : ImagePaths
        Where files are.
    exposure : mapping
        The exposure's row.
    frozen : mapping
        Size and digest of each file, as they were when the night was frozen.
    """

    def __init__(self, paths: ImagePaths, exposure: Mapping[str, object], frozen: Mapping[str, Entry]) -> None:
        self.paths = paths
        self.exposure = exposure
        self.frozen = frozen
        self._open: dict[str, FitsFile] = {}
        self._channels: dict[str, tuple[FitsFile, str | int]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def file(self, name: str) -> FitsFile:
        """Return a file, opened, as it was frozen.

        Raises
        ------
        InputError
            If it is missing, and was then, or cannot be opened.
        ChangedInputError
            If it is not what was frozen.
        """
        if name not in self._open:
            night, then = str(self.exposure["night"]), self.frozen.get(name, {})
            require_unchanged(night, name, then, describe_file(self.paths, name))
            self._open[name] = self._stack.enter_context(FitsFile(self.paths.find(name)))
        return self._open[name]

    @property
    def images(self) -> ImageSettings:
        """Where the survey's images are."""
        return self.paths.images

    def name(self, channel: str) -> str:
        """Return the path of a channel's image as the exposure writes it; empty where it names none."""
        return self.paths.name(self.images.places[channel], self.exposure)

    def channel(self, channel: str) -> tuple[FitsFile, str | int]:
        """Return the open file and the HDU of a channel's image."""
        if channel not in self._channels:
            self._channels[channel] = self.locate(self.images.places[channel], f"channel {channel!r}")
        return self._channels[channel]

    def shape(self, channel: str) -> tuple[int, int]:
        """Return the shape (y, x) of a channel's image."""
        file, hdu = self.channel(channel)
        return file.shape(hdu)

    def mask(self, channel: str) -> Mask | None:
        """Return the plane that says which pixels of a channel are missing, if the settings name one."""
        if channel not in self.images.masks:
            return None
        file, hdu = self.locate(self.images.planes[channel], f"the mask of channel {channel!r}")
        return Mask(file=file, hdu=hdu, settings=self.images.masks[channel])

    def locate(self, place: Place, what: str) -> tuple[FitsFile, str | int]:
        """Return the open file and the HDU of a place."""
        name = self.paths.name(place, self.exposure)
        if not name:
            lacking = sorted(column for column in place.columns if not str(self.exposure.get(column) or ""))
            why = f": it has no {', '.join(lacking)}; {WHERE_COLUMNS_ARE_FROM}" if lacking else ""
            raise InputError(f"exposure {self.exposure['exposure_id']} names no image of {what}{why}")
        return self.file(name), self.paths.hdu(place, self.exposure)

    def image(self, place: Place, what: str) -> tuple[NDArray[np.number], Header]:
        """Return pixels as the file has them, and the header, of a place."""
        file, hdu = self.locate(place, what)
        return file.image(hdu)
