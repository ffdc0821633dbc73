from dataclasses import replace

from pipeline.plots import PLOTS


def test_what_was_never_a_candidate_is_lost_and_what_was_not_judged_is_left_out(report_data):
    table = PLOTS["truth"](report_data).table.set_index("kind")
    assert table.loc["mover", "not_detected"] == 9
    counted = table[["called_real", "rejected", "not_detected", "not_scored"]].sum(axis=1)
    assert counted.tolist() == table["n"].tolist()
    assert table["not_scored"].sum() == 60


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_truth_of_candidates_alone_speaks_of_no_others(report_data):
    result = PLOTS["truth"](report_data)
    assert legend(result.figure) == ["called real", "called bogus", "not a candidate"]
    assert result.note == "60 candidates of the truth table are not scored in this part and not shown"
    seen = replace(report_data, truth=report_data.truth.query("candidate_id != ''"))
    assert legend(PLOTS["truth"](seen).figure) == ["called real", "called bogus"]


def test_scored_candidates_that_the_truth_does_not_name_are_counted(report_data):
    named = report_data.truth[report_data.truth["candidate_id"].isin(report_data.judged("cnn")["candidate_id"][10:])]
    result = PLOTS["truth"](replace(report_data, truth=named))
    assert result.note.startswith("10 scored candidates of this part, such as injected ones, are not in the truth")
    assert result.table["n"].sum() == len(report_data.judged("cnn")) - 10
