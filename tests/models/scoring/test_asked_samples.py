import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import entr

from models.framework import keras
from models.scoring import runtime
from models.scoring.asked_samples import giving_samples, with_samples
from models.scoring.refusal import require_samples
from models.scoring.score_files import Scoring, score_file
from pipeline.errors import IncompatiblePackageError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.parquet_table import read_table
from pipeline.io.results.scores_file import read_scores


@pytest.fixture
def rows(dataset, make_rows, tmp_path):
    """A cutout file whose first row cannot be scored."""
    cutouts = dataset.cutouts("test")[:12].copy()
    cutouts[0] = np.nan
    header = CutoutHeader(survey="memory", channels=dataset.channels, size_pixel=15, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(cutouts, make_rows([f"c{row}" for row in range(12)]))
    return tmp_path / "rows.h5"


def scored(package, rows, tmp_path, **how):
    path = tmp_path / "out.parquet"
    score_file(path, Scoring(package=package, release="r1", **{"seed": 1, **how}), rows=rows, provenance={})
    return path


@pytest.mark.replaces("gotorb", "G9")
def test_scores_state_the_samples_that_the_command_asks_for(network, rows, tmp_path):
    package = with_samples(runtime.load(network.package), 50)
    scores = read_scores(scored(package, rows, tmp_path, batch_size=5))
    samples = read_table(scored(giving_samples(package), rows, tmp_path))
    assert list(samples) == ["candidate_id", "sample", "p_0", "p_1"]
    assert samples["candidate_id"].tolist() == np.repeat(scores["candidate_id"], 50).tolist()
    assert samples["sample"].tolist() == 12 * list(range(50))
    drawn = samples["p_1"].to_numpy().reshape(12, 50)
    assert np.isnan(drawn[0]).all()
    np.testing.assert_allclose(scores["score_mean"], drawn.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(scores["score_std"], drawn.std(axis=1), atol=1e-6)
    both = np.stack([1 - drawn, drawn], axis=-1)
    entropy = entr(both).sum(axis=-1).mean(axis=1)
    np.testing.assert_allclose(scores["bald"], scores["entropy"] - entropy, atol=1e-5)
    plain = read_scores(scored(runtime.load(network.package), rows, tmp_path))
    np.testing.assert_allclose(scores["score"], plain["score"], atol=1e-6)
    assert "score_mean" not in plain


@pytest.mark.replaces("gotorb", "G9")
def test_equal_seeds_draw_equal_samples_and_others_do_not(network, rows, tmp_path):
    package = with_samples(runtime.load(network.package), 20)
    first, again, other = (
        read_scores(scored(package, rows, tmp_path, seed=seed, batch_size=size))["score_mean"]
        for seed, size in ((1, 256), (1, 3), (2, 256))
    )
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert (first[1:] != other[1:]).all()


@pytest.mark.replaces("gotorb", "G9")
def test_samples_are_those_of_keras_own_dropout(network, dataset):
    model = keras().saving.load_model(network.package / "model.keras", safe_mode=True, compile=False)
    for layer in model._flatten_layers():
        layer.trainable = "dropout" in layer.name  # batch normalisation as it is when it scores
    pixels, count = dataset.cutouts("test")[:6], 400
    keras().utils.set_random_seed(5)
    logits = np.asarray(model(np.repeat(pixels, count, axis=0), training=True)).reshape(6, count)
    theirs = network.platt.apply(logits)
    package = runtime.load(network.package)
    rngs = [np.random.default_rng(row) for row in range(6)]
    ours = package.drawn(pixels, dataset.channels, count, rngs)[..., 1].T
    error = np.sqrt((theirs.var(axis=1) + ours.var(axis=1)) / count)
    assert (np.abs(theirs.mean(axis=1) - ours.mean(axis=1)) < 4 * error).all()
    np.testing.assert_allclose(ours.std(axis=1), theirs.std(axis=1), rtol=0.25)


def test_a_package_without_dropout_is_refused(ensemble):
    with pytest.raises(
        IncompatiblePackageError, match=r"has no dropout to sample 7 times; allowed: the package of a ne"
    ):
        with_samples(runtime.load(ensemble.package), 7)
    with pytest.raises(IncompatiblePackageError, match="no dropout to sample 7 times"):
        require_samples(ensemble.package, 7)


def test_a_stack_is_refused_with_the_members_that_can_be_sampled(two):
    with pytest.raises(IncompatiblePackageError, match=r"is a stack.*--package \S+members/00-network$"):
        with_samples(runtime.load(two.fixed), 7)


def test_a_package_without_samples_in_its_recipe_can_be_sampled(network):
    package = runtime.load(network.package)
    content = json.loads(json.dumps(package.content)) | {}
    content["posterior"]["samples"] = 0
    none = replace(package, content=content)
    assert none.posterior_samples == 0
    assert with_samples(none, 9).posterior_samples == 9
