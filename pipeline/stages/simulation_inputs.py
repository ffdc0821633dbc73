"""What a simulation reads beside the images: host galaxies, lists of magnitudes, PSF files.

Tested by tests/pipeline/stages/test_simulate_images.py.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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
    """What is read once for a night.

    Attributes
    ----------
    hosts : DataFrame or None
        ``ra_deg dec_deg host_id radius_arcsec magnitude``.
    magnitudes : ndarray or None
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

    Rows without a position are left out; what the catalogue does not have is empty or NaN.

    Raises
    ------
    InputError
        If the file cannot be read, or a declination is none.
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


def hosts_on_image(hosts: pd.DataFrame, header: Any, shape: tuple[int, ...], exposure_id: str) -> Hosts:
    """Return the galaxies of a catalogue that lie on an image of a shape, in its pixels.

    Raises
    ------
    InputError
        If the header holds no WCS.
    """
    where = f"exposure {exposure_id}"
    positions = hosts["ra_deg"].to_numpy(float), hosts["dec_deg"].to_numpy(float)
    x, y = pixel_positions(header, *positions, path=Path(where), hdu="science")
    radius = hosts["radius_arcsec"].to_numpy(float) / pixel_arcsec(WCS(header))
    found = catalogued_hosts((shape[0], shape[1]), x, y, radius, hosts["host_id"])
    if not len(found):
        log.warning("%s: none of %d catalogued hosts lies on it", where, len(hosts))
    return found


def psf_path(text: str, exposure: Mapping[str, Any], folder: Path) -> Path:
    """Return the path of an exposure's PSF file.

    Raises
    ------
    InputError
        If the text names a column that the exposure does not have.
    """
    path = Path(_filled(text, exposure))
    return path if path.is_absolute() else folder / path


def psf_of(
    frame: Frame, recipe: PsfRecipe, file: str, exposure: Mapping[str, Any], folder: Path, label: str
) -> ChosenPsf:
    """Return the PSF of an image from the first source of the recipe that has one which fits.

    Parameters
    ----------
    frame : Frame
    recipe : PsfRecipe
    file : str
        Which file its source ``file`` is.
    exposure : mapping
        The exposure's row, which fills the names in braces.
    folder : Path
        Where relative paths start.
    label : str
        What the log calls the image.

    Raises
    ------
    InputError
        If no source has one.
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


def _filled(text: str, exposure: Mapping[str, Any]) -> str:
    """Return text with the names in braces replaced by the exposure's values."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in exposure:
            known = ", ".join(map(str, exposure))
            raise InputError(f"{text!r} names {name!r}, which the exposure does not have; there: {known}")
        return str(exposure[name])

    return PLACEHOLDER.sub(value, text)
