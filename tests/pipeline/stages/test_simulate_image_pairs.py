"""Sources put into the images of a survey that subtracts by itself, found by its own search."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from image_pair_surveys import TIMES_MJD, ZEROPOINT, field_stars, projection, write_pairs

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.recipes.injection import ImageSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_transients import simulate_transients

NIGHT = "2026-01-05"
BRIGHT = {"per_exposure": 12, "magnitude_min": 15.5, "magnitude_max": 17.0, "host_share": 0.0, "negative_share": 0.4}
BRIGHT |= {"min_separation_fwhm": 3.0}


@pytest.fixture
def simulated(tmp_path):
    """Return a function that fetches and simulates a night and gives candidates, truth and dropped rows."""

    def run(survey, processes=1, name="s.h5", **recipe):
        manifest = survey.freeze(NIGHT)
        night = {"name": "toy", "night": NIGHT, "manifest": manifest}
        fetched = tmp_path / "fetched.h5"
        fetched.unlink(missing_ok=True)
        fetch_cutouts(fetched, NightJob(survey=survey, **night))
        chosen = SimulationRecipe(seed=1, images=ImageSimulation(**BRIGHT | recipe))
        job = NightJob(survey=survey, processes=processes, **night)
        simulate_transients(tmp_path / name, job, recipe=chosen, cutouts=fetched)
        with open_cutouts(tmp_path / name) as file:
            return file.candidates(), file.table("truth"), file.table("dropped")

    return run


def recovered_magnitudes(rows, truth):
    mine = truth[truth["recovered"]]
    return rows.set_index("candidate_id").loc[mine["candidate_id"], "magnitude"].to_numpy() - mine["magnitude"]


@pytest.mark.parametrize(
    ("write", "difference"),
    [
        (partial(write_pairs, template_wcs=projection(4, -6, 7)), {"alignment": "wcs"}),
        (partial(write_pairs, template_wcs=projection(4, -6, 7), has_wcs=False), {"alignment": "stars"}),
        (partial(write_pairs, has_wcs=False, template_has_wcs=True), {"alignment": "stars"}),
    ],
)
def test_injected_sources_of_both_signs_are_recovered_through_the_alignment(
    image_pair_survey, simulated, write, difference
):
    rows, truth, dropped = simulated(image_pair_survey(write=write, difference=difference))
    assert dropped.empty
    assert len(truth) > 15
    assert truth.groupby("flux_sign")["recovered"].mean().min() > 0.75
    assert abs(np.median(recovered_magnitudes(rows, truth))) < 0.1
    has_sky = difference["alignment"] == "wcs" or write.keywords.get("template_has_wcs", False)
    assert truth["ra_deg"].notna().all() == has_sky
    assert rows["ra_deg"].notna().all() == has_sky


def test_two_processes_give_what_one_gives(image_pair_survey, simulated):
    survey = image_pair_survey()
    one, other = simulated(survey), simulated(survey, processes=2, name="t.h5")
    for first, second in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(first, second)


def test_the_survey_s_own_threshold_and_zeropoint_hold(image_pair_survey, simulated, tmp_path):
    shifted = field_stars().assign(magnitude=lambda rows: rows["magnitude"] + 2.0)
    shifted.to_csv(tmp_path / "stars.csv", index=False)
    catalogue = {"zeropoint": {"catalogue": str(tmp_path / "stars.csv")}}
    magnitudes = {"magnitude_min": 17.5, "magnitude_max": 19.0, "negative_share": 0.0}
    rows, truth, _ = simulated(image_pair_survey(input=catalogue), **magnitudes)
    assert truth["recovered"].mean() > 0.75
    assert abs(np.median(recovered_magnitudes(rows, truth))) < 0.1
    np.testing.assert_allclose(rows["zeropoint"], ZEROPOINT + 2.0, atol=0.05)
    strict = {"detection": {"threshold_sigma": 200.0}}
    _, truth, _ = simulated(image_pair_survey(input=catalogue, difference=strict), name="t.h5", **magnitudes)
    assert not truth["recovered"].any()


def test_a_template_without_zeropoint_takes_the_flux_scale_of_the_stars(image_pair_survey, simulated):
    template = {"zeropoint": "NONE"}
    rows, truth, _ = simulated(image_pair_survey(difference={"template": template}), negative_share=1.0)
    assert truth["recovered"].mean() > 0.75
    assert abs(np.median(recovered_magnitudes(rows, truth))) < 0.1


def test_an_exposure_without_any_zeropoint_is_lost_with_the_key_that_would_give_it(image_pair_survey, simulated):
    write = partial(write_pairs, changes={"e2": {"MAGZERO": None}})
    _, truth, dropped = simulated(image_pair_survey(write=write, max_lost_fraction=0.5))
    assert set(truth["exposure_id"]) == set(TIMES_MJD) - {"e2"}
    assert "has no FITS key MAGZERO" in dropped["reason"].iloc[0]
