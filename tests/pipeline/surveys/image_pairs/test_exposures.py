"""The exposures of a folder of FITS files: their ids, times, nights and columns, from headers or a table."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.io.fits import Header

from pipeline.errors import InputError, SettingsError
from pipeline.settings import parse
from pipeline.surveys.defaults import Defaults
from pipeline.surveys.image_pairs.exposures import ExposureList
from pipeline.surveys.image_pairs.headers import header_row
from pipeline.surveys.image_pairs.settings import ImagePairsInput
from pipeline.surveys.settings import ClosedRule, SurveySettings

SURVEY = SurveySettings(
    source="image_pairs",
    telescope="T1",
    longitude_deg=-110.88,
    pixel_scale_arcsec=1.0,
    channels=("difference",),
    cutout_size_pixel=9,
    closed=ClosedRule(after_hours=0),
    defaults=Defaults(dataset="d", classifier="c"),
    input={},
)
IMAGES = {"hdus": {"science": "path:0", "template": "t_{field}.fits:0"}}


def given(**changes):
    return parse(ImagePairsInput, {"folder": "x", "files": "*.fits", "images": IMAGES} | changes, "toy.yaml: input")


def listed(folder, **changes):
    if "exposures" in changes:
        changes = {"files": ""} | changes
    return ExposureList(SURVEY, given(**changes), folder)


def write(path, **cards):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = Header()
    header.update({key.replace("_", "-"): value for key, value in cards.items()})
    fits.writeto(path, np.zeros((4, 5), np.float32), header)


def row(**cards):
    header = Header()
    header.update({key.replace("_", "-"): value for key, value in cards.items()})
    return header_row(header, Header(), given(), "a.fits")


@pytest.mark.parametrize(
    ("cards", "mjd"),
    [
        ({"MJD_OBS": 58107.065}, 58107.065),
        ({"MJD_OBS": 2458107.565}, 58107.065),
        ({"DATE_OBS": "2017-12-20T01:33:43.317"}, 58107.0650847),
        ({"DATE_OBS": "2017-12-19T18:33:43.317-0700"}, 58107.0650847),
        ({"DATE_OBS": "2017-12-20", "TIME_OBS": "01:33:43.317"}, 58107.0650847),
        ({"DATE_OBS": "2017-12-20", "UT": "01:33:43.317"}, 58107.0650847),
        ({"DATE_OBS": "20171220", "UT": "01:33:43.317"}, 58107.0650847),
        ({"MJD_OBS": "58107.0650847"}, 58107.0650847),
        ({"MJD_OBS": " 2458107.5650847 "}, 58107.0650847),
        ({"MJD_OBS": 0.0, "DATE_OBS": "2017-12-20T01:33:43.317"}, 58107.0650847),
        ({"MJD_OBS": "0", "DATE_OBS": "2017-12-20T01:33:43.317"}, 58107.0650847),
        ({"MJD_OBS": None, "DATE_OBS": "2017-12-20T01:33:43.317"}, 58107.0650847),
    ],
)
def test_times_are_read_as_observatories_write_them(cards, mjd):
    assert row(**cards)["time_mjd"] == pytest.approx(mjd, abs=1e-6)


@pytest.mark.parametrize(
    ("scale", "seconds"),
    [("UTC", 0), ("UTC(NIST)", 0), ("GMT", 0), ("", 0), ("TAI", 37), ("IAT", 37), ("tt", 69.184), ("TT(BIPM)", 69.184)],
)
@pytest.mark.parametrize("cards", [{"MJD_OBS": 58107.5}, {"DATE_OBS": "2017-12-20T12:00:00"}])
def test_a_time_is_brought_to_utc_from_the_scale_that_the_header_names(cards, scale, seconds):
    found = row(**cards, TIMESYS=scale)["time_mjd"]
    assert (58107.5 - found) * 86400 == pytest.approx(seconds, abs=1e-3)


def test_a_date_with_a_zone_and_a_scale_that_is_not_looked_for_stay_utc():
    assert row(DATE_OBS="2017-12-20T12:00:00+00:00", TIMESYS="TAI")["time_mjd"] == 58107.5
    header = Header({"MJD-OBS": 58107.5, "TIMESYS": "TAI"})
    assert header_row(header, Header(), given(keys={"time_scale": ""}), "a.fits")["time_mjd"] == 58107.5


@pytest.mark.parametrize(("time_at", "days"), [("start", 30 / 86400), ("middle", 0.0), ("end", -30 / 86400)])
def test_the_time_of_an_exposure_is_its_middle(time_at, days):
    header = Header({"MJD-OBS": 58107.0, "EXPTIME": 60.0})
    found = header_row(header, Header(), given(keys={"time_at": time_at}), "a.fits")
    assert found["time_mjd"] == pytest.approx(58107.0 + days, abs=1e-9)
    assert found["exposure_s"] == 60.0


@pytest.mark.parametrize(
    ("cards", "fault"),
    [
        ({"DATE_OBS": "20/12/17"}, r"a\.fits: DATE-OBS is '20/12/17'; allowed: an ISO date and time"),
        ({"DATE_OBS": "2017-12-20"}, "without a time of day; name the key of that in clock"),
        ({"DATE_OBS": "2017-12-20", "UT": 12.5}, "with the time of day '12.5'; allowed: 12:30:00 or 123000"),
        ({"DATE_OBS": "2017-12-20", "UT": 1230}, "with the time of day '1230'; allowed"),
        ({"DATE_OBS": "1812-12-20T01:00:00"}, "DATE-OBS is '1812-12-20T01:00:00'; allowed: an MJD, JD or date of 1900"),
        (
            {"MJD_OBS": -1.0, "DATE_OBS": "2017-12-20T01:00:00"},
            r"a\.fits: MJD-OBS is '-1.0'; allowed: an MJD, JD or date",
        ),
        ({"MJD_OBS": 1513733623.3}, "MJD-OBS is '1513733623.3'; allowed: an MJD, JD or date of 1900 to 2100"),
        ({"MJD_OBS": "nan"}, "MJD-OBS is 'nan'; allowed"),
        ({"MJD_OBS": 58107.1, "TIMESYS": "TDB"}, r"a\.fits: TIMESYS is 'TDB'; allowed: UTC, TAI, TT, UT, GMT"),
        ({"EXPTIME": "long"}, r"a\.fits: EXPTIME is 'long'; allowed: a number"),
        ({"EXPTIME": -1.0}, r"a\.fits: EXPTIME is -1; allowed: seconds, 0 to below 86400"),
        ({"EXPTIME": 120000}, "EXPTIME is 120000; allowed: seconds"),
    ],
)
def test_what_is_no_time_or_number_is_named(cards, fault):
    with pytest.raises(InputError, match=fault):
        row(**cards)


def test_keys_of_the_first_header_serve_where_the_image_has_none():
    found = header_row(Header({"FILTER": "g"}), Header({"FILTER": "r", "OBJECT": "M 31"}), given(), "a.fits")
    assert (found["band"], found["field"]) == ("g", "M 31")


def test_ids_begin_where_the_pattern_varies_and_the_night_is_local(tmp_path):
    write(tmp_path / "sci/a/1.fits", MJD_OBS=58107.065, OBJECT="f1")
    write(tmp_path / "sci/b/1.fits", MJD_OBS=58107.9, OBJECT="f1")
    found = listed(tmp_path, files="sci/**/*.fits")
    rows = found.rows("")
    assert rows["exposure_id"].tolist() == ["a/1", "b/1"]
    assert rows["night"].tolist() == ["2017-12-19", "2017-12-20"]
    assert found.nights() == ["2017-12-19", "2017-12-20"]
    assert found.rows("2017-12-20")["path"].tolist() == ["sci/b/1.fits"]


def test_a_table_goes_before_the_headers(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=58107.065, OBJECT="f1", FILTER="r")
    write(tmp_path / "2.fits", OBJECT="f1", FILTER="r")
    table = pd.DataFrame({"file": ["1.fits", "2.fits"], "exposure_id": ["007", "008"], "field": ["f2", "f2"]})
    table.assign(night=["", "2017-12-19"]).to_csv(tmp_path / "exposures.csv", index=False)
    rows = listed(tmp_path, exposures="exposures.csv", exposure_columns={"path": "file"}).rows("2017-12-19")
    assert sorted(rows["exposure_id"]) == ["007", "008"]
    assert set(rows["field"]) == {"f2"}
    assert set(rows["band"]) == {"r"}


def test_an_id_that_stands_there_twice_is_a_fault_of_the_second(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=58107.1, OBSID="x")
    write(tmp_path / "2.fits", MJD_OBS=58107.2, OBSID="x")
    found = listed(tmp_path, keys={"exposure_id": "OBSID"})
    assert found.rows("")["path"].tolist() == ["1.fits"]
    assert found.faults == {"2.fits": "exposure_id 'x' appears twice"}


def test_a_file_without_a_time_belongs_to_no_night(tmp_path):
    write(tmp_path / "1.fits", OBJECT="f")
    (tmp_path / "2.fits").write_text("nonsense")
    found = listed(tmp_path)
    assert found.rows("").empty
    assert "none of the keys MJD-OBS, DATE-OBS is usable" in found.faults["1.fits"]
    assert set(found.faults) == {"1.fits", "2.fits"}


def test_a_header_that_changed_is_read_again(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=58107.1)
    found = listed(tmp_path)
    assert found.nights() == ["2017-12-19"]
    (tmp_path / "1.fits").unlink()
    write(tmp_path / "1.fits", MJD_OBS=58109.1, OBJECT="longer" * 8, COMMENT="x" * 3000)
    assert found.nights() == ["2017-12-21"]


@pytest.mark.parametrize("folder", ["20260106", "2026_01_06", "06.01.2026", "night1"])
@pytest.mark.parametrize("night", ["", "2026-01-06"])
def test_folders_that_are_not_called_as_nights_are_one_fault(tmp_path, folder, night):
    write(tmp_path / folder / "c.fits", MJD_OBS=61046.9)
    found = listed(tmp_path, files="{night}/*.fits")
    with pytest.raises(InputError, match=f"'{folder}' is not a night; folders of {{night}} must be named like"):
        found.rows(night)


def test_a_night_under_another_spelling_is_a_fault_though_others_are_right(tmp_path):
    for folder in ("2026-01-05", "20260106", "calibration"):
        write(tmp_path / folder / "c.fits", MJD_OBS=61045.9)
    found = listed(tmp_path, files="{night}/*.fits")
    assert found.nights() == ["2026-01-05"]
    assert found.faults == {"20260106/*.fits": "'20260106' is not a night; allowed: 2026-01-06"}
    with pytest.raises(InputError, match="'20260106' is not a night"):
        found.rows("2026-01-06")
    assert found.rows("2026-01-07").empty


@pytest.mark.parametrize("night", ["", "2026-01-06"])
def test_tables_of_exposures_that_are_not_called_as_nights_are_one_fault(tmp_path, night):
    (tmp_path / "log_20260106.csv").write_text("path\n1.fits\n")
    found = listed(tmp_path, exposures="log_{night}.csv")
    with pytest.raises(InputError, match=r"'20260106' is not a night; files of \{night\} must be named like"):
        found.rows(night)


def test_a_header_of_placeholders_alone_states_no_time(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=0.0, DATE_OBS="1858-11-17T00:00:00")
    found = listed(tmp_path)
    assert found.nights() == []
    assert "1.fits states no time" in found.faults["1.fits"]
    assert "name the key that states it in input.keys.time" in found.faults["1.fits"]


def test_a_time_that_cannot_be_is_a_fault_though_the_folder_says_the_night(tmp_path):
    write(tmp_path / "2017-12-20/a.fits", MJD_OBS=58108.1, FILTER="r")
    write(tmp_path / "2017-12-20/b.fits", MJD_OBS=-1.0, FILTER="r")
    found = listed(tmp_path, files="{night}/*.fits")
    assert found.rows("2017-12-20")["path"].tolist() == ["2017-12-20/a.fits"]
    assert found.lost == {"2017-12-20/b.fits"}
    assert "MJD-OBS is '-1.0'" in found.faults["2017-12-20/b.fits"]


@pytest.mark.parametrize(("mjd", "kept"), [(58108.1, True), (58107.1, True), (58109.1, True), (58110.1, False)])
def test_a_time_may_be_one_night_beside_its_folder_and_no_more(tmp_path, mjd, kept):
    write(tmp_path / "2017-12-20/a.fits", MJD_OBS=mjd)
    found = listed(tmp_path, files="{night}/*.fits")
    assert len(found.rows("2017-12-20")) == kept
    said = "is filed under night 2017-12-20, and its time, MJD 58110.10000, belongs to night 2017-12-22"
    assert found.faults == ({} if kept else {"2017-12-20/a.fits": said})
    assert found.lost == (set() if kept else {"2017-12-20/a.fits"})


def test_times_of_a_table_go_before_those_of_headers_and_have_the_same_bounds(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=-1.0)
    write(tmp_path / "2.fits", MJD_OBS=58107.1)
    table = pd.DataFrame({"path": ["1.fits", "2.fits"], "time_mjd": [2458107.6, 0.0]})
    table.to_csv(tmp_path / "exposures.csv", index=False)
    found = listed(tmp_path, exposures="exposures.csv")
    assert found.rows("")["time_mjd"].tolist() == pytest.approx([58107.1, 58107.1])
    assert found.faults == {}
    table.assign(time_mjd=[58107.1, 12.0]).to_csv(tmp_path / "exposures.csv", index=False)
    with pytest.raises(InputError, match=r"exposures.csv: row 2: time_mjd is 12.0; allowed: MJD or JD of 1900 to 2100"):
        listed(tmp_path, exposures="exposures.csv").rows("")


def test_a_fault_of_another_night_is_not_one_of_this(tmp_path):
    write(tmp_path / "1.fits", MJD_OBS=58107.1)
    write(tmp_path / "2.fits", MJD_OBS=-1.0)
    table = pd.DataFrame({"path": ["1.fits", "2.fits"], "night": ["2017-12-19", "2017-12-25"]})
    table.to_csv(tmp_path / "exposures.csv", index=False)
    found = listed(tmp_path, exposures="exposures.csv")
    assert len(found.rows("2017-12-19")) == 1
    assert found.faults == {}


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_table_of_exposures_may_hold_timestamps(tmp_path, zone):
    times = pd.to_datetime(["2017-12-20T02:24:00", None]).tz_localize(zone)
    write(tmp_path / "a.fits")
    write(tmp_path / "b.fits", MJD_OBS=58107.2)
    pd.DataFrame({"path": ["a.fits", "b.fits"], "time_mjd": times}).to_parquet(tmp_path / "exposures.parquet")
    found = listed(tmp_path, exposures="exposures.parquet").rows("")
    assert found["time_mjd"].tolist() == pytest.approx([58107.1, 58107.2])


def test_exposures_whose_length_no_header_states_are_told_of_and_may_have_it_stated(tmp_path, caplog):
    write(tmp_path / "1.fits", MJD_OBS=58107.065)
    lacking = listed(tmp_path).rows("2017-12-19")
    assert lacking["time_mjd"].tolist() == [58107.065]
    assert (
        "1 of 1 exposures have no FITS key EXPTIME, 1.fits the first: their times are those of the start" in caplog.text
    )
    assert "input.keys.exposure_s" in caplog.text
    caplog.clear()
    stated = listed(tmp_path, keys={"exposure_s": 864}).rows("2017-12-19")
    assert stated["exposure_s"].tolist() == [864.0]
    assert stated["time_mjd"].tolist() == pytest.approx([58107.070])
    assert not caplog.text


@pytest.mark.parametrize("seconds", [-1.0, 9e4])
def test_a_length_that_no_exposure_has_is_refused(seconds):
    with pytest.raises(SettingsError, match=r"exposure_s is .*; allowed: a FITS key, or 0 to below 86400 s"):
        given(keys={"exposure_s": seconds})


def test_times_of_two_keys_that_differ_are_said_with_the_worst(tmp_path, caplog):
    write(tmp_path / "1.fits", MJD_OBS=58107.065, DATE_OBS="2017-12-20T01:33:43.317", EXPTIME=60.0)
    write(tmp_path / "2.fits", MJD_OBS=58107.081, DATE_OBS="2017-12-19T18:57:13.000-0700", EXPTIME=60.0)
    write(tmp_path / "3.fits", MJD_OBS=58107.0980556, DATE_OBS="2017-12-20T02:21:12.004", EXPTIME=60.0)
    listed(tmp_path).rows("2017-12-19")
    assert "MJD-OBS and DATE-OBS state different times in 2 of 3 exposures, by up to 34.6 s (2.fits)" in caplog.text
    assert "MJD-OBS is taken, which may be rounded; name the right one alone in input.keys.time" in caplog.text


def test_of_the_times_of_a_key_that_is_named_alone_nothing_is_said(tmp_path, caplog):
    write(tmp_path / "1.fits", MJD_OBS=58107.065, DATE_OBS="2017-12-20T01:33:43.317", EXPTIME=60.0)
    rows = listed(tmp_path, keys={"time": ["DATE-OBS"]}).rows("2017-12-19")
    assert rows["time_mjd"].iloc[0] == pytest.approx(58107.0650847 + 30 / 86400, abs=1e-7)
    assert caplog.text == ""


def test_a_second_time_that_is_none_or_the_same_is_no_matter(tmp_path, caplog):
    write(tmp_path / "1.fits", MJD_OBS=58107.0650847, DATE_OBS="2017-12-20T01:33:43.317", EXPTIME=60.0)
    write(tmp_path / "2.fits", MJD_OBS=58107.081, DATE_OBS="last night", EXPTIME=60.0)
    listed(tmp_path).rows("2017-12-19")
    assert caplog.text == ""
