"""Sources put into a survey's images: hosts, PSFs, gain and what is lost, in one process or several."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from pipeline.errors import InputError, TooMuchLostError
from pipeline.injection import draw_injections
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import PSF_COLUMNS, TRUTH_COLUMNS
from pipeline.recipes.injection import HostCatalogue, ImageSimulation, InjectionSettings, PsfRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.sky import SkySettings
from pipeline.sky.exposure import render_exposure, render_template
from pipeline.sky.field import draw_field
from pipeline.sky.visits import plan_visits
from pipeline.stages import simulate_images as simulate_images_module
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_images import simulate_images
from pipeline.stages.simulation_inputs import read_hosts
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.defaults import Defaults
from pipeline.surveys.settings import ClosedRule, SurveySettings
from pipeline.surveys.synthetic.survey import frames

SKY = SkySettings(
    size_pixel=288,
    stars=260,
    galaxies=40,
    transients=0,
    variables=0,
    movers=0,
    nights=1,
    exposures_per_night=2,
    fields=1,
)
SURVEY = SurveySettings(
    source="fake",
    telescope="T1",
    longitude_deg=0.0,
    pixel_scale_arcsec=1.0,
    channels=("science", "template", "difference"),
    cutout_size_pixel=21,
    closed=ClosedRule(after_hours=0),
    defaults=Defaults(dataset="d", classifier="c"),
    input={},
    max_lost_fraction=0.5,
)


@dataclass
class FakeSurvey:
    """Holds the images of a night."""

    items: list
    folder: Path
    settings: SurveySettings = SURVEY
    has_images: bool = True

    def images(self, night, manifest):
        yield from self.items


def header(frame, wcs, zeropoint, **changes):
    cards = wcs.to_header()
    cards.update({"GAIN": frame.gain, "RDNOISE": frame.read_noise, "SATURATE": frame.saturation})
    cards.update({"FWHM": frame.fwhm_pixel, "MAGZERO": zeropoint})
    for key, value in changes.items():
        cards.remove(key) if value is None else cards.set(key, value)
    return cards


@pytest.fixture(scope="module")
def rendered():
    visits = plan_visits(SKY, 1)
    objects = draw_field(SKY, 0, visits, 1)
    template = render_template(SKY, 0, objects, 1)
    return [render_exposure(SKY, visit, objects, template, 1) for visit in visits], objects


@pytest.fixture
def night(rendered, tmp_path, make_rows, make_cutouts):
    """Return a function that simulates the night and opens the result."""

    def items(**changes):
        found = []
        for exposure in rendered[0]:
            science, template = frames(exposure, SKY)
            row = {"exposure_id": exposure.visit.exposure_id, "night": "2026-01-01", "band": "r", "time_mjd": 61041.1}
            found.append(
                ExposureImages(
                    exposure=row,
                    science=science.pixels.copy(),
                    template=template.pixels.copy(),
                    science_header=header(science, exposure.wcs, exposure.visit.zeropoint, **changes),
                    template_header=header(template, exposure.template_wcs, SKY.zeropoint),
                )
            )
        return found

    known = make_cutouts(tmp_path / "known.h5", make_rows(["k1"], x_pixel=[50.0], y_pixel=[60.0]))
    known = known or tmp_path / "known.h5"

    def run(name="out.h5", given=None, processes=1, seed=1, settings_class=ImageSimulation, survey=None, **settings):
        survey = survey or FakeSurvey(items=items() if given is None else given, folder=tmp_path)
        chosen = settings_class(**{"per_exposure": 12, "magnitude_max": 19.0} | settings)
        job = NightJob(survey=survey, name="fake", night="2026-01-01", manifest={}, processes=processes)
        simulate_images(tmp_path / name, job, recipe=SimulationRecipe(seed=seed, images=chosen), cutouts=known)
        with open_cutouts(tmp_path / name) as file:
            return file.candidates(), file.pixels(), file.table("truth"), file.table("psf"), file.table("dropped")

    run.items = items
    return run


@dataclass
class WithDetections(FakeSurvey):
    """Tells its detections before its pixels."""

    found: pd.DataFrame | None = None

    def detections(self, night, manifest):
        yield self.found


def test_injections_have_the_context_of_the_detections_around_them(night, tmp_path):
    exposures = [str(item.exposure["exposure_id"]) for item in night.items()]
    x, y = np.random.default_rng(1).uniform(0, SKY.size_pixel, (2, 60))
    place = {"telescope": "T1", "detector": "", "x_pixel": x, "y_pixel": y, "ra_deg": np.nan, "dec_deg": np.nan}
    faded = pd.DataFrame({"candidate_id": [f"d{row}" for row in range(60)], "exposure_id": exposures[0], **place})
    settings = replace(SURVEY, context=("local_negative_share", "exposure_density"))
    survey = WithDetections(night.items(), tmp_path, settings, found=faded.assign(flux_sign=-1))

    rows = night(survey=survey)[0]

    first = rows["exposure_id"] == exposures[0]
    assert first.any()
    assert (rows["local_negative_share"][first] == 1.0).all()
    assert rows["local_negative_share"][~first].isna().all()  # an exposure in which nothing was detected


@dataclass(frozen=True, kw_only=True)
class WithHalos(ImageSimulation):
    """Settings with one more key."""

    halo_share: float = 0.0


def test_a_setting_reaches_what_draws_from_the_one_class_that_states_it(night, monkeypatch):
    drawn_with = []

    def draw(image, *, settings, **others):
        drawn_with.append(settings)
        return draw_injections(image, settings=settings, **others)

    monkeypatch.setattr(simulate_images_module, "draw_injections", draw)
    night(settings_class=WithHalos, halo_share=0.7)
    assert drawn_with
    assert {settings.halo_share for settings in drawn_with} == {0.7}


def test_a_recipe_repeats_no_setting_of_the_injection():
    assert not vars(ImageSimulation)["__annotations__"].keys() & vars(InjectionSettings)["__annotations__"].keys()


@pytest.mark.replaces("gmadet", "O1")
def test_new_cutouts_and_truth_are_written_and_the_images_stay_as_they_are(night):
    given = night.items()
    before = [(item.science.copy(), item.template.copy()) for item in given]
    rows, pixels, truth, psf, _ = night(given=given)
    assert len(rows) == len(pixels) == truth["recovered"].sum() > 0.6 * len(truth) > 8
    assert set(truth) == set(TRUTH_COLUMNS)
    assert set(psf) == set(PSF_COLUMNS)
    assert truth["injection_id"].is_unique
    assert set(truth["band"]) == {"r"}
    assert (rows["label"] == 1).all()
    for item, (science, template) in zip(given, before, strict=True):
        np.testing.assert_array_equal(item.science, science)
        np.testing.assert_array_equal(item.template, template)


@pytest.mark.replaces("gmadet", "O2")
def test_the_same_seed_gives_the_same_content_in_one_process_and_in_two(night):
    first, second = night("a.h5"), night("b.h5", processes=2)
    for one, other in zip(first, second, strict=True):
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        else:
            np.testing.assert_array_equal(one, other)
    assert not first[2]["x_pixel"].equals(night("c.h5", seed=2)[2]["x_pixel"])


@pytest.mark.replaces("gmadet", "O1")
def test_the_gain_is_that_of_the_setting_the_header_or_one_and_the_last_is_logged(night, caplog):
    assert set(night("a.h5", gain=3.25)[3]["gain"]) == {3.25}
    assert np.float32(SKY.gain) in set(night("b.h5")[3]["gain"])
    assert "gain 1" not in caplog.text
    with caplog.at_level(logging.WARNING):
        psf = night("c.h5", given=night.items(GAIN=None, SATURATE=None, FWHM=None))[3]
    science = psf[psf["image"] == "science"]
    assert set(science["gain"]) == {1.0}
    assert science["assumed"].str.contains("no key GAIN: gain 1 electron/ADU").all()
    assert science["assumed"].str.contains("no key FWHM").all()
    assert "the science image has no key GAIN: gain 1 electron/ADU" in caplog.text


def test_sources_go_on_the_galaxies_of_a_catalogue(night, rendered, tmp_path):
    galaxies = rendered[1].galaxies
    table = pd.DataFrame(
        {"RA": galaxies["ra_deg"], "DEC": galaxies["dec_deg"], "name": [f"00{i}" for i in galaxies.index]}
    )
    table.to_csv(tmp_path / "hosts.csv", index=False)
    hosts = HostCatalogue(file=str(tmp_path / "hosts.csv"), ra_deg="RA", dec_deg="DEC", host_id="name")
    truth = night(hosts=hosts, host_share=1.0, offset="uniform", offset_scale_arcsec=2.0, min_separation_fwhm=1.0)[2]
    assert set(truth["kind"]) == {"injected_host"}
    assert set(truth["host_id"]) <= set(table["name"])
    assert truth["host_offset_arcsec"].max() < 2.9


@pytest.mark.replaces("gmadet", "O1")
def test_the_psf_may_be_that_of_a_file(night, tmp_path):
    grid = np.arange(41) - 20
    spot = np.exp(-0.5 * (grid[None, :] ** 2 + grid[:, None] ** 2) / 2.6**2).astype(np.float32)
    for item in night.items():
        path = tmp_path / f"{item.exposure['exposure_id']}_psf.fits"
        fits.PrimaryHDU(spot, fits.Header({"PSF_SAMP": 0.5})).writeto(path)
    recipe = PsfRecipe(sources=("file", "moffat"), file="{exposure_id}_psf.fits", max_residual=1.0)
    psf = night(psf=recipe, negative_share=0.0)[3]
    assert set(psf["kind"]) == {"snapshots"}
    assert (psf["fallback"] == "").all()
    assert (psf["stars"] > 5).all()


@pytest.mark.replaces("gmadet", "O1")
def test_the_psf_may_be_that_of_the_stars_where_they_make_a_good_one(night):
    given = {"sources": ("stars", "moffat"), "min_stars": 5}
    good = night("good.h5", psf=PsfRecipe(**given), negative_share=0.0)[3]
    assert set(good["kind"]) == {"empirical"}
    assert set(good["fallback"]) == {""}
    assert good["residual_fraction"].max() < 0.06
    strict = night("strict.h5", psf=PsfRecipe(**given, max_residual=0.001), negative_share=0.0)[3]
    assert strict["fallback"].str.contains(r"none fits, the best is taken: stars: .* allowed 0.1%; moffat: ").all()
    assert (strict["residual_fraction"] <= good["residual_fraction"]).all()


def test_each_image_has_its_mean_star_psf_and_residual_beside_its_numbers(night, tmp_path):
    psf = night()[3]
    with open_cutouts(tmp_path / "out.h5") as file:
        images = file.stack("psf_images")
    assert images.shape == (len(psf), 3, 33, 33)
    judged = np.isfinite(psf["residual_fraction"].to_numpy(float))
    assert judged.any()
    assert (np.isfinite(images).all(axis=(1, 2, 3)) == judged).all()
    for row in np.flatnonzero(judged):
        star, model, residual = images[row]
        np.testing.assert_allclose(star, model + residual, atol=1e-5)
        inside = np.hypot(*(np.mgrid[-16:17, -16:17])) <= 2 * psf["fwhm_pixel"][row]
        assert 0.5 * np.abs(residual[inside]).sum() == pytest.approx(psf["residual_fraction"][row], rel=0.25)


@pytest.mark.replaces("gmadet", "O16")
def test_a_fallback_stands_in_the_log_and_in_the_file(night, caplog):
    many = {"min_stars": 1000, "max_stars": 1000, "cell_stars": 1000}
    recipe = PsfRecipe(sources=("stars", "file", "moffat"), file="psf/{exposure_id}.psf", max_residual=1.0, **many)
    with caplog.at_level(logging.WARNING):
        psf = night(psf=recipe, negative_share=0.0)[3]
    assert set(psf["source"]) == {"moffat"}
    assert psf["fallback"].str.contains(r"usable stars, a PSF takes 1000; file: no PSF file psf/\w+\.psf").all()
    assert "PSF from moffat: stars: " in caplog.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RDNOISE": None}, "has no FITS key RDNOISE, the read_noise of the science image"),
        ({"GAIN": "high"}, "GAIN of the science image is 'high'; allowed: a number"),
        ({"GAIN": 0.0}, "gain of the science image is 0.0; allowed: above 0"),
        ({"MAGZERO": None}, "has no FITS key MAGZERO"),
    ],
)
def test_a_bad_exposure_is_listed_and_does_not_stop_the_night(night, changes, reason):
    items = night.items()
    items[0] = night.items(**changes)[0]
    rows, _, truth, _, dropped = night(given=items)
    bad = items[0].exposure["exposure_id"]
    assert bad not in set(truth["exposure_id"])
    assert len(rows)
    assert dropped["candidate_id"].tolist().count(bad) == 1
    assert dropped["reason"].str.contains(reason, regex=False).any()


def test_images_of_nan_and_images_that_do_not_overlap_are_lost_with_their_reason(night):
    items = night.items()
    items[0] = replace(items[0], science=np.full_like(items[0].science, np.nan))
    assert night("a.h5", given=items)[4]["reason"].str.contains("the science image has no finite pixel").any()
    science, template = items[1].science.copy(), items[1].template.copy()
    science[:, :150], template[:, 150:] = np.nan, np.nan
    items = [items[1], replace(items[1], science=science, template=template)]
    assert len(night("b.h5", given=items)[4]) >= 1
    with pytest.raises(TooMuchLostError):
        night("c.h5", given=items[1:])


def test_a_catalogue_or_list_that_cannot_be_read_stops_the_night_at_once(night, tmp_path):
    (tmp_path / "bad.csv").write_text("ra_deg,dec_deg\n10,95\n")
    with pytest.raises(InputError, match=r"bad.csv: row 1: dec_deg is 95.0; allowed: -90 to 90"):
        night(hosts=HostCatalogue(file=str(tmp_path / "bad.csv")))
    (tmp_path / "mag.csv").write_text("magnitude\n18.5\nfaint\n")
    with pytest.raises(InputError, match="row 2: magnitude is 'faint'"):
        night(magnitudes="file", magnitude_file=str(tmp_path / "mag.csv"))


def test_magnitudes_are_drawn_from_a_file(night, tmp_path):
    (tmp_path / "mag.csv").write_text("m\n18.5\n17.25\n30\n\n")
    truth = night(magnitudes="file", magnitude_file=str(tmp_path / "mag.csv"), magnitude_column="m")[2]
    assert set(truth["magnitude"]) == {18.5, 17.25}


def test_variable_stars_and_trails_are_searched_like_all_others(night):
    truth = night(variable_share=0.4, trail_share=0.6, per_exposure=25, host_share=0.0)[2]
    assert set(truth["kind"]) == {"injected_random", "injected_variable", "injected_trail"}
    assert truth.groupby("kind")["recovered"].mean()["injected_variable"] > 0.5
    assert (truth["star_magnitude"].notna() == (truth["kind"] == "injected_variable")).all()
    assert (truth.loc[truth["kind"] == "injected_trail", "trail_pixel"] > 0).all()


def test_magnitudes_that_are_not_known_are_not_those_of_hosts(tmp_path):
    (tmp_path / "hosts.csv").write_text("ra,dec,mag\n10,1,15.5\n11,1,-999\n12,1,99.0\n")
    hosts = read_hosts(HostCatalogue(file=str(tmp_path / "hosts.csv"), ra_deg="ra", dec_deg="dec", magnitude="mag"))
    np.testing.assert_array_equal(hosts["magnitude"], [15.5, np.nan, np.nan])
