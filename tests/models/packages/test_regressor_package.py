"""The package of a regressor: written, opened by ONNX Runtime alone, refused where it does not fit."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.packages.regressor_package import write_regressor
from models.recipes.regressor import RegressorRecipe
from models.scoring.any_package import open_package
from models.scoring.regressor import load_regressor
from models.scoring.runtime import load
from models.training.in_memory import MemoryDataSet
from models.training.regressor_training import calibrate_regressor, first_half, train_regressor
from pipeline.cutouts.missing import Flag
from pipeline.errors import DataSetError, IncompatiblePackageError, InputError, SettingsError
from pipeline.io.packages.training_ids import learned_of
from pipeline.io.results.commit import commit

ROWS = {"train": 150, "validation": 90, "test": 60}
FEATURES = ("g", "g_r", "r_i")
RECIPE = RegressorRecipe(
    regressor="quantile_boosting", settings={"iterations": 10, "learning_rate": 0.3}, lowest=-0.5, highest=2.0,
    bins=50, miscoverage=0.2, required_features=("g_r",),
)  # fmt: skip
SMALL = {
    "forest": {"trees": 5},
    "mixture_density": {"members": 1, "units": 8, "layers": 1, "epochs": 3},
    "quantile_boosting": RECIPE.settings,
}


def rows(part):
    rng = np.random.default_rng(list(ROWS).index(part))
    n = ROWS[part]
    features = rng.normal(0, 1, (n, len(FEATURES))).astype(np.float32)
    target = 0.7 + 0.2 * np.tanh(features[:, 1]) + rng.normal(0, 0.03, n)
    features[::7, 0] = np.nan
    candidates = pd.DataFrame({"candidate_id": [f"{part}{row}" for row in range(n)], "target": target, "label": 0})
    return candidates, features[:, None, None, :]


@pytest.fixture(scope="module")
def dataset():
    return MemoryDataSet(parts={part: rows(part) for part in ROWS}, channels=FEATURES, class_names=("measured",))


def written(dataset, folder, recipe=RECIPE):
    trained = train_regressor(dataset, recipe, seed=1)
    commit(folder, lambda path: write_regressor(path, trained, provenance={"task": "TrainRegressor"}), directory=True)
    return trained


@pytest.fixture(scope="module")
def package(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package") / "boosting"
    written(dataset, folder)
    return folder


@pytest.mark.replaces("4most", "M12")
@pytest.mark.parametrize("name", SMALL)
def test_its_distributions_are_those_of_the_regressor_recalibrated(name, dataset, tmp_path):
    trained = written(dataset, tmp_path / name, replace(RECIPE, regressor=name, settings=SMALL[name]))
    opened = open_package(tmp_path / name)
    table, pixels = rows("test")
    pdfs = opened.predict(pixels, FEATURES)
    np.testing.assert_allclose(pdfs.masses.sum(axis=1), 1.0)
    raw = trained.fitted(pixels[:, 0, 0, :])
    stated = opened.content["pit_map"]
    mapped = np.interp(raw.cumulative, stated["predicted"], stated["found"])
    np.testing.assert_allclose(pdfs.cumulative, mapped / mapped[:, -1:], atol=2e-4)
    low, high = opened.interval(pdfs)
    inside = (table["target"] >= low) & (table["target"] <= high)
    assert 0.65 < inside.mean() <= 1.0, "80 % are promised, of 60 rows"


def test_rows_of_a_scores_file_come_out_with_what_cannot_be_scored_marked(package):
    opened = load_regressor(package)
    table, pixels = rows("test")
    pixels[3, 0, 0, 1] = np.nan
    frame = table[["candidate_id"]].assign(
        object_id="", exposure_id="", night="all", split=np.int8(2), flags=np.int32(0), release="r1"
    )
    found = opened.scored(frame, pixels, FEATURES, 0)
    assert set(opened.score_columns(decided=False)) == set(found)
    numbers = found[["value", "value_std", "q05", "q50", "q95", "low", "high", "m_0", "m_49"]]
    assert numbers.isna().all(axis=1).tolist() == [row == 3 for row in range(len(found))]
    assert found["flags"].tolist() == [int(Flag.NOT_SCORED) if row == 3 else 0 for row in range(len(found))]
    assert (found["q05"].dropna() <= found["value"].dropna()).all()
    assert opened.distributions == {"edges": RECIPE.edges.tolist(), "miscoverage": 0.2}


def test_it_is_equal_again_and_knows_what_it_learned_from(dataset, package, tmp_path):
    written(dataset, tmp_path / "again")
    assert (tmp_path / "again" / "weights.sha256").read_text() == (package / "weights.sha256").read_text()
    ids = pd.Series(["train0", "validation3", "test0"])
    assert learned_of(package).part_of(ids).tolist() == [0, 1, -1]
    card = (package / "card.md").read_text()
    assert "150 rows taught it, 90 calibrated it" in card
    assert "meant to hold 80 % of targets, by 45 validation rows" in card


def test_a_package_of_the_other_kind_is_refused(package):
    with pytest.raises(IncompatiblePackageError, match="is the package of a regressor; allowed: one of a classifier"):
        load(package)
    with pytest.raises(
        IncompatiblePackageError, match="needs channels g_r, and can do without g, r_i; the cutouts have g, r_i"
    ):
        load_regressor(package).check(channels=("g", "r_i"), size_pixel=1)


@pytest.mark.parametrize(("change", "message"), [
    ({"head": {"kind": "guess"}}, "head is of the kind 'guess'; allowed: mixtures, quantiles, smoothed_masses"),
    ({"head": {"kind": "quantiles", "shares": [0.5, 0.4]}}, "shares are .0.5, 0.4.; allowed: increasing"),
    ({"edges": [0.0, 0.0]}, "edges are .0.0, 0.0.; allowed: at least two finite numbers that increase"),
    ({"pit_map": {"predicted": [0.0, 0.9], "found": [0.0, 1.0]}}, "predicted is .0.0, 0.9.; allowed: numbers from 0"),
    ({"interval": {"limit": 0.1, "miscoverage": 2.0, "n": 3}}, "miscoverage is 2.0; allowed"),
])  # fmt: skip
def test_values_out_of_range_are_named(change, message, package, tmp_path):
    content = json.loads((package / "package.json").read_text()) | change

    def copy(folder):
        for file in package.iterdir():
            if file.name != "manifest.json":
                (folder / file.name).write_bytes(file.read_bytes())
        (folder / "package.json").write_text(json.dumps(content))

    commit(tmp_path / "wrong", copy, directory=True)
    with pytest.raises(InputError, match=message):
        load_regressor(tmp_path / "wrong")


def test_data_sets_that_cannot_teach_are_refused(dataset):
    def changed(part, **columns):
        table, pixels = dataset.parts[part]
        return replace(dataset, parts={**dataset.parts, part: (table.assign(**columns), pixels)})

    with pytest.raises(DataSetError, match="0 of 128 rows have a target and a weight"):
        train_regressor(changed("train", target=np.nan), replace(RECIPE, required_features=("g",)), 1)
    for part, word in (("train", "training"), ("validation", "validation")):
        beyond = (
            f"the {word} part .* {ROWS[part]} of {ROWS[part]} targets lie beyond the bins, 9 of '.*' first; allowed"
        )
        with pytest.raises(DataSetError, match=beyond):
            train_regressor(changed(part, target=9.0), RECIPE, 1)
    with pytest.raises(SettingsError, match="required_features has 'w1'; the data set has the features g, g_r, r_i"):
        train_regressor(dataset, replace(RECIPE, required_features=("w1",)), 1)
    without = {part: (table.drop(columns="target"), pixels) for part, (table, pixels) in dataset.parts.items()}
    with pytest.raises(DataSetError, match="has no target; allowed: one of a survey whose input names a target"):
        train_regressor(replace(dataset, parts=without), RECIPE, 1)


def test_no_object_is_in_both_halves_of_the_validation_rows(dataset):
    table, pixels = dataset.parts["validation"]
    twins = table.assign(group_id=[f"o{place // 3}" for place in range(len(table))])
    twice = replace(dataset, parts={**dataset.parts, "validation": (twins, pixels)})
    trained = train_regressor(twice, RECIPE, 1)
    calibrated = calibrate_regressor(trained, trained.fitted.raw)
    groups = (len(trained.validation) + 2) // 3
    assert abs(calibrated.interval.n - 3 * (groups // 2)) <= 3
    halves = [set(trained.validation.groups[first_half(trained.validation) == half]) for half in (True, False)]
    assert not halves[0] & halves[1]


def test_too_few_validation_rows_for_the_interval_are_refused(dataset, tmp_path):
    table, pixels = dataset.parts["validation"]
    few = replace(dataset, parts={**dataset.parts, "validation": (table[:6], pixels[:6])})
    with pytest.raises(DataSetError, match="half of the 6 validation rows fit the interval: 3 rows cannot calibrate"):
        written(few, tmp_path / "few")
