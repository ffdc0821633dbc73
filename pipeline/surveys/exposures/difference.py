"""An exposure's images subtracted as its survey's settings say, and what is recorded of that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError
from pipeline.imaging.convolution import fftconvolve
from pipeline.imaging.frame import Frame, Image
from pipeline.subtraction.difference import Difference, Differencing, difference_of, finished, nothing_subtracted
from pipeline.subtraction.noise_check import noise_notes
from pipeline.subtraction.subtract import Subtraction, noise_correlation
from pipeline.surveys.base import ExposureImages, dropped_rows, measured_exposures
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.aligned_exposure import AlignedExposure, aligned_exposure


@dataclass(frozen=True, kw_only=True)
class SubtractedExposure:
    """An exposure whose template was aligned and subtracted.

    Attributes
    ----------
    exposure_id : str
        The exposure.
    aligned : AlignedExposure
        Its images, on the pixels of the science image.
    difference : Difference
        What their subtraction gave.
    """

    exposure_id: str
    aligned: AlignedExposure
    difference: Difference

    @property
    def channels(self) -> dict[str, Image]:
        """The image of each channel that there is, (y, x), the template as aligned."""
        science, result = self.aligned.frames.science.pixels, self.difference
        return {
            "science": science, "template": result.template, "difference": result.difference, "score": result.score,
        }  # fmt: skip

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """Remarks about the exposure that ``/dropped`` lists, though nothing of it is left out: step and text."""
        texts = {"wcs": self.aligned.offset_notes, "zeropoint": self.aligned.fallbacks, "noise": self.difference.notes}
        return [(step, text) for step, said in texts.items() for text in said]

    @property
    def remark_rows(self) -> list[pd.DataFrame]:
        """The `remarks` as rows for ``/dropped``."""
        return [dropped_rows([self.exposure_id], step, text) for step, text in self.remarks]

    @property
    def measured(self) -> pd.DataFrame:
        """The row of the exposure for ``/exposures``."""
        return measured_exposures([self.exposure_id], self.aligned.measured_offset, self.difference.noise_spread)


def subtracted_exposure(images: ExposureImages) -> SubtractedExposure:
    """Return an exposure with its template aligned and subtracted as its survey says.

    Raises
    ------
    InputError
        If the images cannot be aligned or subtracted, or the predicted noise cannot be true.
    """
    aligned = aligned_exposure(images)
    difference = differencing(images.difference)(aligned.frames.science, aligned.frames.template)
    return SubtractedExposure(exposure_id=str(images.exposure["exposure_id"]), aligned=aligned, difference=difference)


def differencing(settings: DifferenceSettings) -> Differencing:
    """Return what makes the difference of a science image and an aligned template, and judges its noise.

    Where the predicted noise cannot be true it raises `InputError`; what is doubtful is among the difference's notes.

    Raises
    ------
    MissingInputError
        If the program that does it is not installed.
    """
    return partial(_judged, settings.max_noise_factor, _METHODS[settings.method](settings))


def _judged(max_factor: float, subtract: Differencing, science: Frame, template: Frame) -> Difference:
    difference = subtract(science, template)
    notes = noise_notes(difference.noise_spread, science.pixels, max_factor)
    return replace(difference, notes=(*difference.notes, *notes)) if notes else difference


def _kernel(settings: DifferenceSettings) -> Differencing:
    return partial(difference_of, is_aligned=True, flatten_pixel=settings.flatten_pixel, settings=settings.subtraction)


def _hotpants(settings: DifferenceSettings) -> Differencing:
    settings.hotpants.found()
    return partial(_by_hotpants, settings)


def _none(settings: DifferenceSettings) -> Differencing:
    return partial(nothing_subtracted, mesh_pixel=settings.subtraction.mesh_pixel)


_METHODS: Mapping[str, Callable[[DifferenceSettings], Differencing]] = {
    "kernel": _kernel, "hotpants": _hotpants, "none": _none,
}  # fmt: skip


def _by_hotpants(settings: DifferenceSettings, science: Frame, template: Frame) -> Difference:
    """Return the program's difference; how its noise correlates follows from the widths of both images."""
    difference, noise = settings.hotpants.subtract(science, template)
    if not np.isfinite(difference).any():
        raise InputError("hotpants gave no pixel of a difference")
    is_template_sharper = template.fwhm_pixel <= science.fwhm_pixel
    wide, narrow = max(science.fwhm_pixel, template.fwhm_pixel), min(science.fwhm_pixel, template.fwhm_pixel)
    paths = [np.ones((1, 1), np.float32) if frame.noise_kernel is None else frame.noise_kernel for frame in
             (science, template)]  # fmt: skip
    sharper = int(is_template_sharper)
    paths[sharper] = np.asarray(fftconvolve(paths[sharper], _gaussian(np.sqrt(wide**2 - narrow**2))), np.float32)
    variances = tuple(frame.variance(float(np.nanmedian(frame.pixels))) for frame in (science, template))
    subtraction = Subtraction(
        difference=difference,
        noise=noise,
        correlation=noise_correlation((variances[0], variances[1]), (paths[0], paths[1]), wide),
        fwhm_pixel=wide,
        convolved="template" if is_template_sharper else "science",
        scale=np.nan,
        x_offset=0.0,
        y_offset=0.0,
        n_stars=0,
    )
    return finished(subtraction, template.pixels, settings.flatten_pixel)


def _gaussian(fwhm_pixel: float) -> Image:
    """Return a Gaussian of unit sum; a single pixel where it is narrower than one."""
    sigma = fwhm_pixel / FWHM_PER_SIGMA
    reach = int(np.ceil(3.0 * sigma))
    if sigma < 0.2:
        return np.ones((1, 1), np.float32)
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = np.outer(line, line)
    return (kernel / kernel.sum()).astype(np.float32)
