"""The individual frames behind an exposure: which files they are, and layers over their cutouts."""

import fnmatch
import logging
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.layers import combine_frames
from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile, header_value
from pipeline.surveys.exposures.files import ExposureFiles
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.settings import FrameSettings, parse_place
from pipeline.surveys.exposures.targets import Targets

log = logging.getLogger(__name__)

_MOST = 1000
"""A header that counts more frames than this is broken."""


@dataclass(kw_only=True)
class Frames:
    """The individual frames of one exposure.

    Attributes
    ----------
    settings : FrameSettings
        How they are named.
    files : ExposureFiles
        The exposure's files.
    faults : dict of str to str
        The frames that could not be used, and why; filled while layers are made.
    """

    settings: FrameSettings
    files: ExposureFiles
    faults: dict[str, str] = field(default_factory=dict)

    def layers(self, names: Sequence[str], targets: Targets, shape: tuple[int, int]) -> list[NDArray[np.float32]]:
        """Return layers ``(n, y, x)`` over the frames that can be used; a missing frame is noted and left out.

        Parameters
        ----------
        names : sequence of str
            Names in `pipeline.cutouts.layers.LAYERS`.
        targets : Targets
            The candidates.
        shape : tuple of int
            Of the exposure's first image, which frames have that lie on its grid.
        """
        return combine_frames(self.cutouts(targets, shape), names, (len(targets.x), targets.size, targets.size))

    def cutouts(self, targets: Targets, shape: tuple[int, int]) -> Iterator[NDArray[np.float32]]:
        """Yield the cutouts ``(n, y, x)`` of each frame that can be used; the others are noted."""
        sky = self.settings.position == "sky"
        for name, hdu in self._places():
            try:
                yield targets.cut(self.files.file(name), hdu, sky=sky, shape=None if sky else shape).pixels
            except InputError as error:
                self.faults[f"{name}:{hdu}"] = str(error)

    def _places(self) -> list[tuple[str, str | int]]:
        """Return the frames that were there when the night was frozen."""
        exposure, paths = self.files.exposure, self.files.paths
        try:
            if not self.settings.header:
                return _listed(self.settings, paths, exposure, self.files.frozen)
            file, hdu = self.files.locate(parse_place(self.settings.header, "header"), "the header that names frames")
            return _from_header(self.settings, paths, exposure, file, hdu)
        except InputError as error:
            self.faults[str(exposure["exposure_id"])] = str(error)
            return []


def frame_names(settings: FrameSettings, paths: ImagePaths, exposure: Mapping[str, object]) -> list[str]:
    """Return the paths of an exposure's frames as they are on disk now; none where that cannot be told."""
    try:
        if not settings.header:
            return [name for name, _ in _listed(settings, paths, exposure, None)]
        place = parse_place(settings.header, "header")
        with FitsFile(paths.find(paths.name(place, exposure))) as file:
            places = _from_header(settings, paths, exposure, file, paths.hdu(place, exposure))
            return [name for name, _ in places]
    except InputError as error:
        log.debug("exposure %s: %s", exposure.get("exposure_id"), error)
        return []


def _listed(
    settings: FrameSettings, paths: ImagePaths, exposure: Mapping[str, object], known: Iterable[str] | None
) -> list[tuple[str, str | int]]:
    """Return the frames that columns and patterns name; patterns look among ``known`` paths, else on disk."""
    found = []
    for text in settings.hdus:
        place = parse_place(text, "hdus")
        for name in paths.names(place, exposure, settings.separator):
            names = [name] if "*" not in name else paths.matching(name) if known is None else _among(known, name)
            found += [(each, paths.hdu(place, exposure)) for each in names]
    return found


def _among(known: Iterable[str], pattern: str) -> list[str]:
    folder, _, last = pattern.rpartition("/")
    parts = [(name, *name.rpartition("/")[::2]) for name in known]
    return sorted(name for name, start, end in parts if start == folder and fnmatch.fnmatchcase(end, last))


def _from_header(
    settings: FrameSettings, paths: ImagePaths, exposure: Mapping[str, object], file: FitsFile, hdu: str | int
) -> list[tuple[str, str | int]]:
    """Return the frames that a header names; their paths start in the folder of its file."""
    header = file.header(hdu)
    count = header_value(header, settings.count_key, _number, path=file.path, hdu=hdu)
    if count not in range(_MOST + 1):
        raise InputError(
            f"header key {settings.count_key!r} in HDU {hdu!r} of {file.path} is {count:g}; allowed: 0 to {_MOST}"
        )
    keys = [settings.path_key.replace("{i}", str(number)) for number in range(1, int(count) + 1)]
    values = [header_value(header, key, str, path=file.path, hdu=hdu).strip() for key in keys]
    start = posixpath.dirname(paths.name(parse_place(settings.header, "header"), exposure))
    inside: str | int = int(settings.hdu) if settings.hdu.isdigit() else settings.hdu
    return [(posixpath.join(start, value), inside) for value in values if value]


def _number(value: object) -> float:
    return float(str(value))
