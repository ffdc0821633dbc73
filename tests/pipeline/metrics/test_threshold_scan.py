import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, precision_score, recall_score

from pipeline.metrics.threshold_scan import threshold_scan


@pytest.mark.replaces("gotorb", "G13")
@pytest.mark.replaces("gmadet", "O10")
def test_every_threshold_gives_what_scikit_learn_says():
    rng = np.random.default_rng(6)
    labels = (rng.random(500) < 0.35).astype(int)
    scores = np.round(np.clip(0.3 + 0.35 * labels + 0.2 * rng.standard_normal(500), 0, 1), 2)
    for row in threshold_scan(labels, scores, np.linspace(0, 1, 21)).itertuples():
        called = (scores >= row.threshold).astype(int)
        assert row.recall == pytest.approx(recall_score(labels, called), abs=1e-9)
        assert row.fnr == pytest.approx(1 - recall_score(labels, called), abs=1e-9)
        assert row.fpr == pytest.approx(1 - recall_score(1 - labels, 1 - called), abs=1e-9)
        assert row.mmce == pytest.approx(1 - accuracy_score(labels, called), abs=1e-9)
        assert row.f1 == pytest.approx(f1_score(labels, called), abs=1e-9)
        assert row.mcc == pytest.approx(matthews_corrcoef(labels, called), abs=1e-9)
        if called.any():
            assert row.precision == pytest.approx(precision_score(labels, called), abs=1e-9)
