"""The profile with which fluxes are measured: that of the image's stars, or a Moffat profile if they show none."""

from dataclasses import dataclass

import numpy as np
import sep

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.psf import ConvolvedProfile, LightProfile, Moffat, find_psf_stars, fit_profile
from pipeline.subtraction.subtract import Subtraction

_PLACES = (-0.25, 0.25)
"""Positions of a source in its pixel, over which the share of its light in an aperture is averaged."""


@dataclass(frozen=True, kw_only=True)
class FluxProfile:
    """How the light of a point source is distributed over the pixels of an image.

    Attributes
    ----------
    profile : LightProfile
    note : str
        Why it is not that of the image's stars; empty if it is.
    """

    profile: LightProfile
    note: str = ""


def flux_profile(frame: Frame, what: str) -> FluxProfile:
    """Return the profile of an image's stars; if they show none, a Moffat profile of beta 3, with a note.

    Parameters
    ----------
    frame : Frame
    what : str
        What the note calls the image.
    """
    try:
        stars = find_psf_stars(frame.pixels, saturation=frame.saturation)
        return FluxProfile(profile=fit_profile(stars, gain=frame.gain))
    except InputError as error:
        moffat = Moffat(fwhm_pixel=frame.fwhm_pixel)
        said = (
            f"the {what} shows no PSF ({error}): a Moffat profile of beta {moffat.beta:g} and FWHM "
            f"{moffat.fwhm_pixel:.2f} pixel is taken, and magnitudes are off where it is another"
        )
        return FluxProfile(profile=moffat, note=said)


def difference_profile(
    science: Frame, template: Frame, subtraction: Subtraction, science_profile: FluxProfile | None = None
) -> FluxProfile:
    """Return the profile of a new source in a difference: that of the science image, convolved as the image was.

    Parameters
    ----------
    science, template : Frame
        On one grid of pixels.
    subtraction : Subtraction
        If it does not say with what the science image was convolved, the profile is that of the template.
    science_profile : FluxProfile, optional
        That of the science image, if it is known already.
    """
    if subtraction.convolved == "science" and subtraction.science_kernel is None:
        return flux_profile(template, "template")
    own = science_profile or flux_profile(science, "science image")
    if subtraction.science_kernel is None:
        return own
    convolved = ConvolvedProfile(
        profile=own.profile, kernel=subtraction.science_kernel, fwhm_pixel=subtraction.fwhm_pixel
    )
    return FluxProfile(profile=convolved, note=own.note)


def aperture_share(profile: LightProfile, radius_pixel: float) -> float:
    """Return the share of a point source's light within a circular aperture around it, 0 to 1.

    A pixel on the border of the aperture counts with the part that lies within.

    Examples
    --------
    >>> round(aperture_share(Moffat(fwhm_pixel=4.0, beta=3.0), 6.0), 2)
    0.91
    """
    size = 2 * int(np.ceil(radius_pixel)) + 3
    x, y = (offset.ravel() for offset in np.meshgrid(_PLACES, _PLACES))
    images = profile.shares(x, y, size)
    sums = [
        sep.sum_circle(np.ascontiguousarray(image), [size // 2 + one_x], [size // 2 + one_y], radius_pixel, subpix=0)
        for image, one_x, one_y in zip(images, x, y, strict=True)
    ]
    return float(np.mean([inside[0] for inside, _, _ in sums]))
