"""Surveys of other systems' stamps: what the conformance tests cannot ask."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image

from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob

NIGHT = "2026-01-05"
LABELS = [{"provider": "list", "table": "labels"}]


def fetch(survey, path, night):
    options = {"name": "toy", "manifest": survey.freeze(night), "provenance": {}, "progress": lambda *_: None}
    commit(path, lambda scratch: fetch_cutouts(scratch, NightJob(survey=survey, night=night, **options)))
    with open_cutouts(path) as file:
        return file.candidates(), file.pixels(), file.table("dropped")


def psat(folder, open_survey, **settings):
    stated = {"format": "psat_list", "folder": str(folder), **settings.pop("input", {})}
    common = {"channels": ["difference"], "cutout_size_pixel": 20, "longitude_deg": -155.6, "labels": LABELS}
    return open_survey(None, {"source": "stamp_set", "input": stated, **common, **settings})


@pytest.fixture
def open_survey(stamp_survey):
    """Return what opens a survey out of its settings."""
    from pipeline.settings import parse
    from pipeline.surveys.load import open_survey
    from pipeline.surveys.settings import SurveySettings

    common = {
        "telescope": "T1", "pixel_scale_arcsec": 1.0, "closed": {"marker": "closed-{night}"},
        "defaults": {"dataset": "d", "classifier": "c"},
    }  # fmt: skip

    def make(folder, mapping):
        return open_survey(parse(SurveySettings, common | mapping, "toy.yaml"), "toy", folder)

    return make


@pytest.mark.replaces("psat-ml", "P2")
def test_the_nights_of_psat_stamps_are_fetched_with_their_labels(legacy, open_survey, tmp_path):
    folder, stamps = legacy.psat_lists()
    survey = psat(folder, open_survey)
    assert survey.nights()[:2] == ["2018-04-17", "2018-04-18"]
    rows, pixels, _ = fetch(survey, tmp_path / "n.h5", "2018-04-17")
    assert rows["label"].tolist() == [1, 0]
    assert set(rows["label_source"]) == {"psat list"}
    for name, image in zip(rows["candidate_id"], pixels[..., 0], strict=True):
        np.testing.assert_array_equal(image, stamps[name][10:30, 10:30])


@pytest.mark.replaces("gotorb", "G6")
def test_a_folder_of_gotorb_is_a_survey_without_any_database(legacy, open_survey, tmp_path):
    folder, table, _ = legacy.gotorb()
    channels = ["science", "template", "difference", "frames_ptp", "frames_min", "frames_max"]
    stated = {"format": "gotorb", "folder": str(folder), "night": "2020-10-30"}
    common = {"channels": channels, "cutout_size_pixel": 7, "longitude_deg": -17.88, "labels": LABELS}
    rows, pixels, _ = fetch(
        open_survey(None, {"source": "stamp_set", "input": stated, **common}), tmp_path / "n.h5", "2020-10-30"
    )
    assert rows["label"].tolist() == table["label"].tolist()
    assert rows["label_source"].tolist() == table["metalabel"].tolist()
    assert pixels.shape == (10, 7, 7, 6)


def test_stamps_without_a_date_need_a_stated_night(legacy, open_survey):
    path, _ = legacy.cube()
    stated = {"format": "gmadet_cube", "folder": str(path.parent), "paths": [path.name]}
    survey = open_survey(None, {"source": "stamp_set", "input": stated, "channels": ["difference"],
                                "cutout_size_pixel": 33, "longitude_deg": 0.0})  # fmt: skip
    with pytest.raises(InputError, match="stamp '9007199254740993' has no date; state its night with the key night"):
        survey.nights()


def test_pixels_that_are_not_raw_are_refused_with_a_way_out(legacy, open_survey):
    path, _ = legacy.psat_hdf5()
    stated = {"format": "psat_hdf5", "paths": [path.name], "night": "2018-04-17"}
    survey = psat(path.parent, open_survey, input=stated)
    with pytest.raises(InputError, match="holds pixels under 'sign_log'; a survey gives raw ones"):
        survey.nights()
    assert psat(path.parent, open_survey, input=stated | {"options": {"pixel_state": "raw"}}).nights() == ["2018-04-17"]


def test_an_unreadable_stamp_counts_as_lost_and_is_listed(legacy, open_survey, tmp_path):
    folder, _ = legacy.psat_lists()
    next(iter(sorted((folder / "good").iterdir()))).write_bytes(b"no fits")
    survey = psat(folder, open_survey, max_lost_fraction=0.5)
    rows, _, dropped = fetch(survey, tmp_path / "n.h5", "2018-04-17")
    assert len(rows) == 1
    assert dropped["candidate_id"].tolist() == ["10004_58226.41_02a58226o0000o_7_diff"]
    assert dropped["reason"][0].startswith("unreadable: cannot read FITS file")


def test_stamps_that_the_set_leaves_out_are_listed(legacy, open_survey, tmp_path):
    folder, _ = legacy.gmadet(true=4, false=4)
    fits.setval(folder / "true" / "candidate_3.fits", "EDGE", value="True")
    (folder / "false" / "candidate_2.fits").write_bytes(b"no fits")
    stated = {"format": "gmadet", "night": NIGHT}
    rows, _, dropped = fetch(psat(folder, open_survey, input=stated, cutout_size_pixel=33), tmp_path / "n.h5", NIGHT)
    assert len(rows) == 6
    assert dropped["candidate_id"].tolist() == ["candidate_2", "candidate_3"]
    assert dropped["reason"][0].startswith("unreadable: ")
    assert dropped["reason"][1] == "touches the edge of its image"


def test_stamps_that_the_set_leaves_out_are_listed_with_its_first_night_alone(legacy, open_survey, tmp_path):
    folder, _ = legacy.psat_lists()
    with (folder / "good.txt").open("a") as stream:
        stream.writelines(f"1_2_{number}_tiles.fits\n" for number in range(3))
    survey = psat(folder, open_survey)
    _, _, dropped = fetch(survey, tmp_path / "first.h5", "2018-04-17")
    assert dropped["candidate_id"].tolist() == ["1_2_0_tiles", "1_2_1_tiles", "1_2_2_tiles"]
    _, _, dropped = fetch(survey, tmp_path / "second.h5", "2018-04-18")
    assert not len(dropped)


def test_a_set_of_which_no_stamp_can_be_used_is_a_fault(legacy, open_survey):
    folder, _ = legacy.gmadet(true=2, false=1)
    for path in folder.glob("*/*.fits"):
        fits.setval(path, "EDGE", value="True")
    survey = psat(folder, open_survey, input={"format": "gmadet"}, cutout_size_pixel=33)
    (fault,) = survey.check()
    assert "none of 3 stamps can be used, candidate_0: touches the edge of its image" in fault


@pytest.mark.parametrize(
    ("stated", "error", "message"),
    [
        ({"format": "psat_lists"}, UnknownNameError, "unknown stamp format 'psat_lists' .did you mean 'psat_list'"),
        ({"options": {"hdus": 1}}, SettingsError, "unknown key 'hdus' .did you mean 'hdu'"),
        ({"folder": "/nowhere"}, MissingInputError, "no folder /nowhere"),
        ({"night": "soon"}, SettingsError, "soon"),
        ({"paths": []}, SettingsError, "paths is empty"),
    ],
)
def test_a_wrong_setting_is_named(legacy, open_survey, stated, error, message):
    folder, _ = legacy.psat_lists()
    with pytest.raises((error, SettingsError), match=message):
        psat(folder, open_survey, input=stated).nights()


def sidecar(folder, **columns):
    """Write the table beside a list of stamps, with columns of the same value for all."""
    names = [f"{path.parent.name}/{path.name}" for path in sorted(folder.glob("*/*.fits"))]
    pd.DataFrame({"file": names, **columns}).to_csv(folder / "candidates.csv", index=False)


def stamps_in_folders(folder):
    for name in ("good", "bad"):
        (folder / name).mkdir()
        fits.PrimaryHDU(np.ones((20, 20), np.float32)).writeto(folder / name / f"{name}_x.fits")
    return folder


@pytest.mark.parametrize("columns", [{"time_mjd": "2026-01-05 21:00:00"}, {"time_mjd": 61045.9}, {"night": "61045"},
                                     {"night": "2026-01-05 00:00:00"}])  # fmt: skip
def test_the_table_beside_stamps_may_state_moments_and_nights(open_survey, tmp_path, columns):
    sidecar(stamps_in_folders(tmp_path), **columns)
    assert psat(tmp_path, open_survey, longitude_deg=-70.0).nights() == ["2026-01-05"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time_mjd": 2461046.0}, "time_mjd: row 1: 2461046.0 is outside .* looks like a JD"),
        ({"time_mjd": 0.0}, "has no date; state its night"),
        ({"time_mjd": -999.0}, "has no date; state its night"),
        ({"night": "20260106/c"}, "column 'night': night '20260106/c' is not a date"),
        ({"night": "8597-01-24"}, "column 'night': night '8597-01-24' is outside 1900 to 2100; allowed: 1900-01-01 to"),
    ],
)
def test_a_stamp_whose_time_or_night_cannot_be_is_refused(open_survey, tmp_path, columns, message):
    sidecar(stamps_in_folders(tmp_path), **columns)
    with pytest.raises(InputError, match=message):
        psat(tmp_path, open_survey).nights()


def folder_survey(open_survey, folder, classes, **options):
    stated = {"format": "image_folder", "folder": str(folder), "night": "2000-01-01", "options": options}
    common = {"channels": ["red", "green", "blue"], "cutout_size_pixel": 6, "longitude_deg": 0.0, "labels": LABELS}
    return open_survey(None, {"source": "stamp_set", "kind": "images", "input": stated, "classes": classes, **common})


def test_classes_of_files_are_matched_with_the_survey_s_by_name(open_survey, tmp_path):
    for number, name in enumerate(("Bar", "edge", "spiral")):
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    survey = folder_survey(open_survey, tmp_path, ["spiral", "bar", "merger", "edge"])
    labels = survey.reference("labels", "2000-01-01").set_index("candidate_id")["label"]
    assert labels.to_dict() == {"0": 1, "1": 3, "2": 0}
    assert survey.check() == []
    (batch,) = survey.read("2000-01-01", survey.freeze("2000-01-01"))
    assert batch.cutouts.shape == (3, 6, 6, 3)
    with pytest.raises(
        InputError, match=r"have the class 'edge' .1 stamps.; the survey's classes: spiral, bar; allowed: names"
    ):
        folder_survey(open_survey, tmp_path, ["spiral", "bar"]).reference("labels", "")


def galaxies(path, open_survey, classes, **options):
    stated = {"format": "galaxy10", "folder": str(path.parent), "paths": [path.name], "night": "2026-01-05"}
    common = {"channels": ["red", "green", "blue"], "cutout_size_pixel": 16, "longitude_deg": 0.0, "labels": LABELS}
    given = {"source": "stamp_set", "input": stated | {"options": options}, **common, "kind": "images"}
    return open_survey(None, given | ({"classes": classes} if classes else {}))


@pytest.mark.replaces("galaxy10", "Z1")
def test_classes_of_the_files_are_those_of_the_survey_by_name(legacy, open_survey, tmp_path):
    path, _ = legacy.galaxy10()
    names = list("abcdefghij")
    survey = galaxies(path, open_survey, names[::-1], class_names=names)
    rows, _, _ = fetch(survey, tmp_path / "n.h5", "2026-01-05")
    assert rows["label"].tolist() == [9 - number % 10 for number in range(20)]
    assert rows["kind"][0] == "a"
    with open_cutouts(tmp_path / "n.h5") as file:
        assert file.header.class_names == tuple(names[::-1])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (list("abcdefghix"), r"the class 'j' .2 stamps.; the survey's classes: a, b"),
        (["a", "b"], r"class 'c' .2 stamps., 'd' .*'f' .2 stamps. and 4 more; the survey's classes: a, b; allowed"),
        (None, r"class 'a' .*; the survey's classes: bogus, real"),
    ],
)
def test_a_class_that_the_survey_does_not_have_is_refused(legacy, open_survey, classes, message):
    path, _ = legacy.galaxy10()
    with pytest.raises(InputError, match=message):
        galaxies(path, open_survey, classes, class_names=list("abcdefghij")).freeze("2026-01-05")


def test_classes_that_are_only_numbered_have_the_survey_s_codes(legacy, open_survey):
    path, _ = legacy.galaxy10()
    names = list("abcdefghij")
    survey = galaxies(path, open_survey, names, class_names=[str(number) for number in range(10)])
    assert survey.table_rows("labels", "")["label"].tolist() == [number % 10 for number in range(20)]
