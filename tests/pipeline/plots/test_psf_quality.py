"""The figure of a PSF's quality shows star, PSF, residual and profile, with the numbers in its title."""

import numpy as np

from pipeline.plots.psf_quality import plot_psf_quality
from pipeline.psf import Moffat, PsfStars, judge_psf


def test_the_figure_has_four_panels_and_the_numbers():
    rng = np.random.default_rng(1)
    offsets = rng.uniform(-0.5, 0.5, (2, 5))
    pixels = np.stack([1e4 * Moffat(fwhm_pixel=3.0, size_pixel=25)(x, y) for x, y in offsets.T])
    stars = PsfStars(
        pixels=pixels + rng.normal(0, 1, pixels.shape), x_pixel=50 + offsets[0], y_pixel=50 + offsets[1],
        x_offset=offsets[0], y_offset=offsets[1], flux=np.full(5, 1e4), fwhm_pixel=3.0, sky_rms=1.0, found=9,
    )  # fmt: skip
    quality = judge_psf(Moffat(fwhm_pixel=3.0), stars)
    figure = plot_psf_quality(quality, "exposure e1")
    titles = [axes.get_title() for axes in figure.axes]
    assert {"mean star", "PSF"} <= set(titles)
    assert f"left: {quality.residual_fraction:.1%} of the light" in titles
    assert "exposure e1: moffat, 5 stars, FWHM" in figure.get_suptitle()
    assert all(axes.get_xlabel() for axes in figure.axes if axes.get_title())
