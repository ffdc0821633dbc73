"""Which profile fluxes are measured with: that of its stars, or a Moffat profile where they show none."""

from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.frame import Frame
from pipeline.psf import ConvolvedProfile, LightProfile, Moffat, find_psf_stars, fit_profile
from pipeline.subtraction import Subtraction


@dataclass(frozen=True, kw_only=True)
class FluxProfile:
    """How the light of a point source lies on the pixels of an image.

    Attributes
    ----------
    profile : LightProfile
    note : str
        Why it is not that of the image's stars; empty where it is.
    """

    profile: LightProfile
    note: str = ""


def flux_profile(frame: Frame, what: str) -> FluxProfile:
    """Return the profile of an image's stars; where they show none a Moffat profile of beta 3, which is noted.

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
    science: Frame, template: Frame, made: Subtraction, science_profile: FluxProfile | None = None
) -> FluxProfile:
    """Return the profile of a new source in a difference: that of the science image, as it was convolved.

    Parameters
    ----------
    science, template : Frame
        On one grid of pixels.
    made : Subtraction
        Where it does not say with what the science image was convolved, the profile is that of the template.
    science_profile : FluxProfile, optional
        That of the science image, if it is known already.
    """
    if made.convolved == "science" and made.science_kernel is None:
        return flux_profile(template, "template")
    own = science_profile or flux_profile(science, "science image")
    if made.science_kernel is None:
        return own
    convolved = ConvolvedProfile(profile=own.profile, kernel=made.science_kernel, fwhm_pixel=made.fwhm_pixel)
    return FluxProfile(profile=convolved, note=own.note)
