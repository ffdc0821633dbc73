"""The same graph on real ZTF alerts, where the checkout has them beside it."""

import json

RECIPE = {
    "survey": "ztf_alerts",
    "nights": ["2018-06-06", "2018-06-25", "2018-11-28", "2019-09-02", "2019-12-31", "2020-02-01"],
    "simulation": "few_stamps",
    "training_only": ["teacher", "self_made", "injected"],
    "max_ratio": 3,
    "split": {"by": "object", "test": 0.3, "validation": 0.3, "seed": 1, "minimum_groups": 2},
}
STAMPS = {"reals_per_cutout": 0.05, "bogus_per_cutout": 0.05, "difference_turned": True}


def test_six_nights_of_real_alerts_become_a_report(new_project, real_data):
    new_project.write("datasets", "few_nights", RECIPE)
    new_project.write("simulations", "few_stamps", {"seed": 1, "stamps": STAMPS})
    arguments = ("--survey", "ztf_alerts", "--dataset", "few_nights", "--classifier", "tiny", "--baseline", "tiny")
    environment = {"NIGHTSIFT_ZTF_ALERTS": str(real_data / "ztf_alerts")}
    new_project.make("PlotResults", *arguments, "--replicates", "20", environment=environment)

    assert len(new_project.results("FetchCutouts")) == len(new_project.results("SimulateTransients")) == 6
    report = new_project.result("PlotResults")
    page = (report / "index.html").read_text()
    assert "ztf_alerts" in page
    assert "The bogus were judged by eye" in page
    metrics = json.loads((report / "metrics.json").read_text())
    assert {"rb", "drb", "magnitude", "tiny"} <= set(metrics["models"])
