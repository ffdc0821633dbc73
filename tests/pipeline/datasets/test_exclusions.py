"""Which rows are in no part of a data set, and which setting keeps them out."""

import numpy as np
import pandas as pd

from pipeline.datasets.exclusions import NO_LABEL, TRAINING_ONLY, excluded


def test_rows_are_counted_by_reason_class_and_source_with_the_setting():
    reasons = np.array(["", TRAINING_ONLY, TRAINING_ONLY, NO_LABEL])
    said = excluded(reasons, np.array([1, 0, 0, -1]), pd.Series(["injected", "bogus_draw", "bogus_draw", ""]))
    assert said.startswith("4 rows, 1 real by injected used; left out: 1 (no label: add a provider to `labels`")
    assert "2 bogus by bogus_draw (training only, outside training: such sources never judge" in said
    assert "`training_only` of the data set" in said


def test_nothing_is_said_where_every_row_is_used():
    assert excluded(np.array(["", ""]), np.array([0, 1]), pd.Series(["list", "list"])) == ""


def test_no_row_at_all_is_used():
    assert "none used; left out: 1 (no label" in excluded(np.array([NO_LABEL]), np.array([-1]), pd.Series([""]))
