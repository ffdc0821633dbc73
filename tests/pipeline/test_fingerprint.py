import dataclasses
import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fingerprint import canonical, fingerprint, short

leaves = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False)
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(mapping=st.dictionaries(st.text(max_size=4), trees, max_size=5))
def test_the_order_of_keys_does_not_count(mapping):
    turned = dict(reversed(mapping.items()))
    assert fingerprint(turned) == fingerprint(mapping)


@settings(max_examples=60)
@given(number=st.integers(-(2**53), 2**53))
def test_a_whole_float_equals_its_integer(number):
    assert fingerprint({"x": float(number)}) == fingerprint({"x": number})


@settings(max_examples=60, deadline=None)
@given(first=trees, second=trees)
def test_other_content_has_another_fingerprint(first, second):
    assert (fingerprint(first) == fingerprint(second)) == (canonical(first) == canonical(second))


@settings(max_examples=40)
@given(mapping=st.dictionaries(st.sampled_from("abcd"), st.integers(), min_size=1), more=st.integers(1, 9))
def test_any_changed_value_changes_the_fingerprint(mapping, more):
    key = min(mapping)
    assert fingerprint(mapping | {key: mapping[key] + more}) != fingerprint(mapping)


@pytest.mark.parametrize(
    ("first", "second"), [(1, True), (0, False), (1, "1"), (None, ""), (0.1, 0.2), ([], {}), ([1, 2], [2, 1])]
)
def test_what_only_looks_alike_differs(first, second):
    assert fingerprint(first) != fingerprint(second)


def test_tuples_dates_paths_and_dataclasses_count_by_what_they_say():
    @dataclasses.dataclass
    class Seeing:
        fwhm: float

    assert fingerprint((1, 2)) == fingerprint([1, 2])
    assert fingerprint(datetime.date(2026, 1, 5)) == fingerprint("2026-01-05")
    assert fingerprint(Path("a/b")) == fingerprint("a/b")
    assert fingerprint(Seeing(2.0)) == fingerprint({"fwhm": 2})


def test_nan_has_no_fingerprint():
    with pytest.raises(ValueError, match="not JSON compliant"):
        fingerprint({"x": float("nan")})


def test_the_short_form_is_the_first_twelve_digits():
    digest = fingerprint("x")
    assert len(digest) == 64
    assert short(digest) == digest[:12]


def test_the_canonical_form_is_fixed():
    # A change here gives every result of every user another path.
    assert fingerprint({"b": [1, 2.5, "é"], "a": None}) == (
        "21fddaeebc6c84f1b55624c41336b0e521adecf3e414f2eaa12789afd6167428"
    )
