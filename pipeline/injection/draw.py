"""What to inject into one exposure and where: the truth table, before anything is rendered."""

import logging

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.astrometry.projection import pixel_arcsec, pixel_to_sky
from pipeline.crossmatch.sphere import distinct_places
from pipeline.errors import InputError
from pipeline.injection.hosts import Hosts, detected_hosts, find_stars
from pipeline.injection.magnitudes import draw_magnitudes
from pipeline.injection.places import Place, Room, find_places, find_variables
from pipeline.injection.render import flux_of
from pipeline.recipes.injection import InjectionSettings

log = logging.getLogger(__name__)

_SAME_FWHM = 1.0
"""A known candidate this near to a star, in FWHM, is the star."""


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
    hosts: Hosts | None = None,
    magnitudes: NDArray[np.float64] | None = None,
    zeropoint: float | None = None,
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
    hosts : Hosts, optional
        Galaxies of a catalogue; those detected in the image if not given.
    magnitudes : ndarray, optional
        The list that ``magnitudes: file`` draws from.
    zeropoint : float, optional
        Magnitude of 1 ADU; needed where stars vary.

    Returns
    -------
    truth : DataFrame
        ``injection_id exposure_id ra_deg dec_deg x_pixel y_pixel magnitude kind host_offset_arcsec
        flux_sign host_id trail_pixel trail_angle_deg``; ``kind`` is ``injected_random``, ``injected_grid``,
        ``injected_host``, ``injected_trail`` or ``injected_variable``, whose magnitude is that of the change and
        which have the star's own in ``star_magnitude``; without stars that vary there is no such column.
        Shorter than asked for where there is no room; without any galaxy or star all lie anywhere.

    Raises
    ------
    InputError
        If listed magnitudes or a zeropoint are needed and not given.
    """
    if hosts is None:
        hosts = detected_hosts(image, fwhm_pixel, saturation) if settings.host_share else _no_hosts()
    on_host = rng.random(settings.per_exposure) < (settings.host_share if len(hosts) else 0.0)
    avoided = np.empty((0, 2)) if avoid_xy is None else np.asarray(avoid_xy, dtype=np.float64)
    avoided = avoided[np.isfinite(avoided).all(axis=1)]
    room = Room(
        image=image,
        pixel_arcsec=pixel_arcsec(wcs),
        radius=settings.min_separation_fwhm * fwhm_pixel,
        avoid=distinct_places(avoided)[0] if len(avoided) else None,
    )
    changing, stars = _variables(room, image, settings, fwhm_pixel, saturation, zeropoint, rng)
    placed = find_places(room, on_host[len(changing) :], hosts, settings, rng)
    count = len(changing) + len(placed)
    if count < settings.per_exposure:
        log.info("exposure %s: room for %d of %d injections", exposure_id, count, settings.per_exposure)
    truth = _table(placed, settings, rng, magnitudes)
    if settings.variable_share:
        light = stars[[place.host for place in changing], 2]
        changed = _changed(changing, light, zeropoint or 0.0, settings, rng)
        truth = pd.concat([truth.assign(star_magnitude=np.float32(np.nan)), changed], ignore_index=True)
    truth["flux_sign"] = np.where(rng.random(len(truth)) < settings.negative_share, -1, 1).astype(np.int8)
    _draw_trails(truth, settings, fwhm_pixel, rng)
    return _described(truth, hosts, wcs, exposure_id)


def _variables(
    room: Room,
    image: NDArray[np.float32],
    settings: InjectionSettings,
    fwhm_pixel: float,
    saturation: float,
    zeropoint: float | None,
    rng: np.random.Generator,
) -> tuple[list[Place], NDArray[np.float64]]:
    """Return the places of stars that change, and all stars, (n, 3)."""
    if not settings.variable_share:
        return [], np.empty((0, 3))
    if zeropoint is None:
        raise InputError("stars that vary need a zeropoint")
    stars = find_stars(image, fwhm_pixel, saturation)
    wanted = int(rng.binomial(settings.per_exposure, settings.variable_share))
    return find_variables(room, stars, wanted, _SAME_FWHM * fwhm_pixel, rng), stars


def _changed(
    changing: list[Place],
    light: NDArray[np.float64],
    zeropoint: float,
    settings: InjectionSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return rows of stars that change by a drawn amplitude; ``light`` is their flux in ADU, (n,)."""
    amplitude = rng.uniform(settings.amplitude_min, settings.amplitude_max, len(changing))
    change = zeropoint - 2.5 * np.log10(light * (flux_of(-amplitude, 0.0) - 1.0))
    star = zeropoint - 2.5 * np.log10(light)
    return _rows(changing, change).assign(star_magnitude=star.astype(np.float32))


def _table(
    placed: list[Place],
    settings: InjectionSettings,
    rng: np.random.Generator,
    magnitudes: NDArray[np.float64] | None,
) -> pd.DataFrame:
    """Return rows of places with drawn magnitudes."""
    return _rows(placed, draw_magnitudes(len(placed), settings, rng, magnitudes))


def _rows(placed: list[Place], magnitude: NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x_pixel": np.array([place.x for place in placed], dtype=np.float64),
            "y_pixel": np.array([place.y for place in placed], dtype=np.float64),
            "magnitude": magnitude.astype(np.float32),
            "kind": pd.Series([place.kind for place in placed], dtype="str"),
            "offset": np.array([place.offset for place in placed], dtype=np.float64),
            "host": np.array([place.host for place in placed], dtype=np.int64),
        }
    )


def _draw_trails(truth: pd.DataFrame, settings: InjectionSettings, fwhm_pixel: float, rng: np.random.Generator) -> None:
    """Add trails in place, to some of the sources that lie anywhere."""
    length, angle = np.zeros(len(truth)), np.zeros(len(truth))
    if settings.trail_share:
        free = truth["kind"].isin(("injected_random", "injected_grid")).to_numpy()
        moving = free & (rng.random(len(truth)) < settings.trail_share)
        limits = settings.trail_min_fwhm * fwhm_pixel, settings.trail_max_fwhm * fwhm_pixel
        length[moving] = rng.uniform(*limits, moving.sum())
        angle[moving] = rng.uniform(0.0, 180.0, moving.sum())
        truth.loc[moving, "kind"] = "injected_trail"
    truth["trail_pixel"], truth["trail_angle_deg"] = length.astype(np.float32), angle.astype(np.float32)


def _described(truth: pd.DataFrame, hosts: Hosts, wcs: WCS, exposure_id: str) -> pd.DataFrame:
    """Return the truth table with ids, sky positions and hosts."""
    ra, dec = pixel_to_sky(wcs, truth["x_pixel"].to_numpy(), truth["y_pixel"].to_numpy())
    hosted = (truth["kind"] == "injected_host").to_numpy()
    names = np.full(len(truth), "", dtype=object)
    names[hosted] = hosts.host_id[truth["host"].to_numpy()[hosted]]
    described = pd.DataFrame(
        {
            "injection_id": [f"{exposure_id}~injected~{row:05d}" for row in range(len(truth))],
            "exposure_id": exposure_id,
            "ra_deg": ra,
            "dec_deg": dec,
            "x_pixel": truth["x_pixel"],
            "y_pixel": truth["y_pixel"],
            "magnitude": truth["magnitude"],
            "kind": truth["kind"],
            "host_offset_arcsec": (truth["offset"] * pixel_arcsec(wcs)).astype(np.float32),
            "flux_sign": truth["flux_sign"],
            "host_id": pd.Series(names, dtype="str"),
            "trail_pixel": truth["trail_pixel"],
            "trail_angle_deg": truth["trail_angle_deg"],
        }
    )
    return described.assign(star_magnitude=truth["star_magnitude"]) if "star_magnitude" in truth else described


def _no_hosts() -> Hosts:
    none = np.empty(0)
    return Hosts(x_pixel=none, y_pixel=none, radius_pixel=none, host_id=none.astype(np.str_))
