"""Surveys of table files: candidates and exposures from CSV, ECSV, FITS and Parquet, images through FITS."""

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from pipeline.errors import ChangedInputError, InputError, MissingInputError, NightsiftError, SettingsError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob

NIGHT = "2026-01-05"
NO_EXPOSURES = {"exposures": "", "tables": {}}


def read(survey, night=NIGHT):
    batches = list(survey.read(night, survey.freeze(night)))
    return pd.concat([batch.candidates for batch in batches], ignore_index=True), batches


def rewrite(survey, change, name="candidates.csv"):
    path = survey.folder / name
    change(pd.read_csv(path, dtype={"candidate_id": "str"})).to_csv(path, index=False)
    return survey


def test_a_cutout_shows_the_place_of_its_candidate(table_survey):
    rows, batches = read(table_survey())
    assert rows["candidate_id"].tolist() == ["c1", "c2", "c3"]
    assert rows["band"].tolist() == ["r"] * 3
    middle = np.concatenate([batch.cutouts for batch in batches])[:, 2, 2, 0]
    np.testing.assert_allclose(middle, [1130, 1100, 2165], atol=3)


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits", "parquet"])
def test_every_format_gives_equal_candidates(table_survey, ending):
    survey = table_survey(input={"candidates": f"c.{ending}", "exposures": f"e.{ending}"})
    for old, new in (("candidates", "c"), ("exposures", "e")):
        table = pd.read_csv(survey.folder / f"{old}.csv")
        path = survey.folder / f"{new}.{ending}"
        if ending == "csv":
            table.to_csv(path, index=False)
        elif ending == "parquet":
            table.to_parquet(path)
        else:
            Table.from_pandas(table).write(path, format="ascii.ecsv" if ending == "ecsv" else "fits")
    rows, _ = read(survey)
    pd.testing.assert_frame_equal(rows, read(table_survey())[0])


def test_ids_stay_text_from_the_file_to_the_cutouts(table_survey, place_candidates, tmp_path):
    ids = [str(2**53 + 1), "0017", "1e5"]
    survey = table_survey(place_candidates(dict.fromkeys(ids, ("e1", 10, 12))))
    manifest = survey.freeze(NIGHT)
    options = {"name": "toy", "night": NIGHT, "manifest": manifest, "provenance": {}, "progress": lambda *_: None}
    commit(tmp_path / "c.h5", lambda scratch: fetch_cutouts(scratch, NightJob(survey=survey, **options)))
    with open_cutouts(tmp_path / "c.h5") as file:
        assert file.candidates()["candidate_id"].tolist() == ids


def test_candidates_alone_name_their_images(table_survey):
    survey = table_survey(input=NO_EXPOSURES)
    rewrite(survey, lambda rows: rows.assign(file=rows["exposure_id"] + ".fits", night=NIGHT, gain=1.5))
    rows, batches = read(survey)
    assert rows["candidate_id"].tolist() == ["c1", "c2", "c3"]
    assert len(batches) == 2
    rewrite(survey, lambda rows: rows.drop(columns="exposure_id"))
    rows, _ = read(survey)
    assert sorted(set(rows["exposure_id"])) == ["e1.fits", "e2.fits"]


def test_candidates_of_one_exposure_cannot_name_two_images(table_survey):
    survey = table_survey(input=NO_EXPOSURES)
    rewrite(survey, lambda rows: rows.assign(file=["e1.fits", "e2.fits", "e2.fits"], night=NIGHT))
    with pytest.raises(InputError, match="exposure_id 'e1' has more than one file"):
        survey.freeze(NIGHT)


def test_each_night_may_have_its_own_file(table_survey):
    survey = table_survey(input=NO_EXPOSURES | {"candidates": "cats/{night}.csv"})
    (survey.folder / "cats").mkdir()
    rows = pd.read_csv(survey.folder / "candidates.csv")
    rows = rows.assign(file=rows["exposure_id"] + ".fits")
    rows.to_csv(survey.folder / f"cats/{NIGHT}.csv", index=False)
    rows[:1].to_csv(survey.folder / "cats/2026-01-06.csv", index=False)
    (survey.folder / "cats/readme.csv").touch()
    assert survey.nights() == [NIGHT, "2026-01-06"]
    assert len(read(survey)[0]) == 3
    assert len(read(survey, "2026-01-06")[0]) == 1
    assert list(survey.read("2026-01-07", survey.freeze("2026-01-07"))) == []


def test_files_that_are_not_called_as_nights_are_one_fault(table_survey):
    survey = table_survey(input=NO_EXPOSURES | {"candidates": "cats/{night}.csv"})
    (survey.folder / "cats").mkdir()
    (survey.folder / "candidates.csv").rename(survey.folder / "cats/20260106.csv")
    message = "cats/{night}.csv: '20260106' is not a night; files of {night} must be named like 2026-01-06"
    assert survey.check() == [message]
    with pytest.raises(InputError, match=message):
        survey.freeze("2026-01-06")


def test_other_column_names_bands_signs_and_julian_dates_are_settings(table_survey):
    columns = {"candidate_id": "ID", "x_pixel": "X", "y_pixel": "Y", "flux_sign": "pos", "band": "fid"}
    survey = table_survey(
        input={"columns": columns, "exposure_columns": {"time_mjd": "jd"}, "time_format": "jd", "bands": {"2": "i"}}
    )
    names = {"candidate_id": "ID", "x_pixel": "X", "y_pixel": "Y"}
    rewrite(survey, lambda rows: rows.rename(columns=names).assign(pos=["t", "f", ""], fid=2))
    rewrite(survey, lambda rows: rows.drop(columns="time_mjd").assign(jd=2461046.4), "exposures.csv")
    rows, _ = read(survey)
    assert rows["candidate_id"].tolist() == ["c1", "c2", "c3"]
    assert rows["flux_sign"].tolist() == [1, -1, 0]
    assert rows["band"].tolist() == ["i"] * 3
    assert rows["time_mjd"].tolist() == pytest.approx([61045.9] * 3)


def test_every_spelling_of_a_sign_is_read_and_another_is_an_error(table_survey, sign_texts):
    survey = table_survey()
    first = pd.read_csv(survey.folder / "candidates.csv")[:1]
    many = pd.concat([first] * 10, ignore_index=True).assign(candidate_id=[f"c{row}" for row in range(10)])
    many.assign(flux_sign=list(sign_texts)).to_csv(survey.folder / "candidates.csv", index=False)
    assert read(survey)[0]["flux_sign"].tolist() == list(sign_texts.values())
    many.assign(flux_sign="maybe").to_csv(survey.folder / "candidates.csv", index=False)
    with pytest.raises(InputError, match=r"candidates.csv: column 'flux_sign' is 'maybe'; allowed: - -1 0 f false n"):
        survey.freeze(NIGHT)


def test_a_reference_table_gives_the_rows_of_the_nights_candidates(table_survey):
    survey = table_survey()
    more = "candidate_id,label\nc1,1\nother,0\n"
    (survey.folder / "eyeballs.csv").write_text(more)
    assert survey.reference("eyeballs", NIGHT)["candidate_id"].tolist() == ["c1"]
    assert len(survey.reference("eyeballs", "")) == 2
    (survey.folder / "eyeballs.csv").write_text(f"candidate_id,label,night\nc1,1,2026-01-09\nc2,0,{NIGHT}\n")
    assert survey.reference("eyeballs", NIGHT)["candidate_id"].tolist() == ["c2"]
    (survey.folder / "eyeballs.csv").write_text("candidate_id,label,night\nc1,1,61049\nc3,0,61045\n")
    assert survey.reference("eyeballs", NIGHT)["candidate_id"].tolist() == ["c3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="x_pixel"), r"candidates.csv: column 'x_pixel' is missing; there: "),
        (lambda rows: rows.drop(columns="ra_deg"), r"column 'ra_deg' is missing"),
        (lambda rows: rows.drop(columns="candidate_id"), r"column 'candidate_id' is missing"),
        (
            lambda rows: rows.assign(y_pixel=["1", "2", "no"]),
            r"candidates.csv: row 3: y_pixel is 'no'; allowed: a number",
        ),
        (lambda rows: rows.assign(candidate_id=["a", "b", "a"]), r"row 3: candidate_id 'a' appears twice"),
        (lambda rows: rows.assign(candidate_id=["a", None, "b"]), r"row 2: candidate_id is empty"),
        (lambda rows: rows.assign(exposure_id="e9"), r"row 1: exposure_id 'e9' is in no row of exposures.csv"),
    ],
)
def test_a_bad_table_is_one_line_with_file_row_and_value(table_survey, change, message):
    survey = rewrite(table_survey(), change)
    with pytest.raises(InputError, match=message) as caught:
        survey.freeze(NIGHT)
    assert "\n" not in str(caught.value)
    assert survey.check() == [str(caught.value)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.assign(exposure_id="e1"), "exposure_id 'e1' appears twice"),
        (lambda rows: rows.assign(saturation="high"), "row 1: saturation is 'high'; allowed: a number"),
        (lambda rows: rows.drop(columns="file"), "the exposures have no column 'file'"),
        (lambda rows: rows.assign(time_mjd=None), "times are not finite"),
        (lambda rows: rows.drop(columns="time_mjd"), "neither column 'night' nor 'time_mjd' says when"),
        (lambda rows: rows.assign(night="yesterday"), "yesterday"),
    ],
)
def test_a_bad_table_of_exposures_is_one_line_too(table_survey, change, message):
    survey = rewrite(table_survey(), change, "exposures.csv")
    with pytest.raises(NightsiftError, match=message):
        survey.freeze(NIGHT)


def test_a_missing_image_loses_its_exposure_alone(table_survey):
    survey = table_survey()
    (survey.folder / "e2.fits").unlink()
    rows, batches = read(survey)
    assert rows["candidate_id"].tolist() == ["c1", "c2"]
    assert [batch.lost for batch in batches] == [0, 1]


def test_a_candidate_of_an_unknown_exposure_is_listed(table_survey):
    survey = rewrite(table_survey(), lambda rows: rows.assign(night=NIGHT, exposure_id=["e1", "e9", "e2"]))
    dropped = pd.concat([batch.dropped for batch in read(survey)[1]])
    assert dropped[["candidate_id", "reason"]].to_numpy().tolist() == [["c2", "exposure unknown"]]


def test_a_row_that_changed_after_freezing_is_noticed(table_survey):
    survey = table_survey()
    manifest = survey.freeze(NIGHT)
    rewrite(survey, lambda rows: rows.assign(x_pixel=rows["x_pixel"] + 1))
    with pytest.raises(ChangedInputError, match=r"candidates\.csv changed since the night was frozen; use"):
        list(survey.read(NIGHT, manifest))


def test_what_settings_cannot_say_is_refused(table_survey, tmp_path):
    with pytest.raises(SettingsError, match="columns names 'xx'; allowed: candidate_id"):
        table_survey(input={"columns": {"xx": "x"}})
    with pytest.raises(SettingsError, match="'table' has no queries"):
        table_survey(closed={"query": "closed"}).closed(NIGHT)
    with pytest.raises(SettingsError, match=r"allowed with \{night\}: a path below folder"):
        table_survey(input={"candidates": "/cats/{night}.csv"})
    with pytest.raises(MissingInputError, match="no folder"):
        table_survey(input={"folder": str(tmp_path / "none")}).nights()
    with pytest.raises(MissingInputError, match="no table"):
        table_survey(input={"candidates": "none.csv"}).nights()


def with_catalogues(survey, columns=()):
    """Put the candidates into a table HDU of their images; the first two columns get other names."""
    from astropy.io import fits

    rows = pd.read_csv(survey.folder / "candidates.csv")
    rows = rows.rename(columns={"ra_deg": "ra", "x_pixel": "x"}).drop(columns=["candidate_id", "object_id"])
    for name, mine in rows.groupby("exposure_id"):
        table = fits.table_to_hdu(Table.from_pandas(mine.drop(columns="exposure_id")))
        table.name = "PHOTOMETRY_DIFF"
        fits.append(survey.folder / f"{name}.fits", table.data, table.header)
    return survey


CATALOGUES = {"candidates": "", "catalogues": "file:PHOTOMETRY_DIFF", "columns": {"ra_deg": "ra", "x_pixel": "x"}}


@pytest.mark.replaces("gotorb", "G1")
def test_the_candidates_may_stand_in_a_table_of_each_image(table_survey):
    survey = with_catalogues(table_survey(input=CATALOGUES))
    assert survey.nights() == [NIGHT]
    rows, batches = read(survey)
    assert rows["candidate_id"].tolist() == ["e1-0", "e1-1", "e2-0"]
    assert rows["x_pixel"].tolist() == [10.0, 20.0, 15.0]
    assert len(batches) == 2
    assert survey.check() == []
    assert list(survey.read("2026-03-01", survey.freeze("2026-03-01"))) == []


def test_an_image_without_its_table_is_a_lost_exposure(table_survey):
    survey = with_catalogues(table_survey(exposures=("e1", "e2", "e3"), input=CATALOGUES))
    _, batches = read(survey)
    assert [batch.lost for batch in batches] == [0, 0, 1]
    assert batches[2].dropped["reason"][0].startswith("exposure unusable: e3.fits is not a readable table")


def test_the_labels_may_stand_in_the_table_of_candidates(table_survey):
    survey = table_survey(input={"columns": {"candidate_id": "ID"}, "tables": {"judged": "candidates.csv"}})
    rewrite(survey, lambda rows: rows.rename(columns={"candidate_id": "ID"}).assign(label=["1", "0", "1"]))
    assert survey.reference("judged", NIGHT)[["candidate_id", "label"]].to_numpy().tolist() == [
        ["c1", 1], ["c2", 0], ["c3", 1],
    ]  # fmt: skip
    assert set(read(survey)[0]["label"]) == {-1}


@pytest.mark.parametrize("survey_input", [{"candidates": ""}, {"catalogues": "file:1"}])
def test_one_of_candidates_and_catalogues_is_given(table_survey, survey_input):
    with pytest.raises(SettingsError, match="exactly one of candidates, catalogues"):
        table_survey(input=survey_input)


TIMES = [pd.Timestamp("2026-01-05T21:36:00"), pd.Timestamp("2026-01-05T21:36:00", tz="UTC"), "2026-01-05 21:36:00",
         "2026-01-05T18:36:00-03:00", "61045.9"]  # fmt: skip


@pytest.mark.parametrize("time", TIMES)
def test_timestamps_and_texts_of_a_table_are_times(table_survey, time):
    survey = table_survey(input={"exposures": "e.parquet"})
    rows = pd.read_csv(survey.folder / "exposures.csv").assign(time_mjd=time)
    rows.to_parquet(survey.folder / "e.parquet")
    assert survey.nights() == [NIGHT]
    assert read(survey)[0]["time_mjd"].tolist() == pytest.approx([61045.9] * 3)


@pytest.mark.parametrize("night", [pd.Timestamp(NIGHT), pd.Timestamp(NIGHT).date(), NIGHT, 61045])
def test_a_column_of_nights_may_hold_dates(table_survey, night):
    survey = table_survey(input={"exposures": "e.parquet"})
    pd.read_csv(survey.folder / "exposures.csv").assign(night=night).to_parquet(survey.folder / "e.parquet")
    assert survey.nights() == [NIGHT]
    assert len(read(survey)[0]) == 3


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (2461046.4, r"^exposures.csv: column 'jd': row 1: 2461046.4 is outside .* a JD; state `time_format: jd`$"),
        (-999.0, r"^exposures.csv: 2 times are impossible, first MJD -999.0 in row 1; allowed: 15020.0 to 88069.0"),
        ("2026-01-05", r"^exposures.csv: column 'jd': row 1 is '2026-01-05' without a time of day"),
        ("20260106/c", r"^exposures.csv: column 'jd': row 1 is '20260106/c'; allowed: an ISO date and time"),
    ],
)
def test_a_time_that_cannot_be_is_one_fault_and_no_night(table_survey, time, message):
    survey = table_survey(input={"exposure_columns": {"time_mjd": "jd"}})
    rewrite(survey, lambda rows: rows.drop(columns="time_mjd").assign(jd=time), "exposures.csv")
    with pytest.raises(InputError, match=message):
        survey.nights()
    assert len(survey.check()) == 1


@pytest.mark.parametrize("night", ["20260106/c", "8597-01-24", "20260106"])
def test_a_column_of_nights_that_are_none_is_one_fault(table_survey, night):
    survey = table_survey()
    rewrite(survey, lambda rows: rows.assign(night=night), "exposures.csv")
    with pytest.raises(InputError, match=rf"^exposures.csv: column 'night': night '{night}' is"):
        survey.nights()
    assert len(survey.check()) == 1


def test_where_the_file_names_the_night_a_time_that_cannot_be_costs_its_row_and_zero_is_not_known(table_survey):
    survey = table_survey(input=NO_EXPOSURES | {"candidates": "{night}.csv"})
    rows = pd.read_csv(survey.folder / "candidates.csv")
    rows = rows.assign(file=rows["exposure_id"] + ".fits", time_mjd=[-999.0, 0.0, 61045.9])
    rows.to_csv(survey.folder / f"{NIGHT}.csv", index=False)
    found, batches = read(survey)
    assert found["candidate_id"].tolist() == ["c2", "c3"]
    np.testing.assert_array_equal(found["time_mjd"], [np.nan, 61045.9])
    dropped = pd.concat([batch.dropped for batch in batches])
    assert dropped["reason"].tolist() == ["time_mjd is outside 1900 to 2100"]


def test_a_reference_table_that_matches_no_candidate_is_warned_of_with_its_file(table_survey, caplog):
    survey = table_survey()
    (survey.folder / "eyeballs.csv").write_text("candidate_id,label\nc9,1\n")
    assert len(survey.reference("eyeballs", NIGHT)) == 0
    said = f"{survey.folder}/eyeballs.csv: 1 rows, and none is of a candidate of the night {NIGHT}"
    assert said in caplog.text


def test_a_column_of_ids_that_labels_name_is_text(table_survey):
    survey = table_survey(labels=[{"provider": "list", "table": "eyeballs", "id_column": "alert"}])
    (survey.folder / "eyeballs.csv").write_text("alert,label\n0017,1\n9007199254740993,0\n")
    assert survey.reference("eyeballs", NIGHT)["alert"].tolist() == ["0017", "9007199254740993"]


@pytest.mark.parametrize(
    ("values", "signs"), [((False, True), [-1, 1]), (("f", ""), [-1, 0]), (("faint", "p"), [-1, 1])]
)
def test_the_sign_of_an_exposure_is_read_as_that_of_a_candidate(table_survey, values, signs):
    survey = table_survey(input={"negative_values": ["faint"]})
    rewrite(survey, lambda rows: rows.drop(columns="flux_sign"))
    rewrite(survey, lambda rows: rows.assign(flux_sign=list(values)), "exposures.csv")
    assert read(survey)[0].groupby("exposure_id")["flux_sign"].first().tolist() == signs
