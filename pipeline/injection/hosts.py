"""Hosts and stars of an image: the galaxies that transients are put on, the stars that may vary."""

from dataclasses import dataclass, replace

import numpy as np
import sep
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.imaging.sources import FlatImage, find_sources, remove_sky
from pipeline.psf import moffat_alpha

_HOST_SIGMA = 3.0
_STAR_SIGMA = 15.0
_EXTENDED = 1.25
"""Sources whose half-light radius is this many times that of the PSF are taken for galaxies."""

_STELLAR = 1.12
_APERTURE_FWHM = 2.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Hosts:
    """Galaxies on an image.

    Attributes
    ----------
    x_pixel, y_pixel : ndarray of float64, (n,)
    radius_pixel : ndarray of float64, (n,)
        Half-light radius; NaN where unknown.
    host_id : ndarray of str, (n,)
        Name in the catalogue that they are from; empty where they were detected.
    """

    x_pixel: NDArray[np.float64]
    y_pixel: NDArray[np.float64]
    radius_pixel: NDArray[np.float64]
    host_id: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.x_pixel)

    def moved(self, x_pixel: float, y_pixel: float) -> "Hosts":
        """Return the galaxies that many pixels farther."""
        return replace(self, x_pixel=self.x_pixel + x_pixel, y_pixel=self.y_pixel + y_pixel)


def find_hosts(image: NDArray[np.float32], fwhm_pixel: float, saturation: float = np.inf) -> NDArray[np.float64]:
    """Return galaxies of an image, (n, 3): x, y and half-light radius, in pixels.

    A galaxy is an unblended, unsaturated source whose half-light radius is clearly above that of the PSF.
    """
    flat = remove_sky(image)
    sources, radius = _measured(flat, fwhm_pixel, saturation, _HOST_SIGMA, 8)
    point = _point_radius(fwhm_pixel)
    extended = np.isfinite(radius) & (radius > _EXTENDED * point) & (radius < 3.0 * fwhm_pixel)
    return np.column_stack([sources["x"], sources["y"], radius])[extended]


def find_stars(image: NDArray[np.float32], fwhm_pixel: float, saturation: float = np.inf) -> NDArray[np.float64]:
    """Return point sources of an image, (n, 3): x, y in pixels and flux in ADU, within 2.5 FWHM.

    A star is an unblended, unsaturated source no wider than the PSF.
    """
    flat = remove_sky(image)
    sources, radius = _measured(flat, fwhm_pixel, saturation, _STAR_SIGMA, 5)
    if not len(sources):
        return np.empty((0, 3))
    flux, _, flag = sep.sum_circle(
        flat.pixels, sources["x"], sources["y"], _APERTURE_FWHM * fwhm_pixel, mask=flat.missing, subpix=5
    )
    point = np.isfinite(radius) & (radius < _STELLAR * _point_radius(fwhm_pixel)) & (flux > 0) & (flag == 0)
    return np.column_stack([sources["x"], sources["y"], flux])[point]


def detected_hosts(image: NDArray[np.float32], fwhm_pixel: float, saturation: float = np.inf) -> Hosts:
    """Return the galaxies of an image as hosts without names."""
    x, y, radius = find_hosts(image, fwhm_pixel, saturation).T
    return Hosts(x_pixel=x, y_pixel=y, radius_pixel=radius, host_id=np.full(len(x), "", dtype=np.str_))


def catalogued_hosts(
    shape: tuple[int, int], x_pixel: ArrayLike, y_pixel: ArrayLike, radius_pixel: ArrayLike, host_id: ArrayLike
) -> Hosts:
    """Return those galaxies of a catalogue that lie on an image; places that are not finite do not.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image in pixels.
    x_pixel, y_pixel : array-like, (n,)
        Places of the galaxies on the image.
    radius_pixel : array-like, (n,)
        Their half-light radii; NaN where unknown.
    host_id : array-like of str, (n,)
        Their names in the catalogue.

    Raises
    ------
    InputError
        If the lengths differ.
    """
    x, y, radius = (np.asarray(values, dtype=np.float64) for values in (x_pixel, y_pixel, radius_pixel))
    names = np.asarray(host_id, dtype=np.str_)
    if not len(x) == len(y) == len(radius) == len(names):
        raise InputError(f"hosts differ in number: {len(x)} x, {len(y)} y, {len(radius)} radii, {len(names)} ids")
    inside = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore"):
        inside &= (x >= -0.5) & (x < shape[1] - 0.5) & (y >= -0.5) & (y < shape[0] - 0.5)
    return Hosts(x_pixel=x[inside], y_pixel=y[inside], radius_pixel=radius[inside], host_id=names[inside])


def _measured(
    flat: FlatImage, fwhm_pixel: float, saturation: float, sigma: float, min_area_pixel: int
) -> tuple[NDArray[np.void], NDArray[np.float64]]:
    """Return single unsaturated sources and their half-light radii in pixels."""
    sources = find_sources(flat.pixels, flat.sky_rms, sigma, missing=flat.missing, min_area_pixel=min_area_pixel)
    sources = sources[(sources["peak"] + flat.sky_level < saturation) & (sources["flag"] == 0)]
    if not len(sources):
        return sources, np.empty(0)
    reach = np.full(len(sources), 6.0 * fwhm_pixel)
    with np.errstate(invalid="ignore", divide="ignore"):
        radius, _ = sep.flux_radius(
            flat.pixels, sources["x"], sources["y"], reach, 0.5, normflux=sources["flux"], subpix=5, mask=flat.missing
        )
    return sources, radius


def _point_radius(fwhm_pixel: float) -> float:
    """Return the half-light radius of a point source in pixels."""
    return moffat_alpha(fwhm_pixel) * (2.0**0.5 - 1.0) ** 0.5
