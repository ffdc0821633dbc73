"""Folders of JPEG and PNG images, one folder a class, as catalogues of galaxies by eye are handed on."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

import numpy as np
import pandas as pd

from pipeline.classes import CLASS_NAMES, UNLABELLED
from pipeline.errors import InputError, MissingInputError
from pipeline.io.legacy.base import STAMP_SETS, Pixels, Rows, StampSet, channel_names
from pipeline.io.legacy.columns import file_names, listed, require_unique
from pipeline.io.legacy.image_file import ENDINGS, GREY, ImageHead, Resampling, head_of, read_image, write_image
from pipeline.io.results.cutout_file import CutoutFile

log = logging.getLogger(__name__)

SOURCE: Final = "image folder"
COLOURS: Final = {1: ("grey",), 3: ("red", "green", "blue")}
OTHERS: Final = "others"
"""The negative class beside a single folder."""
_BLOCK: Final = 64
_ROOT: Final = "."


@dataclass(frozen=True, kw_only=True)
class ImageFolderOptions:
    """Options of the format ``image_folder``.

    Attributes
    ----------
    class_names : tuple of str
        Folders that are read as classes, in the order of the labels; empty: all there are, by name.
    ids : {"name", "path"}
        Whether an image is called by its file's name without the ending, which then must be there once (``name``), or
        by its path below the folder (``path``), which changes when it is moved to another class.
    resampling : {"nearest", "box", "bilinear", "bicubic", "lanczos"}
        Filter of Pillow by which images of another size are resized.
    """

    class_names: tuple[str, ...] = ()
    ids: Literal["name", "path"] = "name"
    resampling: Resampling = "bilinear"


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A file of an image: its class folder, empty without, and what its head says."""

    path: Path
    below: str
    folder: str
    head: ImageHead


@STAMP_SETS.register("image_folder", settings=ImageFolderOptions, classes="any", holds="bytes", fits="resize")
class ImageFolder:
    """Folders of JPEG or PNG images, one folder a class; images beside the folders have none."""

    writes_directory: ClassVar[bool] = True

    def __init__(self, options: ImageFolderOptions) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the images below folders; heads are read now, pixels later, each resized to one size."""
        where = ", ".join(map(str, paths[:3]))
        found = [image for path in paths for image in _images(path)]
        names = self._class_names(sorted({image.folder for image in found} - {""}), where)
        own = COLOURS[1 if found and all(image.head.mode in ("", *GREY) for image in found) else 3]
        used = channels if len(channels) in COLOURS else channel_names(channels, own, where)
        rows = self._rows(found, names)
        _require_unique(rows["candidate_id"], found, where)
        size = size_pixel or _usual_side(found, where)
        _log_kinds(found, size, where)
        return StampSet(
            rows=rows,
            pixels=_Reader(found, size, self.options.resampling, grey=len(used) == 1),
            channels=used,
            size_pixel=size,
            class_names=names,
            extra=pd.DataFrame(
                {
                    "mode": pd.Series([image.head.mode for image in found], dtype="str"),
                    "width_pixel": pd.Series([str(image.head.width) for image in found], dtype="str"),
                    "height_pixel": pd.Series([str(image.head.height) for image in found], dtype="str"),
                }
            ),
        )

    def _class_names(self, folders: list[str], where: str) -> tuple[str, ...]:
        names = self.options.class_names or tuple(folders)
        strange = [folder for folder in folders if folder not in names]
        if strange or len(set(names)) != len(names):
            raise InputError(
                f"{where}: folders {listed(strange or folders)} and class names {listed(names)}; allowed: names that "
                "are all different, and a class for each folder with images"
            )
        return {0: CLASS_NAMES, 1: (OTHERS, *names)}.get(len(names), names)

    def _rows(self, found: Sequence[_Found], names: Sequence[str]) -> pd.DataFrame:
        """Return the candidate columns."""
        numbers = {name: number for number, name in enumerate(names)} | {"": UNLABELLED}
        labels = np.array([numbers[image.folder] for image in found], dtype=np.int8)
        by_path = self.options.ids == "path"
        ids = pd.Series([image.below if by_path else image.path.stem for image in found], dtype="str")
        source = pd.Series(np.where(labels == UNLABELLED, "", SOURCE), dtype="str")
        return pd.DataFrame({"candidate_id": ids, "object_id": ids, "label": labels, "label_source": source})

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write each cutout as a PNG below the folder of its class; all pixels must be whole numbers 0 to 255."""
        header = cutouts.header
        if len(header.channels) not in COLOURS:
            raise InputError(f"{cutouts.path} has {len(header.channels)} channels; allowed: one or three")
        rows = cutouts.candidates(columns=("candidate_id", "label"))
        files = [Path(name).with_suffix(".png").name for name in file_names(rows["candidate_id"], rows["candidate_id"])]
        folders = [_ROOT if label == UNLABELLED else header.class_names[label] for label in rows["label"]]
        for folder in sorted(set(folders)):
            if folder != _ROOT:
                file_names([folder], [folder])  # refuses a class that cannot be the name of a folder
            (path / folder).mkdir(exist_ok=True)
        for block, pixels in cutouts.batches(_BLOCK):
            for row, image in zip(range(block.start, block.stop), pixels, strict=True):
                if not _are_bytes(image):
                    raise InputError(
                        f"{cutouts.path}: {rows['candidate_id'].iloc[row]!r} has pixels that are no bytes; allowed: "
                        "whole numbers 0 to 255"
                    )
                flat = image[:, :, 0] if image.shape[2] == 1 else image
                write_image(path / folders[row] / files[row], flat.astype(np.uint8))


@dataclass(frozen=True)
class _Reader:
    """Reads the pixels of rows; one that cannot be read has the reason."""

    found: Sequence[_Found]
    size: int
    resampling: Resampling
    grey: bool

    def __call__(self, rows: Rows) -> Pixels:
        """Return the images, 0 to 255, and, where there is none, why."""
        pixels = np.full((len(rows), self.size, self.size, 1 if self.grey else 3), np.nan, dtype=np.float32)
        reasons = np.full(len(rows), "", dtype=object)
        for place, row in enumerate(rows.tolist()):
            try:
                pixels[place] = read_image(self.found[row].path, self.size, self.resampling, grey=self.grey)
            except InputError as error:
                reasons[place] = f"unreadable: {error}"
        return pixels, reasons


def _require_unique(ids: pd.Series, found: Sequence[_Found], where: str) -> None:
    """Raise `InputError` where two images have one id; both files are named."""
    again = ids.duplicated()
    if again.any():
        row = int(again.idxmax())
        first = found[int((ids == ids[row]).idxmax())]
        raise InputError(
            f"{where}: {first.below} and {found[row].below} have one id, {ids[row]!r}; state options: {{ids: path}}"
        )
    require_unique(ids, where)


def _images(root: Path) -> list[_Found]:
    """Return the images below a folder, by path; files of other kinds are passed over, and hidden ones."""
    if not root.is_dir():
        if root.exists():
            raise InputError(f"{root} is a file; allowed: a folder with a folder of images for each class")
        raise MissingInputError(f"no folder {root}")
    found, others = [], 0
    for path in sorted(root.rglob("*")):
        below = path.relative_to(root)
        if path.is_dir() or any(part.startswith(".") for part in below.parts):
            continue
        if path.suffix.lower() not in ENDINGS:
            others += 1
            continue
        folder = below.parts[0] if len(below.parts) > 1 else ""
        found.append(_Found(path=path, below=below.as_posix(), folder=folder, head=head_of(path)))
    if others:
        log.warning("%s: passed over %d files that are not named %s", root, others, " ".join(ENDINGS))
    return found


def _usual_side(found: Sequence[_Found], where: str) -> int:
    """Return the most common larger side; 1 for no images at all."""
    sides = Counter(max(image.head.width, image.head.height) for image in found if not image.head.fault)
    if found and not sides:
        raise InputError(f"{where}: none of {len(found)} images can be read; {found[0].head.fault}")
    return min(sides, key=lambda side: (-sides[side], side)) if sides else 1


def _log_kinds(found: Sequence[_Found], size: int, where: str) -> None:
    """Tell how many images there are of each mode, how many are resized or stretched, and how many are broken."""
    good = [image.head for image in found if not image.head.fault]
    modes = ", ".join(f"{count} {mode}" for mode, count in sorted(Counter(head.mode for head in good).items()))
    other = sum((head.width, head.height) != (size, size) for head in good)
    stretched = sum(head.width != head.height for head in good)
    log.info(
        "%s: %d images (%s), %d of another size than %d pixels, %d not square, %d unreadable",
        where, len(found), modes or "none", other, size, stretched, len(found) - len(good),
    )  # fmt: skip


def _are_bytes(pixels: np.ndarray) -> bool:
    return bool(((pixels >= 0) & (pixels <= 255) & (pixels == np.rint(pixels))).all())
