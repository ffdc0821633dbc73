"""A night whose input changed since it was frozen is refused in the same words, whatever changed."""

import pickle

import pandas as pd
import pytest

from pipeline.errors import ChangedInputError, InputError, NightsiftError
from pipeline.surveys.manifests import entry, require_unchanged

NIGHT = "2026-01-05"


def test_an_entry_counts_rows_and_knows_what_stands_in_them():
    table = pd.DataFrame({"id": ["a", "b"]})
    assert entry(table)["rows"] == 2
    assert entry(table) == entry(table.copy())
    assert entry(table)["sha256"] != entry(table.assign(id=["a", "c"]))["sha256"]


def test_what_is_as_it_was_frozen_is_accepted():
    require_unchanged(NIGHT, "a.fits", {"size": 9, "sha256": "0a"}, {"size": 9, "sha256": "0a", "found": "/b/a.fits"})


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({"rows": 3, "sha256": "0a"}, {"rows": 4, "sha256": "0b"}, "3 rows then, 4 rows now"),
        ({"size": 9, "sha256": "0a"}, {"size": -1, "sha256": "missing"}, "9 bytes then, missing now"),
        ({}, {"size": 9, "sha256": "0a"}, "missing then, 9 bytes now"),
    ],
)
def test_what_changed_is_refused_with_how_much_there_was_and_what_to_do(then, now, said):
    with pytest.raises(ChangedInputError) as caught:
        require_unchanged(NIGHT, "a.fits", then, now)
    expected = f"night {NIGHT}: a.fits changed since the night was frozen ({said}); use `nightsift refetch`"
    assert str(caught.value) == expected


def test_a_change_is_never_taken_for_a_fault_of_one_exposure():
    """Readers lose an exposure over an `InputError` and go on; a night that changed must stop."""
    assert not issubclass(ChangedInputError, InputError)
    assert issubclass(ChangedInputError, (NightsiftError, ValueError))
    assert str(pickle.loads(pickle.dumps(ChangedInputError("a.fits changed")))) == "a.fits changed"


def test_counts_that_are_equal_are_not_told():
    with pytest.raises(ChangedInputError, match=r"a.csv changed since the night was frozen; use"):
        require_unchanged("2026-01-05", "a.csv", {"rows": 6, "sha256": "0"}, {"rows": 6, "sha256": "1"})
