"""Point-spread functions: from an image's own stars, from PSFEx, or from a FWHM alone."""

from pipeline.psf.base import LightProfile, Psf, PsfModel
from pipeline.psf.choice import ChosenPsf, choose_psf
from pipeline.psf.empirical import EmpiricalSettings, build_psf
from pipeline.psf.grid import PsfGrid
from pipeline.psf.moffat import Moffat, gauss_points, moffat, moffat_alpha
from pipeline.psf.polynomial import PolynomialPsf
from pipeline.psf.profile import ConvolvedProfile, StarProfile, fit_profile
from pipeline.psf.quality import PsfQuality, judge_psf
from pipeline.psf.sampled import SampledPsf
from pipeline.psf.stars import PsfStars, find_psf_stars
from pipeline.psf.width import measure_fwhm

__all__ = [
    "ChosenPsf",
    "ConvolvedProfile",
    "EmpiricalSettings",
    "LightProfile",
    "Moffat",
    "PolynomialPsf",
    "Psf",
    "PsfGrid",
    "PsfModel",
    "PsfQuality",
    "PsfStars",
    "SampledPsf",
    "StarProfile",
    "build_psf",
    "choose_psf",
    "find_psf_stars",
    "fit_profile",
    "gauss_points",
    "judge_psf",
    "measure_fwhm",
    "moffat",
    "moffat_alpha",
]
