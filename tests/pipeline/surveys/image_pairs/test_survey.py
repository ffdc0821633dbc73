"""A survey of science images and templates: its candidates are found by its own search, exposure by exposure."""

from functools import partial

import numpy as np
import pytest
from astropy.io import fits
from image_pair_surveys import NEW, TIMES_MJD, expect_new, forget_projection, projection, read_night, write_pairs

from pipeline.errors import SettingsError, TooMuchLostError
from pipeline.io.results.commit import commit
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob

NIGHT = "2026-01-05"


@pytest.mark.replaces("gmadet", "O16")
def test_what_is_new_is_found_measured_and_cut_out(image_pair_survey):
    rows, pixels, dropped, lost = read_night(image_pair_survey(cutout_size_pixel=21))
    expect_new(rows)
    assert lost == 0
    assert dropped.empty
    assert rows["candidate_id"].tolist() == ["e1-00001", "e1-00002", "e2-00001"]
    assert set(rows["band"]) == {"r"}
    np.testing.assert_allclose(rows["time_mjd"], [61045.9, 61045.9, 61045.95], atol=1e-6)
    assert (rows["snr"] > 10).all()
    assert (rows["flux_sign"] == 1).all()
    science, template, difference = np.moveaxis(pixels, -1, 0)
    middle = np.s_[:, 8:13, 8:13]
    assert (np.nanmax(difference[middle], axis=(1, 2)) > 80).all()
    assert (np.nanmax(science[middle] - template[middle], axis=(1, 2)) > 80).all()


def test_an_object_has_one_name_in_all_exposures_of_the_night(image_pair_survey):
    rows, *_ = read_night(image_pair_survey())
    same = rows["object_id"] == rows["object_id"].iloc[-1]
    assert same.sum() == 2
    assert set(rows["exposure_id"][same]) == {"e1", "e2"}
    separation = np.ptp(rows["dec_deg"][same]) * 3600
    assert separation < 1.0


def test_two_processes_give_what_one_gives(image_pair_survey, tmp_path):
    digests = []
    for workers in (1, 2):
        survey = image_pair_survey(max_lost_fraction=1.0)
        survey.workers = workers
        path = tmp_path / f"{workers}.h5"
        options = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
        commit(path, partial(fetch_cutouts, job=NightJob(survey=survey, **options)))
        digests.append(content_sha256(path))
    assert digests[0] == digests[1]


@pytest.mark.parametrize("alignment", ["wcs", "stars"])
def test_a_template_on_another_grid_is_aligned(image_pair_survey, alignment):
    write = partial(write_pairs, template_wcs=projection(4, -6, 7))
    rows, _, _, lost = read_night(image_pair_survey(write=write, difference={"alignment": alignment}))
    assert lost == 0
    expect_new(rows)


def test_without_any_projection_positions_are_pixels_alone_and_objects_still_linked(image_pair_survey):
    write = partial(write_pairs, has_wcs=False)
    rows, *_ = read_night(image_pair_survey(write=write, difference={"alignment": "stars"}))
    expect_new(rows)
    assert rows["ra_deg"].isna().all()
    assert rows["object_id"].nunique() == 2


def test_a_template_with_a_projection_gives_it_to_a_science_image_without(image_pair_survey):
    write = partial(write_pairs, has_wcs=False, template_has_wcs=True)
    rows, *_ = read_night(image_pair_survey(write=write, difference={"alignment": "stars"}))
    ra, dec = projection().all_pix2world(*np.array(NEW["e2"][0][:2]), 0)
    last = rows.iloc[-1]
    assert np.hypot((last["ra_deg"] - ra) * np.cos(np.deg2rad(dec)), last["dec_deg"] - dec) * 3600 < 0.5


def test_a_score_channel_is_cut_as_well(image_pair_survey):
    survey = image_pair_survey(channels=["difference", "score"], cutout_size_pixel=9)
    _, pixels, *_ = read_night(survey)
    assert (pixels[:, 3:6, 3:6, 1].max(axis=(1, 2)) > 10).all()


def test_faded_sources_are_found_with_their_sign(image_pair_survey):
    def write(folder):
        write_pairs(folder, new={"e1": [], "e2": []})
        path = folder / "templates" / "r.fits"
        with fits.open(path, mode="update") as file:
            y, x = np.indices(file[0].data.shape)
            file[0].data += (600 * np.exp(-((x - 90) ** 2 + (y - 69) ** 2) / (2 * 0.95**2))).astype(np.float32)

    rows, *_ = read_night(image_pair_survey(write=write))
    assert rows["flux_sign"].tolist() == [-1, -1]


def blank(path):
    with fits.open(path, mode="update") as file:
        file[0].data[:] = np.nan


def starless(path):
    with fits.open(path, mode="update") as file:
        shape = file[0].data.shape
        file[0].data = np.random.default_rng(0).normal(200.0, 10.0, shape).astype(np.float32)


def elsewhere(path):
    with fits.open(path, mode="update") as file:
        file[0].header["CRVAL1"] = 10.0


def truncated(path):
    path.write_bytes(path.read_bytes()[:20000])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (blank, "has no finite pixel|no finite"),
        (starless, "stars in the science image|stars common"),
        (elsewhere, "do not overlap on the sky"),
        (forget_projection, "the science image holds no WCS, which alignment 'wcs' needs; 'stars' does without"),
    ],
)
def test_a_bad_exposure_is_lost_with_its_reason_and_the_others_are_searched(image_pair_survey, spoil, reason):
    def write(folder):
        write_pairs(folder, template_wcs=projection(3, 3))
        spoil(folder / "science" / "e1.fits")

    rows, _, dropped, lost = read_night(image_pair_survey(write=write))
    assert lost == 1
    assert set(rows["exposure_id"]) == {"e2"}
    assert dropped["candidate_id"].tolist() == ["e1"]
    assert dropped["reason"].str.contains(reason).all(), dropped["reason"].tolist()
    assert not dropped["reason"].str.contains("/tmp").any()


def test_a_file_whose_night_nobody_knows_is_listed_and_costs_no_exposure(image_pair_survey):
    def write(folder):
        write_pairs(folder)
        truncated(folder / "science" / "e1.fits")

    rows, _, dropped, lost = read_night(image_pair_survey(write=write))
    assert (set(rows["exposure_id"]), lost) == ({"e2"}, 0)
    assert dropped["candidate_id"].tolist() == ["science/e1.fits"]
    assert dropped["reason"].str.contains("file of no night: .*truncated").all()


def test_where_the_folder_says_the_night_a_file_that_cannot_be_read_is_a_lost_exposure(image_pair_survey):
    def write(folder):
        write_pairs(folder)
        (folder / NIGHT).mkdir()
        for path in (folder / "science").iterdir():
            path.rename(folder / NIGHT / path.name)
        truncated(folder / NIGHT / "e1.fits")

    survey = image_pair_survey(write=write, input={"files": "{night}/*.fits"})
    assert survey.nights() == [NIGHT]
    rows, _, dropped, lost = read_night(survey)
    assert (set(rows["exposure_id"]), lost) == ({f"{NIGHT}/e2"}, 1)
    assert dropped["candidate_id"].tolist() == [f"{NIGHT}/e1"]
    assert "truncated" in dropped["reason"].iloc[0]


def test_a_file_whose_time_contradicts_its_folder_is_a_lost_exposure_by_name(image_pair_survey):
    def write(folder):
        write_pairs(folder)
        (folder / NIGHT).mkdir()
        for path in (folder / "science").iterdir():
            path.rename(folder / NIGHT / path.name)
        with fits.open(folder / NIGHT / "e1.fits", mode="update") as file:
            file[0].header["MJD-OBS"] += 2

    survey = image_pair_survey(write=write, input={"files": "{night}/*.fits"})
    said = f"is filed under night {NIGHT}, and its time, MJD"
    assert [fault.partition(f": {said}")[0] for fault in survey.check()] == [f"{NIGHT}/e1.fits"]
    rows, _, dropped, lost = read_night(survey)
    assert (set(rows["exposure_id"]), lost) == ({f"{NIGHT}/e2"}, 1)
    assert dropped["candidate_id"].tolist() == [f"{NIGHT}/e1.fits"]
    assert said in dropped["reason"].iloc[0]


def test_a_night_of_bad_exposures_fails_with_the_reasons(image_pair_survey, tmp_path):
    def write(folder):
        write_pairs(folder)
        blank(folder / "science" / "e1.fits")

    survey = image_pair_survey(write=write)
    options = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
    with pytest.raises(TooMuchLostError, match=r"1 of 2 exposures are unusable.*finite"):
        fetch_cutouts(tmp_path / "c.h5", NightJob(survey=survey, **options))


def test_an_exposure_of_a_band_without_template_is_lost(image_pair_survey):
    write = partial(write_pairs, changes={"e2": {"FILTER": "z"}})
    rows, _, dropped, lost = read_night(image_pair_survey(write=write))
    assert (set(rows["exposure_id"]), lost) == ({"e1"}, 1)
    assert "templates/z.fits" in dropped["reason"].iloc[0]


def test_the_manifest_says_that_candidates_are_not_known_yet(image_pair_survey):
    manifest = image_pair_survey().freeze(NIGHT)
    assert manifest["candidates"] == "not known before the search"
    assert sorted(manifest["files"]) == ["science/e1.fits", "science/e2.fits", "templates/r.fits"]
    assert manifest["queries"]["exposures"]["rows"] == 2


def test_numbers_and_other_keys_stand_for_what_headers_lack(image_pair_survey):
    bare = {"GAIN": None, "RDNOISE": None, "MAGZERO": None, "FWHM": None, "EGAIN": 2.0}
    write = partial(write_pairs, changes=dict.fromkeys(TIMES_MJD, bare))
    science = {"gain": "EGAIN", "read_noise": 6.0, "zeropoint": 26.0}
    rows, _, dropped, lost = read_night(image_pair_survey(write=write, difference={"science": science}))
    assert lost == 0
    assert dropped.empty
    assert set(rows["zeropoint"]) == {26.0}
    lost = read_night(image_pair_survey())[3]  # of the same files
    assert lost == 2


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"files": ""}, "exactly one of files, exposures"),
        ({"files": "../x/*.fits"}, "allowed: a pattern below folder"),
        ({"files": "a*/{night}/*.fits"}, r"before any other wildcard"),
        ({"images": {"hdus": {"science": "path:0"}}}, r"exactly one of images\.hdus\.template, template_service"),
        ({"template_service": {"hips": "x"}}, r"exactly one of images\.hdus\.template, template_service"),
        ({"veto": {"catalogue": "a.csv", "radius_arcsec": -1.0}}, "radius_arcsec is -1.0"),
        ({"zeropoint": {"catalogue": "a.csv", "min_stars": 0}}, r"min_stars 0 \(at least 1\)"),
        ({"keys": {"columns": {"band": "X"}}}, "'band', which has a key of its own"),
    ],
)
def test_settings_that_cannot_be_are_refused(image_pair_survey, given, fault):
    with pytest.raises(SettingsError, match=fault):
        image_pair_survey(input=given)


def test_a_channel_that_no_search_gives_is_refused(image_pair_survey):
    with pytest.raises(SettingsError, match=r"'weight' cannot be made; allowed: science, template, difference, score"):
        image_pair_survey(channels=["science", "weight"])


def test_a_cutout_file_is_labelled_by_key(image_pair_survey, tmp_path):
    survey = image_pair_survey(labels=[{"provider": "list", "table": "eyeballs", "source": "eyeball"}])
    options = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
    fetch_cutouts(tmp_path / "c.h5", NightJob(survey=survey, **options))
    with open_cutouts(tmp_path / "c.h5") as file:
        rows = file.candidates().set_index("candidate_id")
    assert rows.loc["e1-00001", "label"] == 1
    assert (rows.drop("e1-00001")["label"] == -1).all()


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"GAIN": 120.0, "RDNOISE": 6.0}, "times its predicted noise"),
        ({"GAIN": 0.01, "RDNOISE": 0.0}, "times its predicted noise"),
    ],
    ids=["a setting of the camera", "far too small"],
)
def test_an_exposure_whose_noise_cannot_be_true_is_lost_by_name(image_pair_survey, cards, said):
    write = partial(write_pairs, changes={"e1": cards})
    rows, _, dropped, lost = read_night(image_pair_survey(write=write, max_lost_fraction=1.0))
    assert lost == 1
    assert set(rows["exposure_id"]) == {"e2"}
    (reason,) = dropped["reason"]
    assert said in reason
    assert "max_noise_factor" in reason


def test_egain_goes_before_a_gain_that_is_a_setting_of_the_camera(image_pair_survey):
    write = partial(write_pairs, changes={"e1": {"GAIN": 120.0, "EGAIN": 2.0}})
    rows, _, dropped, lost = read_night(image_pair_survey(write=write))
    assert lost == 0
    assert dropped.empty
    expect_new(rows)


def test_a_doubtful_noise_is_said_and_kept_in_the_file(image_pair_survey):
    write = partial(write_pairs, changes={"e1": {"GAIN": 5.0, "RDNOISE": 1.0}})
    _, _, dropped, lost = read_night(image_pair_survey(write=write))
    assert lost == 0
    assert dropped["step"].tolist() == ["noise"]
    assert "signal to noise ratios are wrong" in dropped["reason"].iloc[0]


def test_a_check_names_each_exposure_and_each_file_of_no_night_once(image_pair_survey, caplog):
    def write(folder):
        write_pairs(folder, changes={"e1": {"RDNOISE": None}, "e2": {"RDNOISE": None}})
        truncated(folder / "science" / "e2.fits")

    survey = image_pair_survey(write=write, max_lost_fraction=1.0)
    faults = [*survey.check(), *survey.check_night(NIGHT)]
    assert len([fault for fault in faults if "e2.fits" in fault]) == 1
    (first, again) = [fault for fault in faults if "RDNOISE" in fault]
    assert first == again
    assert first.startswith("exposure e1: science/e1.fits has no FITS key RDNOISE")
    read_night(survey)
    assert "exposure e1 is unusable: science/e1.fits has no FITS key RDNOISE" in caplog.text
