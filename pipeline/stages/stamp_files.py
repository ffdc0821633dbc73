"""FITS cutouts that a user names, ``a.fits,@LIST,FOLDER``: found, read in blocks; what cannot be read is listed."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipeline.classes import UNLABELLED
from pipeline.cutouts.planes import images_of
from pipeline.errors import InputError, MissingInputError, NightsiftError, SettingsError
from pipeline.io.files.digests import file_digest, is_there
from pipeline.io.files.path_list import read_path_list
from pipeline.io.fits.file_names import is_fits
from pipeline.io.legacy.columns import require_unique
from pipeline.io.legacy.crop_or_pad import crop_or_pad
from pipeline.io.legacy.fits_set import TOO_SMALL
from pipeline.io.legacy.fits_stamp import AUTO, read_stamps
from pipeline.io.legacy.load import open_format
from pipeline.io.legacy.psat_files import StampFiles
from pipeline.io.legacy.psat_list import rows_of_names
from pipeline.surveys.base import Batch
from pipeline.surveys.batches import batch_of
from pipeline.surveys.settings import SurveySettings

Lost = dict[str, str]
"""Why files were not scored, by path."""

_DECIDING: Final = (
    "channels", "cutout_size_pixel", "pixel_scale_arcsec", "edges", "edge_value", "max_edge_fraction",
)  # fmt: skip
"""Settings of a survey that decide how stamps become cutouts, and what is known of their sampling."""


def find_stamps(text: str) -> list[str]:
    """Return the FITS files of ``a.fits,@LIST,FOLDER`` in their order: of a folder all of them, and of those below it.

    Parameters
    ----------
    text : str
        Files, lists and folders, separated by commas. A list has one file, or list, per line; relative names start at
        its folder.

    Raises
    ------
    MissingInputError, InputError
        If a list or folder is not there or names no FITS file, or a file is none; or if two files have one name, for
        it is the id.
    """
    files: list[str] = []
    for path in read_path_list(text):
        found = list(_found(path))
        if not found:
            raise InputError(f"{path} holds no FITS files; allowed: a.fits, @LIST with one file per line, a folder")
        files += found
    require_unique(rows_of_names(files)["candidate_id"].tolist(), f"--files {text}")
    return files


def _found(path: Path) -> Iterator[str]:
    if str(path).startswith("@"):
        yield from (file for file, _ in StampFiles(label=UNLABELLED).find(Path(str(path)[1:])))
    elif path.is_dir():
        yield from (str(file) for file in sorted(path.rglob("*")) if is_fits(file.name) and file.is_file())
    elif is_fits(path.name):
        if not is_there(path):
            raise MissingInputError(f"no file {path}")
        yield str(path)
    elif is_there(path):
        raise InputError(f"{path} is neither a FITS file nor a folder; if it is a list of files, write @{path}")
    else:
        raise MissingInputError(f"no file and no folder {path}")


def stamps_digest(files: Sequence[str]) -> dict[str, object]:
    """Return the identity of stamps: how many there are, and a digest of their names and bytes."""
    total = hashlib.sha256()
    for file in files:
        content = file_digest(Path(file)) if is_there(Path(file)) else "missing"
        total.update(f"{Path(file).name}\0{content}\n".encode())
    return {"count": len(files), "sha256": total.hexdigest()}


@dataclass(frozen=True, kw_only=True)
class StampReader:
    """Reads stamps as a survey cuts them.

    Attributes
    ----------
    settings : SurveySettings
        The survey's: channels, size, values that mean "bad", also those of the options of a stamp set. The image of its
        only channel is in the HDU that ``hdu`` of these options names, else in DIFF or the first; several are in HDUs
        of their names.
    """

    settings: SurveySettings

    def __post_init__(self) -> None:
        if not self.settings.has_nights:
            raise SettingsError("--files names images; allowed for a survey of cutouts, not of a table")

    @property
    def hdus(self) -> tuple[str | int, ...]:
        """The HDU of each channel."""
        channels = images_of(self.settings.channels)
        hdu = self._stated.get("hdu", AUTO)
        hdu = hdu if isinstance(hdu, int) else str(hdu)
        return (hdu,) if len(channels) == 1 else tuple(name.upper() for name in channels)

    @property
    def magic_values(self) -> tuple[float, ...]:
        """Pixel values that mean "bad": those of the survey, and of the format of its stamps."""
        return tuple(dict.fromkeys((*self.settings.magic_values, *self._of_format)))

    @property
    def decides(self) -> Mapping[str, object]:
        """What decides how files become cutouts, for the identity of their scores."""
        stated = {name: getattr(self.settings, name) for name in _DECIDING}
        return {**stated, "hdus": self.hdus, "magic_values": self.magic_values}

    @property
    def _stated(self) -> Mapping[str, object]:
        """The options of a stamp set, as the survey states them."""
        options = self.settings.input.get("options")
        return options if isinstance(options, Mapping) else {}

    @property
    def _of_format(self) -> tuple[float, ...]:
        """Values that mean "bad" in the stamp set that the survey reads, stated or not."""
        if self.settings.source != "stamp_set":
            return ()
        opened = open_format(str(self.settings.input.get("format", "")), self._stated, "input: options")
        return tuple(getattr(getattr(opened, "options", None), "magic_values", ()))

    def read(self, files: Sequence[str]) -> tuple[Batch, Lost]:
        """Return the cutouts of some files, and why others have none."""
        size, magic, lost = self.settings.cutout_size_pixel, self.magic_values, Lost()
        pixels, kept = np.empty((len(files), size, size, len(self.hdus)), np.float32), list[str]()
        for file in files:
            try:
                images = read_stamps(Path(file), self.hdus, magic)
            except NightsiftError as error:
                lost[file] = str(error)
                continue
            if min(side for image in images for side in image.shape) < size:
                lost[file] = f"{TOO_SMALL}: {images[0].shape[0]} x {images[0].shape[1]}, and it takes {size} pixels"
                continue
            for channel, image in enumerate(images):
                pixels[len(kept), :, :, channel] = crop_or_pad(image, size)
            kept.append(file)
        batch = batch_of(_rows(kept), pixels[: len(kept)], self.settings)
        return batch, lost | _dropped(kept, batch)


def _rows(files: Sequence[str]) -> pd.DataFrame:
    return rows_of_names(files).assign(night="")


def _dropped(files: Sequence[str], batch: Batch) -> Lost:
    """Return the files whose cutouts a survey drops, such as those that are beyond the edge of their image."""
    path_of = dict(zip(rows_of_names(files)["candidate_id"], files, strict=True))
    reasons = zip(batch.dropped["candidate_id"], batch.dropped["reason"], strict=True)
    return {path_of[name]: str(reason) for name, reason in reasons if name in path_of}
