"""Which nights a user may mean; changed input is in tests/integration/test_changed_input.py."""

import pytest

from commands.nights import asked
from pipeline.errors import NightsiftError


def test_nights_are_a_list_a_range_or_both():
    wanted = ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert asked("synthetic", "2026-01-03,2026-01-01..2026-01-02") == wanted


def test_a_night_that_is_no_date_is_refused():
    with pytest.raises(NightsiftError, match="2026-13-01"):
        asked("synthetic", "2026-13-01")
