"""Classifiers with metadata beside the pixels: training, package, scores, scan and search."""

from dataclasses import replace

import numpy as np
import pytest

from models.inputs.metadata import values_of
from models.networks.network import build, design_of, layers_with_weights
from models.packages.imported import imported
from models.recipes.classifier import ClassifierRecipe
from models.recipes.search_spaces import SearchSpace
from models.scoring import runtime
from models.scoring.score_files import Scoring, score_file
from models.searches import tuning
from models.searches.scan_samples import ScanPlan
from models.searches.size_scan import scan_size
from models.searches.tuning_search import Search
from models.training import network_training
from models.training.batches import Changes, training_batches
from models.training.fitted import no_progress
from models.training.rows import select_rows
from models.training.train import contract_of
from pipeline.datasets.sample_sizes import parse_sizes
from pipeline.errors import IncompatiblePackageError, InputError, SettingsError
from pipeline.io.packages.package_values import check_values
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import read_scores
from pipeline.metrics import METRICS
from pipeline.settings import parse

COLUMNS = ("nneg", "elong")


@pytest.fixture(scope="module")
def telling(toy):
    """Cutouts of noise, alike for both classes, whose column ``elong`` tells the class where it is not missing."""

    def make(share_missing=0.2):
        parts = {}
        for seed, (part, count) in enumerate({"train": 256, "validation": 128, "test": 128}.items()):
            rng = np.random.default_rng(seed)
            labels = np.arange(count) % 2
            elong = rng.normal(np.where(labels == 1, 1.1, 1.6), 0.1)
            elong[rng.random(count) < share_missing] = np.nan
            noise = rng.normal(0.0, 1.0, (count, 15, 15, 3)).astype(np.float32)
            parts[part] = (toy.candidates(labels).assign(elong=elong, nneg=rng.integers(0, 9, count)), noise)
        return replace(toy.dataset(), parts=parts)

    return make


def recipe_of(toy, **changes):
    given = {**toy.network, "metadata": {"columns": ["nneg", "elong"]}, "epochs": 6, "posterior_samples": 0, **changes}
    return ClassifierRecipe.from_mapping(given, "test.yaml")


def fit(folder, dataset, recipe, progress=no_progress):
    contract, rows = contract_of(dataset, recipe), select_rows(dataset, recipe)
    return network_training.fit(dataset, contract, recipe, rows, seed=1, workdir=folder, progress=progress)


def auc(fitted, dataset, rows):
    candidates, pixels = dataset.parts["test"]
    metadata = values_of(candidates, COLUMNS)
    logits = fitted.logits(pixels[rows], metadata[rows])[:, 0]
    return METRICS["auc"](candidates["label"].to_numpy()[rows], logits)


def test_a_network_learns_from_a_column_what_the_pixels_do_not_tell(toy, telling, tmp_path):
    dataset = telling()
    fitted, history = fit(tmp_path, dataset, recipe_of(toy))
    known = dataset.parts["test"][0]["elong"].notna().to_numpy()
    assert auc(fitted, dataset, known) > 0.99
    assert auc(fitted, dataset, ~known) < 0.9
    assert fitted.design.scaling.columns == ("nneg", "elong")
    assert history["validation_loss"].iloc[-1] < 0.5


def test_rows_of_a_batch_keep_their_own_columns(toy, telling):
    dataset = telling()
    recipe = recipe_of(toy)
    marked = {part: (rows.assign(elong=pixels[:, 0, 0, 0]), pixels) for part, (rows, pixels) in dataset.parts.items()}
    dataset = replace(dataset, parts=marked)
    rows = select_rows(dataset, recipe)[0]
    given = {"size": 48, "changes": Changes(), "prepare": lambda pixels: pixels, "seed": 1, "epoch": 0}
    batches = list(training_batches(dataset, contract_of(dataset, recipe), rows, **given))
    assert sum(len(batch.labels) for batch in batches) == 288
    for batch in batches:
        np.testing.assert_array_equal(batch.metadata[:, 1], batch.pixels[:, 0, 0, 0])


def test_a_killed_training_ends_as_an_undisturbed_one(toy, telling, tmp_path):
    class Killed(BaseException):
        pass

    def die(share, message):
        if message.startswith("epoch 2"):
            raise Killed

    dataset, recipe = telling(), recipe_of(toy, epochs=3)
    whole, _ = fit(tmp_path / "whole", dataset, recipe)
    with pytest.raises(Killed):
        fit(tmp_path / "killed", dataset, recipe, die)
    again, _ = fit(tmp_path / "killed", dataset, recipe)
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def packages(toy, telling, tmp_path_factory):
    """Packages of a network, one of symmetries, and of features, each with metadata."""
    dataset = telling()
    network = {**toy.network, "metadata": {"columns": list(COLUMNS)}, "epochs": 4}
    settings = {
        "network": network,
        "turned": {**network, "epochs": 1, "symmetries": 4, "posterior_samples": 0},
        "features": {**toy.features, "metadata": {"columns": list(COLUMNS)}},
    }
    folder = tmp_path_factory.mktemp("packages")
    return dataset, {name: toy.train_and_write(folder / name, dataset, given) for name, given in settings.items()}


@pytest.mark.parametrize("name", ["network", "turned", "features"])
def test_a_package_scores_as_the_model_was_trained(packages, name):
    dataset, written = packages
    rows, pixels = dataset.parts["test"]
    rows, pixels = rows.astype({"nneg": float}), pixels.copy()
    rows.loc[0, "nneg"], pixels[1, :3] = np.inf, np.nan
    package = runtime.load(written[name].package)
    assert package.metadata_columns == COLUMNS
    logits = written[name].trained.fitted.logits(pixels, values_of(rows, COLUMNS))[:, 0]
    wanted = written[name].platt.apply(logits)
    np.testing.assert_allclose(package.predict(pixels, dataset.channels, rows)[:, 1], wanted, atol=1e-5)
    shuffled = rows[["candidate_id", "elong", "label", "nneg"]]
    np.testing.assert_allclose(package.predict(pixels, dataset.channels, shuffled)[:, 1], wanted, atol=1e-5)
    assert METRICS["auc"](rows["label"].to_numpy(), package.logits(pixels, dataset.channels, rows)[:, 0]) > 0.8


def test_a_feature_model_learns_from_a_column_too(packages):
    dataset, written = packages
    fitted = written["features"].trained.fitted
    known = dataset.parts["test"][0]["elong"].notna().to_numpy()
    assert auc(fitted, dataset, known) > 0.98
    assert fitted.n_features == len(written["features"].files.content["external_features"]["columns"]) + 4


def test_a_package_states_columns_and_constants(packages):
    dataset, written = packages
    content = runtime.load(written["network"].package).content
    train = dataset.parts["train"][0]
    assert content["metadata"]["columns"] == ["nneg", "elong"]
    np.testing.assert_allclose(content["metadata"]["centre"], train[["nneg", "elong"]].median(), rtol=1e-6)
    assert content["recipe"]["metadata"]["columns"] == ["nneg", "elong"]
    assert "columns of the candidates: nneg, elong" in (written["network"].package / "card.md").read_text()


def test_a_package_without_metadata_says_nothing_of_it(network):
    content = runtime.load(network.package).content
    assert "metadata" not in content
    assert "metadata" not in content["recipe"]
    assert "columns of the candidates" not in (network.package / "card.md").read_text()


@pytest.mark.parametrize("name", ["network", "features"])
def test_rows_without_a_needed_column_are_refused(packages, name):
    dataset, written = packages
    package = runtime.load(written[name].package)
    rows, pixels = dataset.parts["test"]
    message = "needs the columns nneg, elong; the cutouts lack {}; name them in the survey's 'metadata' or 'context'"
    for columns, absent in ((rows.drop(columns="elong"), "elong"), (None, "nneg, elong")):
        with pytest.raises(IncompatiblePackageError, match=message.format(absent)):
            package.predict(pixels, dataset.channels, columns)
    with pytest.raises(IncompatiblePackageError, match="needs the columns nneg, elong; none were given"):
        written[name].files.logits(pixels)
    with pytest.raises(IncompatiblePackageError, match="needs the columns nneg, elong; none were given"):
        written[name].trained.fitted.logits(pixels)


def test_dropout_samples_see_the_columns(packages):
    dataset, written = packages
    package = runtime.load(written["network"].package)
    rows, pixels = dataset.parts["test"]
    real = rows.assign(elong=1.1)[:8]

    def mean(columns):
        rngs = [np.random.default_rng(row) for row in range(8)]
        return package.posterior(pixels[:8], dataset.channels, 20, rngs, columns).mean[:, 1]

    assert (mean(real) > mean(real.assign(elong=1.6)) + 0.2).all()


def cutout_file(path, dataset, make_rows, metadata=COLUMNS):
    """Write the test rows of a data set as a cutout file, the second without pixels."""
    rows, pixels = dataset.parts["test"]
    pixels = pixels.copy()
    pixels[1] = np.nan
    given = make_rows(rows["candidate_id"]).assign(**{name: rows[name].to_numpy(np.float32) for name in metadata})
    header = {"survey": "memory", "channels": dataset.channels, "size_pixel": 15, "pixel_scale_arcsec": 1.0}
    with CutoutWriter(path, CutoutHeader(**header, metadata=tuple(sorted(metadata)))) as writer:
        writer.append(pixels, given)
    return path


@pytest.mark.parametrize("name", ["network", "features"])
def test_a_file_is_scored_with_its_columns(packages, name, make_rows, tmp_path):
    dataset, written = packages
    package = runtime.load(written[name].package)
    rows = cutout_file(tmp_path / "c.h5", dataset, make_rows)
    scoring = Scoring(package=package, release="r1", seed=1, batch_size=24)
    score_file(tmp_path / "s.parquet", scoring, rows=rows, provenance={})
    scores = read_scores(tmp_path / "s.parquet")
    candidates, pixels = dataset.parts["test"]
    assert candidates["elong"].isna().any()
    assert scores["score"].isna().sum() == 1
    wanted = package.predict(pixels, dataset.channels, candidates)[:, 1]
    others = np.arange(len(wanted)) != 1
    np.testing.assert_allclose(scores["score"][others], wanted[others], atol=1e-6)
    assert not set(COLUMNS) & set(scores)


def test_a_file_without_a_column_is_refused_by_name(packages, make_rows, tmp_path):
    dataset, written = packages
    scoring = Scoring(package=runtime.load(written["network"].package), release="r1", seed=1)
    rows = cutout_file(tmp_path / "c.h5", dataset, make_rows, metadata=("nneg",))
    with pytest.raises(IncompatiblePackageError, match="needs the columns nneg, elong; the cutouts lack elong; name"):
        score_file(tmp_path / "s.parquet", scoring, rows=rows, provenance={})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": [1.0]}, r"width is \[1.0\]; allowed: one number for each of columns"),
        ({"width": [1.0, 0.0]}, r"width is \[1.0, 0.0\]; allowed: numbers above 0"),
        ({"columns": ["a", "a"]}, "columns"),
        ({"centre": ["x", 1.0]}, "centre"),
    ],
)
def test_impossible_constants_in_a_package_are_refused(packages, change, message):
    content = dict(runtime.load(packages[1]["network"].package).content)
    with pytest.raises(InputError, match=message):
        check_values({**content, "metadata": {**content["metadata"], **change}}, "package.json")


def test_a_scan_of_sizes_judges_with_the_columns(toy, telling, tmp_path):
    dataset = telling(share_missing=0.0)
    parts = {
        part: (rows.assign(group_id=rows["candidate_id"]), pixels) for part, (rows, pixels) in dataset.parts.items()
    }
    recipe = recipe_of(toy, classifier="boosting", settings={}, normalisation="none", augment=[])
    plan = ScanPlan(sizes=parse_sizes("1"), repeats=1, seed=5, replicates=20)
    scanned = scan_size(replace(dataset, parts=parts), recipe, plan, workdir=tmp_path)
    assert scanned.trainings["auc"].iloc[0] > 0.97
    assert scanned.facts["held_fixed"]["recipe"]["metadata"]["columns"] == COLUMNS


def test_a_search_judges_features_with_the_columns(toy, telling, tmp_path):
    given = {"classifier": "boosting", "settings": {"n_estimators": 5}, "metadata": {"columns": ["elong"]}}
    parameters = {"settings.n_estimators": {"kind": "int", "low": 5, "high": 20}}
    space = parse(SearchSpace, {"parameters": parameters}, "spaces/test.yaml")
    stated = {"objective": "validation_auc", "trials": 1, "seed": 1, "where": "spaces/test.yaml"}
    found = tuning.tune(telling(0.0), Search(recipe=given, space=space, **stated), workdir=tmp_path)
    assert [trial.state for trial in found.trials] == ["complete"]
    assert found.best.objective > 0.97


def test_an_imported_network_takes_none(toy, tmp_path):
    recipe = recipe_of(toy)
    with pytest.raises(SettingsError, match="'metadata' is set; an imported network takes pixels alone"):
        imported(tmp_path / "old.h5", recipe, contract_of(toy.dataset(), recipe))


def test_a_network_without_metadata_has_the_weights_that_it_had(toy):
    dataset = toy.dataset()
    recipe = ClassifierRecipe.from_mapping(toy.network, "test.yaml")
    design = design_of(recipe, contract_of(dataset, recipe), n_classes=2)
    names = [layer.name for layer in layers_with_weights(build(design, 0))]
    assert not [name for name in names if "metadata" in name]
    assert len(build(design, 0).inputs) == 1
