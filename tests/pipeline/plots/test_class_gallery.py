"""The gallery of confused rows, and the cells that galleries are made of."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from pipeline.plots import CLASS_PLOTS, Mistakes
from pipeline.plots.class_gallery import across_of
from pipeline.plots.gallery_cells import cell, show_rgb


def test_each_confused_row_is_one_colour_picture_with_its_pair_in_words(class_report_data):
    result = CLASS_PLOTS["gallery"](class_report_data)
    rows = class_report_data.mistakes.rows
    assert len(result.figure.axes) == len(rows)
    assert result.table["candidate_id"].tolist() == rows["candidate_id"].tolist()
    assert all(axes.get_images()[0].get_array().shape == (9, 9, 4) for axes in result.figure.axes)
    words = " ".join(text.get_text() for text in result.figure.texts)
    assert f"{result.table['truth'][0]} called {result.table['called'][0]}" in words


def test_other_channels_stand_beside_each_other(class_report_data):
    shown = class_report_data.mistakes
    triplets = Mistakes(rows=shown.rows.iloc[:2], cutouts=shown.cutouts[:2])
    assert len(CLASS_PLOTS["gallery"](replace(class_report_data, mistakes=triplets)).figure.axes) == 6
    assert (across_of(("red", "green", "blue")), across_of(("a", "b", "c", "d", "e"))) == (5, 1)


def test_rows_of_a_table_have_no_pictures(class_report_data):
    shown = class_report_data.mistakes
    features = Mistakes(rows=shown.rows.assign(g=1.0), cutouts=None, features=("g",))
    assert (
        "rows of a table have no images" in CLASS_PLOTS["gallery"](replace(class_report_data, mistakes=features)).note
    )


def test_pixels_of_a_jpeg_keep_their_colours_and_a_missing_channel_shows():
    image = np.full((4, 4, 3), 255.0, dtype="f4")
    image[0, 0], image[1, 1, 2] = (51.0, 0.0, 0.0), np.nan
    figure = Figure()
    axes = cell(figure, 0.1, 0.1, 1.0)
    show_rgb(axes, image)
    shown = np.asarray(axes.get_images()[0].get_array())
    np.testing.assert_allclose(shown[0, 0], [0.2, 0.0, 0.0, 1.0])
    assert shown[1, 1, 3] == 0.0


def test_a_picture_without_any_pixel_says_so():
    axes = cell(Figure(), 0.1, 0.1, 1.0)
    show_rgb(axes, np.full((3, 3, 3), np.nan, dtype="f4"))
    assert axes.texts[0].get_text() == "missing"
