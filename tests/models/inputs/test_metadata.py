import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.framework import keras
from models.graphs import sessions
from models.graphs.keras_graph import from_keras
from models.inputs.metadata import METADATA, MetadataScaling, fit_scaling, values_of, warn_where_unevenly_missing
from models.networks.metadata_layers import encoded
from pipeline.errors import DataSetError, SettingsError

SCALING = MetadataScaling(columns=("a", "b"), centre=(2.0, -1000.5), width=(0.5, 3.0))
numbers = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=numbers))
def test_encoded_values_are_finite_and_missing_ones_are_marked(values):
    found = SCALING.encoded(values)
    known = np.isfinite(values) & (np.abs(values) <= 1e30)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:, 2:], ~known)
    assert (found[:, :2][~known] == 0).all()
    exact = np.arcsinh(np.clip((values.astype(np.float64) - [2.0, -1000.5]) / [0.5, 3.0], -1e9, 1e9))
    np.testing.assert_allclose(found[:, :2][known], exact[known], rtol=1e-5, atol=1e-4)


def test_the_graph_encodes_as_the_function_does(tmp_path):
    values = np.random.default_rng(1).normal([2, -1000], [1, 30], (200, 2)).astype(np.float32)
    values[:4] = [[np.nan, -1000.5], [np.inf, 3e38], [2.0, -np.inf], [1e25, -1e25]]
    inputs = keras().Input((2,), name=METADATA)
    model = keras().Model(inputs, encoded(inputs, SCALING))
    wanted = SCALING.encoded(values)
    np.testing.assert_allclose(np.asarray(model(values)), wanted, atol=1e-5)
    (tmp_path / "model.onnx").write_bytes(from_keras(model).SerializeToString())
    session = sessions.open_session(tmp_path / "model.onnx")
    np.testing.assert_allclose(sessions.run(session, values), wanted, atol=1e-5)


def test_the_scale_is_that_of_the_middle_of_the_rows():
    rng = np.random.default_rng(1)
    normal = rng.normal(30, 4, 4000)
    spoilt = np.concatenate([normal, [np.nan] * 500, np.full(200, 1e9)])
    mostly_zero = np.where(np.arange(len(spoilt)) % 10 == 0, 5.0, 0.0)
    scaling = fit_scaling(np.stack([spoilt, mostly_zero], axis=1).astype(np.float32), ("fwhm", "nbad"))
    assert scaling.columns == ("fwhm", "nbad")
    np.testing.assert_allclose(scaling.centre, [30.3, 0.0], atol=0.3)
    np.testing.assert_allclose(scaling.width, [4.3, 1.5], rtol=0.08)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([3.0, 3.0, np.nan], "metadata column 'b' is 3 in all 2 training rows with it: nothing can be learnt"),
        (
            [np.nan, np.inf, np.nan],
            "metadata column 'b' is in no training row: nothing can be learnt from it; leave it out",
        ),
    ],
)
def test_a_column_that_says_nothing_is_refused(column, message):
    values = np.stack([np.arange(3.0), column], axis=1).astype(np.float32)
    with pytest.raises(DataSetError, match=message):
        fit_scaling(values, ("a", "b"))


def test_an_absent_column_and_one_of_text_are_refused_with_what_there_is():
    rows = pd.DataFrame({"elong": [1.0], "snr": [2], "band": ["r"]})
    assert values_of(rows, ("snr", "elong")).tolist() == [[2.0, 1.0]]
    for name, what in {"sharpnr": "is not there", "band": "holds text"}.items():
        with pytest.raises(SettingsError, match=f"names '{name}', which {what}; columns of numbers: elong, snr;"):
            values_of(rows, ("elong", name))


def test_a_column_whose_absence_tells_the_class_is_warned_about(caplog):
    values = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, np.nan], [4.0, 4.0]], np.float32)
    labels = np.array([0, 1, 1, 0])
    with caplog.at_level(logging.WARNING):
        warn_where_unevenly_missing(values, labels, ("elong", "neargaia"), ("bogus", "real"))
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("metadata column 'neargaia' is missing in 0% of bogus, 100% of real training rows")
