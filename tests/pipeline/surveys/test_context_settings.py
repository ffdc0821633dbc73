"""The key ``context`` of a survey, and which surveys can have one."""

import pytest

from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.errors import SettingsError
from pipeline.surveys.context_settings import context_faults, context_names


def test_true_asks_for_all_columns_and_a_list_for_those_that_it_names():
    assert context_names(True) == CONTEXT_COLUMNS
    assert context_names(("pixel_repeats", "line_significance")) == ("line_significance", "pixel_repeats")
    assert context_faults(True, "cutouts", ["elong"]) == []


def test_a_column_that_is_none_of_the_context_is_named_with_those_that_are():
    (fault,) = context_faults(("line_signifcance",), "cutouts", [])
    assert fault.startswith("context names 'line_signifcance'; allowed: true, or a list of line_significance, ")


def test_no_column_has_two_origins():
    faults = context_faults(True, "cutouts", ["local_density"])
    assert faults == ["metadata and context both name 'local_density'; leave it out of one"]
    assert context_faults(False, "cutouts", ["local_density"]) == []


def test_a_table_has_no_exposures():
    assert context_faults(True, "table", []) == ["context is given, and a table has no exposures: leave it out"]


def test_alerts_that_do_not_say_where_they_are_on_the_detector_have_no_context(alert_survey):
    with pytest.raises(SettingsError, match="needs exposure_id, x_pixel, y_pixel, which 'columns'"):
        alert_survey(context=["local_negative_share"])


def test_packets_of_a_layout_that_says_so_have_one(packet_survey):
    assert packet_survey(context=True).check() == []


def test_a_query_that_gives_no_pixels_is_told_by_check(database_survey, monkeypatch):
    survey = database_survey(context=["exposure_negative_share"])
    assert survey.check() == []
    monkeypatch.setattr("pipeline.surveys.base.needs_of", lambda _: ("exposure_id", "flux_angle"))
    assert ["column 'flux_angle' is missing" in fault for fault in survey.check()] == [True]


@pytest.mark.parametrize("source", ["stamp_survey", "image_pair_survey"])
def test_sources_that_know_no_detections_before_their_pixels_refuse_one(source, request):
    make = request.getfixturevalue(source)
    with pytest.raises(SettingsError, match="knows no detections before their pixels: leave it out"):
        make(context=True)
