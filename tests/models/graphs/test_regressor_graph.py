"""The graph of a regressor gives the numbers that the libraries give, of any rows, with what is missing."""

import numpy as np
import pytest

from models.graphs import regressor_graph as graphs
from models.graphs.sessions import open_session, run
from models.regressors.base import REGRESSORS, RegressionRows, fit_regressor
from pipeline.errors import SettingsError

EDGES = np.linspace(-0.5, 2.0, 51)
SMALL = {
    "forest": {"trees": 5},
    "mixture_density": {"members": 2, "units": 8, "layers": 2, "epochs": 1},
    "quantile_boosting": {"iterations": 5},
}


def rows(n, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(20, 1, (n, 3)).astype(np.float32)
    features[rng.random((n, 3)) < 0.1] = np.nan
    return features, 0.5 + 0.2 * np.tanh(np.nan_to_num(features[:, 0], nan=20.0) - 20)


@pytest.mark.parametrize("name", SMALL)
def test_a_graph_gives_the_numbers_of_the_library(name, tmp_path):
    fitted = fit_regressor(name, RegressionRows.of(*rows(200, 1)), EDGES, seed=1, **SMALL[name])
    features, _ = rows(300, 2)
    features[0] = np.nan
    path = tmp_path / "model.onnx"
    path.write_bytes(graphs.regressor_graph(fitted.parts, 3).SerializeToString())
    found = run(open_session(path), features[:, None, None, :])
    assert found.shape == (300, fitted.head.columns(len(EDGES) - 1))
    np.testing.assert_allclose(found, fitted.raw(features), rtol=1e-5, atol=1e-6)


def test_a_row_whose_leaves_all_add_nothing_keeps_the_base_of_its_quantile(tmp_path):
    """Of few rows, or of targets that pile up, outer quantiles are values of the data, and leaves about them are 0."""
    features, target = rows(60, 1)
    fitted = fit_regressor("quantile_boosting", RegressionRows.of(features, np.maximum(target, 0.5)), EDGES, seed=1,
                           iterations=8)  # fmt: skip
    path = tmp_path / "model.onnx"
    path.write_bytes(graphs.regressor_graph(fitted.parts, 3).SerializeToString())
    others, _ = rows(300, 2)
    found = run(open_session(path), others[:, None, None, :])
    np.testing.assert_allclose(found, fitted.raw(others), rtol=1e-5, atol=1e-6)
    assert found.min() > 0.4


def test_those_that_can_be_written_say_so():
    assert {name for name in REGRESSORS if REGRESSORS.metadata(name)["in_graph"]} == set(SMALL)


def test_a_forest_of_too_many_numbers_is_refused(monkeypatch):
    fitted = fit_regressor("forest", RegressionRows.of(*rows(60, 1)), EDGES, seed=1, trees=2)
    monkeypatch.setattr(graphs, "MOST_LEAF_NUMBERS", 10)
    with pytest.raises(SettingsError, match=r"leaves of 2 trees hold \d+ numbers; allowed: 10"):
        graphs.regressor_graph(fitted.parts, 3)
