import logging

import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from models.framework import keras
from models.graphs import sessions
from models.graphs.keras_graph import from_keras
from models.inputs.table_recipe import TableRecipe
from models.inputs.table_scaling import TableFit
from models.networks.table_layers import encoded
from pipeline.errors import DataSetError, SettingsError

NAMES = ("g", "r", "snr")


def drawn(rows=2000, seed=0):
    rng = np.random.default_rng(seed)
    values = np.stack([rng.normal(21, 1, rows), rng.gamma(2.0, 3.0, rows), 1e4 + rng.normal(0, 5, rows)], axis=1)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[3], values[4, 1] = [np.inf, -np.inf, 3e38], 2e30
    return values.astype(np.float32)


def fitted(values, blocks=(700, 1, 0), **settings):
    fit, start = TableFit(NAMES, TableRecipe(**settings), len(values)), 0
    for size in (*blocks, len(values)):
        fit.add(values[start : start + size])
        start += size
    return fit.scaling()


def cleaned(values):
    return np.where(np.abs(values.astype(np.float64)) <= 1e30, values, np.nan)


@pytest.mark.replaces("4most", "M4")
def test_standard_scaling_is_that_of_scikit_learn_without_the_missing_values_whatever_the_blocks():
    values = drawn()
    expected = StandardScaler().fit(cleaned(values))
    for blocks in ((700, 1, 0), (2000,)):
        scaling = fitted(values, blocks)
        np.testing.assert_allclose(scaling.centre, expected.mean_, rtol=1e-6)
        np.testing.assert_allclose(scaling.width, expected.scale_, rtol=1e-6)
    wanted = expected.transform(cleaned(values))
    found = scaling.encoded(values)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.nan_to_num(wanted, nan=0.0), atol=3e-4)  # the third has a mean of 2000 widths


@pytest.mark.replaces("4most", "M4")
def test_quantile_scaling_is_that_of_scikit_learn():
    values = drawn()
    scaling = fitted(values, scaling="quantile", quantiles=50, impute="constant", constant=-1.0)
    expected = QuantileTransformer(n_quantiles=50, subsample=None).fit(cleaned(values))
    wanted = expected.transform(cleaned(drawn(500, seed=1)))
    found = scaling.encoded(drawn(500, seed=1))
    np.testing.assert_allclose(found, np.nan_to_num(wanted, nan=-1.0), atol=1e-4)  # the third is stored to 1e-3


def test_values_shared_by_many_rows_have_the_mean_of_their_ranks():
    values = np.repeat([[1.0], [5.0]], [50, 50], axis=0).astype(np.float32)
    fit = TableFit(["a"], TableRecipe(scaling="quantile", quantiles=11), len(values))
    fit.add(values)
    np.testing.assert_allclose(fit.scaling().encoded(np.float32([[1], [3], [5]]))[:, 0], [0.2, 0.5, 0.8], atol=0.051)


@pytest.mark.replaces("4most", "M4")
@pytest.mark.parametrize("scaling", ["none", "standard", "quantile"])
def test_what_is_missing_becomes_a_number_of_the_training_rows(scaling):
    values = drawn()
    known = cleaned(values)
    plain = fitted(values, scaling=scaling)
    scaled = np.where(np.isnan(known), np.nan, plain.scaled(values))
    mean, largest = np.nanmean(scaled, axis=0), np.nanmax(scaled, axis=0)
    for impute, wanted in (("mean", mean), ("max", largest), ("maxmean", (mean + largest) / 2), ("constant", 0.5)):
        found = fitted(values, scaling=scaling, impute=impute, constant=0.5)
        np.testing.assert_allclose(found.fill, np.broadcast_to(wanted, 3), rtol=1e-5, atol=2e-5)
        np.testing.assert_allclose(found.encoded(values)[3], found.fill, rtol=1e-6)


@pytest.mark.replaces("4most", "M4")
@pytest.mark.parametrize("settings", [
    {"scaling": "none", "impute": "mean"},
    {"scaling": "standard", "impute": "max", "indicator": True},
    {"scaling": "quantile", "impute": "maxmean", "quantiles": 100},
], ids=lambda settings: settings["scaling"])  # fmt: skip
def test_the_graph_computes_what_numpy_does(tmp_path, settings):
    scaling, values = fitted(drawn(), **settings), drawn(300, seed=2)
    inputs = keras().Input((1, 1, 3), name="cutouts")
    model = keras().Model(inputs, keras().layers.Flatten()(encoded(inputs, scaling)))
    wanted = scaling.encoded(values)
    assert wanted.shape == (300, scaling.n_out)
    assert np.isfinite(wanted).all()
    (tmp_path / "model.onnx").write_bytes(from_keras(model).SerializeToString())
    found = sessions.run(sessions.open_session(tmp_path / "model.onnx"), values[:, None, None])
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.asarray(model(values[:, None, None])), wanted, rtol=1e-6, atol=1e-6)


def test_a_feature_that_no_training_row_has_is_refused_by_name():
    values = drawn()
    values[:, 1] = np.nan
    with pytest.raises(DataSetError, match=r"r is missing in each of the 2000 training rows.*'channels'"):
        fitted(values)


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_a_constant_feature_is_told_of_and_gives_finite_numbers(scaling, caplog):
    values = drawn()
    values[:, 2] = np.where(np.isnan(values[:, 2]), np.nan, 7.7)
    with caplog.at_level(logging.WARNING):
        found = fitted(values, scaling=scaling).encoded(np.float32([[21, 3, 7.7], [21, 3, 9.0], [21, 3, np.nan]]))
    assert np.isfinite(found).all()
    assert found[0, 2] == pytest.approx({"standard": 0.0, "quantile": 0.5}[scaling], abs=1e-5)
    assert "feature 'snr' is 7.7 in all training rows that have it" in caplog.text


def test_of_very_many_rows_quantiles_are_taken_of_every_second_one(monkeypatch):
    monkeypatch.setattr("models.inputs.table_scaling.SAMPLED_ROWS", 1000)
    values = drawn()
    fit = TableFit(NAMES, TableRecipe(scaling="quantile"), len(values))
    for start in range(0, len(values), 301):
        fit.add(values[start : start + 301])
    np.testing.assert_array_equal(np.concatenate(fit._sample), cleaned(values[::2]).astype(np.float32))
    assert max(fit.scaling().knots[0]) == np.nanmax(cleaned(values)[:, 0]).astype(np.float32)


@pytest.mark.parametrize(("settings", "message"), [
    ({"quantiles": 1}, "'quantiles' is 1; allowed: 2 to 1000"),
    ({"constant": float("nan")}, "'constant' is nan; allowed: -1e9 to 1e9"),
])  # fmt: skip
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        TableRecipe(**settings)
