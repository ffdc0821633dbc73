"""The curve shows each figure against training rows, from the smallest sample to the largest and no further."""

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics import METRICS
from pipeline.metrics.size_scan import COLUMNS, FIGURES, size_summary
from pipeline.plots.size_scan import SHOWN, size_curve


def trainings(rows=(100, 300, 1000), repeats=2):
    found = []
    for size in rows:
        for repeat in range(1, repeats + 1):
            value = 0.9 + 0.01 * repeat + size / 1e5
            figures, shifts = dict.fromkeys(FIGURES, value), {"_low": -0.03, "_high": 0.02}
            ends = {f"{name}{end}": value + shift for name in FIGURES for end, shift in shifts.items()}
            about = {"size": str(size), "repeat": repeat, "rows": size, "reason": ""}
            found.append(dict.fromkeys(COLUMNS, 0.0) | figures | ends | about)
    return pd.DataFrame(found)


def lines(panel, label):
    (found,) = [line for line in panel.lines if line.get_label() == label]
    return found


def test_the_line_goes_through_the_means_and_no_further_than_the_largest_sample():
    table = trainings()
    figure = size_curve(table, size_summary(table), title="mine")
    assert figure.get_suptitle() == "mine"
    assert [panel.get_title(loc="left") for panel in figure.axes] == [METRICS[name].title for name in SHOWN]
    for panel in figure.axes:
        assert panel.get_xscale() == "log"
        line = lines(panel, "mean of the repeats")
        assert line.get_xdata().tolist() == [100, 300, 1000]
        assert line.get_ydata() == pytest.approx([0.916, 0.918, 0.925])
        assert max(other.get_xdata().max() for other in panel.lines if len(other.get_xdata())) < 1100


def test_every_training_is_a_point_with_its_interval():
    table = trainings()
    panel = size_curve(table, size_summary(table), title="mine").axes[0]
    assert lines(panel, "one training").get_ydata() == pytest.approx(table["auc"].to_numpy())
    (bars,) = panel.collections
    assert [bar[:, 1].tolist() for bar in bars.get_segments()] == [
        pytest.approx([row["auc_low"], row["auc_high"]]) for _, row in table.iterrows()
    ]


def test_a_training_on_far_fewer_rows_than_the_mean_of_its_size_is_within_the_axis():
    table = trainings()
    table.loc[0, "rows"], table.loc[1, "rows"] = 40, 160
    panel = size_curve(table, size_summary(table), title="mine").axes[0]
    low, high = panel.get_xlim()
    places = lines(panel, "one training").get_xdata()
    assert low < places.min() < 50
    assert places.max() < high


def test_an_interval_that_does_not_hold_its_figure_is_drawn_as_it_is():
    table = trainings(rows=(100,), repeats=1).assign(auc_low=0.95, auc_high=0.99)
    (bars,) = size_curve(table, size_summary(table), title="mine").axes[0].collections
    assert bars.get_segments()[0][:, 1].tolist() == [0.95, 0.99]


def test_failed_trainings_are_not_drawn_and_said():
    table = trainings()
    table.loc[table["rows"] == 100, ["auc", "reason"]] = [np.nan, "no luck"]
    figure = size_curve(table, size_summary(table), title="mine")
    assert figure.get_suptitle() == "mine (2 of 6 trainings failed)"
    assert lines(figure.axes[0], "mean of the repeats").get_xdata().tolist() == [300, 1000]


def test_one_size_alone_is_drawn():
    table = trainings(rows=(50,), repeats=1)
    figure = size_curve(table, size_summary(table), title="mine")
    assert [round(tick) for tick in figure.axes[0].get_xticks()] == [50]


def test_sizes_too_near_to_be_told_apart_share_a_label():
    table = trainings(rows=(100, 990, 1000), repeats=1)
    assert sorted(size_curve(table, size_summary(table), title="mine").axes[0].get_xticks()) == [100, 1000]
