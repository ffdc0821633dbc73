"""A folder that cannot hold results is named, with what is wrong with it."""

import sqlite3
from errno import EACCES, EIO, ENOSPC, EROFS
from os import strerror

import pytest

from pipeline.errors import InputError, StorageError
from pipeline.io.results.commit import commit


def failing(error):
    def write(path):
        path.write_text("half")
        raise error

    return write


def test_a_link_to_nowhere_is_named_with_where_it_leads(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "unmounted")
    with pytest.raises(StorageError, match=r"data leads to .*unmounted, which is not there; mount or make it"):
        commit(tmp_path / "data" / "tiny" / "scores.parquet", lambda path: path.touch())


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(StorageError, match=r"data is a file, and results need a folder there; set NIGHTSIFT_DATA"):
        commit(tmp_path / "data" / "tiny" / "scores.parquet", lambda path: path.touch())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"the folder .*/n+ cannot be made: File name too long"):
        commit(tmp_path / ("n" * 300) / "scores.parquet", lambda path: path.touch())


@pytest.mark.parametrize(
    "error",
    [
        OSError(ENOSPC, strerror(ENOSPC)),
        OSError("Not enough space on disk: requested 995328, available 0"),
        RuntimeError("Unable to flush file (file write failed: errno = 28, error message = 'No space left on device')"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_named_and_leaves_nothing_half(tmp_path, error):
    with pytest.raises(StorageError, match=r"the disk was full while .*night was written \(.* MB free in .*make room"):
        commit(tmp_path / "night" / "cutouts.h5", failing(error))
    assert list((tmp_path / "night").iterdir()) == []


@pytest.mark.parametrize("number", [EACCES, EROFS])
def test_a_folder_that_may_not_be_written_is_named(tmp_path, number):
    error = OSError(number, strerror(number), str(tmp_path / "night" / "scratch"))
    with pytest.raises(StorageError, match=rf"night may not be written: {strerror(number)}; give it to the user"):
        commit(tmp_path / "night" / "cutouts.h5", failing(error))


@pytest.mark.parametrize(
    "error",
    [
        OSError(EACCES, strerror(EACCES), "/images/exposure.fits"),
        OSError(EIO, strerror(EIO)),
        InputError("exposure.fits: no space left for a WCS"),
        ValueError("cannot reshape"),
    ],
)
def test_what_is_not_the_folder_s_fault_is_left_as_it_is(tmp_path, error):
    with pytest.raises(type(error)) as raised:
        commit(tmp_path / "night" / "cutouts.h5", failing(error))
    assert raised.value is error
