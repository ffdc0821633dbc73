"""Figures of ZTF's own random forest on the labelled alerts, known from an independent computation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics import METRICS, bootstrap

ALERTS = Path(__file__).parents[4] / "shared" / "data" / "ztf_alerts" / "alerts.parquet"


@pytest.fixture
def labelled_alerts():
    if not ALERTS.is_file():
        pytest.skip(f"no real alerts at {ALERTS}")
    table = pd.read_parquet(ALERTS, columns=["objectId", "label", "rb"])
    return table[table["label"] >= 0]


def test_the_random_forest_of_ztf_does_as_is_known(labelled_alerts):
    assert len(labelled_alerts) == 461
    label, score = labelled_alerts["label"].to_numpy(), labelled_alerts["rb"].to_numpy()
    assert METRICS["auc"](label, score) == pytest.approx(0.912, abs=0.001)
    assert METRICS["mdr_at_fpr_1pc"](label, score) == pytest.approx(0.85, abs=0.01)
    assert METRICS["fpr_at_mdr_1pc"](label, score) == pytest.approx(0.40, abs=0.01)


def test_alerts_of_one_object_widen_the_interval(labelled_alerts):
    label, score = labelled_alerts["label"].to_numpy(), labelled_alerts["rb"].to_numpy()
    objects = bootstrap("auc", label, score, labelled_alerts["objectId"], rng=np.random.default_rng(0))
    assert objects.n_groups == labelled_alerts["objectId"].nunique() < 461
    assert objects.low < 0.912 < objects.high
