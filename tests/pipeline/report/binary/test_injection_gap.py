"""The page says in one sentence what the gap between injected and other reals is made of."""

import numpy as np
import pandas as pd
import pytest

from pipeline.plots.data import ReportData
from pipeline.report import build_report
from pipeline.report.binary.injection_gap import gap_rows, gap_words

FOUND = {"injected_host": (100, 95), "transient": (100, 85), "variable": (100, 60), "bogus": (1000, 10)}


def data_of(kinds=FOUND, truth=None):
    """Return data of a report of which the first rows of each kind score 0.9, the others 0.1."""
    tables = [
        pd.DataFrame(
            {
                "kind": kind,
                "label": np.int8(kind != "bogus"),
                "score": np.where(np.arange(number) < found, 0.9, 0.1),
                "label_source": "injected" if kind.startswith("injected") else "eyeball",
                "flux_sign": 1,
                "snr": 20.0,
            }
        )
        for kind, (number, found) in kinds.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    table["candidate_id"] = [f"c{row}" for row in range(len(table))]
    return ReportData(title="t", survey="toy", scores={"m": table}, truth=truth)


def report_of(data):
    return build_report(data, plots=["roc"], replicates=20)


def test_the_sentence_names_each_part_with_its_points():
    ids = [f"c{row}" for row in range(100, 200)]
    truth = pd.DataFrame({"candidate_id": ids, "kind": "supernova", "is_real": [1] * 90 + [0] * 10})
    report = report_of(data_of(truth=truth))
    gap = report.metrics["injection"]
    assert (gap["fpr"], gap["never_injected"], gap["matched_by"]) == (0.01, ["variable"], "snr")
    assert gap["gap"]["value"] == pytest.approx(0.95 - 0.725)
    assert gap["wrong_labels"]["value"] == pytest.approx(145 / 190 - 0.725)
    assert gap["kinds_never_injected"]["value"] == pytest.approx(85 / 90 - 145 / 190)
    assert gap["left"]["value"] == pytest.approx(0.95 - 85 / 90)
    words = gap_words(gap)
    assert words.startswith(
        "At a false positive rate of 1 %, 95.0 % of the injected and 72.5 % of the other reals are found, 22.5 points "
        "less: 3.8 points of this are reals that truly are none, 18.1 points are kinds that are never injected "
        "(variable), 0.0 points are the injections' other mixture of kind, sign and signal to noise, and 0.6 points"
    )
    assert words.endswith("are left between sources that should be alike.")
    assert words.split(" Matched")[0][:60] in report.html
    assert 'id="injected"' in report.html


def test_the_table_names_what_stands_for_each_kind():
    gap = report_of(data_of()).metrics["injection"]
    rows = {row["kind"]: row for row in gap_rows(gap)}
    assert rows["transient"]["injected_as"] == "injected_host"
    assert rows["transient"]["gap"]["value"] == "10.0 points"
    assert rows["variable"]["injected_as"] == "never injected"
    assert "how much of this is wrong labels is not known" in gap_words(gap)


def test_without_injections_the_page_says_nothing_of_them():
    report = report_of(data_of({"transient": (100, 85), "bogus": (1000, 10)}))
    assert report.metrics["injection"] == {}
    assert gap_words(report.metrics["injection"]) == ""
    assert 'id="injected"' not in report.html
