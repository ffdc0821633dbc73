import json

import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter, open_cutouts, rows_a_chunk
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.surveys.base import dropped_rows

HEADER = CutoutHeader(
    survey="toy", channels=("science", "difference"), size_pixel=4, pixel_scale_arcsec=0.5, unit="nJy"
)


def write(path, blocks, provenance=None, drop=None):
    with CutoutWriter(path, HEADER, provenance) as writer:
        for pixels, rows in blocks:
            writer.append(pixels, rows)
        if drop is not None:
            writer.drop(drop)
    return path


def pixels(count, value=0.0):
    return np.full((count, 4, 4, 2), value, dtype=np.float32)


def test_rows_come_back_block_by_block_with_header_types_and_missing_pixels(make_rows, tmp_path):
    first = np.random.default_rng(1).normal(size=(3, 4, 4, 2)).astype(np.float32)
    first[1, 2, 3] = np.nan
    rows = make_rows("abc", magnitude=[20.5, np.nan, 18], night=["2026-01-05"] * 3, label=[1, 0, -1])
    path = write(tmp_path / "c.h5", [(first, rows), (pixels(2), make_rows("de"))])
    with open_cutouts(path) as file:
        assert file.header == HEADER
        assert len(file) == 5
        np.testing.assert_array_equal(file.pixels(slice(0, 3)), first)
        found = file.candidates()
        assert set(found) == set(CANDIDATE_COLUMNS)
        assert [str(found[name].dtype) for name in ("label", "magnitude", "ra_deg", "flags")] == [
            "int8", "float32", "float64", "int32",
        ]  # fmt: skip
        assert found["candidate_id"].tolist() == list("abcde")
        assert file.candidates(slice(1, 3), ("label",))["label"].tolist() == [0, -1]
        assert [(rows.start, rows.stop, len(block)) for rows, block in file.batches(2)] == [
            (0, 2, 2),
            (2, 4, 2),
            (4, 5, 1),
        ]


def test_a_path_may_be_a_text(make_rows, make_cutouts, tmp_path):
    with open_cutouts(str(make_cutouts(tmp_path / "c.h5", make_rows("ab"), size=5))) as file:
        assert file.candidates()["candidate_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("size", [1, 2, 63, 64])
def test_any_size_is_kept(make_rows, make_cutouts, tmp_path, size):
    path = make_cutouts(tmp_path / "c.h5", make_rows("ab"), size=size)
    with open_cutouts(path) as file:
        assert file.pixels().shape == (2, size, size, 3)


def test_an_empty_file_is_whole(make_rows, tmp_path):
    with open_cutouts(write(tmp_path / "c.h5", [])) as file:
        assert len(file) == 0
        assert len(file.candidates()) == 0
        assert file.pixels().shape == (0, 4, 4, 2)
        assert list(file.batches(10)) == []
        assert len(file.table("dropped")) == 0
        assert file.pixel_digests().shape == (0,)


def test_what_was_dropped_is_listed_and_counted_with_what_came_in(make_rows, tmp_path):
    drop = pd.concat([dropped_rows(["x", "y"], "cut", "outside the image"), dropped_rows(["z"], "read", "lost")])
    path = write(tmp_path / "c.h5", [(pixels(2), make_rows("ab"))], {"task": "T"}, drop)
    with open_cutouts(path) as file:
        assert file.table("dropped")["candidate_id"].tolist() == ["x", "y", "z"]
        assert file.provenance == {
            "task": "T",
            "counts": {"in": 5, "kept": 2, "dropped": {"outside the image": 2, "lost": 1}},
        }


def test_provenance_may_be_long(make_rows, tmp_path):
    long = {"inputs": {str(night): "x" * 200 for night in range(2000)}}
    with open_cutouts(write(tmp_path / "c.h5", [], long)) as file:
        assert file.provenance["inputs"] == long["inputs"]


def test_pixels_and_rows_must_fit(make_rows, tmp_path):
    with pytest.raises(InputError, match="2 cutouts with 3 candidates"):
        write(tmp_path / "a.h5", [(pixels(2), make_rows("abc"))])
    with pytest.raises(InputError, match="do not fit a file of"):
        write(tmp_path / "b.h5", [(np.zeros((1, 5, 5, 2), np.float32), make_rows("a"))])
    with pytest.raises(InputError, match="column 'magnitude' is missing"):
        write(tmp_path / "c.h5", [(pixels(1), make_rows("a").drop(columns="magnitude"))])


def test_columns_that_never_came_are_an_error(make_rows, tmp_path):
    with (
        pytest.raises(InputError, match="does not have the 1 rows of the cutouts"),
        CutoutWriter(tmp_path / "c.h5", HEADER) as writer,
    ):
        writer.append_pixels(pixels(1))


def test_equal_pixels_have_equal_digests_whatever_their_nan_bits(make_rows, tmp_path):
    odd_nan = np.array([0x7FC00001], dtype=np.uint32).view(np.float32)[0]
    block = pixels(3)
    block[0, 0, 0, 0], block[1, 0, 0, 0] = np.nan, odd_nan
    with open_cutouts(write(tmp_path / "c.h5", [(block, make_rows("abc"))])) as file:
        digests = file.pixel_digests()
    assert digests[0] == digests[1] != digests[2]


def test_texts_and_tables_are_kept_and_unknown_ones_named(tmp_path):
    with CutoutWriter(tmp_path / "c.h5", HEADER) as writer:
        writer.write_text("manifest", json.dumps({"größe": 1}))
        writer.write_table(
            "truth", {"kind": "text", "recovered": "bool"}, pd.DataFrame({"kind": ["é"], "recovered": [True]})
        )
    with open_cutouts(tmp_path / "c.h5") as file:
        assert json.loads(file.text("manifest")) == {"größe": 1}
        assert file.table("truth").to_dict("list") == {"kind": ["é"], "recovered": [True]}
        with pytest.raises(InputError, match="no table 'hosts'; there: "):
            file.table("hosts")
        with pytest.raises(InputError, match="no text 'simulation'; there: "):
            file.text("simulation")
        with pytest.raises(InputError, match="no column 'colour' in /candidates"):
            file.candidates(columns=("colour",))
        with pytest.raises(InputError, match="is a cutout file, not a data set"):
            file.split()


def test_what_is_no_cutout_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no file .*absent.h5"):
        open_cutouts(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(InputError, match=r"text.h5 is not a readable HDF5 file"):
        open_cutouts(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["schema"] = 99
    with pytest.raises(InputError, match=r"other.h5 is not a cutout file of schema 1 or 2; its schema is 99"):
        open_cutouts(tmp_path / "other.h5")


def test_half_a_file_is_named(make_rows, tmp_path):
    path = write(tmp_path / "c.h5", [(pixels(50), make_rows(range(50)))])
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="is not a readable HDF5 file"):
        open_cutouts(path)


def test_chunks_are_about_a_megabyte():
    assert rows_a_chunk((63, 63, 3)) == 22
    assert rows_a_chunk((1, 1, 1)) == 64
    assert rows_a_chunk((1024, 1024, 3)) == 1


def test_a_path_may_be_text(make_rows, tmp_path):
    path = write(tmp_path / "c.h5", [(pixels(2), make_rows("ab"))])
    with open_cutouts(str(path)) as file:
        assert len(file) == 2
    with pytest.raises(MissingInputError, match="no file nowhere"):
        open_cutouts("nowhere.h5")
