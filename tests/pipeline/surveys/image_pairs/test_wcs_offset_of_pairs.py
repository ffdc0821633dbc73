"""Exposures whose WCS is off from the template's: corrected, said, and lost where it is too far."""

import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from image_pair_surveys import NEW, NIGHT, projection, read_night, write_pairs

from pipeline.errors import SettingsError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import write_night
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.relabelled_night import relabelled_night


def shifted(x, y):
    """Return cards of a first exposure whose projection is off by so many pixels."""
    return {"CRPIX1": 100.0 + x, "CRPIX2": 100.0 + y}


def offset_said(reason):
    """Return distance, x and y of an offset as a reason states them."""
    found = re.search(r"is off by (\S+) pixel \(x (\S+), y (\S+)\)", reason)
    return [float(number) for number in found.groups()]


def sky_errors_pixel(rows, name="e1"):
    """Return how far what is found on an exposure lies from what is there, each in pixels of the sky."""
    x, y, _ = np.array(NEW[name]).T
    ra, dec = projection().all_pix2world(x, y, 0)
    mine = rows[rows["exposure_id"] == name]
    assert len(mine) == len(x)
    east = (mine["ra_deg"].to_numpy()[:, None] - ra) * np.cos(np.deg2rad(dec))
    return np.hypot(east, mine["dec_deg"].to_numpy()[:, None] - dec).min(axis=0) * 3600.0


@pytest.mark.parametrize(
    ("alignment", "template_wcs"),
    [
        ("wcs", None),
        ("wcs", projection(4, -6, 7)),
        ("wcs", projection(3.2, -2.4)),
        ("stars", projection(4, -6, 7)),
        ("none", projection(3.2, -2.4)),
    ],
    ids=["wcs", "wcs, turned", "wcs, on one grid", "stars, turned", "none, on one grid"],
)
def test_a_wcs_that_is_off_is_corrected_and_said(image_pair_survey, caplog, alignment, template_wcs):
    write = partial(write_pairs, changes={"e1": shifted(3.2, -2.4)}, template_wcs=template_wcs)
    survey = image_pair_survey(write=write, difference={"alignment": alignment}, max_lost_fraction=1.0)
    rows, _, dropped, _ = read_night(survey)
    assert sky_errors_pixel(rows).max() < 0.3
    said = dropped[dropped["candidate_id"] == "e1"]
    assert said["step"].tolist() == ["wcs"]
    assert offset_said(said["reason"].iloc[0]) == pytest.approx([4.0, 3.2, -2.4], abs=0.1)
    assert said["reason"].iloc[0] in caplog.text


def test_the_template_is_cut_where_a_wrong_wcs_would_not_have_it(image_pair_survey, tmp_path):
    off = partial(write_pairs, changes={"e1": shifted(3.2, -2.4)}, template_wcs=projection(4, -6, 7))
    templates = []
    for folder, write in (("right", partial(write_pairs, template_wcs=projection(4, -6, 7))), ("off", off)):
        survey = image_pair_survey(folder=tmp_path / folder, write=write, cutout_size_pixel=41)
        rows, pixels, *_ = read_night(survey)
        templates.append(pixels[(rows["exposure_id"] == "e1").to_numpy()][..., 1])
    light = np.abs(templates[0] - 200.0).sum()
    assert np.abs(templates[1] - templates[0]).sum() < 0.1 * light


def test_an_offset_below_a_pixel_is_corrected_without_a_word(image_pair_survey):
    rows, _, dropped, _ = read_night(image_pair_survey(write=partial(write_pairs, changes={"e1": shifted(0.6, 0.5)})))
    assert sky_errors_pixel(rows).max() < 0.3
    assert dropped.empty


@pytest.mark.parametrize("shift", [(0.6, 0.5), (3.2, -2.4)], ids=["below a pixel", "said"])
def test_the_offset_of_every_exposure_stands_in_the_file_and_labels_anew_keep_it(image_pair_survey, tmp_path, shift):
    survey = image_pair_survey(write=partial(write_pairs, changes={"e1": shifted(*shift)}))
    manifest = {"night": NIGHT, **survey.freeze(NIGHT)}
    said = {"identity": {"task": "FetchCutouts", "revision": 1, "decides": {"survey": {}}}}
    job = NightJob(survey=survey, name="toy", night=NIGHT, manifest=manifest, provenance=said)
    path, again = tmp_path / "night.h5", tmp_path / "again.h5"
    write_night(path, NightCutouts(job))
    relabelled = relabelled_night(job, [path])
    write_night(again, relabelled)
    for file in (path, again):
        with open_cutouts(file) as found:
            rows = found.table("exposures").set_index("exposure_id")
            assert sorted(rows.index) == ["e1", "e2"]
            offsets = rows[["wcs_offset_x_pixel", "wcs_offset_y_pixel"]]
            assert offsets.loc["e1"].tolist() == pytest.approx(shift, abs=0.1)
            assert offsets.loc["e2"].tolist() == pytest.approx([0, 0], abs=0.1)
            assert rows["noise_spread"].between(0.8, 1.25).all()


def test_an_offset_that_nothing_tells_is_not_known(image_pair_survey):
    survey = image_pair_survey(difference={"alignment": "none"}, write=partial(write_pairs, template_wcs=projection(4)))
    rows = pd.concat([batch.measured for batch in survey.read(NIGHT, survey.freeze(NIGHT))])
    assert rows["wcs_offset_x_pixel"].isna().all()
    assert rows["wcs_offset_y_pixel"].isna().all()


@pytest.mark.parametrize(
    ("shift", "difference", "allowed"),
    [((4.0, 0.0), {"max_wcs_offset_pixel": 3.0}, "3"), ((0.0, -9.0), {}, "5")],
    ids=["set", "farther than the stars are looked for"],
)
def test_an_exposure_whose_wcs_is_off_by_too_much_is_lost_by_name(image_pair_survey, shift, difference, allowed):
    write = partial(write_pairs, changes={"e1": shifted(*shift)})
    survey = image_pair_survey(write=write, difference=difference, max_lost_fraction=1.0)
    rows, _, dropped, lost = read_night(survey)
    assert lost == 1
    assert set(rows["exposure_id"]) == {"e2"}
    assert dropped["candidate_id"].tolist() == ["e1"]
    assert f"allowed by max_wcs_offset_pixel: {allowed}. " in dropped["reason"].iloc[0]
    assert offset_said(dropped["reason"].iloc[0])[1:] == pytest.approx(shift, abs=0.1)


def test_a_larger_offset_can_be_allowed(image_pair_survey):
    write = partial(write_pairs, changes={"e1": shifted(0.0, -9.0)})
    rows, _, _, lost = read_night(image_pair_survey(write=write, difference={"max_wcs_offset_pixel": 10.0}))
    assert lost == 0
    assert sky_errors_pixel(rows).max() < 0.3


def test_an_offset_that_none_allows_is_refused(image_pair_survey):
    with pytest.raises(SettingsError, match=r"max_wcs_offset_pixel is 0\.0; allowed: above 0"):
        image_pair_survey(difference={"max_wcs_offset_pixel": 0.0})
