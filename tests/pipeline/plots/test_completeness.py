"""The figure of the search: what is detected, and what of it the classifier keeps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.search import STAGES
from pipeline.plots import PLOTS


def searched(data, number=1200, kept=0.8):
    """The report with injections, the recovered ones scored, half of them in the judged part."""
    rng = np.random.default_rng(3)
    magnitude = rng.uniform(17.0, 22.0, number)
    recovered = rng.random(number) < 1 / (1 + np.exp((magnitude - 20.0) / 0.3))
    ids = [f"e1~simulated~{row:05d}" for row in range(number)]
    injected = pd.DataFrame(
        {
            "injection_id": [f"i{row}" for row in range(number)],
            "recovered": recovered,
            "candidate_id": np.where(recovered, ids, ""),
            "magnitude": magnitude,
            "snr": 5 * 10 ** (0.4 * (20.0 - magnitude)),
            "host_surface_brightness": np.where(magnitude > 19, magnitude + 2, np.nan),
            "band": np.where(np.arange(number) % 2, "g", "r"),
        }
    )
    found = injected[recovered]
    table = data.scores["cnn"]
    scored = table.iloc[np.zeros(len(found), int)].assign(
        candidate_id=found["candidate_id"].to_numpy(),
        label=1,
        label_source="injected",
        split=np.where(np.arange(len(found)) % 2, 0, 2),
        magnitude=found["magnitude"].to_numpy(),
        score=np.where(rng.random(len(found)) < kept, 0.9, 0.1),
    )
    scores = dict(data.scores) | {"cnn": pd.concat([table, scored], ignore_index=True)}
    return replace(data, injected=injected, scores=scores)


def test_both_stages_are_shown_against_everything_that_is_known(report_data):
    table = PLOTS["completeness"](searched(report_data)).table
    assert set(table["stage"]) == set(STAGES)
    assert set(table["column"]) == {"magnitude", "snr", "host_surface_brightness", "band", "limit_50"}


def test_the_search_keeps_the_product_of_detection_and_classifier(report_data):
    table = PLOTS["completeness"](searched(report_data)).table
    bands = table[table["column"] == "band"].set_index(["stratum", "stage"])["fraction"]
    for band in "gr":
        assert bands[band, STAGES[1]] / bands[band, STAGES[0]] == pytest.approx(0.8, abs=0.06)


def test_the_limits_stand_where_half_is_found(report_data):
    table = PLOTS["completeness"](searched(report_data)).table
    limits = table[(table["column"] == "limit_50") & (table["stratum"] == "")].set_index("stage")
    assert limits.loc[STAGES[0], "bin_low"] == pytest.approx(20.0, abs=0.1)
    assert limits.loc[STAGES[1], "bin_low"] == pytest.approx(20.0 + 0.3 * np.log(2 * 0.8 - 1), abs=0.12)
    assert (limits["low"] < limits["bin_low"]).all()


def test_the_whole_search_is_never_above_detection(report_data):
    table = PLOTS["completeness"](searched(report_data, number=150, kept=0.97)).table
    bins = table[table["column"] != "limit_50"].pivot_table(
        index=["column", "stratum", "bin_low"], columns="stage", values="fraction", dropna=False
    )
    both = bins.dropna()
    assert len(both) > 8
    assert (both[STAGES[1]] <= both[STAGES[0]] + 1e-12).all()


def test_a_classifier_that_keeps_all_changes_nothing(report_data):
    table = PLOTS["completeness"](searched(report_data, kept=1.1)).table
    limits = table[(table["column"] == "limit_50") & (table["stratum"] == "")]["bin_low"]
    assert limits.max() - limits.min() < 0.1


def test_without_simulated_transients_the_figure_says_so(report_data):
    result = PLOTS["completeness"](replace(report_data, injected=None))
    assert result.table.empty
    assert "no transients were simulated" in result.note


def test_injections_that_were_not_scored_show_detection_alone(report_data):
    data = searched(report_data)
    result = PLOTS["completeness"](replace(data, scores=report_data.scores))
    assert set(result.table["stage"]) == {STAGES[0]}
    assert "it is not known which the classifier keeps" in result.note


def test_neither_stage_hides_the_other_in_any_panel(report_data):
    figure = PLOTS["completeness"](searched(report_data)).figure
    for panel in figure.axes:
        detected, kept = (set(container.lines[0].get_xdata()) for container in panel.containers)
        assert not detected & kept, panel.get_xlabel()
