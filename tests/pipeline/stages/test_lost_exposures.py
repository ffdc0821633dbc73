import pytest

from pipeline.errors import TooMuchLostError
from pipeline.stages.lost_exposures import require_enough


@pytest.mark.parametrize(("lost", "total"), [(0, 0), (0, 5), (1, 5)])
def test_the_allowed_share_may_be_lost(lost, total):
    require_enough("2026-01-05", lost, total, 0.2, set())


def test_a_night_that_lost_more_fails_with_its_counts_and_three_reasons():
    with pytest.raises(TooMuchLostError) as fault:
        require_enough("2026-01-05", 2, 7, 0.2, {"d", "c", "b", "a"}, "packets")
    assert str(fault.value) == ("night 2026-01-05: 2 of 7 packets are unusable; max_lost_fraction allows 0.2. a; b; c")
