"""Simulation of one exposure: sources injected, the difference made anew and searched, what was recovered."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import sep
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.astrometry.projection import pixel_arcsec, pixel_to_sky
from pipeline.crossmatch.match import match_one_to_one
from pipeline.detection.detect import DetectionSettings, detect, psf_flux
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.sources import remove_sky
from pipeline.injection import flux_of, inject_sources
from pipeline.psf import LightProfile, Moffat, Psf, PsfModel
from pipeline.subtraction.difference import Difference, Differencing, difference_of
from pipeline.subtraction.flux_profile import FluxProfile, difference_profile
from pipeline.subtraction.subtract import Subtraction

_NO_ERROR = 1e14
"""A flux error above this is that of a place without a pixel."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """One exposure with injected sources, searched.

    Attributes
    ----------
    candidates : DataFrame
        All detections (:data:`~pipeline.detection.detect.DETECTION_COLUMNS`) with ``ra_deg dec_deg candidate_id
        injection_id``; the last is empty for what was not injected.
    truth : DataFrame
        The injections with ``recovered`` and ``candidate_id``, empty where missed, ``snr``, the flux over its
        predicted error in the difference, and ``host_surface_brightness`` in mag/arcsec^2, of the science
        image at the place of a source on a host, NaN elsewhere and where there is no light.
    science, template : ndarray of float32, (y, x)
        The images with the sources in them.
    difference : Difference
        Their difference, and how it was made.
    notes : tuple of str
        What was assumed to measure it.
    """

    candidates: pd.DataFrame
    truth: pd.DataFrame
    science: NDArray[np.float32]
    template: NDArray[np.float32]
    difference: Difference
    notes: tuple[str, ...] = ()


def simulate_exposure(
    science: Frame,
    template: Frame,
    *,
    truth: pd.DataFrame,
    zeropoint: float,
    template_zeropoint: float,
    wcs: WCS,
    rng: np.random.Generator,
    psf: Psf | PsfModel | None = None,
    template_psf: Psf | PsfModel | None = None,
    match_radius_fwhm: float = 1.5,
    difference: Differencing | None = None,
    detection: DetectionSettings | None = None,
    profile: FluxProfile | None = None,
) -> Simulation:
    """Inject sources into copies of an exposure's images, subtract and search them as the survey does.

    Parameters
    ----------
    science, template : Frame
        The exposure's images, the template on the pixels of the science image; not touched.
    truth : DataFrame
        What to inject (:func:`pipeline.injection.draw_injections`), positions on the science image. Sources
        of ``flux_sign`` +1 go into the science image; those of -1 into the template, as if they had faded,
        at their place there.
    zeropoint, template_zeropoint : float
        Magnitude of 1 ADU in each image; a template's that is NaN follows from the flux scale of both images.
    wcs : WCS
        Projection of the science image, or any other in which pixels lie where they are.
    rng : Generator
        Draws the noise of the sources.
    psf, template_psf : callable or PsfModel, optional
        PSF of the science image and of the template; Moffat profiles of their FWHM if not given.
    match_radius_fwhm : float
        A detection within this many FWHM, of the right sign, recovers an injection; one to one.
    difference : callable, optional
        How the survey subtracts; :func:`~pipeline.subtraction.difference.difference_of` as it is if not given.
    detection : DetectionSettings, optional
        What counts as a candidate there.
    profile : FluxProfile, optional
        That of the science image's own stars, if it is known already.

    Raises
    ------
    InputError
        If the images cannot be subtracted, or a zeropoint that is needed is not known.
    """
    subtract = difference or partial(difference_of, is_aligned=True)
    negative = (truth["flux_sign"] < 0).to_numpy()
    with_science = _with_sources(science, truth[~negative], zeropoint, psf, (0.0, 0.0), rng)
    with_template = template
    if negative.any():
        plain = subtract(science, template).subtraction
        if not np.isfinite(template_zeropoint):
            template_zeropoint = zeropoint - 2.5 * float(np.log10(plain.scale))
        if not np.isfinite(template_zeropoint):
            raise InputError("the zeropoint of the template is not known, which sources that fade need")
        offset = (plain.x_offset, plain.y_offset)
        with_template = _with_sources(template, truth[negative], template_zeropoint, template_psf, offset, rng)
    searched = subtract(with_science, with_template)
    subtraction = searched.subtraction
    light = difference_profile(science, template, subtraction, profile)
    candidates = detect(
        subtraction.difference,
        subtraction.noise,
        fwhm_pixel=subtraction.fwhm_pixel,
        zeropoint=zeropoint,
        correlation=subtraction.correlation,
        settings=detection,
        profile=light.profile,
    )
    ra, dec = pixel_to_sky(wcs, candidates["x_pixel"], candidates["y_pixel"])
    exposure_id = truth["exposure_id"].iloc[0] if len(truth) else ""
    names = [f"{exposure_id}~simulated~{row:05d}" for row in range(len(candidates))]
    candidates = candidates.assign(ra_deg=ra, dec_deg=dec, candidate_id=names, injection_id="")
    scale_arcsec = pixel_arcsec(wcs)
    truth = _measured(truth, subtraction, zeropoint, light.profile).assign(
        host_surface_brightness=_host_brightness(truth, science, zeropoint, scale_arcsec)
    )
    candidates, truth = _recover(candidates, truth, match_radius_fwhm * subtraction.fwhm_pixel * scale_arcsec)
    return Simulation(
        candidates=candidates,
        truth=truth,
        science=with_science.pixels,
        template=with_template.pixels,
        difference=searched,
        notes=(light.note,) if light.note else (),
    )


def _with_sources(
    frame: Frame,
    truth: pd.DataFrame,
    zeropoint: float,
    psf: Psf | PsfModel | None,
    offset: tuple[float, float],
    rng: np.random.Generator,
) -> Frame:
    """Return a frame with sources injected, full pixels cut off at saturation."""
    pixels = inject_sources(
        frame.pixels,
        psf=psf or Moffat(fwhm_pixel=frame.fwhm_pixel),
        x_pixel=truth["x_pixel"] + offset[0],
        y_pixel=truth["y_pixel"] + offset[1],
        flux=flux_of(truth["magnitude"], zeropoint),
        gain=frame.gain,
        rng=rng,
        trail_pixel=truth.get("trail_pixel"),
        trail_angle_deg=truth.get("trail_angle_deg"),
    )
    full = np.maximum(frame.saturation, frame.pixels)
    pixels = np.minimum(pixels, full, where=np.isfinite(pixels), out=pixels)
    if frame.variance_map is None:
        return replace(frame, pixels=pixels)
    light = np.nan_to_num(np.maximum(pixels - frame.pixels, np.float32(0.0)))
    return replace(frame, pixels=pixels, variance_map=frame.variance_map + light / np.float32(frame.gain))


def _measured(truth: pd.DataFrame, subtraction: Subtraction, zeropoint: float, profile: LightProfile) -> pd.DataFrame:
    """Return the truth with the signal to noise that a point source of its flux has in the difference."""
    places = truth["x_pixel"].to_numpy(float), truth["y_pixel"].to_numpy(float)
    _, error = psf_flux(subtraction.difference, subtraction.noise, *places, profile)
    snr = flux_of(truth["magnitude"], zeropoint) / (error * subtraction.correlation)
    return truth.assign(snr=np.where(error < _NO_ERROR, snr, np.nan).astype(np.float32))


def _host_brightness(truth: pd.DataFrame, science: Frame, zeropoint: float, scale_arcsec: float) -> NDArray[np.float32]:
    """Return the surface brightness under sources on hosts, (n,), in mag/arcsec^2."""
    hosted = (truth["kind"] == "injected_host").to_numpy()
    brightness = np.full(len(truth), np.nan, dtype=np.float32)
    if not hosted.any():
        return brightness
    flat = remove_sky(science.pixels)
    x, y = (truth[axis].to_numpy(float)[hosted] for axis in ("x_pixel", "y_pixel"))
    radius = max(science.fwhm_pixel / 2.0, 1.0)
    light, _, _ = sep.sum_circle(flat.pixels, x, y, radius, mask=flat.missing, subpix=5)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = zeropoint - 2.5 * np.log10(light / (np.pi * (radius * scale_arcsec) ** 2))
    brightness[hosted] = np.where(np.isfinite(level), level, np.nan)
    return brightness


def _recover(candidates: pd.DataFrame, truth: pd.DataFrame, radius_arcsec: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with the matches between detections and injections, each sign on its own."""
    candidates, truth = candidates.copy(), truth.assign(recovered=False, candidate_id="").reset_index(drop=True)
    for sign in (1, -1):
        mine = np.flatnonzero(truth["flux_sign"] == sign)
        found = np.flatnonzero(candidates["flux_sign"] == sign)
        first, second, _ = match_one_to_one(
            truth["ra_deg"].iloc[mine],
            truth["dec_deg"].iloc[mine],
            candidates["ra_deg"].iloc[found],
            candidates["dec_deg"].iloc[found],
            radius_arcsec,
        )
        rows, matches = mine[first], found[second]
        truth.loc[rows, "recovered"] = True
        truth.loc[rows, "candidate_id"] = candidates["candidate_id"].iloc[matches].to_numpy()
        candidates.loc[matches, "injection_id"] = truth["injection_id"].iloc[rows].to_numpy()
    return candidates, truth
