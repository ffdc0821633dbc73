from pipeline.plots import PLOTS


def test_every_judged_row_is_in_the_histogram_and_in_the_reliability_once(report_data):
    histogram = PLOTS["score_histogram"](report_data).table.groupby("model")[["n_bogus", "n_real"]].sum().sum(axis=1)
    reliability = PLOTS["calibration"](report_data).table.groupby("model")["n"].sum()
    assert histogram["cnn"] == reliability["cnn"] == len(report_data.judged("cnn"))


def test_the_confusion_is_that_of_each_model_at_its_own_threshold(report_data):
    table = PLOTS["confusion_matrix"](report_data).table
    rows = report_data.judged("features")
    cell = table[(table["model"] == "features") & (table["truth"] == "bogus") & (table["called"] == "real")].iloc[0]
    assert cell["n"] == ((rows["label"] == 0) & (rows["score"] >= 0.4)).sum()
    assert table.groupby(["model", "truth"])["share"].sum().round(12).eq(1).all()


def test_names_with_dollar_signs_are_drawn_as_they_are(report_data):
    result = PLOTS["confusion_matrix"](report_data)
    result.figure.axes[0].set_title("$model_1")
    result.figure.draw_without_rendering()
