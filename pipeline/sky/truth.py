"""The truth about candidates of a synthetic exposure: what made each of them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.psf import moffat_alpha
from pipeline.sky.exposure import Exposure
from pipeline.sky.optics import OpticsSettings
from pipeline.sky.transient_kinds import TRANSIENTS

REAL_KINDS = (*TRANSIENTS, "variable", "agn", "mover")
"""What the truth calls real: a change of the sky itself."""

MARKED_KINDS = (
    "ghost",
    "crosstalk",
    "bleed",
    "satellite_trail",
    "template_flaw",
    "dead_pixel",
    "hot_pixel",
    "cosmic_ray",
)
"""Faults that an exposure marks by pixel; a later one is named where several are near."""

_SHARE = 0.3
"""A real change explains a detection if it is at least this share of its flux and above 2.5 sigma."""

_NEAR_PIXEL = 2.0
_EDGE_PIXEL = 5.0
_RESIDUAL = 0.15
"""A star's residual is looked for out to where its light is this multiple of the noise of a pixel."""


def explain(candidates: pd.DataFrame, exposure: Exposure, noise_adu: float, settings: OpticsSettings) -> pd.DataFrame:
    """Say what made each candidate.

    Parameters
    ----------
    candidates : DataFrame
        Detections on the exposure's difference: ``x_pixel y_pixel flux snr flux_sign``.
    exposure : Exposure
        What was rendered.
    noise_adu : float
        Typical noise of a pixel of the difference.
    settings : OpticsSettings

    Returns
    -------
    truth : DataFrame
        ``kind is_real source_id``, one row per candidate. The first that applies: one of :data:`REAL_KINDS` whose
        change of flux has the right sign and size; else the last of :data:`MARKED_KINDS` but ``ghost``; else
        ``star_residual`` or ``galaxy_residual``, which under cloud is ``cloud_residual``; ``ghost``, ``edge``,
        ``noise``.
    """
    xy = candidates[["x_pixel", "y_pixel"]].to_numpy(dtype=np.float64)
    truth = pd.DataFrame({"kind": "noise", "is_real": 0, "source_id": ""}, index=range(len(xy)))
    if not len(xy):
        return truth
    marks = {kind: _near(exposure.marks[kind], xy, _NEAR_PIXEL) for kind in MARKED_KINDS}
    under_cloud = "cloud_residual" if exposure.visit.cloud_magnitude else ""
    causes = [
        ("edge", _near(~np.isfinite(exposure.science), xy, _EDGE_PIXEL)),
        ("ghost", marks.pop("ghost")),
        (under_cloud or "galaxy_residual", _on_galaxy(xy, exposure, settings)),
        (under_cloud or "star_residual", _on_star(xy, exposure, noise_adu, settings)),
        *marks.items(),
    ]
    for kind, applies in causes:
        truth.loc[applies, "kind"] = kind
    rows, sources = _real(candidates, xy, exposure)
    truth.loc[rows, "kind"] = sources["kind"].to_numpy()
    truth.loc[rows, "source_id"] = sources["source_id"].to_numpy()
    truth.loc[rows, "is_real"] = 1
    return truth


def _real(
    candidates: pd.DataFrame, xy: NDArray[np.float64], exposure: Exposure
) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """Return the candidates that a real change made, and the changed sources; each source makes the nearest."""
    sources = exposure.sources[exposure.sources["kind"].isin(REAL_KINDS)].reset_index(drop=True)
    if not len(sources):
        return np.empty(0, np.intp), sources
    scale = 10.0 ** (0.4 * exposure.visit.zeropoint)
    change = (sources["flux_unit"] - sources["template_flux_unit"]).to_numpy() * scale
    places = sources[["x_pixel", "y_pixel"]].to_numpy()
    flux = np.abs(candidates["flux"].to_numpy(dtype=np.float64))
    sign = candidates["flux_sign"].to_numpy(dtype=np.float64)
    error = flux / candidates["snr"].to_numpy(dtype=np.float64)
    radius = max(_NEAR_PIXEL, 0.8 * exposure.visit.fwhm_pixel)
    pairs = [
        (float(np.hypot(*(places[source] - xy[row]))), row, source)
        for row, near in enumerate(KDTree(places).query_ball_point(xy, radius))
        for source in near
        if change[source] * sign[row] > max(2.5 * error[row], _SHARE * flux[row])
    ]
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, row, source in sorted(pairs):
        if row not in chosen and source not in taken:
            chosen[row] = source
            taken.add(source)
    return np.array(list(chosen), dtype=np.intp), sources.iloc[list(chosen.values())]


def _near(pixels: NDArray[np.bool_], xy: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
    """Return which positions lie within a radius of a marked pixel."""
    if not pixels.any():
        return np.zeros(len(xy), dtype=bool)
    distance, _ = KDTree(np.argwhere(pixels)).query(xy[:, ::-1], distance_upper_bound=radius)
    return np.isfinite(distance)


def _on_star(
    xy: NDArray[np.float64], exposure: Exposure, noise_adu: float, settings: OpticsSettings
) -> NDArray[np.bool_]:
    """Return which positions lie in the light of a star."""
    sources = exposure.sources[exposure.sources["template_flux_unit"] > 0]
    visit = exposure.visit
    flux = sources["template_flux_unit"].to_numpy() * 10.0 ** (0.4 * visit.zeropoint)
    alpha = moffat_alpha(visit.fwhm_pixel, settings.psf_beta)
    peak = flux * (settings.psf_beta - 1.0) / (np.pi * alpha**2)
    level = _RESIDUAL * noise_adu / 0.05
    reach = alpha * np.sqrt(np.maximum((peak / level) ** (1.0 / settings.psf_beta) - 1.0, 0.0))
    bright = peak > 2.0 * noise_adu
    x, y = (xy[:, axis][:, None] - sources[name].to_numpy() for axis, name in ((0, "x_pixel"), (1, "y_pixel")))
    in_light = np.hypot(x, y) < np.maximum(reach, 1.5 * visit.fwhm_pixel)
    return (bright & in_light).any(axis=1)


def _on_galaxy(xy: NDArray[np.float64], exposure: Exposure, settings: OpticsSettings) -> NDArray[np.bool_]:
    """Return which positions lie within two half-light radii of a galaxy, seeing included."""
    galaxies = exposure.galaxies
    radius = 2.0 * galaxies["half_light_arcsec"].to_numpy() / settings.pixel_scale_arcsec + exposure.visit.fwhm_pixel
    x = xy[:, 0][:, None] - galaxies["x_pixel"].to_numpy()
    y = xy[:, 1][:, None] - galaxies["y_pixel"].to_numpy()
    return (np.hypot(x, y) < radius).any(axis=1)
