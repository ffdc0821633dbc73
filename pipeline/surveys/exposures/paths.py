"""From what an exposure's row says to the files on disk: patterns filled, paths rewritten, mounts tried."""

import fnmatch
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.settings_files import expand
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.exposures.settings import ImageSettings, Place, fill_columns


class ImagePaths:
    """Finds the image files of one survey.

    Parameters
    ----------
    images : ImageSettings
        Where its images are.
    folder : Path
        Where relative paths start.
    """

    def __init__(self, images: ImageSettings, folder: Path) -> None:
        self.images = images
        self.folder = folder

    def name(self, place: Place, exposure: Mapping[str, object]) -> str:
        """Return the path of a place as the exposure writes it; empty where it names none."""
        texts = _texts(exposure, place.columns)
        return texts.get(place.path, "") if place.is_column else fill_columns(place.path, _harmless(texts))

    def hdu(self, place: Place, exposure: Mapping[str, object]) -> str | int:
        """Return the HDU of a place, a number from 0 as one."""
        hdu = fill_columns(place.hdu, _texts(exposure, place.columns))
        if not hdu:
            raise InputError(f"exposure {exposure.get('exposure_id')}: no value for HDU {place.hdu!r}")
        return int(hdu) if hdu.isascii() and hdu.isdigit() else hdu

    def names(self, place: Place, exposure: Mapping[str, object], separator: str) -> list[str]:
        """Return the paths of a place that may name several files; patterns are left as they are."""
        value = exposure.get(place.path)
        if place.is_column and isinstance(value, list | tuple | np.ndarray):
            return [text for text in as_text(value) if text]
        text = self.name(place, exposure)
        parts = text.split(separator) if place.is_column else [text]
        return [part.strip() for part in parts if part.strip()]

    def matching(self, pattern: str) -> list[str]:
        """Return the files that a pattern with ``*`` in its file name stands for, as the pattern writes them."""
        folder, _, last = pattern.rpartition("/")
        folders = [start for start in self._looked_at(folder) if _is(Path.is_dir, start)]
        names = [entry.name for start in folders for entry in start.iterdir()]
        found = {name for name in names if fnmatch.fnmatchcase(name, last)}
        return [posixpath.join(folder, name) for name in sorted(found)]

    def find(self, name: str) -> Path:
        """Return the file of a path: below the survey's folder, else below the first mount that has it.

        Raises
        ------
        MissingInputError
            If it is nowhere; every place that was looked at is named.
        InputError
            If a relative path leads out of its folder.
        """
        places = self._looked_at(name)
        for place in places:
            if _is(Path.is_file, place):
                return place
        raise MissingInputError(f"no FITS file {' or '.join(map(str, places))}")

    def found_elsewhere(self, name: str, path: Path) -> bool:
        """Tell whether a file was found anywhere but where its path alone says."""
        return path != self.folder / name

    def _looked_at(self, name: str) -> list[Path]:
        """Return where a path may lead, in the order in which it is tried."""
        written = self._rewritten(name)
        if "\0" in written:
            raise InputError(f"path {written!r} holds a zero byte")
        if not written.startswith("/"):
            if posixpath.normpath(written).split("/")[0] == "..":
                raise InputError(
                    f"path {written!r} leads out of {self.folder}; allowed: a path below it, or a whole path"
                )
            return [self.folder / written, *(mount / written for mount in self._mounts)]
        path = Path(written)
        homes = [mount for mount in self._mounts if path.is_relative_to(mount)]
        others = [mount / path.relative_to(homes[0]) for mount in self._mounts if homes and mount != homes[0]]
        return [path, *others]

    def _rewritten(self, name: str) -> str:
        for find, replace, regex in self._rules:
            name = re.sub(find, replace, name) if regex else name.replace(find, replace)
        return name

    @cached_property
    def _rules(self) -> list[tuple[str, str, bool]]:
        what = "a part of the paths of images"
        return [(expand(rule.find, what), expand(rule.replace, what), rule.regex) for rule in self.images.rewrite]

    @cached_property
    def _mounts(self) -> list[Path]:
        mounts = [Path(expand(text, "a folder of images")) for text in self.images.mounts]
        relative = [mount for mount in mounts if not mount.is_absolute()]
        if relative:
            raise SettingsError(f"mounts names {str(relative[0])!r}; allowed: whole paths")
        return mounts


def _texts(exposure: Mapping[str, object], columns: Sequence[str] | set[str]) -> dict[str, str]:
    """Return some columns of an exposure as text; what is missing is empty."""
    return {name: as_text([exposure.get(name)])[0].strip() for name in columns}


def _harmless(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Return the texts that fill a pattern; a step upwards in one of them is refused."""
    for name, text in texts.items():
        if ".." in text.split("/"):
            raise InputError(f"{name} is {text!r}; allowed in a path: no step upwards")
    return texts


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Tell whether a path leads to a file or folder; one that is too long or may not be looked at leads nowhere."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False
