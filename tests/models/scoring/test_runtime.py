import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from small_packages import rewrite_manifest

from models.graphs.calibrated_graph import with_calibration
from models.graphs.sessions import open_session, outputs_of
from models.scoring import dropout_samples, runtime
from models.scoring.dropout_samples import DropoutGraphs
from models.scoring.model_inputs import GraphInputs
from pipeline.errors import IncompatiblePackageError
from pipeline.io.files.digests import file_digest

KINDS = ["network", "ensemble"]


@pytest.fixture(params=KINDS)
def package(request):
    return runtime.load(request.getfixturevalue(request.param).package, threads=2)


def test_probabilities_are_those_of_the_trained_classifier(request, dataset):
    for kind in KINDS:
        written = request.getfixturevalue(kind)
        pixels = dataset.cutouts("test")
        given = runtime.load(written.package).predict(pixels, dataset.channels)
        wanted = written.platt.apply(written.trained.fitted.logits(pixels)[:, 0])
        np.testing.assert_allclose(given[:, 1], wanted, atol=1e-5)
        np.testing.assert_allclose(given.sum(axis=1), 1.0, atol=1e-6)


def test_the_path_of_a_package_may_be_text(request):
    folder = request.getfixturevalue("network").package
    assert runtime.load(str(folder)).directory == folder


def test_a_trained_classifier_tells_the_classes_apart(package, dataset):
    labels = package.predicted_labels(package.predict(dataset.cutouts("test"), dataset.channels))
    assert (labels == dataset.candidates("test")["label"]).mean() > 0.9


def test_rows_that_cannot_be_scored_get_nan_and_the_others_their_score(package, dataset):
    cutouts = dataset.cutouts("test").copy()
    before = package.predict(cutouts, dataset.channels)
    cutouts[0] = np.nan
    cutouts[1, ..., 1] = np.nan
    cutouts[2, ..., 2] = np.inf
    given = package.predict(cutouts, dataset.channels)
    assert np.isnan(given[:3]).all()
    assert package.predicted_labels(given)[:3].tolist() == [-1, -1, -1]
    np.testing.assert_allclose(given[3:], before[3:], atol=1e-6)


def test_awkward_pixels_still_give_a_score(package, dataset):
    cutouts = dataset.cutouts("test")[:4].copy()
    cutouts[0, :7] = np.nan
    cutouts[1, 0] = -3.4e38
    cutouts[2] = 7.0
    cutouts[3, 7, 7] = 1e30
    assert np.isfinite(package.predict(cutouts, dataset.channels)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_neither_threads_nor_company_change_a_score(kind, request, dataset):
    folder = request.getfixturevalue(kind).package
    cutouts = np.concatenate([dataset.cutouts("train"), dataset.cutouts("test")])
    one, three = (runtime.load(folder, threads=threads).predict(cutouts, dataset.channels) for threads in (1, 3))
    np.testing.assert_array_equal(one, three)
    alone = runtime.load(folder).predict(cutouts[77:78], dataset.channels)
    np.testing.assert_allclose(alone, one[77:78], atol=1e-6)


def test_no_rows_give_no_scores(package, dataset):
    assert package.predict(dataset.cutouts("test")[:0], dataset.channels).shape == (0, 2)


def test_what_does_not_fit_is_refused_with_both_sides(package, dataset):
    with pytest.raises(IncompatiblePackageError, match="needs channels science, template, difference; the cutouts"):
        package.check(channels=("science",), size_pixel=15)
    with pytest.raises(IncompatiblePackageError, match=r"15 pixels a side( or more)?; given 11"):
        package.predict(np.zeros((1, 11, 11, 3), np.float32), dataset.channels)


def test_a_feature_model_has_no_posterior(ensemble, dataset):
    package = runtime.load(ensemble.package)
    assert package.posterior_samples == 0
    with pytest.raises(IncompatiblePackageError, match="no dropout"):
        package.posterior(dataset.cutouts("test"), dataset.channels, 2, [])


def rngs(count):
    return [np.random.default_rng(row) for row in range(count)]


def test_the_posterior_is_repeatable_and_spreads_around_the_score(network, dataset):
    package = runtime.load(network.package)
    assert package.posterior_samples == 3
    cutouts = dataset.cutouts("test").copy()
    cutouts[0] = np.nan
    first, again = (package.posterior(cutouts, dataset.channels, 200, rngs(len(cutouts))) for _ in range(2))
    alone = package.posterior(cutouts[5:7], dataset.channels, 200, rngs(len(cutouts))[5:7])
    for name in ("mean", "std", "entropy", "bald"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_allclose(getattr(first, name)[5:7], getattr(alone, name), atol=1e-6)
        assert np.isnan(getattr(first, name)[0]).all()
    score = package.predict(cutouts, dataset.channels)
    assert np.corrcoef(first.mean[1:, 1], score[1:, 1])[0, 1] > 0.9
    assert (first.std[1:] > 0).all()
    assert (first.bald[1:] <= first.entropy[1:] + 1e-6).all()


def test_the_posterior_is_that_of_whole_passes_under_the_same_masks(network, dataset):
    package, cutouts = runtime.load(network.package), dataset.cutouts("test").copy()
    cutouts[1] = np.nan
    found = package.posterior(cutouts, dataset.channels, 20, rngs(len(cutouts)))
    kept = np.arange(len(cutouts)) != 1
    given, streams = (
        GraphInputs(cutouts[kept], {}),
        [each for each, use in zip(rngs(len(cutouts)), kept, strict=True) if use],
    )
    whole = open_session(network.files.directory / "posterior.onnx")  # before it was cut; gives logits
    graphs = DropoutGraphs(head=whole, trunk=None, masks=network.files.masks, threads=1)
    scores = network.platt.apply(graphs.samples(given, streams, 20)[:, :, 0])
    np.testing.assert_allclose(found.mean[kept, 1], scores.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.std[kept], scores.std(axis=0), atol=1e-6)
    assert np.isnan(found.std[1])


def test_what_lies_below_the_masks_runs_once_however_many_samples_are_drawn(network, dataset, monkeypatch):
    package, ran = runtime.load(network.package), []
    monkeypatch.setattr(
        dropout_samples, "outputs_of", lambda session, *more: ran.append(session) or outputs_of(session, *more)
    )
    package.posterior(dataset.cutouts("test"), dataset.channels, 20, rngs(40))
    graphs = package._dropout_graphs
    assert ran == [graphs.trunk] + 20 * [graphs.head]


def test_a_posterior_of_before_or_with_masks_from_the_beginning_is_run_whole(network, dataset, tmp_path):
    folder = shutil.copytree(network.package, tmp_path / "before")
    graph = with_calibration(onnx.load(network.files.directory / "posterior.onnx"), network.platt)
    onnx.save(graph, folder / "posterior.onnx")
    (folder / "trunk.onnx").unlink()
    values = json.loads((folder / "package.json").read_text())
    values["files"] = {name: file_digest(folder / name) for name in values["files"] if name != "trunk.onnx"}
    (folder / "package.json").write_text(json.dumps(values))
    rewrite_manifest(folder)
    before, now = (
        runtime.load(each).posterior(dataset.cutouts("test"), dataset.channels, 3, rngs(40))
        for each in (folder, network.package)
    )
    np.testing.assert_allclose(before.std, now.std, atol=1e-6)


def test_scoring_loads_no_training_framework(network):
    code = (
        "import sys, numpy, pathlib\n"
        "from models.scoring import runtime\n"
        f"package = runtime.load(pathlib.Path({str(network.package)!r}))\n"
        "package.predict(numpy.ones((2, 15, 15, 3), 'f4'), package.contract.channels)\n"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'onnx') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
    assert output.stderr == ""
