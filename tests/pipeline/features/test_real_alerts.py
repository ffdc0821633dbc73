from pathlib import Path

import numpy as np
import pytest

from pipeline.features import feature_names, physical_features

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "ztf_alerts"


@pytest.fixture(scope="module")
def labelled_cutouts():
    if not FOLDER.is_dir():
        pytest.skip("the public ZTF alerts are not beside this checkout")
    import h5py
    import pandas as pd

    labels = pd.read_parquet(FOLDER / "alerts.parquet", columns=["label"])["label"].to_numpy()
    rows = np.flatnonzero(labels >= 0)
    with h5py.File(FOLDER / "cutouts.h5") as file:
        cutouts = file["cutouts"][rows].transpose(0, 2, 3, 1)
    return cutouts, labels[rows]


def test_features_of_real_alerts_are_finite_and_vary(labelled_cutouts):
    features = physical_features(labelled_cutouts[0])
    assert np.isfinite(features).all()
    assert (features.std(axis=0) > 0).mean() > 0.98


@pytest.mark.parametrize(
    ("name", "sign"), [("difference_laplacian_over_peak", -1), ("difference_net_2.5", 1), ("difference_sharpness", -1)]
)
def test_single_features_tell_real_from_bogus(labelled_cutouts, name, sign):
    from sklearn.metrics import roc_auc_score

    column = physical_features(labelled_cutouts[0])[:, feature_names().index(name)]
    assert roc_auc_score(labelled_cutouts[1], sign * column) > 0.72
