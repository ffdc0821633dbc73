"""Injected sources are recovered, or recorded as missed, by the search that finds the real ones."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.detection.detect import DetectionSettings, detect
from pipeline.injection import InjectionSettings, draw_injections
from pipeline.injection.exposure import simulate_exposure
from pipeline.sky import SkySettings
from pipeline.sky.exposure import render_exposure, render_template
from pipeline.sky.field import draw_field
from pipeline.sky.visits import plan_visits
from pipeline.subtraction.difference import difference_of
from pipeline.surveys.synthetic.survey import frames

SETTINGS = SkySettings(size_pixel=320, stars=260, galaxies=40, transients=0, variables=0, movers=0)


@pytest.fixture(scope="module")
def rendered_exposure():
    visits = plan_visits(SETTINGS, 1)
    objects = draw_field(SETTINGS, 0, visits, 1)
    return render_exposure(SETTINGS, visits[0], objects, render_template(SETTINGS, 0, objects, 1), 1)


def simulate(exposure, seed=1, magnitudes=(17.0, 19.5), **changes):
    science, template = frames(exposure, SETTINGS)
    chosen = InjectionSettings(
        per_exposure=30, magnitude_min=magnitudes[0], magnitude_max=magnitudes[1], negative_share=0.4
    )
    rng = np.random.default_rng(seed)
    truth = draw_injections(
        science.pixels,
        settings=chosen,
        fwhm_pixel=science.fwhm_pixel,
        wcs=exposure.wcs,
        exposure_id="e1",
        rng=rng,
        saturation=science.saturation,
    )
    return simulate_exposure(
        science,
        template,
        truth=truth,
        zeropoint=exposure.visit.zeropoint,
        template_zeropoint=SETTINGS.zeropoint,
        wcs=exposure.wcs,
        rng=rng,
        **changes,
    )


@pytest.fixture(scope="module")
def simulation(rendered_exposure):
    return simulate(rendered_exposure)


def test_bright_sources_of_both_signs_are_recovered_one_to_one(simulation):
    truth = simulation.truth
    assert truth.groupby("flux_sign")["recovered"].mean().min() > 0.75
    recovered = truth[truth["recovered"]]
    assert recovered["candidate_id"].is_unique
    assert (truth.loc[~truth["recovered"], "candidate_id"] == "").all()
    found = simulation.candidates[simulation.candidates["injection_id"] != ""].set_index("candidate_id")
    assert len(found) == len(recovered)
    assert (found.loc[recovered["candidate_id"], "flux_sign"].to_numpy() == recovered["flux_sign"].to_numpy()).all()


def test_recovered_magnitudes_and_places_have_no_bias(simulation):
    recovered = simulation.truth[simulation.truth["recovered"]]
    found = simulation.candidates.set_index("candidate_id").loc[recovered["candidate_id"]]
    assert abs(np.median(found["magnitude"].to_numpy() - recovered["magnitude"])) < 0.05
    assert abs(np.median(found["x_pixel"].to_numpy() - recovered["x_pixel"])) < 0.1
    assert abs(np.median(found["y_pixel"].to_numpy() - recovered["y_pixel"])) < 0.1


def test_what_is_too_faint_is_recorded_as_missed(rendered_exposure):
    truth = simulate(rendered_exposure, magnitudes=(23.0, 24.0)).truth
    assert len(truth) > 10
    assert truth["recovered"].mean() < 0.15


def test_faded_sources_are_put_into_the_template_only(simulation, rendered_exposure):
    negative = simulation.truth[simulation.truth["flux_sign"] < 0]
    rows, columns = negative["y_pixel"].round().astype(int), negative["x_pixel"].round().astype(int)
    added = (simulation.template - rendered_exposure.template)[rows, columns]
    assert (added > 0).all()
    changed = np.nan_to_num(simulation.science - rendered_exposure.science)[rows, columns]
    assert np.median(np.abs(changed)) < 1.0


def test_the_same_seed_gives_the_same_result_and_the_images_are_untouched(rendered_exposure):
    before = rendered_exposure.science.copy(), rendered_exposure.template.copy()
    first, second = simulate(rendered_exposure, seed=4), simulate(rendered_exposure, seed=4)
    np.testing.assert_array_equal(first.difference.difference, second.difference.difference)
    np.testing.assert_array_equal(rendered_exposure.science, before[0])
    np.testing.assert_array_equal(rendered_exposure.template, before[1])


def test_a_high_threshold_finds_less(rendered_exposure, simulation):
    strict = simulate(rendered_exposure, detection=DetectionSettings(threshold_sigma=50.0))
    assert len(strict.candidates) < len(simulation.candidates)
    assert strict.truth["recovered"].sum() < simulation.truth["recovered"].sum()


def test_the_search_is_that_of_difference_of_unless_the_survey_has_another(rendered_exposure):
    science, template = frames(rendered_exposure, SETTINGS)
    nothing = simulate(rendered_exposure).truth.iloc[:0].drop(columns=["recovered", "candidate_id"])

    def search(difference=None):
        return simulate_exposure(
            science,
            template,
            truth=nothing,
            zeropoint=27.0,
            template_zeropoint=27.0,
            wcs=rendered_exposure.wcs,
            rng=np.random.default_rng(0),
            difference=difference,
        )

    direct = difference_of(science, template, is_aligned=True)
    found = detect(
        direct.difference,
        direct.noise,
        fwhm_pixel=direct.subtraction.fwhm_pixel,
        zeropoint=27.0,
        correlation=direct.subtraction.correlation,
    )
    default = search()
    np.testing.assert_array_equal(default.difference.difference, direct.difference)
    np.testing.assert_array_equal(default.candidates["x_pixel"], found["x_pixel"])

    def bare(science, template):
        return difference_of(science, template, is_aligned=True, flatten_pixel=0)

    assert not np.array_equal(search(bare).difference.difference, direct.difference, equal_nan=True)


def test_light_put_into_a_template_of_known_variance_brings_its_noise_along(rendered_exposure):
    science, template = frames(rendered_exposure, SETTINGS)
    known = replace(template, variance_map=template.variance(200.0))
    seen = []

    def noting(science, template):
        seen.append(template)
        return difference_of(science, template, is_aligned=True)

    truth = simulate(rendered_exposure).truth.drop(columns=["recovered", "candidate_id"])
    found = simulate_exposure(
        science,
        known,
        truth=truth,
        zeropoint=rendered_exposure.visit.zeropoint,
        template_zeropoint=SETTINGS.zeropoint,
        wcs=rendered_exposure.wcs,
        rng=np.random.default_rng(0),
        difference=noting,
    )
    light = np.nan_to_num(found.template - template.pixels)
    assert light.max() > 100
    brighter = seen[-1].variance_map - known.variance_map
    np.testing.assert_allclose(brighter[light > 0], light[light > 0] / template.gain, rtol=1e-2, atol=0.05)


def test_nothing_to_inject_gives_the_real_candidates_only(rendered_exposure):
    science, template = frames(rendered_exposure, SETTINGS)
    found = simulate_exposure(
        science,
        replace(template),
        truth=simulate(rendered_exposure).truth.iloc[:0].drop(columns=["recovered", "candidate_id"]),
        zeropoint=27.0,
        template_zeropoint=27.0,
        wcs=rendered_exposure.wcs,
        rng=np.random.default_rng(0),
    )
    assert len(found.truth) == 0
    assert (found.candidates["injection_id"] == "").all()


@pytest.fixture(scope="module")
def many():
    """Seven hundred sources of both signs on a grid over one exposure, searched."""
    large = replace(SETTINGS, size_pixel=900, stars=500, galaxies=100)
    visits = plan_visits(large, 1)
    objects = draw_field(large, 0, visits, 1)
    exposure = render_exposure(large, visits[0], objects, render_template(large, 0, objects, 1), 1)
    science, template = frames(exposure, large)
    rng = np.random.default_rng(1)
    chosen = InjectionSettings(
        per_exposure=800, magnitude_min=16.8, magnitude_max=19.4, negative_share=0.3, host_share=0.1, positions="grid",
        min_separation_fwhm=4.0,
    )  # fmt: skip
    truth = draw_injections(
        science.pixels,
        settings=chosen,
        fwhm_pixel=science.fwhm_pixel,
        wcs=exposure.wcs,
        exposure_id="e1",
        rng=rng,
        saturation=science.saturation,
    )
    return simulate_exposure(
        science,
        template,
        truth=truth,
        zeropoint=exposure.visit.zeropoint,
        template_zeropoint=large.zeropoint,
        wcs=exposure.wcs,
        rng=rng,
    )


def recovered_beside_found(simulation):
    recovered = simulation.truth[simulation.truth["recovered"]]
    return recovered, simulation.candidates.set_index("candidate_id").loc[recovered["candidate_id"]]


@pytest.mark.replaces("gmadet", "O2")
def test_of_five_hundred_recoveries_above_snr_10_none_of_sign_or_magnitude_is_biased(many):
    recovered, found = recovered_beside_found(many)
    sure = (recovered["snr"] > 10).to_numpy()
    assert sure.sum() >= 500
    error = found["magnitude"].to_numpy() - recovered["magnitude"].to_numpy()
    sign, magnitude = recovered["flux_sign"].to_numpy(), recovered["magnitude"].to_numpy()
    assert abs(np.median(error[sure])) < 0.02
    for one in (1, -1):
        for low in (16.8, 17.45, 18.1, 18.75):
            part = sure & (sign == one) & (magnitude >= low) & (magnitude < low + 0.65)
            assert part.sum() > 20
            assert abs(np.median(error[part])) < 0.05


def test_the_predicted_signal_to_noise_is_that_which_is_found(many):
    recovered, found = recovered_beside_found(many)
    ratio = found["snr"].abs().to_numpy() / recovered["snr"].to_numpy()
    assert np.median(ratio) == pytest.approx(1.0, abs=0.05)


def test_sources_on_hosts_know_the_light_under_them(many):
    hosted = many.truth["kind"] == "injected_host"
    brightness = many.truth["host_surface_brightness"]
    assert brightness[~hosted].isna().all()
    assert brightness[hosted].between(15.0, 27.0).mean() > 0.6
