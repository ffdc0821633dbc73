"""A figure of one difference: the images, the normalised difference and how it is spread."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import norm

from pipeline.imaging.frame import Frame, Image
from pipeline.subtraction.difference import Difference


def draw_pair(science: Frame, subtracted: Difference, masked: NDArray[np.bool_], title: str) -> Figure:
    """Return science image, aligned template, difference over noise, score, and the histogram of both."""
    figure = Figure(figsize=(15.0, 3.5), layout="constrained")
    axes = figure.subplots(1, 5)
    normalised = subtracted.difference / subtracted.noise
    panels = (
        ("science", science.pixels, None),
        ("template, aligned", subtracted.template, None),
        ("difference / noise", normalised, 5.0),
        ("score", subtracted.score, 5.0),
    )
    for panel, (name, image, limit) in zip(axes, panels, strict=False):
        low, high = (-limit, limit) if limit else _grey_range(image)
        drawn = panel.imshow(
            image, origin="lower", cmap="RdBu_r" if limit else "gray", vmin=low, vmax=high, interpolation="nearest"
        )
        panel.set(title=name, xlabel="x, pixel")
        if limit:
            figure.colorbar(drawn, ax=panel, shrink=0.7)
    axes[0].set(ylabel="y, pixel")
    _histogram(axes[4], {"difference / noise": normalised[~masked], "score": subtracted.score[~masked]})
    figure.suptitle(title)
    return figure


def _grey_range(image: Image) -> tuple[float, float]:
    low, high = np.nanpercentile(image, [2.0, 99.0])
    return float(low), float(high)


def _histogram(axes: Axes, values: dict[str, Image]) -> None:
    grid = np.linspace(-8.0, 8.0, 97)
    for (name, one), colour in zip(values.items(), ("#0072B2", "#D55E00"), strict=True):
        used = one[np.isfinite(one)]
        axes.hist(used, bins=grid.tolist(), density=True, histtype="step", label=name, color=colour)
    axes.plot(grid, norm.pdf(grid), color="#7b838c", linestyle="--", label="Gaussian of unit width")
    axes.set(yscale="log", ylim=(1e-6, 1.0), xlabel="in units of its noise", ylabel="share of pixels", title="spread")
    axes.legend(fontsize=7, frameon=False)
