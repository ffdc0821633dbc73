"""What makes a report another one."""

import tasks


def test_which_of_two_classifiers_is_judged_decides_the_report():
    pair = ("boosting", "triplet_cnn")
    first, second = (
        tasks.PlotResults(survey="synthetic", classifier=judged, baseline=other) for judged, other in (pair, pair[::-1])
    )
    assert first.fingerprint != second.fingerprint
