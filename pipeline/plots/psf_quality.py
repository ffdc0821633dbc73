"""A figure of how well a PSF describes the stars of an image."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.psf import PsfQuality

_DECADES = 4.0


def plot_psf_quality(quality: PsfQuality, title: str = "") -> Figure:
    """Draw the mean star, the PSF, what is left, and the stars' profile beside the PSF's.

    Parameters
    ----------
    quality : PsfQuality
        Made by :func:`pipeline.psf.judge_psf`.
    title : str
        What the figure is of.
    """
    figure = Figure(figsize=(12.0, 3.6), layout="constrained")
    panels = figure.subplots(1, 4, width_ratios=(1.0, 1.0, 1.0, 1.5))
    half = len(quality.model) / 2.0
    extent = (-half, half, -half, half)
    top = float(quality.model.max())
    for panel, image, name in zip(panels, (quality.star, quality.model), ("mean star", "PSF"), strict=False):
        level = np.log10(np.clip(image / top, 10.0**-_DECADES, None))
        drawn = panel.imshow(level, origin="lower", extent=extent, cmap="viridis", vmin=-_DECADES, vmax=0.0)
        panel.set(title=name, xlabel="x (pixel)", ylabel="y (pixel)")
        figure.colorbar(drawn, ax=panel, shrink=0.7, label="log10 of the peak")
    limit = max(0.05, float(np.abs(quality.residual).max() / top))
    drawn = panels[2].imshow(
        quality.residual / top, origin="lower", extent=extent, cmap="RdBu_r", vmin=-limit, vmax=limit
    )
    figure.colorbar(drawn, ax=panels[2], shrink=0.7, label="share of the peak")
    panels[2].set(title=f"left: {quality.residual_fraction:.1%} of the light", xlabel="x (pixel)", ylabel="y (pixel)")
    _profile(panels[3], quality, top)
    figure.suptitle(
        f"{title}: {quality.kind}, {quality.stars} stars, FWHM {quality.fwhm_pixel:.2f} pixel "
        f"(stars {quality.star_fwhm_pixel:.2f}), chi2 {quality.chi2:.2f}, wing {quality.wing_fraction:.2%}".lstrip(": ")
    )
    return figure


def _profile(panel: Axes, quality: PsfQuality, top: float) -> None:
    half = len(quality.model) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius, values = np.hypot(x, y).ravel(), quality.model.ravel() / top
    order = np.argsort(radius)
    panel.plot(quality.radius, quality.profile / top, ".", ms=1.5, alpha=0.25, color="0.5", label="stars")
    panel.plot(radius[order], values[order], ".", ms=3, color="C1", label="PSF")
    panel.set(xlabel="radius (pixel)", ylabel="share of the peak", ylim=(-0.05, 1.5))
    panel.set_yscale("symlog", linthresh=1e-3)
    panel.legend()
