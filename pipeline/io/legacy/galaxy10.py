"""Galaxy10-type HDF5 files: ``images`` (n, y, x, colour) in bytes with the answers ``ans``, read block by block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.legacy.base import STAMP_SETS, Pixels, Rows, StampSet, channel_names, one_path
from pipeline.io.legacy.columns import labels
from pipeline.io.legacy.crop_or_pad import crop_or_pad_stack
from pipeline.io.legacy.hdf5_nodes import node, reading, take
from pipeline.io.legacy.image_file import Resampling, resized_stack
from pipeline.io.results import hdf5
from pipeline.io.results.cutout_file import CutoutFile

SOURCE = "galaxy10"
DECALS_CLASSES = (
    "disturbed", "merging", "round smooth", "in-between round smooth", "cigar shaped smooth", "barred spiral",
    "unbarred tight spiral", "unbarred loose spiral", "edge-on without bulge", "edge-on with bulge",
)  # fmt: skip
"""The ten classes of Galaxy10 DECaLS in their order."""
COLOURS = {1: ("grey",), 3: ("red", "green", "blue")}
_BLOCK = 64


@dataclass(frozen=True, kw_only=True)
class Galaxy10Options:
    """Options of the format ``galaxy10``.

    Attributes
    ----------
    class_names : tuple of str
        Names in the order of ``ans``, all different; empty: what the file says, those of Galaxy10 DECaLS for ten
        classes, else numbers.
    resampling : {"none", "nearest", "box", "bilinear", "bicubic", "lanczos"}
        Filter of Pillow by which images of another size are resized; ``none``: they are cut or padded around their
        middle, as stamps are.
    """

    class_names: tuple[str, ...] = ()
    resampling: Literal["none"] | Resampling = "none"


@STAMP_SETS.register("galaxy10", settings=Galaxy10Options, classes="any")
class Galaxy10:
    """An HDF5 file of colour images with one class each, such as Galaxy10 DECaLS."""

    writes_directory: ClassVar[bool] = False

    def __init__(self, options: Galaxy10Options) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the images with their classes; pixel values stay 0 to 255."""
        path = one_path(paths, "an HDF5 file with images and ans")
        with reading(path) as file:
            shape = node(file, "images", 4, "(n, y, x, colour)").shape
            answers = node(file, "ans", 1, "one class per image")
            if answers.shape[0] != shape[0]:
                raise InputError(f"{path}: {shape[0]} images with {answers.shape[0]} answers; allowed: one for each")
            classes = answers[:]
            place = {name: node(file, key, 1, "degrees")[:] for name, key in _PLACE.items() if key in file}
            named = file.attrs.get("class_names")
        if shape[1] != shape[2] or not 1 <= shape[1] <= 512 or not shape[3]:
            raise InputError(f"{path}: images of shape {shape[1:]}; allowed: square, 1 to 512 pixels")
        names = self._names(tuple(map(str, named)) if isinstance(named, np.ndarray) else (), classes)
        rows = pd.DataFrame({"label": labels(classes.tolist(), f"{path}: ans", len(names))})
        rows["candidate_id"] = pd.Series([f"{row:07d}" for row in range(len(rows))], dtype="str")
        rows["object_id"] = rows["candidate_id"]
        rows["label_source"] = pd.Series([SOURCE] * len(rows), dtype="str")
        for name, values in place.items():
            if values.shape == (len(rows),):
                rows[name] = values.astype(np.float64)
        size = size_pixel or shape[1]
        own = COLOURS.get(shape[3], tuple(f"channel_{number}" for number in range(shape[3])))
        return StampSet(
            rows=rows,
            pixels=_reader(path, size, self.options.resampling),
            channels=channel_names(channels, own, path),
            size_pixel=size,
            class_names=names,
        )

    def _names(self, stated: tuple[str, ...], answers: NDArray[np.generic]) -> tuple[str, ...]:
        highest = int(np.max(answers.astype(np.float64), initial=1.0))
        names = self.options.class_names or stated
        if not names:
            names = DECALS_CLASSES if highest == 9 else tuple(str(number) for number in range(min(highest, 126) + 1))
        if len(set(names)) != len(names):
            raise InputError(f"class names {', '.join(names)}; allowed: names that are all different")
        return names

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write images as bytes where all pixels are whole numbers 0 to 255, else as float32; and ``ans``."""
        header = cutouts.header
        dtype = "u1" if all(_are_bytes(pixels) for _, pixels in cutouts.batches(_BLOCK)) else "f4"
        rows = cutouts.candidates(columns=("label", "ra_deg", "dec_deg"))
        if (rows["label"] < 0).any():
            raise InputError(
                f"{cutouts.path}: {int((rows['label'] < 0).sum())} rows have no class; allowed: rows that all have one"
            )
        with hdf5.create(path) as file:
            shape = (len(cutouts), header.size_pixel, header.size_pixel, len(header.channels))
            images = file.create_dataset("images", shape, dtype, track_times=False)
            for block, pixels in cutouts.batches(_BLOCK):
                images[block] = pixels.astype(dtype)
            file.create_dataset("ans", data=rows["label"].to_numpy(np.int8).view(np.uint8), track_times=False)
            for name, key in _PLACE.items():
                file.create_dataset(key, data=rows[name].to_numpy(np.float64), track_times=False)
            file.attrs["class_names"] = np.array(header.class_names, dtype=h5py.string_dtype())


_PLACE = {"ra_deg": "ra", "dec_deg": "dec"}


def _are_bytes(pixels: np.ndarray) -> bool:
    return bool(((pixels >= 0) & (pixels <= 255) & (pixels == np.rint(pixels))).all())


def _reader(path: Path, size: int, resampling: Literal["none"] | Resampling) -> Callable[[Rows], Pixels]:
    def read(rows: Rows) -> Pixels:
        with reading(path) as file:
            images = take(file["images"], rows)
        if resampling == "none":
            fitted = crop_or_pad_stack(images.astype(np.float32), size)
        else:
            fitted = resized_stack(images, size, resampling)
        return fitted, np.full(len(rows), "", dtype=object)

    return read
