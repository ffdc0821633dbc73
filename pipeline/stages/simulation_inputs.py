"""What a simulation reads besides the images: host galaxies, lists of magnitudes, PSF files.

Tested by tests/pipeline/stages/test_simulate_images.py.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io.fits import Header
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.astrometry.projection import pixel_arcsec
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.injection import Hosts, catalogued_hosts
from pipeline.io.fits.psf import read_psf
from pipeline.io.fits.wcs import pixel_positions
from pipeline.io.tables.catalogue_file import catalogue_path, read_columns
from pipeline.photometry.magnitudes import known_magnitudes
from pipeline.psf import ChosenPsf, EmpiricalSettings, Moffat, PsfModel, PsfStars, build_psf, choose_psf, find_psf_stars
from pipeline.recipes.injection import HostCatalogue, ImageSimulation, PsfRecipe
from pipeline.stages.simulation_files import PLACEHOLDER

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SimulationInputs:
    """The inputs that are read once per night.

    Attributes
    ----------
    hosts : DataFrame or None
        Galaxies: ``ra_deg dec_deg host_id radius_arcsec magnitude``; None if the recipe names no catalogue.
    magnitudes : ndarray of float64, (n,), or None
        The magnitudes to draw from; None if the recipe names no list.
    """

    hosts: pd.DataFrame | None = None
    magnitudes: NDArray[np.float64] | None = None


def read_inputs(settings: ImageSimulation) -> SimulationInputs:
    """Return the host catalogue and the list of magnitudes that settings name."""
    magnitudes = None
    if settings.magnitude_file:
        column = {"magnitude": settings.magnitude_column}
        listed = known_magnitudes(read_columns(catalogue_path(settings.magnitude_file), column)["magnitude"])
        magnitudes = listed[np.isfinite(listed)]
    hosts = read_hosts(settings.hosts) if settings.hosts and settings.host_share else None
    return SimulationInputs(hosts=hosts, magnitudes=magnitudes)


def read_hosts(catalogue: HostCatalogue) -> pd.DataFrame:
    """Return the galaxies of a catalogue, ``ra_deg dec_deg host_id radius_arcsec magnitude``.

    Rows without a position are left out. If the catalogue has no ids, they are made of the file's name and the row;
    other columns that it lacks are NaN.

    Raises
    ------
    InputError
        If the file cannot be read, or a declination is not within -90 to 90 degrees.
    """
    names = ("ra_deg", "dec_deg", "host_id", "radius_arcsec", "magnitude")
    columns = {name: getattr(catalogue, name) for name in names if getattr(catalogue, name)}
    path = catalogue_path(catalogue.file)
    table = read_columns(path, columns, text=("host_id",) if catalogue.host_id else ())
    wrong = (table["dec_deg"].abs() > 90).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{path}: row {row + 1}: {catalogue.dec_deg} is {table['dec_deg'].iloc[row]}; allowed: -90 to 90"
        )
    if "host_id" not in table:
        table["host_id"] = [f"{path.name}:{row + 1}" for row in range(len(table))]
    table = table.reindex(columns=list(names))
    table["magnitude"] = known_magnitudes(table["magnitude"])
    return table[np.isfinite(table["ra_deg"]) & np.isfinite(table["dec_deg"])].reset_index(drop=True)


def hosts_on_image(hosts: pd.DataFrame, header: Header, shape: tuple[int, ...], exposure_id: str) -> Hosts:
    """Return the galaxies of a catalogue that lie on an image, in its pixels.

    Parameters
    ----------
    hosts : DataFrame
        The galaxies, as from `read_hosts`.
    header : Header
        The header of the image, with its WCS.
    shape : tuple of int
        The shape of the image, ``(y, x)``.
    exposure_id : str
        The exposure, for messages.

    Raises
    ------
    InputError
        If the header has no WCS.
    """
    where = f"exposure {exposure_id}"
    positions = hosts["ra_deg"].to_numpy(float), hosts["dec_deg"].to_numpy(float)
    x, y = pixel_positions(header, *positions, path=Path(where), hdu="science")
    radius = hosts["radius_arcsec"].to_numpy(float) / pixel_arcsec(WCS(header))
    found = catalogued_hosts((shape[0], shape[1]), x, y, radius, hosts["host_id"])
    if not len(found):
        log.warning("%s: none of the %d catalogued hosts lies on it", where, len(hosts))
    return found


def psf_path(text: str, exposure: Mapping[str, object], folder: Path) -> Path:
    """Return the path of an exposure's PSF file.

    Raises
    ------
    InputError
        If the text names a column that the exposure does not have.
    """
    path = Path(_filled(text, exposure))
    return path if path.is_absolute() else folder / path


def psf_of(
    frame: Frame, recipe: PsfRecipe, file: str, exposure: Mapping[str, object], folder: Path, label: str
) -> ChosenPsf:
    """Return the PSF of an image from the first source in the recipe whose PSF fits.

    Parameters
    ----------
    frame : Frame
        The image.
    recipe : PsfRecipe
        The sources to try, and what a fit requires.
    file : str
        The file of the source ``file``, with names of columns in braces; empty if there is none.
    exposure : mapping
        The exposure's row, whose values replace the names in braces.
    folder : Path
        The folder that relative paths start from.
    label : str
        The name of the image in the log.

    Raises
    ------
    InputError
        If no source has a PSF.
    """
    moffat = Moffat(fwhm_pixel=frame.fwhm_pixel, beta=recipe.beta)
    empirical = EmpiricalSettings(min_stars=recipe.min_stars, max_stars=recipe.max_stars, cell_stars=recipe.cell_stars)
    shape = (frame.pixels.shape[0], frame.pixels.shape[1])
    stars, none_because = _stars(frame)

    def from_stars() -> PsfModel:
        if stars is None:
            raise InputError(none_because)
        return build_psf(stars, shape, empirical)

    def from_file() -> PsfModel:
        if not file:
            raise InputError("no file is given for this image")
        first_pixel = (recipe.first_x, recipe.first_y)
        psf = read_psf(
            psf_path(file, exposure, folder),
            shape=shape,
            detector=_filled(recipe.detector, exposure),
            first_pixel=first_pixel,
        )
        for x, y in ((0, 0), (shape[1] - 1, 0), (0, shape[0] - 1), (shape[1] - 1, shape[0] - 1)):
            psf.at(x, y)  # refuses an image that the model does not reach
        return psf

    return choose_psf(
        recipe.sources,
        {"stars": from_stars, "file": from_file, "moffat": lambda: moffat},
        stars=stars,
        gain=frame.gain,
        max_residual=recipe.max_residual,
        label=label,
    )


def _stars(frame: Frame) -> tuple[PsfStars | None, str]:
    try:
        return find_psf_stars(frame.pixels, saturation=frame.saturation), ""
    except InputError as error:
        return None, str(error)


def _filled(text: str, exposure: Mapping[str, object]) -> str:
    """Return a text in which the exposure's values replace the names in braces."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in exposure:
            known = ", ".join(map(str, exposure))
            raise InputError(f"{text!r} names {name!r}, which is not a column of the exposure; its columns: {known}")
        return str(exposure[name])

    return PLACEHOLDER.sub(value, text)
