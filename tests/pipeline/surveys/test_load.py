from dataclasses import replace

import pytest
from image_surveys import COMMON

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.settings import parse
from pipeline.surveys.base import SURVEYS
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings


@pytest.fixture
def packet_settings():
    """Return the settings of a survey of alert packets."""
    packets = {"source": "alert_packets", "input": {"packets": "{night}/*.avro"}}
    return parse(SurveySettings, COMMON | packets, "surveys/north.yaml")


def test_the_source_names_the_adapter(packet_settings):
    survey = open_survey(packet_settings, "north", workers=3)
    assert isinstance(survey, SURVEYS["alert_packets"])
    assert survey.workers == 3


def test_a_key_of_another_source_names_the_file(packet_settings):
    wrong = replace(packet_settings, input={"queries": "generic"})
    with pytest.raises(SettingsError, match=r"surveys/north.yaml: input: unknown key 'queries'"):
        open_survey(wrong, "north")


def test_an_unknown_source_names_those_that_are_known(packet_settings):
    with pytest.raises(UnknownNameError, match=r"unknown survey source 'packets'.*known: alert_packets, "):
        open_survey(replace(packet_settings, source="packets"), "north")
