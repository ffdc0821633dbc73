import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.surveys.candidate_columns import (
    as_text,
    candidates_frame,
    flags_of,
    impossible,
)
from pipeline.surveys.defaults import Defaults
from pipeline.surveys.settings import ClosedRule, SurveySettings

SETTINGS = {
    "source": "database",
    "telescope": "T1",
    "longitude_deg": 10.0,
    "pixel_scale_arcsec": 1.0,
    "channels": ("science", "template", "difference"),
    "cutout_size_pixel": 5,
    "closed": ClosedRule(after_hours=1.0),
    "defaults": Defaults(dataset="d", classifier="c"),
    "input": {},
}


def frame(rows, exposure):
    rows = pd.DataFrame(rows)
    return candidates_frame(rows, exposure, SurveySettings(**SETTINGS), np.arange(len(rows)), np.arange(len(rows)))


def test_a_column_comes_from_the_candidate_else_from_its_exposure_else_is_blank():
    rows = {"candidate_id": ["a"], "object_id": ["o"], "fwhm_pixel": [2.0]}
    found = frame(rows, {"fwhm_pixel": 9.0, "band": "g", "night": "2026-01-05"}).iloc[0]
    assert (found["fwhm_pixel"], found["band"], found["night"]) == (2.0, "g", "2026-01-05")
    assert (found["telescope"], found["detector"], found["flux_sign"], found["group_id"]) == ("T1", "", 0, "o")
    assert np.isnan(found["magnitude"])


def test_what_is_null_becomes_blank_in_the_type_of_its_column():
    rows = {
        "candidate_id": ["a", "b"], "object_id": ["o", "p"], "band": ["g", None], "detector": [3.0, np.nan],
        "magnitude": [None, 20], "flux_sign": [None, -1],
    }  # fmt: skip
    found = frame(rows, {})
    assert found["band"].tolist() == ["g", ""]
    assert found["detector"].tolist() == ["3", ""]
    assert found["flux_sign"].tolist() == [0, -1]
    assert np.isnan(found["magnitude"][0])
    assert {name: str(found[name].dtype) for name in found} == {
        name: "str" if kind == "text" else kind for name, kind in CANDIDATE_COLUMNS.items()
    } | {"x_pixel": "int64", "y_pixel": "int64"}


@pytest.mark.parametrize("sign", [77, 2, 0.5, np.inf, "up"])
def test_a_sign_that_is_none_is_refused_wherever_the_row_comes_from(sign):
    with pytest.raises(InputError, match=r"flux_sign is .*; allowed: - -1 f false n negative 0 \+ 1 p positive t true"):
        frame({"candidate_id": ["a"], "object_id": ["o"], "flux_sign": [sign]}, {})


def test_text_of_numbers_has_no_point():
    assert as_text([2.0, 2, np.float32(1.5), "x", None, np.nan, True, np.int8(3)]) == [
        "2",
        "2",
        "1.5",
        "x",
        "",
        "",
        "1",
        "3",
    ]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).normal(size=(1, 4, 4, 3)).astype(np.float32)


def flags(pixels, edge=0.0, channels=("science", "template", "difference")):
    return int(flags_of(pixels, np.array([edge], np.float32), channels)[0])


def test_a_sound_row_has_no_flag(pixels):
    assert flags(pixels) == 0


@pytest.mark.parametrize(
    ("where", "flag"),
    [
        (np.s_[:, 1, 1, 0], Flag.MISSING_PIXELS),
        (np.s_[..., 1], Flag.NO_TEMPLATE | Flag.MISSING_PIXELS),
        (np.s_[..., 2], Flag.ALL_MISSING | Flag.MISSING_PIXELS),
        (np.s_[:], Flag.ALL_MISSING | Flag.NO_TEMPLATE | Flag.MISSING_PIXELS),
    ],
)
def test_missing_pixels_are_flagged(pixels, where, flag):
    pixels[where] = np.nan
    assert flags(pixels) == flag


def test_missing_pixels_outside_the_image_are_the_edge_alone(pixels):
    pixels[:, :1] = np.nan
    assert flags(pixels, edge=0.25) == Flag.EDGE


def test_a_constant_channel_is_flagged_even_beside_missing_pixels(pixels):
    pixels[..., 0] = 5.0
    pixels[:, 0, 0, 0] = np.nan
    assert flags(pixels) & Flag.CONSTANT


def test_without_a_difference_the_first_channel_is_judged(pixels):
    pixels[..., 0] = np.nan
    assert flags(pixels[..., :1], channels=("science",)) & Flag.ALL_MISSING


@pytest.mark.parametrize("size", [1, 2, 64])
def test_no_rows_and_any_size_have_flags(size):
    assert flags_of(np.zeros((0, size, size, 3), np.float32), np.zeros(0, np.float32), SETTINGS["channels"]).shape == (
        0,
    )
    assert flags_of(np.zeros((2, size, size, 3), np.float32), np.zeros(2, np.float32), SETTINGS["channels"]).shape == (
        2,
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ra_deg", 1000.0, "ra_deg is outside 0 to 360"),
        ("ra_deg", 360.0, "ra_deg is outside 0 to 360"),
        ("ra_deg", -0.1, "ra_deg is outside 0 to 360"),
        ("ra_deg", np.inf, "ra_deg is outside 0 to 360"),
        ("dec_deg", 500.0, "dec_deg is outside -90 to 90"),
        ("dec_deg", -np.inf, "dec_deg is outside -90 to 90"),
        ("time_mjd", 0.0, "time_mjd is outside 1900 to 2100"),
        ("time_mjd", 2461000.5, "time_mjd is outside 1900 to 2100"),
        ("magnitude", np.inf, "magnitude is infinite"),
        ("magnitude", -np.inf, "magnitude is infinite"),
    ],
)
def test_a_number_that_no_candidate_has_is_the_reason_why_its_row_cannot_be_true(name, value, reason):
    possible = {"ra_deg": 359.9, "dec_deg": -90.0, "time_mjd": 61000.0, "magnitude": 21.0}
    rows = frame([{"candidate_id": "good"} | possible, {"candidate_id": "blank"},
                  {"candidate_id": "wrong"} | possible | {name: value}], {})  # fmt: skip
    assert impossible(rows).tolist() == ["", "", reason]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cutout_size_pixel": 0}, "cutout_size_pixel is 0; allowed: 1 to 512"),
        ({"longitude_deg": 200.0}, "longitude_deg is 200.0; allowed: -180 to 180"),
        ({"max_edge_fraction": 1.5}, "max_edge_fraction is 1.5; allowed: 0 to 1"),
        ({"max_lost_fraction": -0.1}, "max_lost_fraction is -0.1"),
        ({"channels": ()}, "channels are"),
        ({"channels": ("science", "science")}, "no name twice"),
    ],
)
def test_a_survey_that_cannot_be_is_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        SurveySettings(**SETTINGS | change)


@pytest.mark.parametrize("rule", [{}, {"after_hours": 1.0, "marker": "x"}])
def test_a_night_closes_by_exactly_one_rule(rule):
    with pytest.raises(SettingsError, match="give exactly one of after_hours, marker, query"):
        ClosedRule(**rule)


@pytest.mark.parametrize("sentinel", [-999.0, -99.0, 99.0, 99.99, 9999, "-999"])
def test_a_magnitude_that_no_source_has_is_not_known_and_costs_no_row(sentinel):
    rows = frame({"candidate_id": ["a", "b", "c"], "magnitude": [sentinel, 21.0, 20.0],
                  "magnitude_error": [0.1, sentinel, 0.25]}, {})  # fmt: skip
    assert impossible(rows).tolist() == ["", "", ""]
    np.testing.assert_array_equal(rows["magnitude"], np.array([np.nan, 21.0, 20.0], np.float32))
    np.testing.assert_array_equal(rows["magnitude_error"], np.array([np.nan, np.nan, 0.25], np.float32))


@pytest.mark.parametrize("magnitude", [-26.7, -14.0, 0.0, 40.0])
def test_bright_faint_and_instrumental_magnitudes_stay(magnitude):
    assert frame({"candidate_id": ["a"], "magnitude": [magnitude]}, {})["magnitude"].tolist() == pytest.approx(
        [magnitude]
    )
