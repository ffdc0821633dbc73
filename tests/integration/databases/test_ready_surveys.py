"""The ready surveys whole, on real PostgreSQL: the synthetic sky as ATLAS, Pan-STARRS and GOTO would keep it."""

import dataclasses
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from pipeline.io import settings_files
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.settings import parse
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT, SIZE, BIG = "2026-01-01", 15, 2**60 + 1
TO_HAWAII = (156.26 - 17.88) / 360.0
"""Days from the synthetic site to Hawaii: the same hour of the same night, there."""
SCHEMAS = Path(__file__).parent / "schemas"


pytestmark = pytest.mark.usefixtures("data_folder")


@pytest.fixture
def sky(synthetic):
    """Candidates of the synthetic night with their exposures, and what they really are; numbered from BIG on."""
    with closing(sqlite3.connect(synthetic / "survey.sqlite")) as connection:
        tables = {
            name: pd.read_sql(f"SELECT * FROM {name}", connection) for name in ("candidates", "exposures", "truth")
        }
    rows = tables["candidates"].merge(tables["truth"][["candidate_id", "kind", "is_real"]], on="candidate_id")
    kept = ["exposure_id", "time_mjd", "band", "difference_path"]
    rows = rows.merge(tables["exposures"][kept], on="exposure_id").sort_values("candidate_id", ignore_index=True)
    numbers = {name: BIG + number for number, name in enumerate(sorted(set(rows["object_id"])))}
    exposures = {name: number + 1 for number, name in enumerate(sorted(set(rows["exposure_id"])))}
    return rows.assign(
        number=BIG + np.arange(len(rows)),
        object_number=rows["object_id"].map(numbers),
        exposure_number=rows["exposure_id"].map(exposures),
    )


def served(server, schema, **tables):
    """Return the settings of a database with these tables on a server."""
    name = server.new_database()
    server.ask(name, (SCHEMAS / f"{schema}.sql").read_text())
    for table, frame in tables.items():
        server.fill(name, table, frame.rename(columns=str.lower))
    return server.settings(name, password_variable="NIGHTSIFT_DB_PASSWORD")


def fetched(name, path, database, folder, **given):
    """Return rows and pixels of the night from a ready survey, cut to SIZE."""
    settings = settings_files.load("surveys", name, SurveySettings)
    content = {**settings.input, "folder": str(folder), "database": database}
    content |= {key: {**content[key], **value} if isinstance(value, dict) else value for key, value in given.items()}
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    survey = open_survey(SurveySettings(**values | {"input": content, "cutout_size_pixel": SIZE}), name)
    assert survey.nights() == [NIGHT]
    options = {"name": name, "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
    fetch_cutouts(path, NightJob(survey=survey, **options))
    with open_cutouts(path) as file:
        return file.candidates(), file.pixels()


def expected(sky, synthetic, path):
    """Return the cutouts of the sky's candidates by number, as the generic survey cuts them."""
    content = dict(settings_files.raw("surveys", "generic_postgresql"))
    content["input"] = {**content["input"], "folder": str(synthetic), "database": {"engine": "sqlite"}}
    content |= {"longitude_deg": -17.88, "closed": {"marker": "closed/{night}"}, "cutout_size_pixel": SIZE}
    survey = open_survey(parse(SurveySettings, content, "toy.yaml"), "toy")
    options = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
    fetch_cutouts(path, NightJob(survey=survey, **options))
    numbers = dict(zip(sky["candidate_id"], sky["number"].astype(str), strict=True))
    with open_cutouts(path) as file:
        return {
            numbers[name]: pixels for name, pixels in zip(file.candidates()["candidate_id"], file.pixels(), strict=True)
        }


def assert_same_pixels(rows, pixels, wanted, channels):
    for name, found in zip(rows["candidate_id"], pixels, strict=True):
        np.testing.assert_array_equal(found, wanted[name][..., channels])


@pytest.mark.replaces("psat-ml", "P1")
def test_atlas_cuts_known_asteroids_and_junk_out_of_its_differences(postgresql, sky, synthetic, tmp_path):
    mjd = sky["time_mjd"] + TO_HAWAII
    sky["obs"] = [f"02a{int(day)}o{number:04d}o" for day, number in zip(mjd, sky["exposure_number"], strict=True)]
    for obs, image in sky.drop_duplicates("obs")[["obs", "difference_path"]].itertuples(index=False):
        place = tmp_path / "diff" / obs[:3] / obs[3:8] / f"{obs}.diff.fz"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(synthetic / image, place)
    is_mover, is_bogus = (sky["kind"] == "mover").to_numpy(), (sky["is_real"] == 0).to_numpy()
    detections = pd.DataFrame({"id": sky["number"], "atlas_metadata_id": sky["exposure_number"], "ra": sky["ra_deg"],
        "atlas_object_id": sky["number"], "dec": sky["dec_deg"], "mag": sky["magnitude"],
        "dmag": sky["magnitude_error"], "x": sky["x_pixel"], "y": sky["y_pixel"], "det": 0, "pvr": 0, "ptr": 0,
        "pkn": np.where(is_mover, 950, 0),
        "image_group_id": 7})  # fmt: skip
    exposures = pd.DataFrame({"id": sky["exposure_number"], "obs": sky["obs"], "mjd": mjd})
    database = served(
        postgresql,
        "atlas",
        atlas_metadataddc=exposures.drop_duplicates("id"),
        atlas_detectionsddc=detections,
        atlas_diff_objects=pd.DataFrame({"id": sky["number"], "realbogus_factor": np.where(is_bogus, 0.001, 0.9),
                                         "detection_list_id": np.where(is_bogus, 0, 2)}),
        tcs_latest_object_stats=pd.DataFrame({"id": sky["number"], "external_crossmatches": None}),
    )  # fmt: skip
    images = {"hdus": {"difference": "difference_path:DIFFERENCE"}}
    images["rewrite"] = [{"find": "/atlas/diff/", "replace": f"{tmp_path}/diff/"}]
    rows, pixels = fetched("atlas", tmp_path / "a.h5", database, "/", images=images)
    wanted = expected(sky, synthetic, tmp_path / "g.h5")
    chosen = set(sky["number"][is_mover | is_bogus].astype(str)) & set(wanted)
    assert set(rows["candidate_id"]) == chosen
    assert set(rows["label_source"]) == {"asteroid", "junk"}
    reals = set(rows["candidate_id"][rows["label"] == 1])
    assert reals == chosen & set(sky["number"][is_mover].astype(str))
    assert_same_pixels(rows, pixels, wanted, slice(2, 3))


@pytest.mark.replaces("psat-ml", "P1")
def test_panstarrs_takes_the_stamps_of_its_good_and_bad_lists(postgresql, sky, synthetic, tmp_path):
    days = (sky["time_mjd"] + TO_HAWAII).round(4)
    names = [f"{number}_{day}_1_1_diff" for number, day in zip(sky["number"], days, strict=True)]
    wanted = expected(sky, synthetic, tmp_path / "g.h5")
    for name, number in zip(names, sky["number"].astype(str), strict=True):
        if number in wanted:
            write_stamp(
                tmp_path / "stamps" / name.split("_")[1][:5] / f"{name}.fits", wanted[number][..., 2], sky, number
            )
    is_bogus = (sky["is_real"] == 0).to_numpy()
    sky["there"] = sky["number"].astype(str).isin(set(wanted))
    things = pd.DataFrame({"id": sky["number"], "detection_list_id": np.where(is_bogus, 0, 2), "tcs_images_id": 1,
        "confidence_factor": np.where(is_bogus, 0.1, 0.9), "followup_flag_date": "2026-01-02", "followup_id": 1,
        "sherlockClassification": "ORPHAN", "ra_psf": sky["ra_deg"], "dec_psf": sky["dec_deg"]})  # fmt: skip
    stamps = pd.DataFrame({"id": np.arange(len(sky)), "image_type": "diff", "image_filename": names, "mjd_obs": days,
        "pss_error_code": 0, "filter": "r.00000", "pss_filename": "p"})  # fmt: skip
    keep = sky["there"].to_numpy()
    database = served(
        postgresql, "panstarrs", tcs_transient_objects=things[keep], tcs_postage_stamp_images=stamps[keep]
    )
    rows, pixels = fetched("panstarrs", tmp_path / "p.h5", database, tmp_path / "stamps")
    numbers = rows["candidate_id"].str.partition("_")[0]
    assert set(numbers) == set(wanted)
    assert set(numbers[rows["label"] == 0]) == set(sky["number"][is_bogus].astype(str)) & set(wanted)
    assert_same_pixels(rows.assign(candidate_id=numbers), pixels, wanted, slice(2, 3))


def write_stamp(path, pixels, sky, number):
    """Write one stamp whose WCS has the candidate in its middle."""
    row = sky[sky["number"].astype(str) == number].iloc[0]
    middle = {"CRPIX1": SIZE // 2 + 1, "CRPIX2": SIZE // 2 + 1, "CRVAL1": row["ra_deg"], "CRVAL2": row["dec_deg"]}
    header = fits.Header(middle | {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -7e-5, "CDELT2": 7e-5})
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, header)]).writeto(path)


@pytest.mark.replaces("gotorb", "G1")
def test_goto_cuts_all_three_channels_at_the_places_on_the_sky(postgresql, sky, synthetic, tmp_path):
    first = sky.drop_duplicates("exposure_number")
    images = pd.DataFrame({"id": first["exposure_number"], "image_type": "DIFFERENCE", "ra_c": 150.0, "dec_c": 2.2,
        "jd": first["time_mjd"] + 2400000.5, "quality": 10, "ncoadds": 4, "instrument": "UT3", "relatedimage": None,
        "filepath": [f"/reduced/{path}" for path in first["difference_path"]]})  # fmt: skip
    found = pd.DataFrame({"id": sky["number"], "image_id": sky["exposure_number"], "ra": sky["ra_deg"],
        "dec": sky["dec_deg"], "x": sky["x_pixel"] + 1, "y": sky["y_pixel"] + 1, "mag": sky["magnitude"],
        "fwhm": sky["fwhm_pixel"], "realbogus": 0.5})  # fmt: skip
    database = served(postgresql, "goto", image=images, candidate=found)
    settings = {"hdus": {"science": "difference_path:SCIENCE", "template": "difference_path:TEMPLATE",
                         "difference": "difference_path:DIFFERENCE"}}  # fmt: skip
    settings["rewrite"] = [{"find": "/reduced/", "replace": f"{synthetic}/"}]
    rows, pixels = fetched("goto", tmp_path / "o.h5", database, "/", images=settings)
    wanted = expected(sky, synthetic, tmp_path / "g.h5")
    assert set(rows["candidate_id"]) == set(wanted)
    assert set(rows["detector"]) == {"UT3"}
    assert_same_pixels(rows, pixels[..., ::2], wanted, slice(0, 3, 2))
    assert np.isfinite(pixels[..., 1]).any(axis=(1, 2)).all()  # the template has a WCS of its own, a fraction off
