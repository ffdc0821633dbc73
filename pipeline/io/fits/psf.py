"""Reads PSF files: models of PSFEx (``.psf``), for one or several detectors, and its snapshots (``_psf.fits``)."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.psf import PolynomialPsf, PsfGrid, PsfModel, SampledPsf

if TYPE_CHECKING:
    from astropy.io import fits

_MOST_SAMPLES = 100_000_000
_MOST_DEGREE = 12


def read_psf(
    path: Path,
    *,
    shape: tuple[int, int],
    detector: str = "",
    first_pixel: tuple[float, float] = (0.0, 0.0),
) -> PsfModel:
    """Return the PSF that a file holds.

    Parameters
    ----------
    path : Path
        A FITS file with a table that has a column ``PSF_MASK``, as PSFEx writes it: the header describes the model,
        or columns of the same names do if several detectors share a table. Or a file with an image: samples
        ``(y, x)``, or snapshots ``(row, column, y, x)`` that divide the image evenly, with the header key
        ``PSF_SAMP``.
    shape : tuple of int
        Height and width of the image that the PSF is for.
    detector : str
        Which of several PSFs: the name of the HDU, or the value of the column ``ccdname``. Needed only if the
        file holds several.
    first_pixel : tuple of float
        x and y on the detector, counted from 0, of the first pixel of an image that was cut out of it.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If the file is of another kind, lacks a key, holds no PSF, or holds several and you chose none.
    """
    from pipeline.io.fits.pixels import open_fits

    if not path.is_file():
        raise MissingInputError(f"no PSF file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with path.open("rb") as stream, open_fits(stream) as hdus:
                return _read(hdus, shape, detector, first_pixel)
    except NightsiftError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # astropy raises nearly anything on broken bytes
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is not a readable PSF file: {said}") from error


def _read(hdus: "fits.HDUList", shape: tuple[int, int], detector: str, first_pixel: tuple[float, float]) -> PsfModel:
    from astropy.io import fits

    tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU) and "psf_mask" in _lower(hdu.columns.names)]
    if tables:
        return _from_table(_chosen_table(tables, detector), detector, first_pixel)
    images = [hdu for hdu in hdus if getattr(hdu, "is_image", False) and len(hdu.shape) in (2, 4)]
    if not images:
        held = ", ".join(f"{hdu.name or 'without name'} {getattr(hdu, 'shape', '')}" for hdu in hdus)
        raise InputError(f"no PSF in it; allowed: a table with the column PSF_MASK, or an image of 2 or 4 axes: {held}")
    return _from_image(images[0], shape)


def _chosen_table(tables: list["fits.BinTableHDU"], detector: str) -> "fits.BinTableHDU":
    named = [table for table in tables if detector and table.name.lower() == detector.lower()]
    if named:
        return named[0]
    if len(tables) > 1:
        names = ", ".join(table.name or "without name" for table in tables)
        raise InputError(f"holds {len(tables)} PSFs, detector is {detector!r}; allowed: {names}")
    return tables[0]


def _from_table(table: "fits.BinTableHDU", detector: str, first_pixel: tuple[float, float]) -> PolynomialPsf:
    values = _described(table, detector)
    planes = np.asarray(values["psf_mask"], dtype=np.float64)
    if planes.ndim == 2:
        planes = planes[None]
    names = [str(values[key]).strip().upper() for key in ("polname1", "polname2") if key in values]
    names = names[: int(_number(values, "polnaxis", len(names)))]
    if names and (len(names) != 2 or not names[0].startswith("X") or not names[1].startswith("Y")):
        raise InputError(f"the model varies with {', '.join(names)}; allowed: X_IMAGE and Y_IMAGE, or nothing")
    if not names:
        return PolynomialPsf(planes=planes[:1], sampling=_number(values, "psf_samp"), first_pixel=first_pixel)
    if _number(values, "polngrp", 1) != 1 or _number(values, "polgrp1", 1) != _number(values, "polgrp2", 1):
        raise InputError("the model's x and y are in different groups; allowed: one group")
    degree = _number(values, "poldeg1")
    if degree != int(degree) or not 0 <= degree <= _MOST_DEGREE:
        raise InputError(f"POLDEG1 is {degree:g}; allowed: a whole number from 0 to {_MOST_DEGREE}")
    return PolynomialPsf(
        planes=planes,
        sampling=_number(values, "psf_samp"),
        degree=int(degree),
        zero=(_number(values, "polzero1"), _number(values, "polzero2")),
        scale=(_number(values, "polscal1"), _number(values, "polscal2")),
        first_pixel=first_pixel,
    )


def _described(table: "fits.BinTableHDU", detector: str) -> dict[str, object]:
    """Return what describes one model, by the lower-case names of keys and columns."""
    count = len(table.data)
    row = 0
    if count != 1:
        columns = dict(zip(_lower(table.columns.names), table.columns.names, strict=True))
        there = [str(name).strip() for name in table.data[columns["ccdname"]]] if "ccdname" in columns else []
        if detector not in there:
            raise InputError(f"holds {count} PSFs, detector is {detector!r}; allowed: {', '.join(there) or 'one'}")
        row = there.index(detector)
    values: dict[str, object] = {str(key).lower(): value for key, value in table.header.items()}
    values.update({name.lower(): table.data[name][row] for name in table.columns.names})
    return values


def _number(values: Mapping[str, object], key: str, default: float | None = None) -> float:
    """Return a finite number by its lower-case key."""
    if key not in values:
        if default is not None:
            return float(default)
        raise InputError(f"key {key.upper()} is missing")
    try:
        number = float(values[key])  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise InputError(f"{key.upper()} is {str(values[key])!r}; allowed: a finite number")
    return number


def _from_image(hdu: "fits.ImageHDU", shape: tuple[int, int]) -> PsfModel:
    from pipeline.io.fits.pixels import image_pixels

    sampling = _number({str(key).lower(): value for key, value in hdu.header.items()}, "psf_samp")
    if np.prod(hdu.shape, dtype=float) > _MOST_SAMPLES:
        raise InputError(f"its image has shape {hdu.shape}; allowed: at most {_MOST_SAMPLES:,} samples")
    samples: NDArray[np.float64] = np.asarray(image_pixels(hdu), dtype=np.float64)
    if samples.ndim == 4 and samples.shape[:2] == (1, 1):
        samples = samples[0, 0]
    if samples.ndim == 2:
        return SampledPsf(samples=samples, sampling=sampling, kind="snapshots")
    return PsfGrid(planes=samples, sampling=sampling, shape=shape)


def _lower(names: list[str]) -> list[str]:
    return [name.lower() for name in names]
