import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from small_packages import rewrite_manifest
from stacks import FIXED, TWO, content, stacked_of, written

from models.packages.package import write_table
from models.scoring import runtime
from models.scoring.runtime import load as load_package
from pipeline.datasets.refolded import RefoldedDataSet
from pipeline.errors import DataSetError, InputError, MissingInputError
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.content import content_sha256
from pipeline.io.results.parquet_table import read_table
from pipeline.metrics import THRESHOLD_RULES
from pipeline.recipes.learned_fold import LearnedFold
from pipeline.scores.calibration import fit_platt
from pipeline.scores.class_calibration import fit_calibration, fit_vector_scaling
from pipeline.stages.package_identity import scoring_digest


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


@pytest.mark.parametrize("method", ["beta", "isotonic"])
def test_another_calibration_of_the_sum_is_that_of_its_scores(method, two, dataset, tmp_path):
    folder = written(tmp_path / "stack", two.folders, TWO | {"calibration": method}, dataset)
    rows, cutouts = read_table(folder / "logits.parquet"), dataset.cutouts("test")
    calibration = fit_calibration(method, rows[["logit"]].to_numpy(), rows["label"].to_numpy())
    members = [runtime.load(path).logits(cutouts, dataset.channels)[:, 0] for path in two.folders]
    weights = [member["weight"] for member in content(folder)["members"]]
    scores = runtime.load(folder).predict(cutouts, dataset.channels)[:, 1]
    np.testing.assert_allclose(scores, calibration.apply(np.stack(members, axis=1) @ weights), atol=1e-6)


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


def test_times_and_hosts_do_not_count_but_weights_do(two, dataset, tmp_path):
    again = written(tmp_path / "again", two.folders, FIXED, dataset)
    other = written(tmp_path / "other", two.folders, FIXED | {"weights": [2.0, 1.0]}, dataset)
    assert content_sha256(again) == content_sha256(two.fixed)
    assert scoring_digest(again) == scoring_digest(two.fixed)
    assert len({content_sha256(folder) for folder in (two.fixed, two.fitted, other)}) == 3
    assert len({scoring_digest(folder) for folder in (two.fixed, two.fitted, other)}) == 3


def noisy(package, folder, seed):
    """Copy a package with logits that say nothing, calibrated on themselves as any."""
    shutil.copytree(package, folder)
    rows = read_table(folder / "logits.parquet")
    rows["logit"] = np.random.default_rng(seed).normal(0.0, 3.0, len(rows)).astype(np.float32)
    write_table(folder / "logits.parquet", rows, {})
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


def test_stated_weights_hold_back_those_that_few_rows_fitted(network, ensemble, dataset):
    folders, members = [network.package, ensemble.package], {"members": ["network", "ensemble"]}
    fitted = np.array(stacked_of(folders, TWO | members, dataset).weights)
    between = stacked_of(folders, TWO | members | {"weights": [0.0, 5.0]}, dataset).weights
    rows = np.bincount(dataset.candidates("validation")["label"]).min()
    np.testing.assert_allclose(between, (rows * fitted + 100 * np.array([0.0, 1.0])) / (rows + 100), rtol=1e-9)


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


def test_of_more_classes_weights_are_fitted_on_log_probabilities(of_three_classes):
    dataset, folders = of_three_classes
    stacked = stacked_of(folders, FIXED | {"combine": "logistic", "weights": []}, dataset)
    assert sum(stacked.weights) == pytest.approx(1.0)
    assert min(stacked.weights) >= 0.0


def test_a_stack_of_three_classes_is_calibrated_on_the_weighed_log_probabilities(of_three_classes, tmp_path):
    dataset, folders = of_three_classes
    stacked = stacked_of(folders, FIXED | {"calibration": "vector"}, dataset)
    labels = stacked.logits["label"].to_numpy()
    combined = stacked.logits[[f"logit_{index}" for index in range(3)]].to_numpy()
    rows = dataset.candidates("validation")
    place = rows.set_index("candidate_id").index.get_indexer(stacked.logits["candidate_id"])
    cutouts = dataset.cutouts("validation")[place]
    one, other = (load_package(folder).predict(cutouts, dataset.channels).astype(float) for folder in folders)
    np.testing.assert_allclose(combined, 0.75 * np.log(one) + 0.25 * np.log(other), atol=1e-4)
    wanted = fit_vector_scaling(combined, labels)
    np.testing.assert_allclose(stacked.calibration.scale + stacked.calibration.shift, wanted.scale + wanted.shift)
    package = load_package(written(tmp_path / "stack", folders, FIXED | {"calibration": "vector"}, dataset))
    wanted = stacked.calibration.probabilities(combined)
    np.testing.assert_allclose(package.predict(cutouts, dataset.channels), wanted, atol=1e-5)
    assert package.content["calibration"]["class_shares"]["star"] == pytest.approx((labels == 1).mean())


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
