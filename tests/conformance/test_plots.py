"""Every plot of the registry keeps the contract, whatever rows it is given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.plots import PLOTS, PlotResult, ReportData


def scores(n=120):
    rng = np.random.default_rng(0)
    label = np.arange(n) % 2
    return pd.DataFrame(
        {
            "candidate_id": [f"{2**53 + 1 + i}" for i in range(n)],
            "label": label,
            "score": (1 / (1 + np.exp(-rng.normal(4 * label - 2, 1.5)))).astype("f4"),
            "kind": np.where(label == 1, "mover", "cosmic ray"),
            "label_source": np.where(label == 1, "mover", "bogus draw"),
            "flux_sign": np.where(np.arange(n) % 5 == 0, -1, 1),
            "magnitude": rng.normal(19, 1, n).astype("f4"),
            "night": [f"2026-01-0{1 + i % 4}" for i in range(n)],
            "group_id": [f"g{i // 3}" for i in range(n)],
            "split": 2,
        }
    )


def bare(table):
    return ReportData(title="bare", survey="synthetic", scores={"cnn": table})


CASES = {
    "two models": lambda: ReportData(
        title="two",
        survey="synthetic",
        scores={"cnn": scores(), "features": scores(90)},
        base_rate=0.01,
        history={"cnn": pd.DataFrame({"loss": [0.7, 0.4], "val_loss": [0.7, 0.5]})},
        truth=scores()[["candidate_id", "kind"]].assign(is_real=scores()["label"] == 1),
    ),
    "only needed columns": lambda: bare(scores()[["candidate_id", "label", "score"]]),
    "one class": lambda: bare(scores()[lambda rows: rows["label"] == 1]),
    "no rows": lambda: bare(scores().iloc[:0]),
    "unlabelled": lambda: bare(scores().assign(label=-1)),
    "no score": lambda: bare(scores().assign(score=np.nan)),
    "one row": lambda: bare(scores().iloc[:1]),
    "constant score": lambda: bare(scores().assign(score=0.5)),
    "logits": lambda: bare(scores().assign(score=lambda rows: 20 * rows["score"] - 10)),
    "missing values": lambda: bare(
        scores().assign(kind="", label_source=None, flux_sign=0, magnitude=np.nan, night=None, group_id="")
    ),
}


DRAWN = ("two models", "one class", "constant score", "logits")
"""Laying a figure out takes most of the time; these cases show what can go wrong in it."""


@pytest.mark.parametrize("name", list(PLOTS))
@pytest.mark.parametrize("case", sorted(CASES))
def test_a_figure_and_its_numbers_come_out_of_any_rows(name, case):
    result = PLOTS[name](CASES[case]())
    assert isinstance(result, PlotResult)
    assert isinstance(result.figure, Figure)
    assert len(result.figure.axes) > 0
    assert result.note or not result.table.empty
    if case in DRAWN:
        result.figure.draw_without_rendering()


@pytest.mark.parametrize("name", list(PLOTS))
def test_the_title_and_caption_tell_a_reader_what_to_look_at(name):
    metadata = PLOTS.metadata(name)
    assert metadata["title"]
    assert len(metadata["caption"]) > 40
    assert metadata["caption"].endswith((".",))
    assert PLOTS.summary(name).endswith(".")


@pytest.mark.parametrize("name", list(PLOTS))
def test_the_rows_given_are_only_read_and_equal_rows_give_equal_numbers(name):
    data = CASES["two models"]()
    before = {model: table.copy() for model, table in data.scores.items()}
    first, second = PLOTS[name](data), PLOTS[name](data)
    for model, table in data.scores.items():
        pd.testing.assert_frame_equal(table, before[model])
    pd.testing.assert_frame_equal(first.table, second.table)


@pytest.mark.parametrize("name", list(PLOTS))
def test_axes_that_show_data_are_labelled(name):
    figure = PLOTS[name](CASES["two models"]()).figure
    shown = [axes for axes in figure.axes if axes.axison and axes.get_xticks().size]
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in shown)


def test_no_figure_belongs_to_a_window():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    for name in PLOTS:
        PLOTS[name](CASES["one row"]())
    assert plt.get_fignums() == before
