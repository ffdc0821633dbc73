import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit, softmax
from small_packages import rewrite_manifest

from models import packages, runtime, stack_packages, stacking
from models.stack_recipes import StackRecipe
from models.stacked import StackedPackage
from pipeline.datasets.refolded import RefoldedDataSet
from pipeline.errors import DataSetError, IncompatiblePackageError, InputError, MissingInputError, SettingsError
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.commit import commit
from pipeline.io.results.content import content_sha256
from pipeline.io.results.parquet_table import read_table
from pipeline.metrics import THRESHOLD_RULES
from pipeline.recipes.learned_fold import LearnedFold
from pipeline.scores.calibration import fit_platt
from pipeline.stages.package_identity import scoring_digest

TWO = {"classifier": "stack", "members": ["network", "ensemble"], "threshold_rule": "mcc"}
FIXED = TWO | {"combine": "weights", "weights": [3.0, 1.0], "calibration": "none"}


def stacked_of(folders, settings, dataset, seed=1):
    recipe = StackRecipe.from_mapping(settings, "stack.yaml")
    return stacking.stack(
        recipe.trainings(seed), folders, recipe, seed=seed, dataset_fingerprint=dataset.fingerprint,
        channels=dataset.channels,
    )  # fmt: skip


def written(folder, folders, settings, dataset, **arguments):
    stacked = stacked_of(folders, settings, dataset, **arguments)
    given = {"provenance": {"task": "test"}}
    commit(folder, lambda scratch: stack_packages.write(scratch, stacked, **given), directory=True)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory, network, ensemble, dataset):
    """A network and a feature ensemble under weights that a recipe states, and under fitted ones."""
    folder, folders = tmp_path_factory.mktemp("two"), [network.package, ensemble.package]
    return SimpleNamespace(
        folders=folders,
        fixed=written(folder / "fixed", folders, FIXED, dataset),
        fitted=written(folder / "fitted", folders, TWO, dataset),
    )


def content(package):
    return json.loads((package / "package.json").read_text())


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


def test_one_calibration_is_fitted_on_the_weighed_sum_and_sets_the_thresholds(two, dataset):
    rows, said = read_table(two.fitted / "logits.parquet"), content(two.fitted)
    weights = [member["weight"] for member in said["members"]]
    assert sum(weights) == pytest.approx(1.0)
    np.testing.assert_allclose(rows["logit"], rows[["member_0", "member_1"]].to_numpy() @ weights, rtol=1e-9)
    platt = fit_platt(rows["logit"], rows["label"])
    assert (said["calibration"]["slope"], said["calibration"]["intercept"]) == (platt.slope, platt.intercept)
    scores = platt.apply(rows["logit"])
    assert said["thresholds"]["mcc"] == THRESHOLD_RULES["mcc"](rows["label"].to_numpy(), scores)
    cutouts = dataset.cutouts("test")
    members = [runtime.load(folder).logits(cutouts, dataset.channels)[:, 0] for folder in two.folders]
    wanted = platt.slope * (np.stack(members, axis=1) @ weights) + platt.intercept
    package = runtime.load(two.fitted)
    np.testing.assert_allclose(package.logits(cutouts, dataset.channels)[:, 0], wanted, rtol=1e-9)
    np.testing.assert_allclose(package.predict(cutouts, dataset.channels)[:, 1], expit(wanted), atol=1e-6)


def test_what_is_weighed_are_calibrated_logits_of_rows_that_no_member_learned_from(two, dataset):
    rows = read_table(two.fitted / "logits.parquet")
    held = dataset.candidates("validation")
    assert sorted(rows["candidate_id"]) == sorted(held["candidate_id"])
    cutouts = dataset.cutouts("validation")
    for name, folder in zip(("member_0", "member_1"), two.folders, strict=True):
        found = pd.Series(runtime.load(folder).logits(cutouts, dataset.channels)[:, 0], index=held["candidate_id"])
        np.testing.assert_allclose(rows[name], found[rows["candidate_id"]], atol=1e-4)


def test_a_stack_leaves_whole_copies_of_its_members(two):
    said = content(two.fixed)
    assert [member["folder"] for member in said["members"]] == ["00-network", "01-ensemble"]
    for member, folder in zip(said["members"], two.folders, strict=True):
        copied = two.fixed / "members" / member["folder"]
        assert {path.name: path.read_bytes() for path in copied.iterdir()} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }
    assert {path.name for path in two.fixed.iterdir()} == {
        "members", "package.json", "card.md", "provenance.json", "weights.sha256", "training_ids.npy", "logits.parquet",
        "manifest.json",
    }  # fmt: skip


def test_a_stack_learned_from_what_its_members_learned_from(two, dataset):
    _, learned = read_training_ids(two.fixed)
    for part, code in (("train", 0), ("validation", 1)):
        assert set(learned.part_of(dataset.candidates(part)["candidate_id"])) <= {0, code}
    assert learned.part_of(pd.Series(["another"])).tolist() == [-1]


def test_the_card_says_which_members_and_rows(two):
    card = (two.fitted / "card.md").read_text()
    for words in (
        "A stack of 2 classifiers", "| 01-ensemble | feature_ensemble-", "80 rows of the validation part",
        "chose each member's epoch", "fitted by a logistic regression", "## Limits",
    ):  # fmt: skip
        assert words in card


def test_the_members_disagreement_is_the_spread_of_their_scores(two, dataset):
    cutouts = dataset.cutouts("test")
    package = runtime.load(two.fixed)
    probabilities, posterior = package.score(cutouts, dataset.channels, [])
    np.testing.assert_array_equal(probabilities, package.predict(cutouts, dataset.channels))
    members = [runtime.load(folder).predict(cutouts, dataset.channels)[:, 1] for folder in two.folders]
    np.testing.assert_allclose(posterior.std, np.abs(members[0] - members[1]) / 2.0, atol=1e-5)


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


def test_times_and_hosts_do_not_count_but_weights_do(two, dataset, tmp_path):
    again = written(tmp_path / "again", two.folders, FIXED, dataset)
    other = written(tmp_path / "other", two.folders, FIXED | {"weights": [2.0, 1.0]}, dataset)
    assert content_sha256(again) == content_sha256(two.fixed)
    assert scoring_digest(again) == scoring_digest(two.fixed)
    assert len({content_sha256(folder) for folder in (two.fixed, two.fitted, other)}) == 3
    assert len({scoring_digest(folder) for folder in (two.fixed, two.fitted, other)}) == 3


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


def noisy(package, folder, seed):
    """Copy a package with logits that say nothing, calibrated on themselves as any."""
    shutil.copytree(package, folder)
    rows = read_table(folder / "logits.parquet")
    rows["logit"] = np.random.default_rng(seed).normal(0.0, 3.0, len(rows)).astype(np.float32)
    packages.write_table(folder / "logits.parquet", rows, {})
    values, platt = content(folder), fit_platt(rows["logit"], rows["label"])
    values["calibration"] |= {"slope": platt.slope, "intercept": platt.intercept}
    values["files"].pop("logits.parquet")
    (folder / "package.json").write_text(json.dumps(values))
    rewrite_manifest(folder)
    return folder


def test_a_member_that_says_nothing_gets_next_to_no_weight(network, ensemble, dataset, tmp_path):
    settings = TWO | {"members": ["network", "ensemble", "noise"]}
    folders = [network.package, ensemble.package, noisy(network.package, tmp_path / "noise", 1)]
    weights = stacked_of(folders, settings, dataset).weights
    assert weights[2] < 0.05
    assert min(weights[:2]) > 0.1


def test_seeds_share_the_weight_of_their_member(network, ensemble, dataset):
    settings = TWO | {"members": ["network", "ensemble"], "seeds": [1, 2, 3], "combine": "weights", "weights": [3, 1]}
    stacked = stacked_of([network.package] * 3 + [ensemble.package] * 3, settings, dataset)
    np.testing.assert_allclose(stacked.weights, [0.25] * 3 + [1.0 / 12.0] * 3)


def test_members_of_another_data_set_or_without_logits_are_refused(two, dataset, tmp_path):
    other = dataclasses.replace(dataset, fingerprint="1" * 64)
    with pytest.raises(InputError, match=r"package learned from data set '0{12}', not from '1{12}'"):
        stacked_of(two.folders, TWO, other)
    old = shutil.copytree(two.folders[1], tmp_path / "old")
    (old / "logits.parquet").unlink()
    values = content(old)
    del values["files"]["logits.parquet"]
    (old / "package.json").write_text(json.dumps(values))
    rewrite_manifest(old)
    with pytest.raises(MissingInputError, match=r"old has no logits.parquet, by which ensemble \(seed 1\) could be"):
        stacked_of([two.folders[0], old], TWO, dataset)
    with pytest.raises(InputError, match=r"fixed is the package of a stack, which cannot be a member"):
        stacked_of([two.folders[0], two.fixed], TWO, dataset)


def test_without_a_trusted_row_of_a_class_there_is_no_stack(two, dataset):
    with pytest.raises(DataSetError, match=r"judge all of network, ensemble there are 40 bogus, 0 real"):
        stacked_of(two.folders, TWO | {"untrusted": ["injected"]}, dataset)


@pytest.fixture(scope="module")
def of_three_classes(toy, tmp_path_factory):
    """A data set of three classes, and two packages trained on it."""
    dataset = toy.dataset(n_classes=3, rows=(180, 90, 45), class_names=("artefact", "star", "transient"))
    folder = tmp_path_factory.mktemp("three classes")
    settings = [toy.features | {"calibration": "none"}, toy.features | {"calibration": "none", "class_weight": "none"}]
    return dataset, [toy.train_and_write(folder / str(n), dataset, one).package for n, one in enumerate(settings)]


def test_of_more_classes_log_probabilities_are_weighed(of_three_classes, tmp_path):
    dataset, folders = of_three_classes
    package = runtime.load(written(tmp_path / "stack", folders, FIXED | {"threshold_rule": "fixed"}, dataset))
    cutouts = dataset.cutouts("test")
    one, other = (runtime.load(folder).predict(cutouts, dataset.channels).astype(float) for folder in folders)
    wanted = softmax(0.75 * np.log(one) + 0.25 * np.log(other), axis=1)
    np.testing.assert_allclose(package.predict(cutouts, dataset.channels), wanted, atol=1e-5)
    assert package.class_names == ("artefact", "star", "transient")
    assert np.isnan(package.threshold)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"combine": "logistic", "weights": []}, r"'combine' is 'logistic', which needs two classes; .* has 3; .*: w"),
        ({"calibration": "platt"}, r"calibration 'platt' needs two classes; the data set has 3; allowed: none"),
    ],
)
def test_of_more_classes_what_needs_two_is_refused(of_three_classes, values, said):
    dataset, folders = of_three_classes
    with pytest.raises(SettingsError, match=said):
        stacked_of(folders, FIXED | values, dataset)


def grouped(dataset, seed=2):
    """Return a data set whose rows have groups of about two and lie nowhere."""
    rng, parts = np.random.default_rng(seed), {}
    for part, (rows, cutouts) in dataset.parts.items():
        names = [f"{part}-{group}" for group in rng.integers(0, len(rows) // 2, len(rows))]
        ids = [f"{part}-{row}" for row in range(len(rows))]
        nowhere = dict.fromkeys(("x_pixel", "y_pixel", "ra_deg", "dec_deg"), np.nan)
        more = rows.assign(candidate_id=ids, group_id=names, exposure_id="", detector="", label_source="eye", **nowhere)
        parts[part] = more, cutouts
    return dataclasses.replace(dataset, parts=parts, fingerprint="2" * 64)


@pytest.fixture(scope="module")
def folded(toy, dataset, tmp_path_factory):
    """A feature ensemble in three folds of a data set with groups, and the stack of them."""
    whole, folder = grouped(dataset), tmp_path_factory.mktemp("folds")
    views = [RefoldedDataSet(whole, LearnedFold(number=number, count=3)) for number in (1, 2, 3)]
    members = [toy.train_and_write(folder / str(n), view, toy.features) for n, view in enumerate(views)]
    settings = {"classifier": "stack", "members": ["ensemble"], "folds": 3, "combine": "weights"}
    folders = [member.package for member in members]
    return SimpleNamespace(
        whole=whole, views=views, folders=folders, stack=written(folder / "stack", folders, settings, whole)
    )


def test_no_logit_comes_from_a_member_that_learned_from_the_row_or_from_a_row_of_its_group(folded):
    rows = read_table(folded.stack / "logits.parquet").set_index("candidate_id")
    found = []
    for view, folder in zip(folded.views, folded.folders, strict=True):
        held = view.candidates("validation").set_index("candidate_id")
        mine = runtime.load(folder).logits(view.cutouts("validation"), view.channels)[:, 0]
        np.testing.assert_allclose(rows.loc[held.index, "member_0"], mine, atol=1e-4)
        assert not set(held["group_id"]) & set(view.candidates("train")["group_id"])
        assert (read_training_ids(folder)[1].part_of(pd.Series(held.index)) == 1).all()
        found += held.index.tolist()
    assert sorted(found) == sorted(rows.index)


def test_all_rows_but_those_of_the_test_part_judge_a_stack_of_folds(folded):
    rows = read_table(folded.stack / "logits.parquet")
    learned = pd.concat([folded.whole.candidates(part)["candidate_id"] for part in ("train", "validation")])
    assert sorted(rows["candidate_id"]) == sorted(learned)
    _, ids = read_training_ids(folded.stack)
    assert (ids.part_of(learned) == 0).all()
    assert (ids.part_of(folded.whole.candidates("test")["candidate_id"]) == -1).all()


def test_a_row_that_no_fold_learned_from_is_scored_by_the_mean_of_all(folded):
    cutouts, channels = folded.whole.cutouts("test"), folded.whole.channels
    logits = [runtime.load(folder).logits(cutouts, channels)[:, 0] for folder in folded.folders]
    platt = content(folded.stack)["calibration"]
    wanted = platt["slope"] * np.mean(logits, axis=0) + platt["intercept"]
    np.testing.assert_allclose(runtime.load(folded.stack).logits(cutouts, channels)[:, 0], wanted, atol=1e-5)


def test_a_fold_of_another_number_is_refused(folded):
    settings = {"classifier": "stack", "members": ["ensemble"], "folds": 3, "combine": "weights"}
    with pytest.raises(InputError, match=r"learned from data set '\w{12}', not from"):
        stacked_of([folded.folders[1], folded.folders[0], folded.folders[2]], settings, folded.whole)


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
