"""The ready query sets on real servers: each condition keeps out the rows that it is for."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pipeline.io import settings_files
from pipeline.io.database.query_files import query_digests
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT, NUMBER = "2026-01-05", 61045
BIG = 2**60 + 1
SCHEMAS = Path(__file__).parent / "schemas"
EVERYWHERE = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def fill(request, tmp_path):
    """Return a function that makes a schema with rows in a database, and returns where it is."""

    def make(where, schema, tables):
        script = (SCHEMAS / f"{schema}.sql").read_text()
        frames = {name: pd.DataFrame(rows, dtype=object) for name, rows in tables.items() if len(rows)}
        frames = {name: frame.rename(columns=str.lower) for name, frame in frames.items()}
        if where == "sqlite":
            with closing(sqlite3.connect(tmp_path / "s.sqlite")) as connection, connection:
                connection.executescript(script)
                for name, frame in frames.items():
                    frame.to_sql(name, connection, if_exists="append", index=False)
            return {"engine": "sqlite", "file": str(tmp_path / "s.sqlite")}
        server = request.getfixturevalue(where)
        name = server.new_database()
        server.ask(name, script)
        for table, frame in frames.items():
            server.fill(name, table, frame)
        return server.settings(name)

    return make


def opened(name, database, folder="/", **given):
    """Return a survey of the checkout, with its tables in another database."""
    settings = settings_files.load("surveys", name, SurveySettings)
    content = {**settings.input, "folder": str(folder), "database": database}
    for key, value in given.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    values = {field: getattr(settings, field) for field in settings.__dataclass_fields__} | {"input": content}
    return open_survey(SurveySettings(**values), name)


def chosen(survey, query, night=NIGHT):
    """Return the numbers behind the ids that a query selects."""
    return [int(name) - BIG for name in survey.reference(query, night)["candidate_id"]]


def night_of(survey):
    """Return candidates in the order of their ids, and exposures, of the night."""
    with survey.candidates(NIGHT) as candidates:
        rows = pd.concat([candidates.no_rows, *(rows for _, rows in candidates.groups())])
        return rows.sort_values("candidate_id"), survey._exposures(NIGHT, candidates)


# --- ATLAS --------------------------------------------------------------------------------------------------------

HAWAII = NUMBER + 1.4  # well inside the night of Hawaii, which UTC calls the next day
ATLAS_EXPOSURES = [
    {"id": 1, "obs": "02a61046o0001o", "mjd": HAWAII},
    {"id": 2, "obs": "01a61046o0001o", "mjd": HAWAII},
    {"id": 3, "obs": "02a61045o0001o", "mjd": HAWAII - 1},
    {"id": 4, "obs": "02a61046o0002o", "mjd": HAWAII + 0.1},
]
MOVED = [{"atlas_metadata_id": 2}, {"atlas_metadata_id": 3}]


def atlas_tables(detection, item, crossmatches, cases):
    """Return tables in which row 0 is sound and each further row breaks one condition."""
    tables = {"atlas_metadataddc": ATLAS_EXPOSURES, "atlas_detectionsddc": [], "atlas_diff_objects": []}
    stats = []
    for number, case in enumerate([{}, *cases]):
        row = {"ra": 1.0 + number, "dec": 2.0, "mag": 18.0, "dmag": 0.1, "x": 10.0, "y": 12.5, "det": 0, "pvr": 0}
        row |= {"ptr": 0, "pkn": 0, "image_group_id": 5, "atlas_metadata_id": 1} | detection
        row |= {"id": BIG + number, "atlas_object_id": 7 * BIG // 2 + number}
        thing = {"id": row["atlas_object_id"], "realbogus_factor": None, "zooniverse_score": None} | item
        row |= {key: value for key, value in case.items() if key in row}
        thing |= {key: value for key, value in case.items() if key in thing}
        tables["atlas_detectionsddc"].append(row)
        tables["atlas_diff_objects"].append(thing)
        if not case.get("without_stats"):
            stats.append({"id": thing["id"], "external_crossmatches": case.get("external_crossmatches", crossmatches)})
    return tables | {"tcs_latest_object_stats": stats}


ATLAS_QUERIES = {
    "asteroids": (
        {"pkn": 901, "image_group_id": None}, {"detection_list_id": 5},
        [{"pkn": 900}, {"pkn": 0}, {"pkn": None}, {"det": 1}, {"mag": 0.0}, {"mag": -1.0}, {"mag": None}, *MOVED],
    ),
    "goodlist": (
        {"pkn": 5, "mag": -1.0}, {"detection_list_id": 2},
        [{"detection_list_id": 5}, {"detection_list_id": None}, {"image_group_id": None}, *MOVED],
    ),
    "junk": (
        {}, {"detection_list_id": 0, "realbogus_factor": 0.005},
        [{"realbogus_factor": 0.01}, {"realbogus_factor": None}, {"detection_list_id": 4}, {"detection_list_id": None},
         {"external_crossmatches": "2026abc"}, {"without_stats": True}, {"pkn": 1}, {"det": 2}, {"mag": 0.0},
         {"mag": None}, {"image_group_id": None}, *MOVED],
    ),
    "unscored": (
        {"det": 1}, {"detection_list_id": 4},
        [{"detection_list_id": 2}, {"zooniverse_score": 0.0}, {"zooniverse_score": 0.7}, *MOVED],
    ),
}  # fmt: skip


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.replaces("psat-ml", "P9")
@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("query", ATLAS_QUERIES)
def test_each_condition_of_atlas_keeps_its_rows_out(fill, where, query):
    detection, item, cases = ATLAS_QUERIES[query]
    survey = opened("atlas", fill(where, "atlas", atlas_tables(detection, item, None, cases)))
    assert chosen(survey, query) == [0]


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.parametrize("where", EVERYWHERE)
def test_atlas_is_asked_by_camera_and_night_and_finds_its_images(fill, where):
    detection, item, _ = ATLAS_QUERIES["asteroids"]
    others = [{"atlas_metadata_id": 4}, *MOVED]
    database = fill(where, "atlas", atlas_tables(detection, item, None, others))
    survey = opened("atlas", database)
    assert survey.nights() == ["2026-01-04", NIGHT]
    rows, exposures = night_of(survey)
    assert exposures["difference_path"].tolist() == [
        "/atlas/diff/02a/61046/02a61046o0001o.diff.fz", "/atlas/diff/02a/61046/02a61046o0002o.diff.fz",
    ]  # fmt: skip
    assert exposures["band"].tolist() == ["o", "o"]
    assert rows["exposure_id"].tolist() == exposures["exposure_id"].tolist()
    assert rows["candidate_id"].tolist() == [str(BIG), str(BIG + 1)]
    assert rows["object_id"].tolist() == [str(7 * BIG // 2), str(7 * BIG // 2 + 1)]
    assert rows[["x_pixel", "y_pixel", "magnitude"]].iloc[0].tolist() == [10.0, 12.5, 18.0]
    assert chosen(opened("atlas", database, parameters={"camera": "01a"}), "asteroids") == [2]
    assert chosen(survey, "asteroids", "2026-01-04") == [3]
    assert all("/atlas/diff/02a/61046" in fault for fault in survey.check())


@pytest.mark.replaces("psat-ml", "P1")
def test_reals_and_bogus_of_atlas_are_chosen_by_settings(fill, tmp_path):
    reals = atlas_tables(*ATLAS_QUERIES["asteroids"][:2], None, [])
    bogus = atlas_tables(*ATLAS_QUERIES["junk"][:2], None, [{"mag": 0.0}])
    for rows in (bogus["atlas_detectionsddc"], bogus["atlas_diff_objects"], bogus["tcs_latest_object_stats"]):
        for row in rows:
            row["id"] += 100
            if "atlas_object_id" in row:
                row["atlas_object_id"] += 100
    merged = {name: reals[name] + (bogus[name] if name != "atlas_metadataddc" else []) for name in reals}
    database = fill("sqlite", "atlas", merged)
    wanted = {("asteroids", "junk"): [0, 100], ("asteroids",): [0], ("junk",): [100], ("goodlist", "junk"): [100]}
    for candidates, numbers in wanted.items():
        survey = opened("atlas", database, candidates=list(candidates))
        assert [int(name) - BIG for name in night_of(survey)[0]["candidate_id"]] == numbers


# --- Pan-STARRS ---------------------------------------------------------------------------------------------------

MPC = "EPH: 2021 AB1 (0.52 arcsec) V=20"


def panstarrs_tables(item, cases, comment="", group=None):
    tables = {name: [] for name in ("tcs_transient_objects", "tcs_object_comments", "tcs_object_groups")}
    stamps = []
    for number, case in enumerate([{}, *cases]):
        thing = {"id": BIG + number, "detection_list_id": 9, "observation_status": None, "confidence_factor": None}
        thing |= {"followup_flag_date": "2021-10-05", "followup_id": number, "sherlockClassification": "SN"}
        thing |= {"tcs_images_id": 3, "ra_psf": 1.0, "dec_psf": 2.0} | item
        thing |= {key: value for key, value in case.items() if key in thing}
        stamp = {"id": number, "image_type": "diff", "pss_filename": "p", "pss_error_code": 0, "filter": "r.00000"}
        stamp |= {"mjd_obs": HAWAII, "image_filename": f"{BIG + number}_{NUMBER + 1}.4_123_77_diff"}
        stamp |= {key: value for key, value in case.items() if key in stamp}
        tables["tcs_transient_objects"].append(thing)
        stamps.append(stamp)
        if said := case.get("comment", comment):
            tables["tcs_object_comments"].append({"transient_object_id": thing["id"], "comment": said})
        if (mine := case.get("group", group)) is not None:
            tables["tcs_object_groups"].append({"transient_object_id": thing["id"], "object_group_id": mine})
    return tables | {"tcs_postage_stamp_images": stamps}


STAMP_CASES = [
    {"image_type": "target"}, {"pss_error_code": 27}, {"filter": "r.00002"}, {"mjd_obs": HAWAII - 1},
    {"mjd_obs": HAWAII + 1}, {"image_filename": f"{BIG}4300000000_61046_1_1_diff"},
    {"image_filename": "7_61046_1_1_diff"},
]  # fmt: skip
MOVER = {"detection_list_id": 5, "observation_status": "mover", "confidence_factor": 0.06}
BAD = {"detection_list_id": 0, "confidence_factor": 0.01}
PANSTARRS_QUERIES = {
    "good": (
        MOVER, MPC, None,
        [*STAMP_CASES, {"observation_status": "possible"}, {"observation_status": None}, {"confidence_factor": 0.05},
         {"confidence_factor": None}, {"detection_list_id": 4}, {"followup_flag_date": "2010-01-01"},
         {"followup_flag_date": None}, {"comment": "said EPH: (0.52 arcsec)"}, {"comment": "EPH: (6.52 arcsec)"},
         {"comment": "MPC: (0,52 arcsec)"}, {"comment": "MPC: 0.52 arcsec"}, {"comment": "EPH: (.5 arcsec)"}],
    ),
    "bad": (
        BAD, "", None,
        [*STAMP_CASES, {"confidence_factor": 0.009}, {"confidence_factor": 0.3}, {"confidence_factor": None},
         {"detection_list_id": 4}, {"sherlockClassification": None}, {"followup_flag_date": "2010-01-01"},
         {"group": 7}],
    ),
    "unscored": (
        {"detection_list_id": 4}, "", None,
        [*STAMP_CASES, {"detection_list_id": 2}, {"confidence_factor": 0.0}, {"tcs_images_id": None}],
    ),
}  # fmt: skip


def stamps(survey, query):
    return [int(name.split("_")[0]) - BIG for name in survey.reference(query, NIGHT)["candidate_id"]]


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.replaces("psat-ml", "P9")
@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("query", PANSTARRS_QUERIES)
def test_each_condition_of_panstarrs_keeps_its_rows_out(fill, where, query):
    item, comment, group, cases = PANSTARRS_QUERIES[query]
    if query == "bad":  # a row that only its group brings in must not come without the group being asked for
        cases = [case | ({"confidence_factor": None} if "group" in case else {}) for case in cases]
    database = fill(where, "panstarrs", panstarrs_tables(item, cases, comment, group))
    survey = opened("panstarrs", database, parameters={"good_list": 5})
    assert stamps(survey, query) == [0]


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.parametrize("where", EVERYWHERE)
def test_the_other_ways_onto_the_lists_of_panstarrs(fill, where):
    cases = [
        {"comment": "MPC: 433 Eros (5.99 arcsec)"},
        {"detection_list_id": 2, "observation_status": None, "confidence_factor": None, "comment": "no mover"},
        {"detection_list_id": 2, "followup_flag_date": "2009-12-31"},
        {"group": 7, "detection_list_id": 1},
        {"detection_list_id": 0, "confidence_factor": 0.29, "comment": "no"},
    ]
    database = fill(where, "panstarrs", panstarrs_tables(MOVER, cases, MPC))
    survey = opened("panstarrs", database, parameters={"good_list": 5, "bad_group": 7})
    assert stamps(survey, "good") == [0, 1, 2]
    assert stamps(survey, "bad") == [4, 5]


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_stamp_of_panstarrs_is_found_by_object_and_day(fill, where):
    cases = [{"filter": "g.00002"}, {"detection_list_id": 0, "confidence_factor": 0.5}]
    database = fill(where, "panstarrs", panstarrs_tables(MOVER, cases, MPC))
    survey = opened("panstarrs", database, parameters={"good_list": 5})
    rows, exposures = night_of(survey)
    (exposure,) = exposures.to_dict("records")
    name = f"{BIG}_61046.4_123_77_diff"
    assert exposure["exposure_id"] == name
    assert exposure["difference_path"] == f"61046/{name}.fits"
    assert (exposure["band"], exposure["detector"]) == ("r", "gpc1")
    assert rows["object_id"].tolist() == [str(BIG)]
    assert stamps(opened("panstarrs2", database, parameters={"good_list": 5}), "good") == [1]
    assert survey.nights() == [NIGHT]


# --- GOTO ---------------------------------------------------------------------------------------------------------


@pytest.mark.replaces("gotorb", "G1")
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_each_condition_of_goto_keeps_its_images_out(fill, where, monkeypatch):
    monkeypatch.setenv("GOTOPHOTO_DB_PASSWORD", "")
    jd = 2400000.5 + NUMBER + 1.0
    cases = [{"image_type": "SCIENCE"}, {"quality": 128}, {"quality": None}, {"ncoadds": 2}, {"dec_c": 35.0}]
    cases += [{"dec_c": -36.0}, {"jd": jd - 1}, {"jd": jd + 1}]
    images, found = [], []
    for number, case in enumerate([{}, *cases]):
        image = {"id": BIG + number, "image_type": "DIFFERENCE", "ra_c": 1.0, "dec_c": -34.9, "jd": jd, "quality": 127}
        image |= {"ncoadds": 3, "instrument": "UT4", "filepath": f"/data/d{number}.fits", "relatedimage": None} | case
        images.append(image)
        found.append({"id": 4 * (BIG + number), "image_id": image["id"], "ra": 1.0, "dec": 2.0, "x": 3.0, "y": 4.0})
        found[-1] |= {"mag": 18.5, "fwhm": 2.5, "realbogus": 0.9}
    images.append(images[0] | {"id": 5, "image_type": "SCIENCE", "filepath": "/data/s.fits", "relatedimage": BIG})
    images.append(images[0] | {"id": 6, "image_type": "REFERENCE", "filepath": "/data/a.fits", "relatedimage": BIG})
    database = fill(where, "goto", {"image": images, "candidate": found})
    if where != "sqlite":
        database |= {"password_variable": "NIGHTSIFT_DB_PASSWORD"}
    survey = opened("goto", database)
    rows, exposures = night_of(survey)
    (exposure,) = exposures.to_dict("records")
    assert exposure["exposure_id"] == str(BIG)
    assert (exposure["difference_path"], exposure["science_path"]) == ("/data/d0.fits", "/data/s.fits")
    assert exposure["detector"] == "UT4"
    assert exposure["time_mjd"] == NUMBER + 1.0
    assert rows["candidate_id"].tolist() == [str(4 * BIG)]
    assert rows["exposure_id"].tolist() == [str(BIG)]
    assert survey.nights() == ["2026-01-04", NIGHT, "2026-01-06"]


# --- all of them --------------------------------------------------------------------------------------------------

DATABASE_SURVEYS = [
    name for name in settings_files.names("surveys") if settings_files.raw("surveys", name)["source"] == "database"
]


@pytest.mark.replaces("psat-ml", "P1")
@pytest.mark.replaces("gotorb", "G16")
@pytest.mark.parametrize("name", DATABASE_SURVEYS)
def test_a_survey_is_opened_without_its_database_or_variables(name, monkeypatch):
    for variable in [key for key in os.environ if key.startswith(("NIGHTSIFT", "GOTOPHOTO"))]:
        monkeypatch.delenv(variable)
    settings = settings_files.load("surveys", name, SurveySettings)
    survey = open_survey(settings, name)
    assert survey.tables == tuple(settings.input.get("tables", ()))
    assert "absent" not in query_digests(settings.input, [link["table"] for link in settings.labels if "table" in link])


def test_the_cameras_of_atlas_are_small_files():
    names = [name for name in DATABASE_SURVEYS if name.startswith("atlas")]
    cameras = [settings_files.load("surveys", name, SurveySettings) for name in names]
    found = {settings.telescope: settings.input["parameters"]["camera"] for settings in cameras}
    assert found == {"MLO": "01a", "HKO": "02a", "STH": "03a", "CHL": "04a"}
    assert all(settings.input["parameters"]["asteroid_score"] == 900 for settings in cameras)
    assert all(settings.magic_values == (-31415.0,) for settings in cameras)
