from pipeline.plots import PLOTS


def test_every_night_is_counted_with_its_unlabelled_rows(report_data):
    table = PLOTS["score_by_night"](report_data).table
    assert table["night"].tolist() == ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    assert table["n"].sum() == 240
    assert table.filter(like="n_score_from").sum(axis=1).tolist() == table["n"].tolist()
