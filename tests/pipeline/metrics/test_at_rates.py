import numpy as np
import pytest

from pipeline.metrics import METRICS
from pipeline.metrics.at_rates import at_rates


def rows(n=3000):
    rng = np.random.default_rng(8)
    labels = (rng.random(n) < 0.4).astype(int)
    return labels, np.round(np.clip(0.25 * rng.standard_normal(n) + 0.3 + 0.4 * labels, 0, 1), 3)


@pytest.mark.replaces("psat-ml", "P8")
def test_any_rate_has_its_threshold_and_the_other_rate_there():
    labels, scores = rows()
    found = at_rates(labels, scores, [0.04])
    by_hand = {
        (1 - (scores[labels == 1] >= cut).mean(), (scores[labels == 0] >= cut).mean(), cut) for cut in set(scores)
    }
    mdr_of_fpr = min(mdr for mdr, fpr, _ in by_hand if fpr <= 0.04)
    fpr_of_mdr = min(fpr for mdr, fpr, _ in by_hand if mdr <= 0.04)
    assert found["fpr_0.04"]["mdr"] == pytest.approx(mdr_of_fpr, abs=1e-12)
    assert found["mdr_0.04"]["fpr"] == pytest.approx(fpr_of_mdr, abs=1e-12)
    for one in found.values():
        assert (scores[labels == 0] >= one["threshold"]).mean() == pytest.approx(one["fpr"], abs=1e-12)
        assert (scores[labels == 1] < one["threshold"]).mean() == pytest.approx(one["mdr"], abs=1e-12)


def test_the_rates_are_those_of_the_metrics():
    labels, scores = rows()
    found = at_rates(labels, scores, [0.01, 0.05])
    for kept, other in (("fpr", "mdr"), ("mdr", "fpr")):
        for rate, name in (("0.01", "1pc"), ("0.05", "5pc")):
            metric = METRICS[f"{other}_at_{kept}_{name}"](labels, scores)
            assert found[f"{kept}_{rate}"][other] == pytest.approx(metric, abs=1e-12)


def test_a_threshold_that_lets_no_bogus_pass_lets_none_pass_as_float32():
    scores = np.array([0.9, 0.5, 0.1], np.float32)
    kept = at_rates([0, 1, 0], scores, [0.01])["fpr_0.01"]
    assert kept["fpr"] == (scores[[0, 2]] >= np.float32(kept["threshold"])).mean() == 0.0


def test_one_class_has_no_such_threshold():
    assert at_rates([1, 1], [0.1, 0.2], [0.05]) == {}
