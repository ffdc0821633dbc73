import re

import pytest

from pipeline.errors import InputError
from pipeline.ids.rounded import MAY_BE_ROUNDED, refuse_rounded, require_unrounded

ROUNDED = [
    "3.91E+16",
    "3.91e+16",
    "-1E+5",
    " 4E+12 ",
    "9007199254740992.0",
    "39089837499752901.",
    "+1234567890123456.00",
]
WHOLE = ["39089837499752901", "1E5", "3e91", "0017", "", "17.0", "123456789012345.0", "a+1", "2026-01-05", "1.5E+3x"]


@pytest.mark.parametrize("name", ROUNDED)
def test_an_id_that_a_table_has_rounded_is_refused(name):
    with pytest.raises(InputError, match="has rounded it"):
        refuse_rounded(name, "labels.csv: row 1")


@pytest.mark.parametrize("name", WHOLE)
def test_an_id_that_may_be_one_is_taken(name):
    refuse_rounded(name, "labels.csv: row 1")


@pytest.mark.parametrize("name", ROUNDED)
def test_the_quick_look_passes_by_none_that_is_refused(name):
    assert re.search(MAY_BE_ROUNDED, name)


def test_the_error_names_the_row_as_the_file_counts_it():
    with pytest.raises(InputError, match=r"^labels.csv: row 4: the id '3.9E\+16'"):
        require_unrounded(["17", None, "3.9E+16"], "labels.csv", first_row=2)
