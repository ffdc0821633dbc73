"""Scores against magnitudes: each detection with its own values, also over several images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.plots import PLOTS


def two_images(data, **columns):
    """Detections of two images that both number theirs from zero."""
    number = 40
    rows = pd.DataFrame(
        {
            "candidate_id": [f"{image}_{row}" for image in ("a", "b") for row in range(number // 2)],
            "exposure_id": np.repeat(["a", "b"], number // 2),
            "idx": np.tile(np.arange(number // 2), 2),
            "label": 1,
            "label_source": np.where(np.arange(number) % 2, "injected", "eyeball"),
            "score": np.linspace(0, 1, number),
            "magnitude": np.linspace(20.0, 15.0, number),
            "fwhm_pixel": np.repeat([2.0, 4.0], number // 2),
        }
    ).assign(**columns)
    return replace(data, scores={"cnn": rows}, thresholds={}, mistakes=None, truth=None)


@pytest.mark.replaces("gmadet", "O14")
def test_each_detection_of_each_image_keeps_its_own_magnitude_and_score(report_data):
    data = two_images(report_data)
    table = PLOTS["score_magnitude"](data).table.set_index("candidate_id")
    given = data.scores["cnn"].set_index("candidate_id")
    assert len(table) == 40
    np.testing.assert_allclose(table["magnitude"], given.loc[table.index, "magnitude"])
    np.testing.assert_allclose(table["score"], given.loc[table.index, "score"])


@pytest.mark.replaces("gmadet", "O14")
def test_widths_are_cut_relative_to_the_image_they_were_measured_in(report_data):
    width = np.repeat([2.0, 4.0], 20)
    width[[3, 23]] = [9.0, 9.0]
    width[[5, 25]] = [0.8, 0.8]
    table = PLOTS["score_magnitude"](two_images(report_data, fwhm_pixel=width)).table
    assert table["candidate_id"][~table["passes"]].tolist() == ["a_3", "a_5", "b_5"]
    strict = replace(two_images(report_data, fwhm_pixel=width), fwhm_ratio_cuts=(0.1, 2.0))
    cut = PLOTS["score_magnitude"](strict).table
    assert cut["candidate_id"][~cut["passes"]].tolist() == ["a_3", "b_3"]


def test_a_stated_width_of_the_image_is_preferred(report_data):
    table = PLOTS["score_magnitude"](two_images(report_data, fwhm_psf_pixel=8.0)).table
    assert table["fwhm_ratio"].unique().tolist() == [0.25, 0.5]


def test_injected_and_other_detections_are_told_apart(report_data):
    table = PLOTS["score_magnitude"](two_images(report_data)).table
    assert table["sort"].value_counts().to_dict() == {"injected": 20, "real": 20}


def test_magnitudes_that_mean_none_are_left_out(report_data):
    magnitude = np.linspace(15.0, 20.0, 40)
    magnitude[:3] = [99.0, -99.0, np.nan]
    assert len(PLOTS["score_magnitude"](two_images(report_data, magnitude=magnitude)).table) == 37


def test_without_magnitudes_the_figure_says_so(report_data):
    data = two_images(report_data)
    rows = data.scores["cnn"].drop(columns="magnitude")
    result = PLOTS["score_magnitude"](replace(data, scores={"cnn": rows}))
    assert result.table.empty
    assert "magnitude" in result.note


@pytest.mark.parametrize("magnitude", [np.nan, 99.0, 0.0])
def test_a_column_without_a_measured_magnitude_is_said_to_hold_none(report_data, magnitude):
    result = PLOTS["score_magnitude"](two_images(report_data, magnitude=magnitude))
    assert (len(result.table), result.note) == (0, "no scored row of the all part has a magnitude")


def test_both_panels_mark_what_the_cuts_leave_out(report_data):
    width = np.repeat([2.0, 4.0], 20)
    width[3] = 9.0
    figure = PLOTS["score_magnitude"](two_images(report_data, fwhm_pixel=width, fwhm_psf_pixel=2.0)).figure
    points = [[len(drawn.get_offsets()) for drawn in axes.collections] for axes in figure.axes]
    assert points == [[19, 1, 20, 0], [19, 1, 20, 0]]


@pytest.mark.parametrize("width", [np.nan, 0.0])
def test_without_widths_their_panel_says_so_and_shows_no_cuts(report_data, width):
    result = PLOTS["score_magnitude"](two_images(report_data, fwhm_pixel=width))
    scores, widths = result.figure.axes
    assert [text.get_text() for text in widths.texts] == ["no data", "no widths are known, so nothing is cut"]
    assert not widths.lines
    assert scores.lines
    assert result.note == "no widths are known, so nothing is cut"
    assert result.table["passes"].all()


def test_simulated_kinds_are_injected_whoever_labelled_them(report_data):
    given = two_images(report_data, label_source="truth", kind=np.where(np.arange(40) < 8, "injected_host", "mover"))
    table = PLOTS["score_magnitude"](given).table
    assert table["sort"].value_counts().to_dict() == {"injected": 8, "real": 32}


def test_a_thinned_figure_says_so(report_data, monkeypatch):
    monkeypatch.setattr("pipeline.plots.score_magnitude._MOST_POINTS", 15)
    assert "only one in 3 points is drawn" in PLOTS["score_magnitude"](two_images(report_data)).note


def test_cuts_out_of_order_are_refused(report_data):
    with pytest.raises(InputError, match="allowed: two ascending numbers"):
        replace(report_data, fwhm_ratio_cuts=(4.2, 0.5))
