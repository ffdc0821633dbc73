import numpy as np
from ranked_candidates import scored

from pipeline.cutouts.missing import Flag
from pipeline.scores.candidate_list import COLUMNS, listed
from pipeline.scores.ranking import Choice, rank


def listing(make_rows, *arguments, **columns):
    return listed(rank(scored(make_rows, *arguments, **columns), Choice()).rows)


def test_a_row_says_where_when_and_how_bright(make_rows):
    columns = {"ra_deg": [10.684708], "dec_deg": [41.26875], "time_mjd": [61045.25], "magnitude": [18.5]}
    row = listing(make_rows, ["007"], [0.75], **columns).iloc[0]
    assert (row["rank"], row["candidate_id"], row["score"]) == (1, "007", 0.75)
    assert (row["ra_hms"], row["dec_dms"]) == ("00:42:44.330", "+41:16:07.50")
    assert (row["time_utc"], row["time_mjd"]) == ("2026-01-05T06:00:00.000", 61045.25)
    assert "ra=10.684708" in row["tns_url"]
    assert "10.684708%20%2B41.268750" in row["simbad_url"]
    assert "10.684708%20%2B41.268750" in row["sky_url"]


def test_columns_have_their_order_and_types_for_no_rows_too(make_rows):
    for ids, score in ((["a", "b"], [0.5, np.nan]), ([], [])):
        table = listing(make_rows, ids, score)
        assert list(table) == list(COLUMNS)
        for name, column in COLUMNS.items():
            assert column.kind == "text" or table[name].dtype == column.kind, name


def test_what_is_not_known_is_nan_or_empty(make_rows):
    nothing = [np.nan]
    row = listing(make_rows, ["a"], nothing, ra_deg=nothing, dec_deg=nothing, time_mjd=nothing).iloc[0]
    assert np.isnan(row["score"])
    assert row[["ra_hms", "dec_dms", "time_utc", "tns_url", "simbad_url", "sky_url"]].tolist() == [""] * 6


def test_flags_are_named(make_rows):
    flags = [int(Flag.EDGE | Flag.SATURATED)]
    assert listing(make_rows, ["a"], [0.5], flags=flags)["flag_names"].tolist() == ["EDGE SATURATED"]


def test_scores_that_name_no_model_are_listed(make_rows):
    rows = rank(scored(make_rows, ["a"], [0.5]), Choice()).rows.drop(columns=["model", "release", "label_predicted"])
    row = listed(rows).iloc[0]
    assert (row["model"], row["release"], row["label_predicted"]) == ("", "", -1)
