import pytest

from pipeline.io.fits.file_names import is_fits, stem_of


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.fits", "a"),
        ("/db/57000/a.FITS.fz", "a"),
        ("a.b.fit.gz", "a.b"),
        ("a.fits/b.fts", "b"),
        ("a.txt", "a.txt"),
        ("a.fits.txt", "a.fits.txt"),
        ("fits", "fits"),
    ],
)
def test_what_is_left_of_a_name_is_without_its_endings(name, stem):
    assert stem_of(name) == stem
    assert is_fits(name) is (stem != name)
