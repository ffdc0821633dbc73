"""The parts of the gap are those that made samples were given."""

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.injection_parts import injection_parts

SNR = {"faint": 6.0, "bright": 100.0, "unknown": np.nan}


def rows(kind, number, found, *, snr="bright", label=1, sign=1, true=None):
    """Return reals of a kind, the first ``found`` of score 0.9, the others of 0.1; ``true`` is what they are."""
    return pd.DataFrame(
        {
            "kind": kind,
            "label": label,
            "score": np.where(np.arange(number) < found, 0.9, 0.1),
            "snr": SNR[snr],
            "flux_sign": sign,
            "label_source": "injected" if kind.startswith("injected") else "eyeball",
            "true_kind": true or kind,
        }
    )


BOGUS = rows("bogus", 1000, 10, label=0)
"""Ten of them pass: the rate of 1 % is reached between 0.1 and 0.9."""


def parts_of(*samples, truth=True, replicates=20):
    """Return the parts of the gap of samples."""
    table = pd.concat([*samples, BOGUS], ignore_index=True).assign(
        candidate_id=lambda found: [f"c{row}" for row in range(len(found))]
    )
    known = table[["candidate_id"]].assign(
        kind=table["true_kind"], is_real=(table["true_kind"] != "cosmic_ray").astype(int)
    )
    rng = np.random.default_rng(1)
    return injection_parts(table, known if truth else None, replicates=replicates, rng=rng)


def values(found):
    names = ("gap", "wrong_labels", "kinds_never_injected", "other_mixture", "left")
    return {name: round(100 * getattr(found, name).value, 9) for name in names}


def test_a_gap_of_wrong_labels_alone_is_called_so():
    wrong = rows("transient", 20, 0, true="cosmic_ray")
    found = parts_of(rows("injected_host", 100, 90), rows("transient", 80, 72), wrong)
    assert values(found) == {
        "gap": 18.0, "wrong_labels": 18.0, "kinds_never_injected": 0.0, "other_mixture": 0.0, "left": 0.0
    }  # fmt: skip
    assert found.rows == {"injected": 100, "real": 100, "truly_real": 80, "of_injected_kinds": 80, "matched": 80}


def test_a_gap_of_a_kind_that_is_never_injected_is_called_so():
    found = parts_of(rows("injected_random", 100, 90), rows("transient", 100, 90), rows("variable", 100, 50))
    assert values(found) == {
        "gap": 20.0, "wrong_labels": 0.0, "kinds_never_injected": 20.0, "other_mixture": 0.0, "left": 0.0
    }  # fmt: skip
    assert found.never_injected == ("variable",)
    assert {one.kind: one.injected_as for one in found.kinds} == {"transient": ("injected_random",), "variable": ()}


def test_a_gap_of_other_brightness_alone_is_called_so():
    injected = [rows("injected_random", 100, 90), rows("injected_random", 100, 50, snr="faint")]
    found = parts_of(*injected, rows("mover", 20, 18), rows("mover", 80, 40, snr="faint"))
    assert values(found) == {
        "gap": 12.0, "wrong_labels": 0.0, "kinds_never_injected": 0.0, "other_mixture": 12.0, "left": 0.0
    }  # fmt: skip
    assert found.matched_by == "snr"


def test_a_gap_between_sources_that_should_be_alike_is_left():
    samples = [rows("injected_variable", 50, 50), rows("injected_variable", 50, 40, sign=-1)]
    found = parts_of(*samples, rows("variable", 50, 40), rows("agn", 50, 30, sign=-1))
    assert values(found) == {
        "gap": 20.0, "wrong_labels": 0.0, "kinds_never_injected": 0.0, "other_mixture": 0.0, "left": 20.0
    }  # fmt: skip
    (variables,) = found.kinds
    assert (variables.n_real, variables.n_injected, variables.found_injected) == (100, 100, 0.9)
    assert variables.matched.value == pytest.approx(0.2)


def test_all_parts_together_are_the_gap_and_their_intervals_hold_them():
    found = parts_of(
        rows("injected_host", 200, 190), rows("injected_variable", 100, 70), rows("injected_host", 50, 20, snr="faint"),
        rows("transient", 150, 130), rows("transient", 30, 3, true="cosmic_ray"), rows("variable", 100, 55),
        rows("mover", 40, 10, snr="faint"), replicates=400,
    )  # fmt: skip
    each = values(found)
    assert sum(value for name, value in each.items() if name != "gap") == pytest.approx(each["gap"])
    for name in each:
        interval = getattr(found, name)
        assert interval.low <= interval.value <= interval.high, name


def test_without_a_truth_wrong_labels_are_not_known():
    samples = rows("injected_host", 100, 90), rows("transient", 100, 70, true="cosmic_ray")
    assert parts_of(*samples).left.reason == "no rows to compare"
    found = parts_of(*samples, truth=False)
    assert found.wrong_labels.reason == "no truth table"
    assert found.left.value == pytest.approx(0.2)


def test_a_row_that_the_truth_lacks_is_what_its_label_says():
    table = pd.concat([rows("injected_host", 10, 10), rows("variable", 10, 5), BOGUS], ignore_index=True)
    table["candidate_id"] = [f"c{row}" for row in range(len(table))]
    truth = pd.DataFrame({"candidate_id": ["c10"], "kind": ["cosmic_ray"], "is_real": [0]})
    found = injection_parts(table, truth, replicates=5, rng=np.random.default_rng(1))
    assert (found.rows["real"], found.rows["truly_real"]) == (10, 9)


def test_rows_of_unknown_brightness_or_sign_are_compared_with_nothing():
    """Reals without a signal to noise, of which half are found, stand beside bright injections, of which all are."""
    samples = rows("injected_host", 100, 100), rows("transient", 100, 100), rows("transient", 50, 25, snr="unknown")
    found = parts_of(*samples, rows("mover", 50, 25, sign=np.nan))
    assert values(found) == {
        "gap": 25.0, "wrong_labels": 0.0, "kinds_never_injected": 8.333333333, "other_mixture": 16.666666667,
        "left": 0.0,
    }  # fmt: skip
    assert found.rows["matched"] == 100


def test_too_few_injections_are_compared_with_nothing():
    found = parts_of(rows("injected_host", 4, 4), rows("transient", 100, 50))
    assert found.rows["matched"] == 0
    assert found.left.reason == "no rows to compare"
    assert found.gap.value == pytest.approx(0.5)


@pytest.mark.parametrize("samples", [[rows("injected_host", 5, 5)], [rows("transient", 5, 5)]])
def test_without_injected_or_other_reals_there_is_no_gap(samples):
    assert parts_of(*samples) is None
