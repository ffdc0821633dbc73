"""`nightsift check` of images: damaged ones of any night, and those without the projection that aligning needs."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from astropy.io import fits
from image_pair_surveys import write_pairs
from image_surveys import write_images
from own_survey import change_input, faults_of


@pytest.fixture
def own_images(survey):
    """Return a function that changes the FITS file of the first exposure of a night, in a folder of our own."""
    given = survey.settings("surveys", "own")["input"]
    folder = survey.root / "images"
    shutil.copytree(given["folder"], folder)
    change_input(survey, folder=str(folder))

    def change(night, how):
        with closing(sqlite3.connect(folder / "survey.sqlite")) as connection:
            row = connection.execute(
                "SELECT exposure_id, science_path FROM exposures WHERE night = ? ORDER BY exposure_id", (night,)
            ).fetchone()
        how(folder / row[1])
        return row[0]

    return change


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def forget_projections(path):
    with fits.open(path, mode="update") as file:
        for entry in file:
            for key in [key for key in entry.header if key.startswith(("CTYPE", "CRVAL"))]:
                del entry.header[key]


@pytest.mark.parametrize(("position", "options"), [(0, ["--all"]), (1, []), (1, ["--all"])])
def test_a_damaged_image_is_named_that_of_an_older_night_by_all(survey, check, own_images, position, options):
    exposure = own_images(survey.nights[position], cut_short)
    text = faults_of(survey, check, *options)
    assert f"exposure {exposure}: " in text
    assert (f"night {survey.nights[position]}: " in text) == bool(options)


def test_a_damaged_image_of_an_older_night_needs_all(survey, check, own_images):
    own_images(survey.nights[0], cut_short)
    assert check("own")[0] == 0


def test_a_wrong_origin_of_pixels_is_told_of_a_database_by_all(survey, check):
    survey.change("surveys", "own", pixel_origin=1)
    text = faults_of(survey, check, "--all")
    assert text.count("state `pixel_origin: 0`") >= len(survey.nights)


@pytest.mark.parametrize("made", [True, False])
def test_images_without_a_projection_are_named_where_they_are_aligned_by_it(survey, check, own_images, made):
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"]
    hdus = {name: place for name, place in hdus.items() if name != "difference" or not made}
    change_input(survey, images={"hdus": hdus, "difference": {"alignment": "wcs"}})
    assert check("own")[0] == 0
    own_images(survey.nights[1], forget_projections)
    assert "the science image holds no WCS, which alignment 'wcs' needs" in faults_of(survey, check)


@pytest.fixture
def pairs(here):
    """A survey of science images and templates, which are subtracted and searched here."""
    write_pairs(here.root / "pairs")
    images = {"hdus": {"science": "path:0", "template": "templates/r.fits:0"}, "difference": {"alignment": "wcs"}}
    given = {"folder": str(here.root / "pairs"), "files": "science/*.fits", "images": images}
    settings = here.settings("surveys", "raw_images") | {"input": given, "longitude_deg": 0.0, "labels": []}
    settings["closed"] = {"after_hours": 0}
    here.write("surveys", "raw_images", settings)
    return here


def test_image_pairs_that_work_have_no_fault(pairs, check):
    assert check("raw_images")[0] == 0
    assert check("raw_images", "--all")[0] == 0


@pytest.mark.parametrize("options", [[], ["--all"]])
def test_image_pairs_without_a_projection_are_named(pairs, check, options):
    write_pairs(pairs.root / "pairs", has_wcs=False)
    code, lines = check("raw_images", *options)
    assert code == 1
    assert "the science image holds no WCS, which alignment 'wcs' needs" in "\n".join(lines)


def test_a_damaged_image_of_a_pair_is_named_by_all(pairs, check):
    cut_short(pairs.root / "pairs" / "science" / "e2.fits")
    code, lines = check("raw_images", "--all")
    assert code == 1
    assert "e2" in "\n".join(lines)


@pytest.mark.parametrize("options", [[], ["--all"]])
def test_a_damaged_image_of_a_pair_is_named_once(pairs, check, options):
    cut_short(pairs.root / "pairs" / "science" / "e2.fits")
    assert "\n".join(check("raw_images", *options)[1]).count("e2.fits") == 1


def test_images_that_are_there_and_cannot_be_used_are_not_said_to_be_absent(pairs, check):
    given = pairs.settings("surveys", "raw_images")["input"]
    hdus = given["images"]["hdus"] | {"science": "path:SCI"}
    pairs.change("surveys", "raw_images", input=given | {"images": given["images"] | {"hdus": hdus}})
    text = "\n".join(check("raw_images")[1])
    assert "has no HDU 'SCI'" in text
    assert "no image" not in text


@pytest.mark.parametrize("options", [[], ["--all"]])
def test_a_wrong_column_hides_no_wrong_hdu(survey, check, options):
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"]
    change_input(
        survey, images={"hdus": hdus | {"template": "template_pth:TEMPLATE", "difference": "science_path:DIFF"}}
    )
    text = faults_of(survey, check, *options)
    assert text.count("the exposures have no column 'template_pth'") == 1
    assert "names no image of channel" not in text
    assert "has no HDU 'DIFF'" in text


def test_a_query_that_fails_hides_no_wrong_hdu(survey, check):
    (survey.config / "queries" / "own" / "movers.sql").write_text("SELECT nothing FROM nowhere WHERE :night = ''")
    hdus = survey.settings("surveys", "own")["input"]["images"]["hdus"]
    change_input(survey, images={"hdus": hdus | {"difference": "difference_path:DIFF"}})
    text = faults_of(survey, check)
    assert "own/movers" in text
    assert "has no HDU 'DIFF'" in text


@pytest.mark.parametrize("options", [[], ["--all"]])
@pytest.mark.parametrize("named", ["candidates.csv", "candidates_{night}.csv"])
def test_wrong_columns_of_a_table_are_all_named_and_hide_no_wrong_hdu(here, check, tmp_path, named, options):
    write_images(tmp_path / "a.fits", 100.0)
    (tmp_path / named.replace("{night}", "2026-01-05")).write_text("id,ra,dec,x,y,mjd,file\na,1,2,3,4,61045.9,a.fits\n")
    columns = {
        "candidate_id": "id",
        "ra_deg": "ra",
        "dec_deg": "dec",
        "x_pixel": "xx",
        "y_pixel": "y",
        "time_mjd": "mmjd",
    }
    hdus = {"science": "file:SCIENCE", "template": "file:TEMPLAT", "difference": "file:DIFFERENCE"}
    given = {"folder": str(tmp_path), "candidates": named, "columns": columns, "images": {"hdus": hdus}}
    settings = here.settings("surveys", "tiny") | {"source": "table", "made": False, "labels": [], "input": given}
    here.write("surveys", "own", settings)
    text = faults_of(here, check, *options)
    assert text.count("columns 'xx', 'mmjd' are missing; there: id, ra, dec, x, y, mjd, file") == 1
    assert text.count("a.fits has no HDU 'TEMPLAT'") == 1
    assert "a.fits: /" not in text
