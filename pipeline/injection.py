"""Injection: point sources put into copies of images, at random places and on galaxies, with their noise."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sep
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from pipeline.errors import InputError
from pipeline.psf import moffat_alpha
from pipeline.sources import find_sources, remove_sky

log = logging.getLogger(__name__)

Psf = Callable[[float, float], NDArray[np.float64]]

_TRIES = 30
"""Places that are tried for one source before it is given up."""

_HOST_SIGMA = 3.0
_EXTENDED = 1.25
"""Sources whose half-light radius is this many times that of the PSF are taken for galaxies."""


@dataclass(frozen=True, kw_only=True)
class InjectionSettings:
    """What is injected into one exposure.

    Attributes
    ----------
    number : int
        Sources.
    magnitude_min, magnitude_max : float
        Limits of their magnitudes, uniform between them.
    host_share : float
        Share of them on galaxies detected in the image; the rest lie anywhere.
    negative_share : float
        Share of them that are in the template and not in the science image.
    offset_scale : float
        Mean offset from the host in units of its half-light radius.
    min_separation_fwhm : float
        Smallest distance between two sources, and to what is avoided, in units of the FWHM.
    """

    number: int = 40
    magnitude_min: float = 17.0
    magnitude_max: float = 21.0
    host_share: float = 0.5
    negative_share: float = 0.0
    offset_scale: float = 0.9
    min_separation_fwhm: float = 5.0


def flux_of(magnitude: ArrayLike, zeropoint: float) -> NDArray[np.float64]:
    """Return fluxes in ADU, ``10^(0.4 (zeropoint - magnitude))``.

    Examples
    --------
    >>> flux_of([25.0, 22.5], 25.0).tolist()
    [1.0, 10.0]
    """
    return np.power(10.0, 0.4 * (zeropoint - np.asarray(magnitude, dtype=np.float64)))


def inject_sources(
    image: NDArray[np.float32],
    *,
    psf: Psf,
    x_pixel: ArrayLike,
    y_pixel: ArrayLike,
    flux: ArrayLike,
    gain: float,
    rng: np.random.Generator | None,
) -> NDArray[np.float32]:
    """Return a copy of an image with point sources added; the image itself is not touched.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        In ADU; NaN stays NaN.
    psf : callable
        Called with the sub-pixel offsets in x and y, -0.5 to 0.5, returns a square stamp of odd side whose
        sum is 1, such as :class:`~pipeline.psf.Moffat`.
    x_pixel, y_pixel, flux : array-like, (n,)
        Positions in pixels and fluxes in ADU. Of a source across the border only the visible part is added;
        a negative flux takes away as much as a positive one would add, with as much noise.
    gain : float
        Electrons an ADU.
    rng : Generator or None
        Draws the Poisson noise of the sources; without one there is none.

    Raises
    ------
    InputError
        If lengths differ, a value is not finite, or the gain is not positive.
    """
    positions = [np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (x_pixel, y_pixel, flux)]
    if len({values.shape for values in positions}) != 1 or positions[0].ndim != 1:
        raise InputError(f"x_pixel, y_pixel and flux differ in shape: {[values.shape for values in positions]}")
    if not all(np.isfinite(values).all() for values in positions):
        raise InputError("positions and fluxes to inject must be finite")
    if not gain > 0:
        raise InputError(f"gain is {gain} electron/ADU, must be above 0")
    result = np.array(image, dtype=np.float32, copy=True)
    for x, y, one_flux in zip(*(values.tolist() for values in positions), strict=True):
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        light = psf(x - column, y - row) * abs(one_flux)
        if rng is not None:
            light = rng.poisson(light * gain) / gain
        _add(result, np.sign(one_flux) * light, column - light.shape[1] // 2, row - light.shape[0] // 2)
    return result


def draw_injections(
    image: NDArray[np.float32],
    *,
    settings: InjectionSettings,
    fwhm_pixel: float,
    wcs: WCS,
    exposure_id: str,
    rng: np.random.Generator,
    saturation: float = np.inf,
    avoid_xy: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Draw what to inject into one exposure and where.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        The image in which hosts are looked for, sky included; nothing is put where it is NaN.
    settings : InjectionSettings
    fwhm_pixel : float
        Width of its stars.
    wcs : WCS
        Its projection.
    exposure_id : str
    rng : Generator
    saturation : float
        Level in ADU; saturated sources are no hosts.
    avoid_xy : ndarray, (n, 2), optional
        Places to keep away from, x and y in pixels.

    Returns
    -------
    truth : DataFrame
        ``injection_id exposure_id ra_deg dec_deg x_pixel y_pixel magnitude kind host_offset_arcsec
        flux_sign``; ``kind`` is ``injected_random`` or ``injected_host``. Shorter than asked for where there
        is no room; without any galaxy all are random.
    """
    hosts = find_hosts(image, fwhm_pixel, saturation)
    wanted = rng.random(settings.number) < (settings.host_share if len(hosts) else 0.0)
    taken = [] if avoid_xy is None else [tuple(place) for place in np.asarray(avoid_xy, dtype=np.float64)]
    keep_away = KDTree(taken) if taken else None
    radius = settings.min_separation_fwhm * fwhm_pixel
    placed: list[tuple[float, float, float, bool]] = []
    for on_host in wanted.tolist():
        place = _find_place(image, hosts, on_host, settings, radius, placed, keep_away, rng)
        if place is not None:
            placed.append((*place, on_host))
    if len(placed) < settings.number:
        log.info("exposure %s: room for %d of %d injections", exposure_id, len(placed), settings.number)
    x, y, offset, is_hosted = np.array(placed, dtype=np.float64).reshape(-1, 4).T
    ra, dec = wcs.pixel_to_world_values(x, y)
    scale_arcsec = 3600.0 * float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))))
    return pd.DataFrame(
        {
            "injection_id": [f"{exposure_id}~injected~{row:05d}" for row in range(len(x))],
            "exposure_id": exposure_id,
            "ra_deg": ra,
            "dec_deg": dec,
            "x_pixel": x,
            "y_pixel": y,
            "magnitude": rng.uniform(settings.magnitude_min, settings.magnitude_max, len(x)).astype(np.float32),
            "kind": np.where(is_hosted > 0, "injected_host", "injected_random"),
            "host_offset_arcsec": (offset * scale_arcsec).astype(np.float32),
            "flux_sign": np.where(rng.random(len(x)) < settings.negative_share, -1, 1).astype(np.int8),
        }
    )


def find_hosts(image: NDArray[np.float32], fwhm_pixel: float, saturation: float = np.inf) -> NDArray[np.float64]:
    """Return galaxies of an image, (n, 3): x, y and half-light radius, in pixels.

    A galaxy is an unblended, unsaturated source whose half-light radius is clearly above that of the PSF.
    """
    flat = remove_sky(image)
    sources = find_sources(flat.pixels, flat.sky_rms, _HOST_SIGMA, missing=flat.missing, min_area_pixel=8)
    sources = sources[(sources["peak"] + flat.sky_level < saturation) & (sources["flag"] == 0)]
    if not len(sources):
        return np.empty((0, 3))
    reach = np.full(len(sources), 6.0 * fwhm_pixel)
    with np.errstate(invalid="ignore", divide="ignore"):
        radius, _ = sep.flux_radius(
            flat.pixels, sources["x"], sources["y"], reach, 0.5, normflux=sources["flux"], subpix=5, mask=flat.missing
        )
    point = moffat_alpha(fwhm_pixel) * (2.0**0.5 - 1.0) ** 0.5
    extended = np.isfinite(radius) & (radius > _EXTENDED * point) & (radius < 3.0 * fwhm_pixel)
    return np.column_stack([sources["x"], sources["y"], radius])[extended]


def _find_place(
    image: NDArray[np.float32],
    hosts: NDArray[np.float64],
    on_host: bool,
    settings: InjectionSettings,
    radius: float,
    placed: list[tuple[float, float, float, bool]],
    keep_away: KDTree | None,
    rng: np.random.Generator,
) -> tuple[float, float, float] | None:
    """Return x, y and offset from the host for one source, or None where no place was free."""
    height, width = image.shape
    others = np.array([place[:2] for place in placed]).reshape(-1, 2)
    for _ in range(_TRIES):
        if on_host:
            host_x, host_y, host_radius = hosts[rng.integers(len(hosts))]
            offset, angle = rng.gamma(2.0, settings.offset_scale * host_radius / 2.0), rng.uniform(0.0, 2.0 * np.pi)
            x, y = host_x + offset * np.cos(angle), host_y + offset * np.sin(angle)
        else:
            x, y, offset = rng.uniform(-0.5, width - 0.5), rng.uniform(-0.5, height - 0.5), np.nan
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        inside = 0 <= column < width and 0 <= row < height and bool(np.isfinite(image[row, column]))
        free = not len(others) or np.hypot(others[:, 0] - x, others[:, 1] - y).min() >= radius
        if inside and free and (keep_away is None or keep_away.query((x, y))[0] >= radius):
            return float(x), float(y), float(offset)
    return None


def _add(image: NDArray[np.float32], stamp: NDArray[np.float64], first_x: int, first_y: int) -> None:
    """Add the part of a stamp that lies inside an image, in place."""
    height, width = image.shape
    low_x, low_y = max(first_x, 0), max(first_y, 0)
    high_x, high_y = min(first_x + stamp.shape[1], width), min(first_y + stamp.shape[0], height)
    if low_x < high_x and low_y < high_y:
        part = stamp[low_y - first_y : high_y - first_y, low_x - first_x : high_x - first_x]
        image[low_y:high_y, low_x:high_x] += part.astype(np.float32)
