from errno import EACCES

import pyarrow as pa
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.files.damaged import changed, naming

PATH = "night.h5"


@pytest.mark.parametrize("error", [OSError("bad\n  block"), KeyError("x"), MemoryError(), pa.ArrowInvalid("no magic")])
def test_whatever_a_reader_raises_names_the_file_in_one_line(error):
    with (
        pytest.raises(InputError, match=r"^night.h5 is not a readable HDF5 file: \S") as raised,
        naming(PATH, "HDF5 file"),
    ):
        raise error
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [OSError(EACCES, "denied"), OSError("unable to lock file, errno = 11")])
def test_a_file_that_is_kept_away_may_be_whole(error):
    with pytest.raises(InputError, match="cannot be read now, it may be whole"), naming(PATH, "HDF5 file"):
        raise error


def test_an_error_that_says_what_is_wrong_is_left_as_it_is():
    with pytest.raises(MissingInputError, match=r"^no file a$"), naming(PATH, "HDF5 file"):
        raise MissingInputError("no file a")


def test_a_mistake_in_the_code_is_no_damage():
    with pytest.raises(ZeroDivisionError), naming(PATH, "HDF5 file"):
        1 / 0  # noqa: B018


def test_a_changed_file_says_what_to_do():
    assert "night.h5 was changed after it was written: row 3; make it anew" in str(changed(PATH, "row 3"))
