"""How well the PSFs of injected sources fit the stars of their images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from pipeline.plots.data import PlotResult, ReportData
from pipeline.plots.style import BOGUS_COLOUR, MUTED, SHADES, marker_style, no_data, panels, per_cent, plot

_DECADES = 4.0
"""Stars are shown down to this many powers of ten below their peak."""


@plot(
    "psf_quality",
    title="PSFs of the simulated sources",
    caption="Above, one point per image that sources were put into and that has stars: the share of a star's light "
    "that the PSF puts into wrong pixels, and the widths of star and PSF. Below, the image whose PSF fits its stars "
    "worst.",
)
def psf_quality(data: ReportData) -> PlotResult:
    """Draw residual fraction and widths of all PSFs; for the worst also its mean star, model, residual and profile."""
    if data.psfs is None or data.psfs.rows.empty:
        figure, axes = panels(1, 1, width=7.0, height=2.2)
        note = "no sources were put into images"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=pd.DataFrame(), note=note)
    rows, images = data.psfs.rows, data.psfs.images
    note = _note(rows)
    judged = np.flatnonzero(np.isfinite(rows["residual_fraction"].to_numpy(float)))
    if not len(judged):
        figure, axes = panels(1, 1, width=7.0, height=2.2)
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=rows, note=note)
    figure = Figure(figsize=(13.2, 7.6), layout="constrained")
    top, bottom = np.asarray(figure.subfigures(2, 1))
    _numbers(top.subplots(1, 2), rows.iloc[judged])
    worst = judged[int(rows["residual_fraction"].to_numpy(float)[judged].argmax())]
    bottom.suptitle(_named(rows.iloc[worst]), fontsize=10)
    _worst(bottom.subplots(1, 4, width_ratios=(1.0, 1.0, 1.0, 1.3)), images[worst].astype(np.float64))
    return PlotResult(figure=figure, table=rows, note=note)


def _note(rows: pd.DataFrame) -> str:
    """Return how many images had no stars, and how many got another PSF than the first of the recipe."""
    starless = int(rows["residual_fraction"].isna().sum())
    fallen = int((rows["fallback"].astype(str) != "").sum())
    parts = [f"{starless} of {len(rows)} images had no stars to compare their PSF with"] if starless else []
    parts += [f"{fallen} of {len(rows)} images did not get the first PSF of the recipe"] if fallen else []
    return "; ".join(parts)


def _named(row: pd.Series) -> str:
    return (
        f"{row['image']} image of exposure {row['exposure_id']}: {row['kind']}, {int(row['stars'])} stars, "
        f"chi² {row['chi2']:.2f}, {100 * row['wing_fraction']:.2f} % of the light beyond the PSF image"
    )


def _numbers(axes: Sequence[Axes], rows: pd.DataFrame) -> None:
    """Draw the residual fraction and the PSF's width against the stars' width, one marker per kind and image."""
    for index, ((kind, image), group) in enumerate(rows.groupby(["kind", "image"], sort=True)):
        for panel, column in zip(axes, ("residual_fraction", "fwhm_pixel"), strict=False):
            panel.plot(
                group["star_fwhm_pixel"],
                group[column],
                linestyle="",
                markersize=5,
                alpha=0.8,
                label=f"{kind}, {image}",
                **marker_style(index),
            )
    widths = rows[["star_fwhm_pixel", "fwhm_pixel"]].to_numpy(float)
    line = np.array([np.nanmin(widths), np.nanmax(widths)])
    axes[1].plot(line, line, color=MUTED, linewidth=0.8)
    axes[0].set(
        xlabel="FWHM of the mean star (pixel)",
        ylabel="light in wrong pixels",
        ylim=(0, None),
        title="Residual fraction",
    )
    per_cent(axes[0].yaxis)
    axes[1].set(xlabel="FWHM of the mean star (pixel)", ylabel="FWHM of the PSF (pixel)", title="Width")
    axes[1].legend(loc="lower right")


def _worst(axes: Sequence[Axes], images: NDArray[np.float64]) -> None:
    """Draw mean star, PSF and residual, (3, y, x), in units of the PSF's peak, and the radial profiles."""
    star, psf, residual = images / images[1].max()
    half = len(psf) / 2.0
    extent = (-half, half, -half, half)
    for panel, image, name in zip(axes, (star, psf), ("mean star", "PSF"), strict=False):
        level = np.log10(np.clip(image, 10.0**-_DECADES, None))
        drawn = panel.imshow(level, origin="lower", extent=extent, cmap=SHADES, vmin=-_DECADES, vmax=0.0)
        panel.set(title=name, xlabel="x (pixel)", ylabel="y (pixel)")
        panel.grid(visible=False)
    axes[1].figure.colorbar(drawn, ax=list(axes[:2]), shrink=0.8, label="log10 of the share of the peak")
    limit = max(0.02, float(np.abs(residual).max()))
    drawn = axes[2].imshow(residual, origin="lower", extent=extent, cmap="PuOr", vmin=-limit, vmax=limit)
    axes[2].set(title="star − PSF", xlabel="x (pixel)", ylabel="y (pixel)")
    axes[2].grid(visible=False)
    axes[2].figure.colorbar(drawn, ax=axes[2], shrink=0.8, label="share of the peak")
    _profile(axes[3], star, psf)


def _profile(panel: Axes, star: NDArray[np.float64], psf: NDArray[np.float64]) -> None:
    half = len(psf) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius = np.hypot(x, y).ravel()
    panel.plot(radius, star.ravel(), ".", markersize=4, color=BOGUS_COLOUR, label="mean star")
    panel.plot(radius, psf.ravel(), ".", markersize=2.5, color=marker_style(0)["color"], label="PSF")
    panel.set(title="profile", xlabel="radius (pixel)", ylabel="share of the peak")
    panel.set_yscale("symlog", linthresh=1e-3)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    panel.legend()
