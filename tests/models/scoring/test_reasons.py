import dataclasses

import numpy as np
import pytest
from stacks import FIXED, written

from models.packages import calibrating
from models.packages.outlier_limits import fit_outliers
from models.packages.package import write_package
from models.packages.quantised import write_calibrated
from models.recipes.outlier_recipe import OutlierRecipe
from models.scoring import runtime
from models.scoring.reasons import explaining, faded_rows
from models.training.in_memory import MemoryDataSet
from pipeline.errors import IncompatiblePackageError
from pipeline.io.results.commit import commit

SIDE = 21
KINDS = ("psf", "dipole", "hole")
FOREST = {"classifier": "feature_ensemble", "settings": {"n_estimators": 40, "trees": 150}}


def drawn(kinds, rng):
    """Cutouts of clean sources, of dipoles, and of sources next to a hole in the template."""
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    cutouts = rng.normal(0.0, 1.0, (len(kinds), SIDE, SIDE, 3))
    for place, kind in enumerate(kinds):
        flux, angle = rng.uniform(15.0, 60.0), rng.uniform(0, 2 * np.pi)
        shift = 1.0 if kind == "dipole" else 0.0
        along = shift * (x * np.cos(angle) + y * np.sin(angle))
        star = {sign: flux * np.exp(-(x**2 + y**2 + shift**2 - 2 * sign * along) / 5.0) for sign in (1, -1)}
        science, template = star[1], star[-1] if kind == "dipole" else 0.0
        cutouts[place] += 50.0
        cutouts[place, ..., 2] += science - template - 50.0
        cutouts[place, ..., 0] += science
        cutouts[place, ..., 1] += template
        if kind == "hole":
            corner = rng.integers(3, 8, 2)
            cutouts[place, corner[0] : corner[0] + 8, corner[1] : corner[1] + 8, 1:] = np.nan
    return cutouts.astype(np.float32)


@pytest.fixture(scope="module")
def explained(tmp_path_factory, toy):
    """A package on features that tells clean sources from dipoles and from holes, and its data set."""
    rng, parts = np.random.default_rng(8), {}
    for part, count in (("train", 320), ("validation", 160), ("test", 40)):
        kinds = [KINDS[0] if row % 2 else KINDS[1 + row // 2 % 2] for row in range(count)]
        parts[part] = (toy.candidates([kind == "psf" for kind in kinds]), drawn(kinds, rng))
    dataset = MemoryDataSet(parts=parts)
    made = toy.train_and_write(tmp_path_factory.mktemp("reasons"), dataset, FOREST)
    recipe = dataclasses.replace(made.recipe, outliers=OutlierRecipe())
    given = {"provenance": {}, "outliers": fit_outliers(made.files, dataset, recipe)}
    calibrated = calibrating.calibrate(made.files, dataset, recipe)
    folder = tmp_path_factory.mktemp("explained") / "package"
    commit(folder, lambda to: write_package(to, made.files, calibrated, **given), directory=True)
    return folder, dataset


def reasons(package, dataset, toy, cutouts):
    frame = toy.candidates(np.zeros(len(cutouts), int)).assign(flags=np.int32(0))
    return package.scored(frame, cutouts, dataset.channels, 1)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("hole", r"template has a hole \(\d+ % of the pixels near\)"),
        ("dipole", r"negative lobes \(\d+ % of the light\)|PSF fit poor|a shifted or scaled template explains it"),
        ("psf", r"no negative lobes|no pixels are missing|PSF fit good|no shift of the template|symmetric"),
    ],
)
def test_the_reason_of_a_candidate_is_what_was_drawn(kind, words, explained, toy):
    package = explaining(runtime.load(explained[0]))
    rows = reasons(package, explained[1], toy, drawn([kind] * 12, np.random.default_rng(3)))
    assert ((rows["score"] > 0.5) == (kind == "psf")).mean() > 0.8
    right = rows[(rows["score"] > 0.5) == (kind == "psf")]["reason"]
    assert right.str.contains(words).mean() > 0.8, right.tolist()


def test_the_reason_is_given_only_where_it_is_asked_for_and_changes_no_score(explained, toy):
    package, cutouts = runtime.load(explained[0]), drawn(["psf", "hole", "psf"], np.random.default_rng(4))
    cutouts[2] = np.nan
    with_reasons, plain = (reasons(one, explained[1], toy, cutouts) for one in (explaining(package), package))
    assert "reason" not in plain
    assert with_reasons["reason"][2] == ""
    np.testing.assert_array_equal(with_reasons["score"], plain["score"])


def flagging(made, dataset, folder, **keys):
    recipe = dataclasses.replace(made.recipe, outliers=OutlierRecipe(**keys))
    commit(folder, lambda to: write_calibrated(to, made.files, dataset, recipe, provenance={}), directory=True)
    return runtime.load(folder)


@pytest.mark.parametrize("stacked", [False, True])
def test_a_network_gives_reasons_by_features_measured_beside_and_says_so(stacked, toy, explained, network, tmp_path):
    dataset = explained[1]
    cnn = {**toy.network, "size_pixel": 15, "epochs": 1, "posterior_samples": 0}
    package = flagging(toy.train_and_write(tmp_path, dataset, cnn), dataset, tmp_path / "flagging", reasons=True)
    if stacked:
        folders = [explained[0], package.directory]
        package = runtime.load(written(tmp_path / "stack", folders, FIXED | {"weights": [0.0, 1.0]}, dataset))
    cutouts = drawn(["hole"] * 9 + ["psf"], np.random.default_rng(3))
    cutouts[9] = np.nan
    rows = reasons(explaining(package), dataset, toy, cutouts)
    assert rows["reason"][9] == ""
    told = rows["reason"][:9]
    assert told.str.startswith("measured beside: ").all()
    assert told[rows["label_predicted"][:9] == 0].str.contains("template has a hole").all()


def test_a_network_without_features_beside_it_gives_none(network, dataset, tmp_path):
    with pytest.raises(IncompatiblePackageError, match="of networks of pixels with 'reasons' in it"):
        explaining(flagging(network, dataset, tmp_path / "flagging"))


def test_a_classifier_of_a_table_names_the_columns_that_moved_its_score(toy, tmp_path):
    table = toy.table(rows=(200, 100, 40), n_features=3, n_classes=2, missing=0.0)
    settings = {"classifier": "table_boosting", "settings": {"n_estimators": 15}}
    table = dataclasses.replace(table, class_names=("bogus", "real"))
    for candidates, values in table.parts.values():
        values[..., 1] = np.random.default_rng(1).normal(size=values[..., 1].shape)  # says nothing
        values[..., 0] = np.where(candidates["label"], 5.0, -5.0)[:, None, None] + values[..., 1] / 10
        values[..., 2] = 0.0
    package = flagging(toy.train_and_write(tmp_path, table, settings), table, tmp_path / "flagging")
    rows = reasons(explaining(package), table, toy, table.cutouts("test"))
    real = rows["label_predicted"] == 1
    assert rows["reason"][real].str.match(r"g is \d\.?\d* \(usual for bogus: -[45]\.?\d*\)").all(), rows[
        "reason"
    ].tolist()
    assert rows["reason"][~real].str.match(r"g is -\d\.?\d* \(usual for real: [45]\.?\d*\)").all()


def test_packages_that_know_no_training_rows_are_refused(ensemble, network):
    for made in (ensemble, network):
        with pytest.raises(IncompatiblePackageError, match="cannot give reasons; allowed: packages of real and"):
            explaining(runtime.load(made.package))


@pytest.mark.parametrize("sky", [0.0, 100.0, -100.0])
def test_a_source_that_is_brighter_in_the_template_has_faded(sky):
    cutouts = np.random.default_rng(0).normal(0.0, 0.1, (2, 21, 21, 3)).astype(np.float32)
    cutouts[0, 9:12, 9:12, 1] += 5.0
    cutouts[1, 9:12, 9:12, 0] += 5.0
    cutouts[..., 1] += sky
    assert faded_rows(cutouts, ("science", "template", "difference")).tolist() == [True, False]
    assert faded_rows(cutouts[..., :1], ("difference",)).tolist() == [False, False]
