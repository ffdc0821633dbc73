import numpy as np
import pytest

from models.recipes.classifier import load
from models.scoring import runtime
from models.training.rows import select_rows
from models.training.table_rows import table_scaling
from models.training.train import contract_of, train
from pipeline.errors import DataSetError, SettingsError

MLP = {
    "classifier": "mlp",
    "settings": {"units": [16], "dropout_rate": 0.1},
    "table": {"scaling": "standard", "indicator": True},
    "calibration": "none",
    "epochs": 8,
    "learning_rate": 0.02,
    "batch_size": 32,
    "threads": 1,
}


@pytest.fixture(scope="module")
def table(toy):
    return toy.table()


@pytest.fixture(scope="module")
def written(toy, table, tmp_path_factory):
    return toy.train_and_write(tmp_path_factory.mktemp("mlp"), table, MLP)


@pytest.mark.replaces("4most", "M4")
def test_training_rows_that_are_used_alone_decide_the_scaling(toy):
    dataset = toy.table(rows=(60, 30, 30))
    recipe = load({**MLP, "label_source_weight": {"detection": 0.0, "drawn": 2.0}}, "test")
    dataset.candidates("train").loc[:9, "label_source"] = "injected"
    dataset.candidates("train").loc[10:, "label_source"] = "drawn"
    dataset.candidates("train").loc[50:, "label"] = -1
    for part in ("validation", "test"):
        dataset.cutouts(part)[:] = 1e6
    contract = contract_of(dataset, recipe)
    scaling = table_scaling(dataset, contract, select_rows(dataset, recipe)[0], recipe.table)
    np.testing.assert_allclose(scaling.centre, np.nanmean(dataset.cutouts("train")[:50, 0, 0], axis=0), rtol=1e-5)


@pytest.mark.replaces("4most", "M2")
def test_a_package_of_a_table_scores_raw_features_with_gaps(table, written):
    scores = runtime.load(written.package).predict(table.cutouts("test"), table.channels)
    labels = table.candidates("test")["label"].to_numpy()
    assert (scores.argmax(axis=1) == labels).mean() > 0.8
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)
    logits = written.trained.fitted.logits(table.cutouts("test"))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(scores, shares / shares.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_row_without_any_feature_has_no_score_and_one_without_some_has(table, written):
    rows = table.cutouts("test")[:2].copy()
    rows[0], rows[1, ..., 1:] = np.nan, np.nan
    scores = runtime.load(written.package).predict(rows, table.channels)
    assert np.isnan(scores[0]).all()
    assert np.isfinite(scores[1]).all()


def test_the_package_states_the_constants_of_its_scaling(written):
    stated = written.files.content["table"]
    assert stated["columns"] == list("grizy")
    assert stated["indicator"] is True
    assert stated["fill"] == [0.0] * 5


def test_a_feature_missing_in_all_training_rows_is_refused_by_name(toy, tmp_path):
    dataset = toy.table(rows=(60, 30, 3))
    dataset.cutouts("train")[..., 2] = np.nan
    with pytest.raises(DataSetError, match="i is missing in each of the 60 training rows"):
        train(dataset, load(MLP, "test"), 1, workdir=tmp_path)


def test_cutouts_are_no_table(toy, dataset, tmp_path):
    with pytest.raises(SettingsError, match="'table' is of features; the data set has cutouts of 15 pixels a side"):
        train(dataset, load(MLP, "test"), 1, workdir=tmp_path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"normalisation": "l2"}, "'normalisation' is 'l2'; allowed with 'table': none"),
        ({"augment": ["flip"]}, "'augment' is .*; allowed with 'table': none"),
        ({"symmetries": 8}, "'symmetries' is 8; allowed with 'table': 1"),
        ({"classifier": "boosting", "settings": {}}, "'table' is set; boosting measures features of cutouts: none"),
        ({"table": {"scaling": "robust"}}, "scaling"),
    ],
)
def test_what_contradicts_a_table_is_refused(more, message):
    with pytest.raises(SettingsError, match=message):
        load({**MLP, **more}, "mine")
