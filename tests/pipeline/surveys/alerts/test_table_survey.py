import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import ChangedInputError, InputError, MissingInputError, SettingsError
from pipeline.io import settings_files
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.night import night_of
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.alerts import table_survey as alert_table
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT = "2026-01-05"


def read(survey, night=NIGHT):
    batches = list(survey.read(night, survey.freeze(night)))
    return pd.concat([batch.candidates for batch in batches]), np.concatenate([batch.cutouts for batch in batches])


def test_rows_stamps_and_ids_belong_together(alert_survey):
    stamps = np.arange(6)[:, None, None, None] + np.arange(3)[:, None, None] * 0.1 + np.zeros((6, 3, 5, 5))
    stamps += np.random.default_rng(0).normal(0, 1e-3, stamps.shape)
    rows, pixels = read(alert_survey(stamps=stamps))
    assert rows["candidate_id"].tolist() == [str(2**53 + 1 + row) for row in range(5)]
    np.testing.assert_allclose(pixels.mean(axis=(1, 2)), np.arange(5)[:, None] + [0, 0.1, 0.2], atol=0.01)


def test_two_processes_read_what_one_reads(alert_survey, monkeypatch):
    monkeypatch.setattr(alert_table, "_BLOCK", 2)
    survey = alert_survey()
    rows, pixels = read(survey)
    frozen = survey.freeze(NIGHT)
    survey.workers = 2
    again, the_same = read(survey)
    assert survey.freeze(NIGHT) == frozen
    pd.testing.assert_frame_equal(again, rows)
    np.testing.assert_array_equal(the_same, pixels)


def test_signs_bands_and_nights_are_translated(alert_survey):
    survey = alert_survey()
    rows, _ = read(survey)
    assert rows["flux_sign"].tolist() == [1, -1, 1, -1, 1]
    assert set(rows["band"]) == {"r"}
    assert survey.nights() == ["2026-01-05", "2026-01-06"]


@pytest.mark.parametrize("values", [[True, False, True], [1, 0, 1], [1.0, 0.0, 1.0], ["t", "f", "1"]])
def test_a_sign_may_be_given_in_many_ways(alert_survey, values):
    rows, _ = read(alert_survey(4, change=lambda table: table.assign(positive=[*values, values[0]])))
    assert rows["flux_sign"].tolist() == [1, -1, 1]


def test_every_spelling_of_a_sign_is_read_and_another_is_an_error(alert_survey, sign_texts):
    def write(signs):
        return alert_survey(11, change=lambda table: table.assign(positive=[*signs, None]))

    rows, _ = read(write(sign_texts))
    assert rows["flux_sign"].tolist() == list(sign_texts.values())
    with pytest.raises(InputError, match=r"alerts.parquet: column 'positive' is 'maybe'; allowed: - -1 0 f false n"):
        read(write(["maybe"] * 10))


def test_numbers_may_stand_as_texts_and_what_is_none_is_named(alert_survey):
    columns = {"candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd"}

    def write(texts):
        survey_input = {"columns": columns | {"magnitude": "mag"}}
        return alert_survey(
            6, change=lambda table: table.assign(mag=texts, ra=table["ra"].astype(str)), input=survey_input
        )

    rows, _ = read(write(["20.5", "", None, " 99.0", "null", "1"]))
    np.testing.assert_array_equal(rows["magnitude"], [20.5, np.nan, np.nan, np.nan, np.nan])
    assert rows["ra_deg"].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    with pytest.raises(InputError, match=r"alerts\.parquet: row 2: magnitude is '>21'; allowed: a number"):
        read(write(["20.5", "", ">21", "99.0", "null", "1"]))


def test_other_ways_of_missing_become_nan_and_flags(alert_survey):
    stamps = np.random.default_rng(1).normal(size=(6, 3, 5, 5))
    stamps[0, 1] = 3.4e38
    stamps[1, 1, 2, 2] = -3.4e38
    stamps[2] = np.nan
    stamps[3, 0] = 7.0
    rows, pixels = read(alert_survey(stamps=stamps))
    flags = rows["flags"].tolist()
    assert flags[0] & Flag.NO_TEMPLATE
    assert flags[1] == Flag.MISSING_PIXELS
    assert np.isnan(pixels[1]).sum() == 1
    assert flags[2] & Flag.ALL_MISSING
    assert not flags[2] & Flag.EDGE
    assert flags[3] == Flag.CONSTANT
    assert flags[4] == 0
    assert rows["nan_fraction"].tolist()[:3] == pytest.approx([1 / 3, 1 / 75, 1.0])


def test_missing_borders_count_as_edge_and_too_much_of_it_is_dropped(alert_survey):
    stamps = np.random.default_rng(1).normal(size=(6, 3, 5, 5))
    stamps[0, :, :, :1] = np.nan
    stamps[1, :, :3] = np.nan
    stamps[2, :, 2] = np.nan
    survey = alert_survey(stamps=stamps)
    batch = next(iter(survey.read(NIGHT, survey.freeze(NIGHT))))
    assert batch.dropped["reason"].tolist() == ["outside the image"]
    assert batch.dropped["candidate_id"].tolist() == [str(2**53 + 2)]
    edge = batch.candidates["edge_fraction"].tolist()
    assert edge[:2] == pytest.approx([0.2, 0.0])
    assert batch.candidates["flags"].tolist()[:2] == [int(Flag.EDGE), int(Flag.MISSING_PIXELS)]


def test_channels_may_come_last(alert_survey):
    stamps = np.random.default_rng(1).normal(size=(6, 5, 5, 3))
    _, pixels = read(alert_survey(stamps=stamps, input={"layout": "channel_last"}))
    np.testing.assert_array_equal(pixels, stamps[:5].astype(np.float32))


def test_labels_and_teacher_are_read_by_id(alert_survey):
    survey = alert_survey()
    labels = survey.reference("labels", NIGHT)
    assert labels["label"].tolist() == [1, -1, 1, -1, 1]
    assert labels["kind"].tolist() == ["transient", "", "transient", "", "transient"]
    assert survey.reference("teacher", "")["score"].tolist() == np.linspace(0, 1, 6).tolist()


def test_absent_labels_are_no_labels(alert_survey):
    survey = alert_survey(
        change=lambda table: table.assign(verdict=table["verdict"].where(table["verdict"] == 1), by=None)
    )
    labels = survey.reference("labels", NIGHT)
    assert labels["label"].tolist() == [1, -1, 1, -1, 1]
    assert set(labels["label_source"]) == {""}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="dec"), "column 'dec' is missing; there: candid, object"),
        (lambda t: t.assign(candid=t["candid"] * 1.0), "column 'candid' holds the float"),
        (lambda t: t.assign(candid=7), "row 1: candidate_id '7' appears twice"),
        (lambda t: t.assign(candid=[*["a", None], *"cdef"]), "row 1: candidate_id '' is empty"),
        (lambda t: t.assign(jd=t["jd"].where(t.index != 2)), "row 2: 'jd' is not finite"),
    ],
)
def test_what_is_wrong_with_the_table_is_said_in_one_line(alert_survey, change, message):
    with pytest.raises(InputError, match=message) as caught:
        alert_survey(change=change).freeze(NIGHT)
    assert "\n" not in str(caught.value)


def test_fewer_stamps_than_rows_and_other_sizes_are_named(alert_survey):
    with pytest.raises(InputError, match=r"holds 3 stamps; alerts.parquet has a row 4"):
        alert_survey(stamps=np.zeros((3, 3, 5, 5))).freeze(NIGHT)
    with pytest.raises(InputError, match=r"stamps are \(7, 7, 3\); the survey's settings say \(5, 5, 3\)"):
        alert_survey(stamps=np.zeros((6, 3, 7, 7))).freeze(NIGHT)
    with pytest.raises(InputError, match="no data set 'stamps'; there: cutouts"):
        alert_survey(input={"cutouts_name": "stamps"}).freeze(NIGHT)


def test_only_the_nights_own_rows_and_stamps_decide_whether_it_changed(alert_survey):
    survey = alert_survey()
    manifest = survey.freeze(NIGHT)
    with h5py.File(survey.folder / "cutouts.h5", "r+") as file:
        file["cutouts"][5] = 0
    assert survey.freeze(NIGHT) == manifest
    with h5py.File(survey.folder / "cutouts.h5", "r+") as file:
        file["cutouts"][4, 0, 0, 0] = 9
    with pytest.raises(
        ChangedInputError,
        match=r"the cutouts in cutouts.h5 changed since the night was frozen; use `nightsift refetch`",
    ):
        list(survey.read(NIGHT, manifest))


def test_a_changed_row_is_noticed_and_a_moved_one_is_not(alert_survey):
    survey = alert_survey()
    manifest = survey.freeze(NIGHT)
    path = survey.folder / "alerts.parquet"
    table = pd.read_parquet(path)
    table.assign(ra=table["ra"] + 1e-6).to_parquet(path)
    with pytest.raises(ChangedInputError, match=r"the rows of alerts.parquet changed since the night was frozen"):
        list(survey.read(NIGHT, manifest))
    later = table[-1:].assign(candid=1)
    pd.concat([later, table], ignore_index=True).to_parquet(path)
    with h5py.File(survey.folder / "cutouts.h5", "r+") as file:
        stamps = file["cutouts"][:]
        del file["cutouts"]
        file["cutouts"] = np.concatenate([stamps[-1:], stamps])
    assert sum(len(batch.candidates) for batch in survey.read(NIGHT, manifest)) == 5


def test_pixels_counted_from_one_are_moved(alert_survey):
    columns = {"candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd"}
    rows, _ = read(alert_survey(input={"columns": columns | {"x_pixel": "fid", "y_pixel": "fid"}}, pixel_origin=1))
    assert set(rows["x_pixel"]) == set(rows["y_pixel"]) == {1.0}


def test_settings_that_cannot_be_are_refused(alert_survey):
    with pytest.raises(SettingsError, match="columns names 'colour'"):
        alert_survey(input={"columns": {"colour": "fid"}})
    with pytest.raises(SettingsError, match="columns does not say which column is 'candidate_id'"):
        alert_survey(input={"columns": {"object_id": "object"}})
    with pytest.raises(SettingsError, match=r"'alert_table' has no queries .*; allowed: after_hours, marker"):
        alert_survey(closed={"query": "done"}).closed(NIGHT)


def test_an_unset_folder_says_what_to_point_it_at(alert_survey, monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_TEST_ALERTS", raising=False)
    survey = alert_survey(input={"folder": "${NIGHTSIFT_TEST_ALERTS}"})
    message = "NIGHTSIFT_TEST_ALERTS is not set: point it at the folder that holds alerts.parquet and cutouts.h5"
    with pytest.raises(MissingInputError, match=message):
        survey.nights()
    assert len(survey.check()) == 1
    monkeypatch.setenv("NIGHTSIFT_TEST_ALERTS", "/nowhere")
    with pytest.raises(MissingInputError, match="no folder /nowhere"):
        survey.nights()


@pytest.fixture
def ztf_alerts(real_data, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_ZTF_ALERTS", str(real_data / "ztf_alerts"))
    settings = settings_files.load("surveys", "ztf_alerts", SurveySettings)
    return open_survey(settings, "ztf_alerts")


def test_the_real_alerts_lie_in_119_nights_and_none_is_lost(ztf_alerts, real_data):
    table = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet", columns=["candid", "jd"])
    nights = ztf_alerts.nights()
    assert len(nights) == 119
    assert (nights[0], nights[-1]) == ("2018-01-31", "2026-03-21")
    assert sorted(ztf_alerts.reference("rb", "")["candidate_id"]) == sorted(table["candid"].astype(str))
    palomar = pd.to_datetime(table["jd"] - 0.5 - 116.86 / 360, unit="D", origin="julian").dt.strftime("%Y-%m-%d")
    counted = {night: len(ztf_alerts.reference("rb", night)) for night in nights[:4]}
    assert counted == {night: int((palomar == night).sum()) for night in nights[:4]}


def test_a_night_of_real_alerts_is_fetched_whole(ztf_alerts, real_data, tmp_path):
    night = "2018-11-28"
    manifest = ztf_alerts.freeze(night)
    options = {
        "name": "ztf_alerts",
        "night": night,
        "manifest": manifest,
        "provenance": {},
        "progress": lambda *_: None,
    }
    fetch_cutouts(tmp_path / "c.h5", NightJob(survey=ztf_alerts, **options))
    with open_cutouts(tmp_path / "c.h5") as file:
        rows, pixels = file.candidates(), file.pixels()
        dropped = len(file.table("dropped"))
        assert len(rows) + dropped == manifest["files"]["cutouts.h5"]["rows"] == 394
    table = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet", columns=["candid", "objectId", "label"])
    there = table.assign(candid=table["candid"].astype(str)).set_index("candid").loc[rows["candidate_id"]]
    assert there["objectId"].tolist() == rows["object_id"].tolist()
    listed = there["label"].to_numpy() >= 0
    np.testing.assert_array_equal(rows["label"].to_numpy()[listed], there["label"].to_numpy()[listed])
    assert not (np.abs(pixels) > 1e30).any()


def test_huge_pixels_of_real_alerts_become_missing(ztf_alerts, real_data):
    with h5py.File(real_data / "ztf_alerts" / "cutouts.h5") as file:
        first = next(
            start for start in range(0, 2249, 250) if (np.abs(file["cutouts"][start : start + 250]) > 1e30).any()
        )
        stamps = file["cutouts"][first : first + 250]
    row = first + int(np.flatnonzero((np.abs(stamps) > 1e30).any(axis=(1, 2, 3)))[0])
    alert = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet").iloc[row]
    found, pixels = read(ztf_alerts, night_of(alert["jd"] - 2400000.5, ztf_alerts.settings.longitude_deg)[0])
    mine = (found["candidate_id"] == str(alert["candid"])).to_numpy()
    assert np.isnan(pixels[mine]).any()
    assert found["flags"].to_numpy()[mine][0] & (Flag.MISSING_PIXELS | Flag.NO_TEMPLATE)


def test_larger_stamps_are_cut_about_their_middle(alert_survey):
    stamps = np.random.default_rng(1).normal(size=(6, 3, 9, 9)).astype(np.float32)
    _, pixels = read(alert_survey(stamps=stamps, input={"stamp_size_pixel": 9}))
    np.testing.assert_array_equal(pixels, np.moveaxis(stamps[:5, :, 2:7, 2:7], 1, -1))


def placed(table):
    return table.assign(x=40.2, y=40.2)


def test_a_cutout_that_may_be_centred_beside_its_source_has_a_flag(alert_survey):
    """Its stamp of 10 or 11 pixels is cut off by the image's corner; of stamps as large as the stack, it is known."""
    columns = {"candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd"}
    columns |= {"x_pixel": "x", "y_pixel": "y"}
    stamps = np.full((6, 3, 15, 15), np.nan, np.float32)
    stamps[:, :, 2:13, 2:13] = np.random.default_rng(1).normal(size=(6, 3, 11, 11))
    stamps[2, :, 11:], stamps[2, :, :, 9:] = np.nan, np.nan
    rows, _ = read(alert_survey(stamps=stamps, change=placed, input={"stamp_size_pixel": 15, "columns": columns}))
    assert [bool(flags & Flag.UNSURE_CENTRE) for flags in rows["flags"]] == [False, False, True, False, False]
    assert rows["flags"].dtype == np.int32
    stamps = stamps[:, :, 2:13, 2:13]
    rows, pixels = read(alert_survey(stamps=stamps, change=placed, cutout_size_pixel=11, input={"columns": columns}))
    assert not (rows["flags"].to_numpy() & Flag.UNSURE_CENTRE).any()
    np.testing.assert_array_equal(pixels, np.moveaxis(stamps[:5], 1, -1))


def test_fluxes_become_magnitudes_and_atomic_time_utc(alert_survey):
    survey = alert_survey(
        change=lambda table: table.assign(jd=61045.9 + 37 / 86400, nanojansky=-1000.0, spread=100.0),
        input={
            "time_format": "mjd_tai",
            "columns": {
                "candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd",
                "flux": "nanojansky", "flux_error": "spread",
            },
        },
    )  # fmt: skip
    rows, _ = read(survey)
    assert rows["time_mjd"].tolist() == pytest.approx([61045.9] * 6, abs=1e-8)
    np.testing.assert_allclose(rows["magnitude"], 23.9, rtol=1e-6)
    np.testing.assert_allclose(rows["magnitude_error"], 0.10857, atol=1e-4)
