import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.settings import parse
from pipeline.stages.fetch_movers import centres, night_ephemeris, pointings, skybot_of
from pipeline.stages.night_job import NightJob
from pipeline.surveys.ephemeris_settings import EphemerisSettings

NIGHT = "2026-01-05"


def test_the_centre_of_an_exposure_is_that_of_its_candidates_also_across_zero():
    rows = pd.DataFrame(
        {
            "exposure_id": ["b", "a", "b"],
            "time_mjd": [2.0, 1.0, 2.0],
            "ra_deg": [359.0, 90.0, 1.0],
            "dec_deg": [0.0, 5.0, 0.0],
        }
    )
    found = centres(rows)
    assert found["exposure_id"].tolist() == ["a", "b"]
    assert found["time_mjd"].tolist() == [1.0, 2.0]
    assert found["dec_deg"].tolist() == pytest.approx([5.0, 0.0])
    assert min(found["ra_deg"][1], 360 - found["ra_deg"][1]) < 1e-9


def test_every_exposure_of_the_night_is_a_pointing(database_survey):
    survey = database_survey()
    found = pointings(survey, NIGHT, survey.freeze(NIGHT))
    assert found["exposure_id"].tolist() == ["e1", "e2"]
    assert found["ra_deg"].tolist() == pytest.approx([1.0, 4.0])


def test_an_exposure_without_any_place_is_an_error_and_never_one_without_movers(database_survey, place_candidates):
    candidates = place_candidates({"c1": ("e1", 10, 12), "c2": ("e2", 20, 8)})
    candidates.loc[1, "ra_deg"] = None
    survey = database_survey(candidates)
    with pytest.raises(InputError, match=r"exposure 'e2' has no candidate with a position and a time"):
        pointings(survey, NIGHT, survey.freeze(NIGHT))


def test_a_survey_that_states_no_ephemeris_has_none(database_survey):
    with pytest.raises(SettingsError, match="have no `ephemeris`"):
        night_ephemeris(NightJob(survey=database_survey(), name="toy", night=NIGHT, manifest={}))


@pytest.mark.replaces("gotorb", "G2")
def test_search_radius_observatory_and_tries_reach_skybot():
    given = {"source": "skybot", "observatory": "950", "search_radius_deg": 1.1, "tries": 2, "timeout_s": 9}
    asked = skybot_of(parse(EphemerisSettings, given, "x.yaml"))
    assert (asked.observatory, asked.radius_deg, asked.tries, asked.timeout_s) == ("950", 1.1, 2, 9.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "orbits"}, "source is 'orbits'; then catalogue and latitude_deg are needed"),
        ({"source": "pympc"}, "'source' is 'pympc'; allowed: skybot, orbits"),
        ({"source": "skybot", "search_radius_deg": 11}, "search_radius_deg is 11.0; allowed: 0 to 10"),
        ({"source": "skybot", "tries": 0}, "tries is 0; allowed: 1 to 100"),
        ({"source": "skybot", "timeout_s": 0}, "timeout_s is 0.0; allowed: above 0"),
        ({"source": "skybot", "max_error_arcsec": 200}, "max_error_arcsec is 200.0; allowed: above 0, at most 120"),
    ],
)
def test_what_the_settings_do_not_allow_is_named(given, message):
    with pytest.raises(SettingsError, match=message):
        parse(EphemerisSettings, given, "x.yaml")
