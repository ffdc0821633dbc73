"""What lies in a field of the synthetic sky, and how its light changes."""

import numpy as np
import pandas as pd
import pytest

from pipeline.sky import TRANSIENTS, SkySettings
from pipeline.sky.field import draw_field, flux_unit, point_sources
from pipeline.sky.visits import plan_visits

SETTINGS = SkySettings(transients=200, galaxies=100, stars=500, variables=60, movers=5, fields=1)
VISITS = plan_visits(SETTINGS, 3)


@pytest.fixture(scope="module")
def field():
    return draw_field(SETTINGS, 0, VISITS, 3)


def sources_of(field, kind, time, night=""):
    table = point_sources(field, time, night)
    return table[table["kind"] == kind].reset_index(drop=True)


def transient_of(field, source_id, time):
    return point_sources(field, time, "").set_index("source_id").loc[source_id]


def test_stars_become_more_numerous_as_the_slope_says(field):
    magnitudes = field.stars["magnitude"]
    assert magnitudes.between(10.5, 22.0).all()
    assert (magnitudes < 22).sum() / (magnitudes < 19).sum() == pytest.approx(10 ** (0.2 * 3), rel=0.25)


def test_transients_lie_where_their_kind_belongs(field):
    table = field.transients
    in_host = table["host_id"] != ""
    assert in_host[table["place"] == "nucleus"].all()
    assert in_host[table["place"] == "host"].mean() == pytest.approx(SETTINGS.hosted_share, abs=0.12)
    assert not in_host[table["place"].isin(["star", "field"])].any()
    hosted = table[in_host]
    hosts = field.galaxies.set_index("source_id").loc[hosted["host_id"]]
    offset = 3600.0 * np.hypot(
        (hosted["ra_deg"].to_numpy() - hosts["ra_deg"]) * np.cos(np.radians(hosts["dec_deg"])),
        hosted["dec_deg"].to_numpy() - hosts["dec_deg"],
    )
    np.testing.assert_allclose(offset, hosted["host_offset_arcsec"], atol=1e-3)
    assert np.median(offset / hosts["half_light_arcsec"]) < 2.0
    assert (offset[(hosted["place"] == "nucleus").to_numpy()] < 1e-3).all()


def test_flares_lie_on_faint_stars(field):
    flares = field.transients[field.transients["transient_kind"] == "flare"]
    assert len(flares) > 20
    stars = field.stars[field.stars["magnitude"] > 17.0]
    assert set(zip(flares["ra_deg"], flares["dec_deg"], strict=True)) <= set(
        zip(stars["ra_deg"], stars["dec_deg"], strict=True)
    )


def test_a_transient_is_brightest_at_its_maximum_and_absent_from_the_template(field):
    one = field.transients.iloc[0]
    days = (-0.3 * one["rise_day"], 0.0, 0.3 * one["decline_day"], one["decline_day"])
    seen = [transient_of(field, one["source_id"], one["peak_mjd"] + day) for day in days]
    fluxes = [row["flux_unit"] for row in seen]
    assert fluxes[1] == max(fluxes)
    assert fluxes[3] < fluxes[2]
    assert fluxes[1] == pytest.approx(10 ** (-0.4 * one["magnitude"]))
    assert all(row["template_flux_unit"] == 0 for row in seen)


def test_transients_of_every_kind_are_seen_by_some_visit(field):
    seen = pd.concat([point_sources(field, visit.time_mjd, visit.night) for visit in VISITS])
    seen = seen[seen["kind"].isin(list(TRANSIENTS))]
    best = seen.groupby(["kind", "source_id"])["flux_unit"].max().reset_index()
    top = 10 ** (-0.4 * field.transients.set_index("source_id")["magnitude"])
    visible = best["flux_unit"].to_numpy() > 0.1 * top.loc[best["source_id"]].to_numpy()
    assert pd.Series(visible).groupby(best["kind"]).mean().min() > 0.4


def test_variables_change_both_ways_around_the_template(field):
    table = pd.concat([sources_of(field, "variable", 61000.0 + day / 7.0) for day in range(14)])
    brighter = table["flux_unit"] > table["template_flux_unit"]
    assert 0.2 < brighter.mean() < 0.9
    ratio = np.abs(2.5 * np.log10(table["flux_unit"] / table["template_flux_unit"]))
    assert ratio.max() <= SETTINGS.amplitude_max_magnitude


def test_movers_move_at_their_rate_and_belong_to_one_night(field):
    early, late = VISITS[0], VISITS[2]
    first = sources_of(field, "mover", early.time_mjd, early.night)
    second = sources_of(field, "mover", late.time_mjd, late.night)
    assert len(first) == len(second) == 5
    hours = (late.time_mjd - early.time_mjd) * 24.0
    moved = 3600.0 * np.hypot(
        (second["ra_deg"] - first["ra_deg"]) * np.cos(np.radians(first["dec_deg"])),
        second["dec_deg"] - first["dec_deg"],
    )
    assert (moved / hours).between(9.9, 60.1).all()
    other = sources_of(field, "mover", VISITS[3].time_mjd, VISITS[3].night)
    assert not set(other["source_id"]) & set(first["source_id"])


def test_each_kind_has_a_stream_of_its_own(field):
    changed = SkySettings(transients=10, galaxies=100, stars=500, variables=5, movers=5, fields=1)
    other = draw_field(changed, 0, VISITS, 3)
    pd.testing.assert_frame_equal(other.stars, field.stars)
    pd.testing.assert_frame_equal(other.galaxies, field.galaxies)
    assert (other.variables["variable_type"] != "agn").sum() == 5


def test_a_sky_may_lack_any_kind():
    empty = SkySettings(transients=0, galaxies=0, stars=0, variables=0, movers=0)
    field = draw_field(empty, 0, VISITS, 1)
    assert len(point_sources(field, 61000.0, "2026-01-01")) == 0
    hostless = draw_field(SkySettings(galaxies=0), 0, VISITS, 1)
    assert set(hostless.transients["host_id"]) == {""}


def test_magnitude_zero_is_the_unit_of_flux():
    assert flux_unit(pd.Series([0.0, 2.5])).tolist() == [1.0, 0.1]
