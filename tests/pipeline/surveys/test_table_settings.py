"""A survey of a table states neither pixels nor nights, and whoever states them is told."""

import math

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import examine, parse
from pipeline.surveys.settings import SurveySettings

TABLE = {
    "kind": "table",
    "source": "catalogue",
    "defaults": {"dataset": "toy", "classifier": "boosting"},
    "input": {"features": {"g": "g", "g_r": "g - r"}},
}
PIXELS = {
    "source": "stamp_set", "telescope": "T1", "channels": ["science"], "closed": {"marker": "done"},
    "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "cutout_size_pixel": 21,
}  # fmt: skip


def settings(**changes):
    return parse(SurveySettings, TABLE | changes, "surveys/toy.yaml")


def test_what_a_table_does_not_have_need_not_be_stated():
    table = settings()
    assert (table.channels, table.cutout_size_pixel, table.has_nights) == (("g", "g_r"), 1, False)
    assert math.isnan(table.pixel_scale_arcsec)
    assert table.closed.after_hours == 0
    assert settings(telescope="VISTA", closed={"marker": "done"}).closed.marker == "done"


def test_the_weight_of_rows_is_seen_from_the_settings():
    assert not settings().is_weighted
    assert settings(input=TABLE["input"] | {"weight": "1 - risk"}).is_weighted


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cutout_size_pixel": 21}, "cutout_size_pixel is 21, and a table has no such thing: leave it out"),
        ({"pixel_scale_arcsec": 0.3}, "pixel_scale_arcsec is 0.3, and a table"),
        ({"longitude_deg": -70.4}, "longitude_deg is -70.4, and a table"),
        ({"unit": "nJy"}, "unit is 'nJy', and a table"),
        ({"magic_values": [-99]}, "magic_values is"),
        ({"channels": ["science"]}, "channels are .'science'.; those of a table are its features"),
        ({"source": "table"}, "kind is 'table' and source is 'table'; allowed: kind 'table' with source 'catalogue'"),
        ({"kind": "cutouts"}, "'pixel_scale_arcsec' is missing"),
        ({"features": ["g"]}, "unknown key 'features'"),
        ({"cutout_size_pixel": "x"}, "'cutout_size_pixel' is 'x'; allowed: a whole number"),
    ],
)
def test_what_contradicts_a_table_is_refused(changes, said):
    with pytest.raises(SettingsError, match=f"surveys/toy.yaml: .*{said}"):
        settings(**changes)


def test_other_surveys_still_need_what_tables_leave_out():
    faults = examine(SurveySettings, TABLE | {"kind": "cutouts", "source": "database"}, "surveys/toy.yaml")[1]
    wanted = {"telescope", "channels", "closed", "longitude_deg", "pixel_scale_arcsec", "cutout_size_pixel"}
    assert {f"surveys/toy.yaml: {name!r} is missing" for name in wanted} == set(faults)


def test_faults_elsewhere_are_found_beside_a_table_without_features():
    survey, faults = examine(SurveySettings, TABLE | {"input": {}, "conflicts": "none"}, "surveys/toy.yaml")
    assert survey.channels == ("features",)
    assert faults == ["surveys/toy.yaml: 'conflicts' is 'none'; allowed: stronger, drop, error"]


@pytest.mark.parametrize(
    ("kind", "baseline"), [("cutouts", "boosting"), ("images", "none"), ("table", "table_boosting")]
)
def test_what_a_report_compares_with_follows_the_kind_unless_it_is_stated(kind, baseline):
    changes = {"kind": kind} if kind == "table" else PIXELS | {"kind": kind}
    assert settings(**changes).baseline == baseline
    stated = {"dataset": "toy", "classifier": "toy", "baseline": "mine"}
    assert settings(**changes, defaults=stated).baseline == "mine"
