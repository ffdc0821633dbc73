"""A file that stores a text once and says it in every row fills no memory."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.io.files.bounded_parquet import read_bounded, rows_at_once
from pipeline.io.results.content import content_sha256
from pipeline.io.results.hdf5 import open_to_read, read_table
from pipeline.io.results.hdf5_texts import text_blocks
from pipeline.io.results.scores_file import models_of_scores, read_scores
from pipeline.io.results.sealed_parquet import read_sealed
from pipeline.io.tables.table_file import read_table as read_any_table

ROWS = 200
LONG = "a" * 1_000_000


@pytest.fixture(autouse=True)
def _twenty_megabytes(monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.02")


def by_dictionary():
    numbers = pa.array(np.zeros(ROWS, np.int32))
    return pa.DictionaryArray.from_arrays(numbers, [LONG]), {"use_dictionary": ["model"]}


def by_delta():
    texts = pa.array([LONG] * ROWS)
    return texts, {"use_dictionary": False, "column_encoding": {"model": "DELTA_BYTE_ARRAY"}}


@pytest.fixture(params=[by_dictionary, by_delta])
def repeating(request, tmp_path):
    """A Parquet file of some kilobytes that says 200 MB."""
    texts, options = request.param()
    ids = pa.array([str(number) for number in range(ROWS)])
    table = pa.table({"candidate_id": ids, "score": np.linspace(0, 1, ROWS).astype(np.float32), "model": texts})
    path = tmp_path / "scores.parquet"
    pq.write_table(table, path, compression="zstd", store_schema=False, **options)
    assert path.stat().st_size < 100_000
    return path


@pytest.mark.parametrize("read", [read_scores, read_sealed, read_any_table])
def test_a_parquet_file_that_repeats_a_text_is_refused(read, repeating):
    with pytest.raises(InputError, match=r"the first \d+ of whose 200 rows alone would take .* MB, of which .* kB"):
        read(repeating)


def test_a_run_that_plans_by_such_a_file_takes_no_memory_either(repeating):
    before = pa.system_memory_pool().max_memory()
    assert models_of_scores(repeating) == []
    assert pa.system_memory_pool().max_memory() - before < 100_000_000


def test_what_is_read_in_blocks_is_the_same_table(tmp_path):
    path = tmp_path / "t.parquet"
    table = pa.table({"name": [f"{'x' * 50_000}{number}" for number in range(40)], "number": range(40)})
    pq.write_table(table, path, row_group_size=30)
    assert 1 < rows_at_once(pq.read_metadata(path), path.stat().st_size, 1000) < 30
    with pq.ParquetFile(path) as file:
        assert read_bounded(file, path).equals(table)
        assert read_bounded(file, path, ["number"]).equals(table.select(["number"]))


def test_lists_of_a_billion_values_in_one_row_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    values = pa.array(np.zeros(3_000_000, np.float32))
    pq.write_table(pa.table({"list": pa.ListArray.from_arrays([0, 3_000_000], values)}), path)
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match=r"a table of 1 rows and 1 columns would take 24 MB"):
        read_sealed(path)


@pytest.fixture
def pointing(tmp_path):
    """An HDF5 file of 1 MB in which every row points to the same text of 1 MB."""
    path = tmp_path / "t.h5"
    with h5py.File(path, "w") as file:
        texts = file.create_dataset("table/kind", (ROWS,), h5py.string_dtype())
        texts[:] = [LONG] + ["b"] * (ROWS - 1)
        place = texts.id.get_offset()
    content = bytearray(path.read_bytes())
    width = 16  # of what points: length, address, number
    content[place : place + width * ROWS] = content[place : place + width] * ROWS
    path.write_bytes(content)
    return path


def test_an_hdf5_file_whose_rows_point_to_one_text_is_refused(pointing):
    with (
        open_to_read(pointing) as file,
        pytest.raises(
            InputError,
            match=r"t.h5: the texts in the first \d+ rows of '/table/kind' would take .* MB, of which 1\.0\d MB",
        ),
    ):
        read_table(file["table"])


@pytest.fixture
def pointing_in_chunks(tmp_path):
    """The same in chunks, as our own files have them."""
    path = tmp_path / "t.h5"
    with h5py.File(path, "w") as file:
        texts = file.create_dataset("table/kind", (ROWS,), h5py.string_dtype(), maxshape=(None,), chunks=(64,))
        texts[:] = [LONG] + ["b"] * (ROWS - 1)
        places = [texts.id.get_chunk_info(number).byte_offset for number in range(texts.id.get_num_chunks())]
    content = bytearray(path.read_bytes())
    width = 16  # of what points: length, address, number
    pointer = content[places[0] : places[0] + width]
    for place in places:
        content[place : place + 64 * width] = pointer * 64
    path.write_bytes(content)
    return path


def test_such_a_file_in_chunks_is_refused_before_a_text_is_read(pointing_in_chunks, monkeypatch):
    monkeypatch.setattr(h5py.Dataset, "asstr", lambda *_: None)  # of which no row can be taken
    with (
        open_to_read(pointing_in_chunks) as file,
        pytest.raises(InputError, match=r"the texts in rows 0 to 200 of '/table/kind' would take 256 MB, of which 1.0"),
    ):
        read_table(file["table"])


def test_texts_of_a_large_file_are_read_many_at_a_time(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        texts = file.create_dataset("t", (10_000,), h5py.string_dtype(), chunks=(1024,))
        texts[:3000] = said = [f"é{number}" for number in range(3000)]
        file["pixels"] = np.zeros(5_000_000, np.float32)  # one text of as many bytes would be all that is read at once
    with h5py.File(tmp_path / "t.h5") as file:
        blocks = list(text_blocks(file["t"], slice(100, 9000)))
        assert [len(block) for block in blocks] == [8192, 8900 - 8192]
        assert list(np.concatenate(blocks)) == said[100:] + [""] * 6000


def test_its_content_takes_no_memory_either(pointing):
    with pytest.raises(InputError, match=r"the texts in the first \d+ rows of '/table/kind'"):
        content_sha256(pointing)
