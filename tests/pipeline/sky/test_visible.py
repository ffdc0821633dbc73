"""The spans in which a maximum is seen hold every night and no gap twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sky import SkySettings, plan_visits
from pipeline.sky.visible import visible_spans, within_spans

VISITS = plan_visits(SkySettings(nights=5, fields=1), 1)


def test_short_ones_have_a_span_a_night_and_long_ones_one_for_all():
    assert len(visible_spans(VISITS, 0.004, 0.05)) == 5
    spans = visible_spans(VISITS, 17.0, 28.0)
    assert spans.tolist() == [[VISITS[0].time_mjd - 42.0, VISITS[-1].time_mjd + 8.5]]


@given(rise_day=st.floats(0.001, 30.0), decline_day=st.floats(0.001, 60.0))
def test_spans_are_in_order_apart_and_hold_every_visit(rise_day, decline_day):
    spans = visible_spans(VISITS, rise_day, decline_day)
    assert (np.diff(spans.ravel()) > 0).all()
    times = np.array([visit.time_mjd for visit in VISITS])[:, None]
    assert ((spans[:, 0] <= times) & (times <= spans[:, 1])).any(axis=1).all()


@given(share=st.floats(0.0, 1.0))
def test_a_share_of_the_time_lies_before_what_is_returned(share):
    spans = np.array([[0.0, 1.0], [5.0, 8.0]])
    found = within_spans(spans, share)
    before = np.clip(found - spans[:, 0], 0.0, np.diff(spans)[:, 0]).sum()
    assert before == pytest.approx(4.0 * share, abs=1e-9)
    assert 0.0 <= found <= 1.0 or 5.0 <= found <= 8.0
