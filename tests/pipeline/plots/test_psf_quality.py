"""The figure of PSFs shows every image's numbers, and of the worst its star, PSF, residual and profile."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.plots import PLOTS


@pytest.fixture
def psfs(report_data):
    return report_data.psfs


def test_the_worst_image_is_shown_with_its_star_psf_residual_and_profile(report_data):
    result = PLOTS["psf_quality"](report_data)
    titles = [axes.get_title(loc="left") for axes in result.figure.axes]
    assert {"Residual fraction", "Width", "mean star", "PSF", "star − PSF", "profile"} <= set(titles)
    (said,) = [part.get_suptitle() for part in result.figure.subfigs if part.get_suptitle()]
    assert said.startswith("science image of exposure poor: moffat, 5 stars, chi²")
    assert result.note == ""
    assert result.table["residual_fraction"].tolist() == sorted(result.table["residual_fraction"])
    shown = [axes for axes in result.figure.axes if axes.get_title(loc="left")]
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in shown)


def test_the_images_are_those_of_the_stars(psfs):
    star, model, residual = psfs.images[0]
    assert star.shape == (33, 33)
    np.testing.assert_allclose(star, model + residual, atol=1e-6)
    assert np.unravel_index(star.argmax(), star.shape) == (16, 16)


def test_fallbacks_and_images_without_stars_are_counted(report_data, psfs):
    rows = psfs.rows.assign(fallback=["stars: none", ""], residual_fraction=[np.nan, 0.05])
    note = PLOTS["psf_quality"](replace(report_data, psfs=replace(psfs, rows=rows))).note
    assert note == (
        "1 of 2 images had no stars to compare their PSF with; 1 of 2 images did not get the first PSF of the recipe"
    )


def test_where_no_image_had_stars_the_figure_says_so_and_the_numbers_stay(report_data, psfs):
    rows = psfs.rows.assign(residual_fraction=np.nan)
    result = PLOTS["psf_quality"](replace(report_data, psfs=replace(psfs, rows=rows)))
    assert "2 of 2 images had no stars" in result.note
    assert len(result.table) == 2


def test_without_injections_into_images_there_is_nothing_to_show(report_data):
    result = PLOTS["psf_quality"](replace(report_data, psfs=None))
    assert result.note == "no sources were put into images"
    assert result.table.empty


def test_no_tick_shows_the_source_of_a_formula(report_data):
    figure = PLOTS["psf_quality"](report_data).figure
    figure.draw_without_rendering()
    ticks = [
        tick.get_text() for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_ticklabels()
    ]
    assert ticks
    assert not [text for text in ticks if "$" in text]
