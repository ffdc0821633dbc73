from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.path_names import is_path_name, require_path_name

AWAY = (
    "",
    ".",
    "..",
    "../../x",
    "/etc/passwd",
    "a/../../b",
    "a\\b",
    "a\0b",
    "-rf",
    ".env",
    " a",
    "a\nb",
    "\x1b[2J",
    "n" * 181,
)


@pytest.mark.parametrize("name", AWAY)
def test_a_name_that_leads_elsewhere_or_is_none_is_refused_with_what_is_allowed(name):
    with pytest.raises(SettingsError, match=r"release is .*; allowed: 1 to 180 bytes without slash, backslash or"):
        require_path_name(name, "release")


@pytest.mark.parametrize("name", ["r1", "2026-01-05", "2026-01-01_2026-01-31", "Größe 2", "a+b", "cnn@v1.2", "n" * 180])
def test_names_as_people_give_them_are_let_through(name):
    assert require_path_name(name, "release") == name


@given(st.text())
def test_what_is_let_through_stays_right_below_its_folder(name):
    if is_path_name(name):
        path = PurePosixPath("/data") / name
        assert path.parent == PurePosixPath("/data")
        assert path.name not in ("", ".", "..")
