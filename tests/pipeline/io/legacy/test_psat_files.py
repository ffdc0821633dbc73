import math

import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.legacy.psat_files import StampFiles, field_of, mjd_of

REAL, BOGUS, UNLABELLED = 1, 0, -1


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(path, **options):
    return [(name.rpartition("/")[2], label) for name, label in StampFiles(**options).find(path)]


def test_folders_give_the_labels(tmp_path):
    touch(tmp_path, "good/a.fits", "bad/b.fits.gz", "bad/notes.txt", "unlabelled/c.fit")
    assert sorted(found(tmp_path)) == [("a.fits", REAL), ("b.fits.gz", BOGUS), ("c.fit", UNLABELLED)]


def test_lists_come_before_folders_which_hold_their_files(tmp_path):
    touch(tmp_path, "good/a.fits", "good/left_out.fits", "bad/b.fits")
    (tmp_path / "good.txt").write_text("# the reals\n\n a.fits \n")
    (tmp_path / "bad.txt").write_text("b.fits\n")
    paths = dict(StampFiles().find(tmp_path))
    assert paths == {str(tmp_path / "good" / "a.fits"): REAL, str(tmp_path / "bad" / "b.fits"): BOGUS}


@pytest.mark.parametrize(
    ("name", "label"), [("real_2.txt", REAL), ("TRUE.txt", REAL), ("bogus.txt", BOGUS), ("night.txt", UNLABELLED)]
)
def test_the_name_of_a_list_is_a_label(tmp_path, name, label):
    (tmp_path / name).write_text("a.fits\n")
    assert found(tmp_path / name) == [("a.fits", label)]


def test_a_list_of_lists_passes_its_label_on(tmp_path):
    (tmp_path / "good.lst").write_text("night1.lst\nbad2.lst\n")
    (tmp_path / "night1.lst").write_text("a.fits\n")
    (tmp_path / "bad2.lst").write_text("b.fits\n")
    assert found(tmp_path / "good.lst") == [("a.fits", REAL), ("b.fits", BOGUS)]


def test_a_list_that_holds_itself_ends(tmp_path):
    (tmp_path / "good.lst").write_text("good.lst\n")
    with pytest.raises(InputError, match="a list in a list in a list; allowed: 3 levels"):
        found(tmp_path / "good.lst")


def test_a_stated_label_and_a_stated_folder_win(tmp_path):
    touch(tmp_path, "elsewhere/a.fits")
    (tmp_path / "good.txt").write_text("a.fits\n/abs/b.fits\n")
    paths = dict(StampFiles(label=BOGUS, folder=str(tmp_path / "elsewhere")).find(tmp_path / "good.txt"))
    assert paths == {str(tmp_path / "elsewhere" / "a.fits"): BOGUS, "/abs/b.fits": BOGUS}


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"a" * 5000, b"a\x07.fits"])
def test_what_is_no_list_is_refused(tmp_path, text):
    (tmp_path / "good.txt").write_bytes(text)
    with pytest.raises(InputError, match=r"is not a (list of file names|file name)"):
        found(tmp_path / "good.txt")


def test_a_list_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingInputError, match="no list"):
        found(tmp_path / "good.txt")


@pytest.mark.parametrize(
    ("stem", "mjd"), [("7_58226.41_02a", 58226.41), ("7_58226", 58226.0), ("7", math.nan), ("7_582264", math.nan)]
)
def test_the_date_is_the_second_part_of_a_name(stem, mjd):
    assert mjd_of(stem) == pytest.approx(mjd, nan_ok=True)


def test_parts_of_a_name_are_counted_from_0():
    assert [field_of("a_b_c_d", number) for number in (0, 2, 3, 4)] == ["a", "c", "d", ""]
