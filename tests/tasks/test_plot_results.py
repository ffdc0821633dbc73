"""What makes a report another one."""

import tasks


def test_which_of_two_classifiers_is_judged_decides_the_report():
    pair = ("boosting", "triplet_cnn")
    first, second = (
        tasks.PlotResults(survey="synthetic", classifier=judged, baseline=other) for judged, other in (pair, pair[::-1])
    )
    assert first.fingerprint != second.fingerprint


def test_a_report_may_compare_with_no_other_classifier():
    alone = tasks.PlotResults(survey="synthetic", classifier="vgg6", baseline="none")
    assert list(alone.models) == ["vgg6"]
    assert [name for name in alone.requires() if name.startswith("scores")] == ["scores vgg6"]
    beside = tasks.PlotResults(survey="synthetic", classifier="vgg6")
    assert list(beside.models) == ["vgg6", "triplet_cnn"]


def test_reports_of_other_classes_than_real_and_bogus_have_a_revision_of_their_own(monkeypatch):
    def prints(survey):
        return tasks.PlotResults(survey=survey).fingerprint

    before = [prints("synthetic"), prints("galaxies")]
    monkeypatch.setattr("tasks.plot_results.CLASSES_REVISION", 99)
    tasks.PlotResults.clear_instance_cache()
    assert prints("synthetic") == before[0]
    assert prints("galaxies") != before[1]
