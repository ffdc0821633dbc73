"""What makes the table of the older networks fair: equal rows and budget, no test row in a stack, whole seeds alone."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.legacy_networks import (
    NETWORKS,
    OWN_RATE,
    OWN_SIZE,
    OWN_SIZES,
    Budget,
    kept_rows,
    recipe_of,
    train_missing,
)
from benchmarks.studies.legacy_networks_table import Trained, default_stacks, fitted_stack, print_table, stacks
from models.recipes.stack_members import read_members
from pipeline.scores.combination import fit_weights


def rows(count, *, night, seed):
    rng = np.random.default_rng(seed)
    label = np.arange(count) % 2
    first, second = (label + rng.normal(size=count) for _ in range(2))
    names = [f"{night}-{number}" for number in range(count)]
    return pd.DataFrame(
        {"candidate_id": names, "group_id": names, "night": night, "label": label, "first": first, "second": second}
    )


def trained(entry, dataset, *, seed=1, night="n1"):
    table = rows(40, night=night, seed=len(entry)).assign(logit=lambda drawn: drawn["first"])
    return Trained(line={"entry": entry, "seed": seed, "dataset": dataset}, parts={"validation": table, "test": table})


def test_every_judged_row_is_kept_and_others_fill_the_budget_up():
    source = ["eye"] * 30 + ["self_made"] * 50 + ["teacher"] * 20
    candidates = pd.DataFrame({"label_source": np.random.default_rng(1).permutation(source)})
    kept = kept_rows(candidates, 60, "fold 0")
    assert (candidates["label_source"][kept] == "eye").sum() == 30
    assert len(kept) == len(set(kept)) == 60
    assert kept.tolist() == kept_rows(candidates, 60, "fold 0").tolist()
    assert len(kept_rows(candidates, 0, "fold 0")) == len(kept_rows(candidates, 500, "fold 0")) == 100


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_the_same_budget_and_sees_all_channels(name):
    recipe = recipe_of(name, Budget(rows=0, epochs=7))
    assert (recipe.epochs, recipe.channels, recipe.size_pixel) == (7, None, None)
    assert recipe.batch_size <= 64
    assert recipe.learning_rate >= 0.001
    assert recipe_of(name + OWN_RATE, Budget(rows=0, epochs=7)).learning_rate <= recipe.learning_rate


@pytest.mark.parametrize("name", OWN_SIZES)
def test_a_network_at_its_own_size_differs_in_size_alone(name):
    whole, own = (recipe_of(name + suffix, Budget(rows=0, epochs=7)) for suffix in ("", OWN_SIZE))
    assert own == replace(whole, size_pixel=32)


@pytest.mark.parametrize("shared", ["night", "group_id"])
def test_a_stack_learns_nothing_of_the_nights_and_groups_that_it_is_tested_on(shared):
    test, others = rows(20, night="n1", seed=1), rows(60, night="n2", seed=2)
    alike = rows(20, night="n3", seed=3)
    alike[shared] = test[shared].to_numpy()
    clean = fitted_stack(others, test)
    assert np.array_equal(fitted_stack(pd.concat([others, alike]), test), clean)
    assert not np.allclose(fitted_stack(pd.concat([others, rows(20, night="n3", seed=3)]), test), clean)


def test_a_stack_of_a_division_by_object_learns_from_the_nights_that_it_is_tested_on():
    test, validation = rows(20, night="n1", seed=1), rows(60, night="n1", seed=2)
    validation["group_id"] = [f"other {number}" for number in range(60)]
    assert np.isfinite(fitted_stack(validation, test)).all()


def test_the_fixed_stack_is_seven_tenths_of_the_ensemble_and_three_of_the_network():
    found = [trained("ensemble", "fold 0"), trained("net", "fold 0")]
    found = [
        Trained(
            line=one.line,
            parts={
                "validation": one.parts["validation"].assign(group_id="v", night="n2"),
                "test": one.parts["test"],
            },
        )
        for one in found
    ]
    fixed = next(stacks(found, "ensemble", "net")).parts["test"]["logit"]
    ensemble, network = (one.parts["test"]["logit"] for one in found)
    np.testing.assert_allclose(fixed, 0.7 * ensemble + 0.3 * network)


def test_the_default_is_weighed_as_its_recipe_says_and_needs_all_members():
    members = read_members("default")
    names = [member.classifier for member in members.members]
    found = [trained(name, "fold 0") for name in names]
    assert list(default_stacks(found[1:])) == []
    (one,) = default_stacks(found)
    logits = np.column_stack([part.parts["validation"]["logit"] for part in found])
    labels = found[0].parts["validation"]["label"].to_numpy()
    fitted, stated = fit_weights(logits, labels), np.array(members.weights)
    shares = (20 * fitted + 100 * stated / stated.sum()) / 120
    np.testing.assert_allclose(one.parts["test"]["logit"], logits @ shares)
    assert sum(one.line["weights"]) == pytest.approx(1.0, abs=2e-3)


def test_a_seed_that_lacks_a_fold_is_in_no_line_of_the_table(capsys):
    found = [
        trained("braai", "fold 0"),
        trained("braai", "fold 1", night="n2"),
        trained("braai", "fold 0", seed=2),
        trained("otrain", "fold 0"),
    ]
    print_table(found, ("braai", "otrain"), "boosting", "night")
    lines = capsys.readouterr().out.splitlines()[2:]
    assert len(lines) == 1
    assert lines[0].startswith("| braai | 1 |")


def test_what_is_there_is_not_trained_again(tmp_path):
    line = {"entry": "braai", "seed": 1, "dataset": "absent"}
    record = tmp_path / "trainings.jsonl"
    record.write_text(json.dumps(line) + "\n")
    train_missing(tmp_path / "absent.h5", ["braai"], 1, Budget(rows=0, epochs=1), tmp_path)
    assert record.read_text() == json.dumps(line) + "\n"
