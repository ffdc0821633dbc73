"""Every plot of the registry keeps the contract, whatever rows it is given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.plots import CLASS_PLOTS, PLOTS, ClassReportData, Mistakes, PlotResult, ReportData


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


def class_scores(n=90, k=4):
    rng = np.random.default_rng(1)
    label = np.arange(n) % k
    chances = 0.5 * rng.dirichlet(np.ones(k), n) + 0.5 * np.eye(k)[(label + (rng.random(n) < 0.2)) % k]
    return (
        scores(n)
        .assign(label=label, split=np.arange(n) % 3, **{f"p_{index}": chances[:, index] for index in range(k)})
        .drop(columns="score")
    )


def bare_classes(table):
    return ClassReportData(
        title="bare", survey="sky", class_names=("Others", "BG", "LRG", "ELG"), scores={"mlp": table}
    )


def confused():
    rows = class_scores().iloc[:3].assign(called=1, p_called=0.9, p_true=0.1, pair_rows=3)
    pixels = np.random.default_rng(2).uniform(0, 255, (3, 8, 8, 3)).astype("f4")
    return Mistakes(rows=rows, cutouts=pixels, channels=("red", "green", "blue"))


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


NEEDED = ["candidate_id", "label", "p_0", "p_1", "p_2", "p_3"]
CLASS_CASES = {
    "two models": lambda: ClassReportData(
        title="two",
        survey="sky",
        class_names=("Others", "BG", "LRG", "ELG"),
        scores={"mlp": class_scores(), "forest": class_scores(60)},
        history={"mlp": pd.DataFrame({"loss": [0.7, 0.4], "val_loss": [0.7, 0.5]})},
        reference_points={1: (0.4, 0.8)},
        reference_name="colour cuts",
        mistakes=confused(),
    ),
    "only needed columns": lambda: bare_classes(class_scores()[NEEDED]),
    "one class": lambda: bare_classes(class_scores()[lambda rows: rows["label"] == 1]),
    "no rows": lambda: bare_classes(class_scores().iloc[:0]),
    "unlabelled": lambda: bare_classes(class_scores().assign(label=-1)),
    "no score": lambda: bare_classes(class_scores().assign(p_2=np.nan)),
    "one row": lambda: bare_classes(class_scores().iloc[:1]),
    "constant score": lambda: bare_classes(class_scores().assign(p_0=0.25, p_1=0.25, p_2=0.25, p_3=0.25)),
    "missing values": lambda: bare_classes(class_scores().assign(magnitude=np.nan, night=None, group_id="")),
}
EVERY = [(PLOTS, CASES, name) for name in PLOTS] + [(CLASS_PLOTS, CLASS_CASES, name) for name in CLASS_PLOTS]
"""Every plot with its registry and the data that it is given."""

NAMES = [f"{registry.what} {name}" for registry, _, name in EVERY]

DRAWN = {"plot": ("two models", "one class", "constant score", "logits"), "plot of many classes": ("two models",)}
"""Laying a figure out takes most of the time; these cases show what can go wrong in it."""


@pytest.mark.parametrize(
    ("registry", "cases", "name", "case"),
    [
        pytest.param(registry, cases, name, case, id=f"{registry.what} {name}: {case}")
        for registry, cases, name in EVERY
        for case in sorted(cases)
    ],
)
def test_a_figure_and_its_numbers_come_out_of_any_rows(registry, cases, name, case):
    result = registry[name](cases[case]())
    assert isinstance(result, PlotResult)
    assert isinstance(result.figure, Figure)
    assert len(result.figure.axes) > 0
    assert result.note or not result.table.empty
    if case in DRAWN[registry.what]:
        result.figure.draw_without_rendering()


@pytest.mark.parametrize(("registry", "_cases", "name"), EVERY, ids=NAMES)
def test_the_title_and_caption_tell_a_reader_what_to_look_at(registry, _cases, name):
    metadata = registry.metadata(name)
    assert metadata["title"]
    assert len(metadata["caption"]) > 40
    assert metadata["caption"].endswith((".",))
    assert registry.summary(name).endswith(".")


@pytest.mark.parametrize(("registry", "cases", "name"), EVERY, ids=NAMES)
def test_the_rows_given_are_only_read_and_equal_rows_give_equal_numbers(registry, cases, name):
    data = cases["two models"]()
    before = {model: table.copy() for model, table in data.scores.items()}
    first, second = registry[name](data), registry[name](data)
    for model, table in data.scores.items():
        pd.testing.assert_frame_equal(table, before[model])
    pd.testing.assert_frame_equal(first.table, second.table)


@pytest.mark.parametrize(("registry", "cases", "name"), EVERY, ids=NAMES)
def test_axes_that_show_data_are_labelled(registry, cases, name):
    figure = registry[name](cases["two models"]()).figure
    shown = [axes for axes in figure.axes if axes.axison and axes.get_xticks().size]
    if registry is PLOTS:
        assert all(axes.get_xlabel() or axes.get_ylabel() for axes in shown)
    elif shown:  # panels of classes share the labels of the first column and of the last line
        assert any(axes.get_xlabel() for axes in shown)
        assert shown[0].get_ylabel() or shown[0].get_yticklabels()


def test_no_figure_belongs_to_a_window():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    for registry, cases, name in EVERY:
        registry[name](cases["one row"]())
    assert plt.get_fignums() == before
