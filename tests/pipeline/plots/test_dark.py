import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

from pipeline.plots import CLASS_PLOTS, PLOTS
from pipeline.plots.dark import DARK_SHADES, PAPER, TWINS, darkened
from pipeline.plots.style import GRID, SHADES, panels


def colours(figure):
    """Return every colour that is seen in a figure, and the colour maps."""
    found = []
    for artist in figure.findobj():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            if hasattr(artist, f"get_{name}") and hasattr(artist, f"set_{name}"):
                value = getattr(artist, f"get_{name}")()
                rows = [value] if isinstance(value, str) else np.atleast_2d(value)
                found += [to_hex(row) for row in rows if len(row) and to_rgba(row)[3] > 0]
        if hasattr(artist, "get_cmap"):
            found.append(artist.get_cmap().name)
    return found


@pytest.mark.parametrize("name", ["roc", "confusion_matrix", "gallery", "psf_quality", "score_by_night", "truth"])
def test_no_light_colour_is_left_on_a_dark_ground_and_each_comes_back(report_data, name):
    figure = PLOTS[name](report_data).figure
    before = colours(figure)
    assert set(TWINS) & set(before)
    with darkened(figure):
        assert not (set(TWINS) - set(TWINS.values())) & set(colours(figure))
        assert SHADES.name not in colours(figure)
    assert colours(figure) == before


def test_figures_of_classes_have_a_dark_twin_too(class_report_data):
    figure = CLASS_PLOTS["class_scores"](class_report_data).figure
    with darkened(figure):
        assert to_hex(figure.get_facecolor()) == PAPER


def luminance(colour):
    channels = np.array(to_rgba(colour)[:3])
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("twin", [dark for light, dark in TWINS.items() if light not in ("#ffffff", GRID, "#c9ced4")])
def test_every_colour_stands_out_against_the_dark_ground(twin):
    assert (luminance(twin) + 0.05) / (luminance(PAPER) + 0.05) >= 4.5


def test_a_colour_bar_keeps_its_ticks():
    figure, axes = panels(1, 1)
    image = axes[0, 0].imshow([[0.1, 0.9]], cmap=SHADES)
    bar = figure.colorbar(image, ax=axes[0, 0])
    bar.ax.yaxis.set_major_formatter(lambda value, _place: f"{100 * value:g} %")
    with darkened(figure):
        assert image.get_cmap() is DARK_SHADES
        assert bar.ax.yaxis.get_major_formatter()(0.5, 0) == "50 %"
