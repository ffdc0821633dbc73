import re
from urllib.parse import parse_qs, urlparse

import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores.sky_links import SERVICES, links, sexagesimal


def shown(place):
    (hours,), (degrees,) = sexagesimal(*place)
    return hours, degrees


M31 = (10.684708, 41.26875)
"""The nucleus of M31, 00h42m44.330s +41d16m07.50s."""


def asked(service, ra_deg, dec_deg):
    return {name: values[0] for name, values in parse_qs(urlparse(links(ra_deg, dec_deg)[service]).query).items()}


def test_every_service_is_asked_for_the_place():
    assert asked("SIMBAD", *M31)["Coord"] == "10.684708 +41.268750"
    assert (asked("TNS", *M31)["ra"], asked("TNS", *M31)["decl"]) == ("10.684708", "41.268750")
    assert asked("TNS", *M31)["coords_unit"] == "arcsec"
    assert asked("Aladin Lite", *M31)["target"] == "10.684708 +41.268750"
    assert asked("Legacy Surveys", *M31)["mark"] == "10.684708,41.268750"


def test_a_southern_place_keeps_its_sign():
    assert asked("SIMBAD", 83.8, -0.25)["Coord"] == "83.800000 -0.250000"
    assert asked("TNS", 83.8, -5.4)["decl"] == "-5.400000"


@pytest.mark.parametrize("place", [(float("nan"), 1.0), (1.0, float("nan")), (float("inf"), 0.0), (10.0, 90.5)])
def test_what_is_no_place_has_no_links(place):
    assert links(*place) == {}
    assert shown(place) == ("", "")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (M31, ("00:42:44.330", "+41:16:07.50")),
        ((83.633083, -0.0001), ("05:34:31.940", "-00:00:00.36")),
        ((359.9999999, 0.0), ("00:00:00.000", "+00:00:00.00")),
        ((-0.1, -90.0), ("23:59:36.000", "-90:00:00.00")),
        ((180.0, -1e-9), ("12:00:00.000", "+00:00:00.00")),
    ],
)
def test_hours_and_degrees_of_known_places(place, expected):
    assert shown(place) == expected


def test_places_keep_their_order_beside_what_is_none():
    hours, degrees = sexagesimal([180.0, float("nan"), 0.0], [1.0, 2.0, -3.0])
    assert hours == ["12:00:00.000", "", "00:00:00.000"]
    assert degrees == ["+01:00:00.00", "", "-03:00:00.00"]


@given(st.floats(-360, 720), st.floats(-90, 90))
def test_what_is_shown_is_the_place_and_can_be_followed(ra_deg, dec_deg):
    hours, degrees = shown((ra_deg, dec_deg))
    assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}", hours)
    assert re.fullmatch(r"[+-]\d\d:[0-5]\d:[0-5]\d\.\d\d", degrees)
    found = SkyCoord(hours, degrees, unit=(units.hourangle, units.deg))
    assert found.separation(SkyCoord(ra_deg, dec_deg, unit="deg")) < 0.02 * units.arcsec
    assert set(links(ra_deg, dec_deg)) == set(SERVICES)
    assert all(
        re.fullmatch(r"https://[!-~]+", address) and '"' not in address for address in links(ra_deg, dec_deg).values()
    )
    assert 0 <= float(asked("TNS", ra_deg, dec_deg)["ra"]) < 360
