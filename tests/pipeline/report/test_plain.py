from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipeline.report.plain import plain


@pytest.mark.parametrize(
    ("value", "is_plain"),
    [
        (np.float32(0.5), 0.5),
        (np.nan, None),
        (-np.inf, None),
        (np.int64(2**53 + 1), 2**53 + 1),
        (np.bool_(True), True),
        ({1: (np.int8(1), {3, 2})}, {"1": [1, [2, 3]]}),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (Path("a"), "a"),
        (date(2026, 1, 5), "2026-01-05"),
        (None, None),
    ],
)
def test_numbers_of_a_report_are_plain(value, is_plain):
    found = plain(value)
    assert found == is_plain
    assert type(found) is type(is_plain)
