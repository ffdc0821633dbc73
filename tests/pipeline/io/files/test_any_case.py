from fnmatch import fnmatchcase

import pytest

from pipeline.io.files.any_case import any_case


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*.fits", "A.FITS", True),
        ("*.fits", "a.Fits", True),
        ("*.fits", "a.fit", False),
        ("raw?.f[a-i]ts", "RAW1.Fits", True),
        ("raw?.f[a-i]ts", "RAW1.FITS", False),
        ("night_12.*", "NIGHT_12.x", True),
        ("night_12.*", "NIGHT_13.x", False),
    ],
)
def test_letters_are_taken_in_either_case_but_within_brackets(pattern, name, fits):
    assert fnmatchcase(name, any_case(pattern)) is fits
