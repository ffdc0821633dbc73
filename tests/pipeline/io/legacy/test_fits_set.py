import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from pipeline.errors import InputError
from pipeline.io.legacy.fits_set import TOO_SMALL, FitsPixels, size_of


@pytest.fixture
def stamp_paths(tmp_path):
    """Return the paths of stamps of 5 x 5, 3 x 4, none at all, and 5 x 5 pixels; each holds its number."""
    paths = [tmp_path / f"{number}.fits" for number in range(4)]
    for number, (path, shape) in enumerate(zip(paths, [(5, 5), (3, 4), None, (5, 5)], strict=True)):
        if shape is None:
            path.write_bytes(b"no image")
        else:
            fits.writeto(path, np.full(shape, number, np.float32))
    return pd.Series([str(path) for path in paths])


def test_the_rows_asked_for_are_read_and_the_unreadable_say_why(stamp_paths):
    cutouts, reasons = FitsPixels(paths=stamp_paths, size_pixel=5)(np.array([1, 2, 3]))
    assert cutouts.shape == (3, 5, 5, 1)
    assert reasons[0] == TOO_SMALL
    assert reasons[1].startswith("unreadable: ")
    assert reasons[2] == ""
    assert np.isnan(cutouts[:2]).all()
    assert (cutouts[2] == 3).all()


def test_a_smaller_stamp_is_filled_up_where_that_is_asked_for(stamp_paths):
    cutouts, reasons = FitsPixels(paths=stamp_paths, size_pixel=5, pad=True)(np.array([1]))
    assert reasons.tolist() == [""]
    assert np.isfinite(cutouts).sum() == 12


def test_where_an_axis_was_cut_off_its_rows_keep_their_place(stamp_paths):
    before = np.full((4, 2), None, object)
    before[1] = True, False
    cutouts, _ = FitsPixels(paths=stamp_paths, size_pixel=5, pad=True, before=before)(np.array([1]))
    assert np.isnan(cutouts[0, :2]).all()
    assert np.isnan(cutouts[0, :, 4]).all()


def test_values_that_mean_bad_are_missing(stamp_paths):
    cutouts, _ = FitsPixels(paths=stamp_paths, size_pixel=5, magic_values=(3.0,))(np.array([0, 3]))
    assert np.isfinite(cutouts[0]).all()
    assert np.isnan(cutouts[1]).all()


def test_the_size_is_that_of_the_first_stamp_that_can_be_read(stamp_paths):
    assert size_of(stamp_paths[[2, 1, 0]], "auto", "list") == 4
    assert size_of(stamp_paths[:0], "auto", "list") == 1
    with pytest.raises(InputError, match="list: none of the first 1 stamps can be read"):
        size_of(stamp_paths[[2]], "auto", "list")
