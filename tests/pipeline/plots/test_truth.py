from pipeline.plots import PLOTS


def test_what_was_never_a_candidate_is_lost_and_what_was_not_judged_is_left_out(report_data):
    table = PLOTS["truth"](report_data).table.set_index("kind")
    assert table.loc["mover", "not_detected"] == 9
    counted = table[["called_real", "rejected", "not_detected", "not_scored"]].sum(axis=1)
    assert counted.tolist() == table["n"].tolist()
    assert table["not_scored"].sum() == 60
