import math
from dataclasses import replace

import pytest

from models.recipes.search_spaces import SearchSpace
from models.searches.tuning_study import JOURNAL, UNPRUNED_TRIALS, Trial, TrialStudy
from pipeline.errors import SettingsError
from pipeline.settings import parse

SPACE = parse(
    SearchSpace,
    {
        "parameters": {
            "learning_rate": {"kind": "float", "low": 0.0001, "high": 0.1, "log": True},
            "settings.dense": {"kind": "int", "low": 8, "high": 64, "step": 8},
            "augment": {"kind": "choice", "choices": [[], ["flip"], ["rotate", "flip"]]},
        }
    },
    "spaces/test.yaml",
)


def study_in(folder, name="one", space=SPACE, **changes):
    settings = {"larger_is_better": False, "seed": 1, "epochs": 10, **changes}
    return TrialStudy(folder, name, space, **settings)


def add(study, *objectives, state="complete"):
    """Add a trial with these objectives by epoch and the values that come next."""
    number = len(study.trials) + 1
    best = min(objectives, default=math.nan)
    trial = Trial(number=number, state=state, values=study.next_values(), objective=best, by_epoch=objectives)
    study.add(trial)
    return trial


def test_values_are_within_the_space(tmp_path):
    study = study_in(tmp_path)
    drawn = [add(study, 1.0).values for _ in range(15)]
    assert {value["settings.dense"] for value in drawn} <= set(range(8, 65, 8))
    assert all(0.0001 <= value["learning_rate"] <= 0.1 for value in drawn)
    choices = {tuple(value["augment"]) for value in drawn}
    assert len(choices) > 1
    assert choices <= {(), ("flip",), ("rotate", "flip")}


def test_the_next_values_follow_from_the_seed_and_the_trials_before(tmp_path):
    study = study_in(tmp_path / "one")
    for loss in (0.3, 0.2, 0.4):
        assert study.next_values() == study.next_values() == study_in(tmp_path / "one").next_values()
        add(study, loss)
    same, other = study_in(tmp_path / "two"), study_in(tmp_path / "three", seed=2)
    assert same.next_values() == study.trials[0].values != other.next_values()


def test_later_trials_learn_from_earlier_ones(tmp_path):
    study = study_in(tmp_path)
    for _ in range(40):
        values = study.next_values()
        loss = abs(math.log10(values["learning_rate"]) + 3.0)
        study.add(Trial(number=0, state="complete", values=values, objective=loss, by_epoch=(loss,)))
    mean_of_the_space = (0.5 * 1.0**2 + 0.5 * 2.0**2) / 3.0
    assert sum(trial.objective for trial in study.trials[20:]) / 20 < 0.5 * mean_of_the_space


def test_trials_come_back_as_they_were(tmp_path):
    study = study_in(tmp_path)
    kept = [add(study, 0.5, 0.1 + 0.2), add(study, state="failed"), add(study, 0.7, state="pruned")]
    again = study_in(tmp_path).trials
    assert math.isnan(again[1].objective)
    assert [repr(trial) for trial in again] == [repr(trial) for trial in kept]


def test_trials_of_another_search_are_not_used(tmp_path):
    add(study_in(tmp_path), 0.5)
    assert study_in(tmp_path, name="other").trials == []


def test_what_a_killed_writer_left_of_a_line_is_cut_off(tmp_path):
    study = study_in(tmp_path)
    add(study, 0.5)
    whole = (tmp_path / JOURNAL).read_bytes()
    expected = study.next_values()
    add(study, 0.4)
    for length in (len(whole), len(whole) + 1, len((tmp_path / JOURNAL).read_bytes()) - 1):
        (tmp_path / JOURNAL).write_bytes((tmp_path / JOURNAL).read_bytes()[:length])
        again = study_in(tmp_path)
        assert [trial.objective for trial in again.trials] == [0.5]
        assert again.next_values() == expected
        add(again, 0.4)


@pytest.mark.parametrize(("larger_is_better", "good"), [(False, 0.1), (True, 0.9)])
def test_a_trial_is_hopeless_if_its_best_epoch_is_worse_than_the_median(tmp_path, larger_is_better, good):
    study = study_in(tmp_path, larger_is_better=larger_is_better)
    for number in range(UNPRUNED_TRIALS):
        assert not study.is_hopeless([0.6, 0.6])
        add(study, 0.5, 0.4 + number / 20)
    bad = 1.0 - good
    assert [study.is_hopeless(epochs) for epochs in ([bad], [bad, bad], [good, bad], [bad, good])] == [
        False,
        True,
        False,
        False,
    ]


def test_pruned_and_failed_trials_are_no_measure(tmp_path):
    study = study_in(tmp_path)
    for _ in range(2 * UNPRUNED_TRIALS):
        add(study, 0.1, 0.1, state="pruned")
        add(study, state="failed")
    assert not study.is_hopeless([0.9, 0.9])


@pytest.mark.replaces("4most", "M7")
def test_a_grid_is_gone_through_once_in_an_order_that_the_seed_decides(tmp_path):
    parameters = {"settings.units": {"kind": "choice", "choices": [[8], [8, 8]]},
                  "epochs": {"kind": "int", "low": 2, "high": 6, "step": 2}}  # fmt: skip
    space = parse(SearchSpace, {"draw": "grid", "parameters": parameters}, "spaces/grid.yaml")
    taken = {}
    for seed in (1, 2):
        study = study_in(tmp_path / str(seed), space=space, seed=seed)
        taken[seed] = [add(study, 1.0).values for _ in range(space.grid_size)]
        assert [trial.values for trial in study.trials] == taken[seed]
    every = [{"settings.units": units, "epochs": epochs} for units in ([8], [8, 8]) for epochs in (2, 4, 6)]
    assert all(point in taken[1] for point in every)
    assert len(taken[1]) == 6
    assert taken[1] != taken[2]


def test_values_at_random_do_not_learn_from_the_trials(tmp_path):
    space = replace(SPACE, draw="random")
    good, bad = (study_in(tmp_path / name, space=space) for name in ("good", "bad"))
    for number in range(12):
        add(good, number / 10)
        add(bad, 1 - number / 10)
    assert [trial.values for trial in good.trials] == [trial.values for trial in bad.trials]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"learning_rate": {"kind": "float", "low": 0.1, "high": 0.2}}, "'learning_rate' is of 'kind: float'; allowed"),
        ({"epochs": {"kind": "int", "low": 1, "high": 200000}}, "the grid has 200,000 points; allowed: 100,000"),
    ],
)
def test_what_makes_no_grid_is_refused(parameters, said):
    with pytest.raises(SettingsError, match=said):
        parse(SearchSpace, {"draw": "grid", "parameters": parameters}, "spaces/grid.yaml")
