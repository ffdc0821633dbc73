"""JPEG and PNG files as colour images of one size: modes, orientation, size limits, resampling."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.errors import InputError

Resampling: TypeAlias = Literal["nearest", "box", "bilinear", "bicubic", "lanczos"]
"""Filters of Pillow; all but the first average over what a pixel of the result covers, so that shrinking folds no
frequencies."""

FORMATS: Final = ("JPEG", "PNG")
ENDINGS: Final = (".jpg", ".jpeg", ".png")
LARGEST: Final = 8192
"""Larger images, in pixels a side, are refused before they are decoded: a few bytes may claim gigabytes."""
GREY: Final = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L")
"""Modes of Pillow without colour."""
_DEEP: Final = ("I", "I;16", "I;16B", "I;16L")
"""Modes of 16 bits; ``I`` is what older versions make of them."""
_OF_16_BITS: Final = 257
"""65535 / 255."""


@dataclass(frozen=True, kw_only=True)
class ImageHead:
    """What a file says of its image before it is decoded.

    Attributes
    ----------
    mode : str
        Pillow's name of the kind of pixels: ``RGB L RGBA P CMYK ...``; empty if it cannot be read.
    width, height : int, in pixel
        Of the image; 0 if it cannot be read.
    fault : str
        Why it cannot be read; empty if it can.
    """

    mode: str = ""
    width: int = 0
    height: int = 0
    fault: str = ""


def head_of(path: Path) -> ImageHead:
    """Return mode and size of an image from the head of its file; what is wrong with it is told, not raised."""
    try:
        with _opened(path) as image:
            return ImageHead(mode=image.mode, width=image.width, height=image.height)
    except InputError as error:
        return ImageHead(fault=str(error))


def read_image(path: Path, size: int, resampling: Resampling, *, grey: bool = False) -> NDArray[np.float32]:
    """Return the image of a file, upright, in the wanted colours and size.

    The orientation of its EXIF record is applied. Palettes, CMYK and YCbCr become RGB, grey is repeated in each colour,
    16 bits become 8, and what is transparent lies on black. The whole image is resized, not cropped; one that is not
    square is stretched.

    Parameters
    ----------
    path : Path
        A JPEG or PNG file.
    size : int, in pixel
        Side of the result.
    resampling : str
        A filter of Pillow.
    grey : bool
        One channel, the luminance of ITU-R 601-2, instead of three.

    Returns
    -------
    ndarray of float32, (size, size, 1 or 3)
        Whole numbers 0 to 255.

    Raises
    ------
    InputError
        If it is no such file, is damaged or cut off, or has more than 8192 pixels a side.
    """
    with _opened(path) as image:
        pixels = np.asarray(_colours(ImageOps.exif_transpose(image), grey=grey), dtype=np.uint8)
    return resized_stack(np.atleast_3d(pixels)[np.newaxis], size, resampling)[0]


def write_image(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write an image of bytes, (y, x) or (y, x, 3), as a PNG."""
    Image.fromarray(pixels).save(path, format="PNG")


def resized_stack(images: NDArray[np.number], size: int, resampling: Resampling) -> NDArray[np.float32]:
    """Return images ``(n, y, x, channel)`` as float32 ``(n, size, size, channel)``, each channel resized by itself.

    Those of bytes are interpolated as float32 and then rounded, once, to whole numbers 0 to 255.
    """
    if images.shape[1:3] == (size, size):
        return np.asarray(images, dtype=np.float32)
    out = np.empty((len(images), size, size, images.shape[3]), dtype=np.float32)
    for row, channel in np.ndindex(len(images), images.shape[3]):
        plane = Image.fromarray(np.ascontiguousarray(images[row, :, :, channel], dtype=np.float32))
        out[row, :, :, channel] = np.asarray(plane.resize((size, size), Image.Resampling[resampling.upper()]))
    return np.clip(np.rint(out), 0.0, 255.0) if images.dtype == np.uint8 else out


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; whatever is wrong with it, on opening or on decoding within the block, is an InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # of damaged EXIF records, which decide nothing else
            with Image.open(path, formats=FORMATS) as image:
                if max(image.size) > LARGEST:
                    raise InputError(
                        f"{path}: an image of {image.width} x {image.height} pixels; allowed: 1 to {LARGEST} a side"
                    )
                yield image
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InputError(f"{path}: an image of too many pixels; allowed: 1 to {LARGEST} a side") from None
    except Exception as error:
        # Pillow raises anything from OSError to SyntaxError and struct.error on a damaged file
        kinds = " or ".join(FORMATS)
        raise InputError(f"{path} is not a readable {kinds} image: {' '.join(str(error).split())}") from error


def _colours(image: Image.Image, *, grey: bool) -> Image.Image:
    """Return an image of any mode in grey or in RGB."""
    if image.mode in _DEEP:
        image = Image.fromarray(np.clip(np.asarray(image, np.float64) / _OF_16_BITS, 0, 255).round().astype(np.uint8))
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image.convert("RGBA"))
    return image.convert("L" if grey else "RGB")
