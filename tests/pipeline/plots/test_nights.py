from dataclasses import replace

import pandas as pd

from pipeline.plots import PLOTS


def test_every_night_is_counted_with_its_unlabelled_rows(report_data):
    rows = report_data.scores["cnn"]
    whole = rows.assign(split=-1, label=rows["label"].where(rows.index % 3 > 0, -1))
    result = PLOTS["score_by_night"](replace(report_data, scores={"cnn": whole}))
    table = result.table
    assert result.note == ""
    assert table["night"].tolist() == ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    assert table["n"].sum() == 240
    assert table.filter(like="n_score_from").sum(axis=1).tolist() == table["n"].tolist()


def test_rows_that_the_classifier_learned_from_are_in_no_night(report_data):
    result = PLOTS["score_by_night"](report_data)
    assert result.table["n"].sum() == (report_data.scores["cnn"]["split"] == 2).sum()
    assert result.note == "only rows of the test part, whose numbers per night were chosen for the data set"


def test_nights_scored_as_a_whole_are_not_mixed_with_rows_of_a_data_set(report_data):
    rows = report_data.scores["cnn"]
    night = rows.head(50).assign(split=-1, night="2026-02-01", candidate_id=[f"n{i}" for i in range(50)])
    both = replace(report_data, scores={"cnn": pd.concat([rows, night], ignore_index=True)})
    table = PLOTS["score_by_night"](both).table
    assert dict(zip(table["night"], table["n"], strict=True)) == {"2026-02-01": 50}


def test_a_night_has_all_its_candidates_also_those_that_were_learned_from(report_data):
    rows = report_data.scores["cnn"].assign(split=-1)
    learned = {"cnn": {"train": 50, "validation": 0}}
    data = replace(report_data, scores={"cnn": rows.iloc[50:]}, learned_of_nights=rows.iloc[:50], learned=learned)
    result, whole = PLOTS["score_by_night"](data), PLOTS["score_by_night"](replace(data, scores={"cnn": rows}))
    pd.testing.assert_frame_equal(result.table, whole.table)
    assert result.note == "the classifier learned from 50 of these rows, whose scores flatter it"


def test_where_no_whole_night_is_known_what_was_left_out_is_said(report_data):
    rows = report_data.scores["cnn"].drop(columns="split")
    learned = {"cnn": {"train": 50, "validation": 7}}
    result = PLOTS["score_by_night"](replace(report_data, scores={"cnn": rows.iloc[57:]}, learned=learned))
    assert result.note == "57 rows that the classifier learned from are left out"
