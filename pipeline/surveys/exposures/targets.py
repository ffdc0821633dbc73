"""The candidates of an exposure as places on its images, by pixel or by sky position, and their cutouts there.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

from dataclasses import dataclass, replace

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from pipeline.cutouts.extract import Cutouts, extract_cutouts, rows_needed
from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError
from pipeline.imaging.masks import masked_pixels
from pipeline.io.fits.image import FitsFile
from pipeline.io.fits.wcs import pixel_positions
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.files import ExposureFiles
from pipeline.surveys.exposures.settings import ImageSettings, MaskSettings

_FAR_OFF = -1e9
"""Where a candidate is put that the WCS of an image does not reach: off every image."""

Mask = tuple[FitsFile, str | int, MaskSettings]
Rows = list[tuple[int, int]] | None


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Candidates to be cut out.

    Attributes
    ----------
    x, y : ndarray of float64, (n,)
        Pixels, 0-based, on the grid of the exposure's first image.
    ra_deg, dec_deg : ndarray of float64, (n,)
        Positions on the sky; NaN where not known.
    size : int
        Side of a cutout in pixels.
    magic : tuple of float
        Values that mean "missing".
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    size: int
    magic: tuple[float, ...]

    def cut(
        self,
        file: FitsFile,
        hdu: str | int,
        *,
        sky: bool = False,
        mask: Mask | None = None,
        out: NDArray[np.float32] | None = None,
        shape: tuple[int, int] | None = None,
    ) -> Cutouts:
        """Return the cutouts of one image.

        Parameters
        ----------
        file, hdu
            The image.
        sky : bool
            Find the places by the WCS of this image.
        mask : optional
            File and HDU of the plane that says which pixels are missing, and how.
        out : ndarray of float32, (n, y, x), optional
            Where to put them.
        shape : tuple of int, optional
            What the image's shape must be.

        Raises
        ------
        InputError
            If image, mask or WCS cannot be used, or the shape is another one.
        """
        x, y = (self.x, self.y) if not sky else self._on_image(file, hdu)
        there = file.shape(hdu)
        if shape is not None and there != shape:
            raise InputError(
                f"HDU {hdu!r} of {file.path} has the shape {there}; the exposure's first image has {shape}"
            )
        rows = rows_needed(y, self.size, there[0])
        pixels, _ = file.image(hdu, rows)
        missing: tuple[float, ...] = self.magic
        if mask is not None or (self.magic and pixels.dtype != np.float32):
            pixels, missing = _masked(to_missing(pixels, self.magic)[0], mask, rows), ()
        return extract_cutouts(pixels, x, y, self.size, out=out, missing=missing)

    def place(self, file: FitsFile, hdu: str | int) -> "Targets":
        """Return the targets with the pixels that the WCS of an image gives, NaN where it does not reach."""
        x, y = pixel_positions(file.header(hdu), self.ra_deg, self.dec_deg, path=file.path, hdu=hdu)
        return replace(self, x=x, y=y)

    def moved(self, x_pixel: float, y_pixel: float) -> "Targets":
        """Return the targets that many pixels farther on the exposure's first image."""
        return replace(self, x=self.x + x_pixel, y=self.y + y_pixel)

    def chosen(self, rows: NDArray[np.bool_]) -> "Targets":
        """Return some of the targets."""
        arrays = {name: getattr(self, name)[rows] for name in ("x", "y", "ra_deg", "dec_deg")}
        return replace(self, **arrays)

    def _on_image(self, file: FitsFile, hdu: str | int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        placed = self.place(file, hdu)
        reached = np.isfinite(placed.x) & np.isfinite(placed.y)
        return np.where(reached, placed.x, _FAR_OFF), np.where(reached, placed.y, _FAR_OFF)


def _masked(pixels: NDArray[np.float32], mask: Mask | None, rows: Rows = None) -> NDArray[np.float32]:
    """Return an image with NaN where its mask says that a pixel is missing."""
    if mask is None:
        return pixels
    file, hdu, how = mask
    if file.shape(hdu) != pixels.shape:
        raise InputError(
            f"the mask in HDU {hdu!r} of {file.path} has the shape {file.shape(hdu)}; its image has {pixels.shape}"
        )
    try:
        bad = masked_pixels(file.image(hdu, rows)[0], weight=how.weight, bits=how.bits, values=how.values)
    except InputError as error:
        raise InputError(f"HDU {hdu!r} of {file.path}: {error}") from None
    pixels[bad] = np.nan
    return pixels


def mask_of(files: ExposureFiles, given: ImageSettings, channel: str) -> Mask | None:
    """Return the plane that says which pixels of a channel are missing, if the settings name one."""
    if channel not in given.masks:
        return None
    return (*files.locate(given.planes[channel], f"the mask of channel {channel!r}"), given.masks[channel])


def read_whole(
    files: ExposureFiles, given: ImageSettings, channel: str, magic: tuple[float, ...]
) -> tuple[NDArray[np.float32], Header]:
    """Return a channel's whole image, NaN = missing, and its header."""
    file, hdu = files.locate(given.images[channel], f"channel {channel!r}")
    pixels, header = file.image(hdu)
    return _masked(to_missing(pixels, magic)[0], mask_of(files, given, channel)), header


def read_pair(files: ExposureFiles, given: ImageSettings, magic: tuple[float, ...]) -> ExposureImages:
    """Return science image and template of an exposure, and how the survey makes their difference.

    Where it has no template (``difference: none``) that is an image of zeros, which states nothing.

    Raises
    ------
    InputError
        If the exposure names no such image, or it cannot be read.
    """
    how = given.difference or DifferenceSettings(alignment="none")
    images, variances, headers, names = {}, {}, {}, {}
    for channel in ("science", "template") if how.has_template else ("science",):
        images[channel], header = read_whole(files, given, channel, magic)
        headers[channel] = _with_primary(files, given, channel, header)
        names[channel] = files.paths.name(given.images[channel], files.exposure)
        variance = variances[channel] = _variance(files, given, channel)
        if variance is not None:
            images[channel][~np.isfinite(variance)] = np.nan
    return ExposureImages(
        exposure=files.exposure,
        science=images["science"],
        template=images.get("template", np.zeros_like(images["science"])),
        science_header=headers["science"],
        template_header=headers.get("template", Header()),
        science_variance=variances["science"],
        template_variance=variances.get("template"),
        difference=how,
        science_file=names["science"],
        template_file=names.get("template", ""),
    )


def _variance(files: ExposureFiles, given: ImageSettings, channel: str) -> NDArray[np.float32] | None:
    """Return the variance of a channel's pixels where its weights state it, NaN where they give none."""
    mask = mask_of(files, given, channel)
    if mask is None or not mask[2].inverse_variance:
        return None
    weights = mask[0].image(mask[1])[0].astype(np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        variance = np.where(weights > 0, 1.0 / weights, np.nan).astype(np.float32)
    return np.where(np.isfinite(variance), variance, np.float32(np.nan))


def _with_primary(files: ExposureFiles, given: ImageSettings, channel: str, header: Header) -> Header:
    """Return the header of a channel's image with what only the file's first header says of gain, noise and so on."""
    file, _ = files.locate(given.images[channel], f"channel {channel!r}")
    how = given.difference or DifferenceSettings()
    properties = how.science if channel == "science" else how.template
    first, joined = file.header(0), header.copy()
    for key in properties.keys:
        if key not in joined and key in first:
            joined[key] = first[key]
    return joined
