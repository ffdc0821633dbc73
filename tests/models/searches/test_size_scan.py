"""A scan of the training set's size: the same test rows for all, figures from an independent source, nothing twice."""

import json
import os

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.recipes.classifier import ClassifierRecipe
from models.searches import size_scan
from models.searches.scan_samples import ScanPlan, held_fixed
from models.searches.size_scan import ENDING, clear, scan_size
from models.training.checkpoints import KEPT_DAYS
from models.training.train import train
from pipeline.datasets.sample_sizes import parse_sizes
from pipeline.errors import DataSetError, SettingsError, StorageError
from pipeline.metrics.size_scan import COLUMNS, size_summary
from pipeline.stages.size_scan_folder import write_size_scan

RECIPE = ClassifierRecipe.from_mapping({"classifier": "boosting", "settings": {"n_estimators": 8}}, "test.yaml")


def plan(sizes="0.2,0.5,1", repeats=2, **more):
    return ScanPlan(sizes=parse_sizes(sizes), repeats=repeats, seed=5, replicates=50, **more)


def without_seconds(scan):
    return scan.trainings.drop(columns="seconds")


@pytest.fixture(scope="module")
def grouped(toy):
    """A data set whose rows are seen two by two, with hidden sources so that no classifier is perfect."""
    made = toy.dataset(rows=(240, 80, 120))
    rng = np.random.default_rng(8)
    for candidates, cutouts in made.parts.values():
        candidates["group_id"] = [f"object {row // 2}" for row in range(len(candidates))]
        hidden = rng.random(len(candidates)) < 0.3
        cutouts[hidden] = rng.normal(0.0, 1.0, cutouts[hidden].shape)
    return made


@pytest.fixture
def missing(toy, grouped):
    """The same with two test rows without pixels and one without a label."""
    changed = {part: (candidates.copy(), cutouts.copy()) for part, (candidates, cutouts) in grouped.parts.items()}
    changed["test"][1][:2] = np.nan
    changed["test"][0].loc[5, "label"] = -1
    return type(grouped)(parts=changed)


@pytest.fixture(scope="module")
def scan(grouped, tmp_path_factory):
    return scan_size(grouped, RECIPE, plan(), workdir=tmp_path_factory.mktemp("scan"))


@pytest.mark.replaces("gmadet", "O13")
def test_samples_grow_and_every_training_is_judged_on_the_same_rows(scan, grouped):
    table = scan.trainings
    assert list(table) == list(COLUMNS)
    assert table["size"].tolist() == ["0.2", "0.2", "0.5", "0.5", "1", "1"]
    assert table["repeat"].tolist() == [1, 2] * 3
    assert table["seed"].tolist() == [5, 6] * 3
    assert (table["rows"] - [48, 48, 120, 120, 240, 240]).between(0, 1).all()
    assert (table["rows"] == table["real"] + table["bogus"]).all()
    assert (table["groups"] * 2 == table["rows"]).all()
    assert scan.facts["held_fixed"]["test"]["rows"] == 120
    assert scan.facts["held_fixed"]["validation"]["rows"] == 80
    assert (table["reason"] == "").all()


@pytest.mark.replaces("gmadet", "O13")
def test_the_figures_are_those_of_the_plain_training_on_the_test_rows(scan, grouped, tmp_path):
    plain = train(grouped, RECIPE, 5, workdir=tmp_path)
    candidates, cutouts = grouped.parts["test"]
    expected = roc_auc_score(candidates["label"], plain.fitted.logits(cutouts)[:, 0])
    last = scan.trainings[(scan.trainings["size"] == "1") & (scan.trainings["repeat"] == 1)].iloc[0]
    assert last["auc"] == pytest.approx(expected, abs=1e-12)
    assert last["auc_low"] < last["auc"] < last["auc_high"]


def test_smaller_samples_of_a_repeat_are_contained_in_larger_ones_and_repeats_differ(grouped):
    samples = {(str(one.size), one.repeat): one.chosen for one in held_fixed(grouped, RECIPE, plan()).samples()}
    for repeat in (1, 2):
        small, middle, whole = (samples[size, repeat] for size in ("0.2", "0.5", "1"))
        assert not (small & ~middle).any()
        assert whole.all()
    assert (samples["0.5", 1] != samples["0.5", 2]).any()


def test_rows_without_pixels_or_label_do_not_judge_and_are_counted(missing, tmp_path):
    test = scan_size(missing, RECIPE, plan("1", 1), workdir=tmp_path).facts["held_fixed"]["test"]
    assert (test["rows"], test["without_pixels"], test["unlabelled"]) == (117, 2, 1)
    assert test["real"] + test["bogus"] == sum(test["label_sources"].values()) == 117


def test_what_was_finished_is_not_done_again(scan, grouped, tmp_path, monkeypatch):
    calls = []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    monkeypatch.setattr(size_scan, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scan_size(grouped, RECIPE, plan(), workdir=tmp_path)
    resumed = scan_size(grouped, RECIPE, plan(), workdir=tmp_path)
    assert len(calls) == 4 + 3
    assert without_seconds(resumed).equals(without_seconds(scan))


def test_a_network_that_was_stopped_goes_on_after_its_last_epoch(toy, grouped, tmp_path, caplog):
    recipe = ClassifierRecipe.from_mapping(toy.network, "test.yaml")
    asked = plan("0.5", 1)

    def stop(share, line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_size(grouped, recipe, asked, workdir=tmp_path / "stopped", progress=stop)
    with caplog.at_level("INFO"):
        resumed = scan_size(grouped, recipe, asked, workdir=tmp_path / "stopped")
    assert "going on after epoch 1 of at most 2" in caplog.text
    undisturbed = scan_size(grouped, recipe, asked, workdir=tmp_path / "undisturbed")
    assert without_seconds(resumed).equals(without_seconds(undisturbed))
    assert not list((tmp_path / "stopped").rglob("*.npz"))


def test_what_was_kept_of_another_recipe_is_not_taken(grouped, tmp_path):
    other = ClassifierRecipe.from_mapping({"classifier": "boosting", "settings": {"n_estimators": 3}}, "test")
    first, second = (scan_size(grouped, recipe, plan("0.5", 1), workdir=tmp_path) for recipe in (RECIPE, other))
    assert len(list(tmp_path.glob("*/figures.json"))) == 2
    assert first.trainings["auc"].iloc[0] != second.trainings["auc"].iloc[0]


def failing(monkeypatch, error, below=np.inf):
    """Have every training of fewer rows fail."""

    def some(dataset, *arguments, **options):
        if len(dataset.candidates("train")) < below:
            raise error
        return train(dataset, *arguments, **options)

    monkeypatch.setattr(size_scan, "train", some)


def test_a_training_that_fails_is_listed_and_the_others_go_on(scan, grouped, tmp_path, monkeypatch):
    failing(monkeypatch, ValueError("training diverged\nin epoch 3"), below=100)
    found = scan_size(grouped, RECIPE, plan(), workdir=tmp_path)
    assert found.trainings["reason"].tolist() == [r"ValueError: training diverged\nin epoch 3"] * 2 + [""] * 4
    assert found.trainings["auc"].isna().tolist() == [True, True] + [False] * 4
    assert without_seconds(found)[2:].equals(without_seconds(scan)[2:])
    assert found.facts["trainings"] == {"asked": 6, "finished": 4}
    assert [(one["size"], one["repeat"], one["seed"]) for one in found.facts["failed"]] == [
        ("0.2", 1, 5),
        ("0.2", 2, 6),
    ]
    summary = size_summary(found.trainings)
    assert summary["failed"].tolist() == [2, 0, 0]
    (tmp_path / "out").mkdir()
    write_size_scan(tmp_path / "out", found.trainings, found.facts, title="test")
    assert json.loads((tmp_path / "out" / "scan.json").read_text())["failed"][0]["reason"].endswith("in epoch 3")


def test_if_all_fail_it_is_an_error_with_the_first_reason(grouped, tmp_path, monkeypatch):
    failing(monkeypatch, ValueError("no luck"))
    with pytest.raises(DataSetError, match="all 2 trainings of the scan failed; the first: ValueError: no luck"):
        scan_size(grouped, RECIPE, plan("1"), workdir=tmp_path)


def test_a_full_disk_ends_the_scan(grouped, tmp_path, monkeypatch):
    failing(monkeypatch, StorageError("the disk was full"))
    with pytest.raises(StorageError):
        scan_size(grouped, RECIPE, plan("1"), workdir=tmp_path)


def test_a_score_that_is_not_finite_is_a_failed_training(grouped):
    judged = held_fixed(grouped, RECIPE, plan()).judged
    with pytest.raises(SettingsError, match="120 of 120 test rows have no finite score"):
        judged.figures(lambda pixels, _: np.full((len(pixels), 1), np.nan))


def test_a_size_that_holds_no_class_is_refused_with_the_smallest_before_anything_is_trained(
    grouped, tmp_path, monkeypatch
):
    failing(monkeypatch, AssertionError("trained"))
    with pytest.raises(
        DataSetError, match=r"--sizes 0\.001 asks for 1 of 240 .*; the smallest possible is (\d+)"
    ) as said:
        scan_size(grouped, RECIPE, plan("0.001,1"), workdir=tmp_path)
    smallest = int(str(said.value).split()[-1])
    assert held_fixed(grouped, RECIPE, plan()).smallest == smallest
    monkeypatch.undo()
    assert len(scan_size(grouped, RECIPE, plan(str(smallest), 2), workdir=tmp_path).trainings) == 2


def test_more_rows_than_there_are_are_refused(grouped, tmp_path):
    with pytest.raises(DataSetError, match="--sizes 241 asks for more training rows than the 240 usable ones"):
        scan_size(grouped, RECIPE, plan("1,241"), workdir=tmp_path)


def test_more_than_two_classes_and_a_test_part_of_one_are_refused(toy, grouped, tmp_path):
    three = toy.dataset(n_classes=3, class_names=("a", "b", "c"))
    with pytest.raises(SettingsError, match="the data set has 3 classes: a, b, c; a scan of sizes judges two"):
        scan_size(three, RECIPE, plan(), workdir=tmp_path)
    parts = dict(grouped.parts)
    real = (parts["test"][0]["label"] == 1).to_numpy()
    parts["test"] = (parts["test"][0][real].reset_index(drop=True), parts["test"][1][real])
    with pytest.raises(DataSetError, match="and 0 bogus rows with pixels and a label"):
        scan_size(type(grouped)(parts=parts), RECIPE, plan(), workdir=tmp_path)


def test_a_plan_has_sizes_and_repeats():
    with pytest.raises(SettingsError, match="0 sizes and 2 repeats"):
        ScanPlan(sizes=(), repeats=2, seed=1)


def test_seeds_stay_within_what_the_libraries_take():
    assert ScanPlan(sizes=parse_sizes("1"), repeats=3, seed=2**32 - 1).training_seed(2) == 0


def test_progress_runs_from_the_first_training_to_the_last(grouped, tmp_path):
    told = []
    scan_size(
        grouped, RECIPE, plan("0.5,1", 1), workdir=tmp_path, progress=lambda share, line: told.append((share, line))
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert told[0][1].startswith("size 0.5, repeat 1: ")


def test_a_finished_scan_leaves_nothing_and_forgotten_ones_beside_it_go(tmp_path):
    own, old, fresh = (tmp_path / f"{name}{ENDING}" for name in ("own", "old", "fresh"))
    for folder in (own, old, fresh):
        (folder / "one").mkdir(parents=True)
        (folder / "one" / "figures.json").touch()
    long_ago = (fresh.stat().st_mtime - 86_400 * (KEPT_DAYS + 1),) * 2
    for path in (old / "one" / "figures.json", old / "one", old):
        os.utime(path, long_ago)
    clear(own)
    assert [path.name for path in tmp_path.iterdir()] == [fresh.name]


def test_the_folder_holds_tables_facts_and_a_picture(scan, tmp_path):
    write_size_scan(tmp_path, scan.trainings, scan.facts, title="test")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "scan.json", "sizes.csv", "summary.csv"]
    assert json.loads((tmp_path / "scan.json").read_text())["schema"] == size_scan.SCHEMA == 1
    assert (tmp_path / "sizes.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
