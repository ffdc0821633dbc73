import numpy as np
import pandas as pd
import pytest

from pipeline.plots.tuning import trials_figure

SEARCHED = {
    "learning_rate": {"kind": "float", "low": 0.001, "high": 1.0, "log": True},
    "settings.dense": {"kind": "int", "low": 4, "high": 8},
    "augment": {"kind": "choice", "choices": [[], ["flip"]]},
    "batch_size": {"kind": "choice", "choices": [64, 32]},
}
TRIALS = pd.DataFrame(
    {
        "number": [1, 2, 3, 4],
        "state": ["complete", "pruned", "failed", "complete"],
        "objective": [0.5, 0.1, np.nan, 0.3],
        "learning_rate": [0.01, 0.1, 0.5, 0.02],
        "settings.dense": [4, 5, 6, 8],
        "augment": ["[]", '["flip"]', "[]", '["flip"]'],
        "batch_size": [32, 32, 64, 64],
    }
)


def points(panel, label):
    (line,) = [line for line in panel.lines if line.get_label() == label]
    return line.get_xdata().tolist(), line.get_ydata().tolist()


def rings(panel):
    return [(*line.get_xdata(), *line.get_ydata()) for line in panel.lines if line.get_markersize() == 12]


@pytest.mark.parametrize(("larger_is_better", "so_far", "best"), [(False, 0.3, 4), (True, 0.5, 1)])
def test_the_best_so_far_is_of_complete_trials(larger_is_better, so_far, best):
    course = trials_figure(TRIALS, SEARCHED, objective="validation_x", larger_is_better=larger_is_better).axes[0]
    assert points(course, "best so far")[1] == [0.5, 0.5, 0.5, so_far]
    assert points(course, "complete") == ([1.0, 4.0], [0.5, 0.3])
    assert points(course, "pruned") == ([2.0], [0.1])
    assert points(course, "failed")[0] == [3.0]
    assert rings(course) == [(best, so_far)]
    assert course.get_title(loc="left") == f"best: trial {best} with {so_far}"


def test_each_parameter_has_a_panel_with_its_whole_range():
    _, rate, dense, augment, batch = trials_figure(TRIALS, SEARCHED, objective="x", larger_is_better=False).axes
    assert [panel.get_xlabel() for panel in (rate, dense, augment, batch)] == list(SEARCHED)
    assert (rate.get_xscale(), dense.get_xscale()) == ("log", "linear")
    assert rate.get_xlim()[0] < 0.001 < 1.0 < rate.get_xlim()[1]
    assert points(dense, "complete")[0] == [4.0, 8.0]
    assert [text.get_text() for text in augment.get_xticklabels()] == ["none", "flip"]
    assert np.round(points(augment, "complete")[0]).tolist() == [0.0, 1.0]
    assert np.round(points(batch, "complete")[0]).tolist() == [1.0, 0.0]
    assert rings(dense) == [(8.0, 0.3)]


def test_losses_of_many_powers_of_ten_are_shown_on_a_logarithmic_axis():
    wide = TRIALS.assign(objective=[5.0, 1.0, np.nan, 0.01])
    assert trials_figure(wide, SEARCHED, objective="x", larger_is_better=False).axes[1].get_yscale() == "log"
    assert trials_figure(TRIALS, SEARCHED, objective="x", larger_is_better=False).axes[1].get_yscale() == "linear"
