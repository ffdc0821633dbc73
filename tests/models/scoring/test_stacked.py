import dataclasses
import json
import shutil

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from small_packages import rewrite_manifest
from stacks import FIXED, content, written

from models.scoring import runtime
from models.scoring.stacked import StackedPackage
from pipeline.errors import IncompatiblePackageError, InputError, MissingInputError


def test_a_score_is_the_sigmoid_of_the_weighed_sum_of_the_members_logits(two, dataset):
    cutouts = dataset.cutouts("test")
    one, other = (runtime.load(folder).logits(cutouts, dataset.channels)[:, 0] for folder in two.folders)
    scores = runtime.load(two.fixed).predict(cutouts, dataset.channels)
    by_hand = [1.0 / (1.0 + np.exp(-(0.75 * z + 0.25 * y))) for z, y in zip(one, other, strict=True)]
    np.testing.assert_allclose(scores[:, 1], by_hand, atol=1e-6)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)


def test_a_score_is_the_weighed_geometric_mean_of_the_members_odds(two, dataset):
    cutouts = dataset.cutouts("test")
    odds = [
        np.divide(*runtime.load(folder).predict(cutouts, dataset.channels).astype(float).T[::-1])
        for folder in two.folders
    ]
    joined = odds[0] ** 0.75 * odds[1] ** 0.25
    scores = runtime.load(two.fixed).predict(cutouts, dataset.channels)[:, 1]
    np.testing.assert_allclose(scores, joined / (1.0 + joined), atol=1e-5)


def test_the_members_disagreement_is_the_spread_of_their_scores(two, dataset):
    cutouts = dataset.cutouts("test")
    package = runtime.load(two.fixed)
    probabilities, posterior = package.score(cutouts, dataset.channels, [])
    np.testing.assert_array_equal(probabilities, package.predict(cutouts, dataset.channels))
    members = [runtime.load(folder).predict(cutouts, dataset.channels)[:, 1] for folder in two.folders]
    np.testing.assert_allclose(posterior.std, np.abs(members[0] - members[1]) / 2.0, atol=1e-5)


def test_members_calibrated_for_another_share_of_reals_do_not_differ_by_that_alone(two, dataset):
    cutouts, package = dataset.cutouts("test"), runtime.load(two.fixed)
    assert package.prevalence == 0.5

    def calibrated_for(member, share):
        return dataclasses.replace(
            member, content={**member.content, "calibration": {**member.content["calibration"], "prevalence": share}}
        )

    unlike = dataclasses.replace(package, members=(calibrated_for(package.members[0], 0.8), package.members[1]))
    one, other = (member.logits(cutouts, dataset.channels)[:, 0] for member in package.members)
    probabilities, posterior = unlike.score(cutouts, dataset.channels, [])
    wanted = np.abs(expit(one - logit(0.8)) - expit(other)) / 2.0
    assert np.ptp(wanted) > 1e-3
    np.testing.assert_allclose(posterior.std, wanted, atol=1e-6)
    np.testing.assert_array_equal(probabilities, package.predict(cutouts, dataset.channels))
    unknown = dataclasses.replace(package, members=tuple(calibrated_for(one, None) for one in package.members))
    np.testing.assert_array_equal(
        unknown.score(cutouts, dataset.channels, [])[1].std, package.score(cutouts, dataset.channels, [])[1].std
    )


def test_a_row_is_scored_only_if_every_member_can_score_it(two, dataset, tmp_path):
    gone = tmp_path / "no template"
    cutouts = dataset.cutouts("test").copy()
    cutouts[1, ..., 1] = np.nan
    weightless = FIXED | {"weights": [1.0, 0.0]}
    written(gone, two.folders, weightless, dataset)
    for folder in (two.fixed, gone):
        scores = runtime.load(folder).predict(cutouts, dataset.channels)
        assert np.isnan(scores).any(axis=1).tolist() == [row == 1 for row in range(len(cutouts))]


def test_a_member_without_weight_changes_no_score(two, dataset, tmp_path):
    alone = written(tmp_path / "alone", two.folders, FIXED | {"weights": [1.0, 0.0]}, dataset)
    cutouts = dataset.cutouts("test")
    package = runtime.load(alone)
    wanted = runtime.load(two.folders[0]).logits(cutouts, dataset.channels)
    np.testing.assert_array_equal(package.logits(cutouts, dataset.channels), wanted)
    assert package.score(cutouts, dataset.channels, [])[1] is None


def test_scores_do_not_depend_on_threads_or_on_the_rows_of_a_batch(two, dataset):
    cutouts = dataset.cutouts("test")
    whole = runtime.load(two.fitted, threads=1).predict(cutouts, dataset.channels)
    package = dataclasses.replace(runtime.load(two.fitted), threads=3)
    parts = [package.predict(cutouts[start : start + 7], dataset.channels) for start in range(0, len(cutouts), 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_features_are_measured_once_for_members_that_take_the_same(two, ensemble, dataset, tmp_path, monkeypatch):
    settings = FIXED | {"members": ["ensemble", {"classifier": "ensemble", "seed": 4}], "weights": []}
    twice = runtime.load(written(tmp_path / "twice", [ensemble.package] * 2, settings, dataset))
    measured, inputs = [], runtime.Package._inputs
    monkeypatch.setattr(runtime.Package, "_inputs", lambda self, rows: measured.append(1) or inputs(self, rows))
    cutouts = dataset.cutouts("test")
    scores = twice.predict(cutouts, dataset.channels)
    assert len(measured) == 1
    np.testing.assert_allclose(scores, runtime.load(ensemble.package).predict(cutouts, dataset.channels), atol=1e-6)


def test_of_more_classes_log_probabilities_are_weighed(of_three_classes, tmp_path):
    dataset, folders = of_three_classes
    package = runtime.load(written(tmp_path / "stack", folders, FIXED | {"threshold_rule": "fixed"}, dataset))
    cutouts = dataset.cutouts("test")
    one, other = (runtime.load(folder).predict(cutouts, dataset.channels).astype(float) for folder in folders)
    wanted = softmax(0.75 * np.log(one) + 0.25 * np.log(other), axis=1)
    np.testing.assert_allclose(package.predict(cutouts, dataset.channels), wanted, atol=1e-5)
    assert package.class_names == ("artefact", "star", "transient")
    assert np.isnan(package.threshold)


def test_a_stack_hands_columns_of_candidates_to_the_member_that_takes_them(two, toy, dataset, tmp_path):
    rng = np.random.default_rng(4)
    parts = {
        part: (rows.assign(elong=rng.normal(1.0 + rows["label"], 1.0)), cutouts[rng.permutation(len(cutouts))])
        for part, (rows, cutouts) in dataset.parts.items()
    }
    told = dataclasses.replace(dataset, parts=parts)
    taking = toy.train_and_write(tmp_path / "taking", told, toy.features | {"metadata": {"columns": ["elong"]}}).package
    stack = runtime.load(written(tmp_path / "stack", [two.folders[0], taking], FIXED, told))
    assert stack.metadata_columns == ("elong",)
    rows, cutouts = told.parts["test"]
    one = runtime.load(two.folders[0]).logits(cutouts, told.channels)[:, 0]
    other = runtime.load(taking).logits(cutouts, told.channels, rows)[:, 0]
    scores = stack.predict(cutouts, told.channels, rows)[:, 1]
    np.testing.assert_allclose(scores, expit(0.75 * one + 0.25 * other), atol=1e-6)
    moved = rows.assign(elong=rows["elong"] + 5.0)
    assert np.abs(stack.predict(cutouts, told.channels, moved)[:, 1] - scores).max() > 1e-3
    header = {"channels": told.channels, "size_pixel": told.size_pixel}
    with pytest.raises(IncompatiblePackageError, match=r"needs the columns elong; the cutouts lack elong"):
        stack.check(**header, columns=("candidate_id",))
    with pytest.raises(IncompatiblePackageError, match=r"needs the columns elong; the cutouts lack elong"):
        stack.predict(cutouts, told.channels)


def test_a_package_of_an_earlier_version_can_be_a_member(two, ensemble, dataset, tmp_path):
    """Such a package has no calibrated logits in its graph."""
    import onnx

    old = shutil.copytree(ensemble.package, tmp_path / "old")
    graph = onnx.load_model(old / "model.onnx")
    del graph.graph.output[1]
    (old / "model.onnx").write_bytes(graph.SerializeToString())
    values = content(old)
    del values["files"]["model.onnx"]
    (old / "package.json").write_text(json.dumps(values))
    rewrite_manifest(old)
    stack = runtime.load(written(tmp_path / "stack", [two.folders[0], old], FIXED, dataset))
    assert isinstance(stack, StackedPackage)
    cutouts = dataset.cutouts("test")
    one, other = (runtime.load(folder).predict(cutouts, dataset.channels)[:, 1] for folder in (two.folders[0], old))
    wanted = expit(0.75 * logit(one.astype(float)) + 0.25 * logit(other.astype(float)))
    np.testing.assert_allclose(stack.predict(cutouts, dataset.channels)[:, 1], wanted, atol=1e-4)


@pytest.fixture
def copied(two, tmp_path):
    """A stack of the test's own."""
    return shutil.copytree(two.fixed, tmp_path / "copy")


@pytest.mark.parametrize("name", ["model.onnx", "package.json", "manifest.json", "training_ids.npy"])
def test_a_damaged_file_of_a_member_is_refused_by_name(copied, name):
    file = copied / "members" / "01-ensemble" / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match=rf"01-ensemble/{name} was changed after it was written"):
        runtime.load(copied)


def test_a_missing_member_is_refused_by_name(copied):
    shutil.rmtree(copied / "members" / "00-network")
    with pytest.raises(MissingInputError, match=r"members/00-network/\S+ is missing"):
        runtime.load(copied)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said["members"][0].update(weight=0.9), r"weights of the members sum to 1.15; allowed: 1"),
        (lambda said: said["members"][0].update(weight=-0.75), r"weight is -0.75; allowed: 0 to 1"),
        (lambda said: said["members"][0].update(folder="../00-network"), r"folder is '../00-network'; allowed"),
        (lambda said: said.update(members=said["members"][:1]), r"members are \['00-network'\]; allowed: at least 2"),
        (lambda said: said.update(schema=1), r"has schema 1; this version reads 2"),
        (lambda said: said["members"][0].update(name="other"), r"00-network is triplet_cnn-\w+; its stack says: other"),
    ],
)
def test_values_by_which_scores_would_be_wrong_are_refused(copied, change, said):
    values = content(copied)
    change(values)
    (copied / "package.json").write_text(json.dumps(values))
    restate(copied)
    with pytest.raises((InputError, IncompatiblePackageError), match=said):
        runtime.load(copied)


def restate(folder):
    """Make the manifest agree with ``package.json`` as it is now."""
    from pipeline.io.results import commit as committing

    (folder / "manifest.json").unlink()
    committing._write_manifest(folder)
