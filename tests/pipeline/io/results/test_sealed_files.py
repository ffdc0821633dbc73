"""A flipped bit anywhere in a cutout file, data set, scores file or table is refused, or of no meaning."""

import fcntl
import hashlib
import json

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter, open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.hdf5_seal import MARK, chunks_of
from pipeline.io.results.parquet_table import read_table, write_table
from pipeline.io.results.scores_file import ScoresWriter, read_scores, score_columns, scores_provenance
from pipeline.io.results.sealed_parquet import SealedWriter, read_sealed

ROWS, FLIPS = 40, 200
HEADER = CutoutHeader(survey="toy", channels=("science", "template"), size_pixel=7, pixel_scale_arcsec=0.5)


@pytest.fixture
def make_file(make_rows, tmp_path):
    """Return a function that writes a small file of a kind with everything in it that such files have."""

    def make(kind):
        path = tmp_path / KINDS[kind][0]
        if kind in ("cutout file", "data set"):
            rows = make_rows(range(ROWS), magnitude=np.linspace(15, 20, ROWS), night=["2026-01-05"] * ROWS)
            pixels = np.random.default_rng(1).normal(size=(ROWS, 7, 7, 2)).astype(np.float32)
            pixels[3, 0] = np.nan
            with CutoutWriter(path, HEADER, {"task": "T"}) as writer:
                writer.append(pixels[:15], rows[:15])
                writer.append(pixels[15:], rows[15:])
                writer.drop(pd.DataFrame({"candidate_id": ["x"], "step": "cut", "reason": "outside"}))
                writer.write_text("manifest", json.dumps({"größe": 1}))
                writer.write_stack("psf_images", np.ones((1, 3, 5, 5), np.float32))
                if kind == "data set":
                    writer.write_split(np.sort(np.arange(ROWS) % 3).astype(np.int8), "f" * 64)
        elif kind == "scores":
            scores = pd.DataFrame({name: [0] * ROWS for name in score_columns(2)})
            texts = dict.fromkeys(("object_id", "exposure_id", "night", "model", "release"), "é")
            ids = [f"c{number}" for number in range(ROWS)]
            score = np.where(np.arange(ROWS) % 5, np.linspace(0, 1, ROWS), np.nan)
            with ScoresWriter(path, 2, {"task": "Infer"}) as writer:
                writer.append(scores.assign(**texts, candidate_id=ids, score=score))
        else:
            table = pd.DataFrame({"name": ["a", None, "ccc"] * 9, "ra_deg": [1.5, np.nan, 3.5] * 9, "known": True})
            write_table(path, table, {"task": "FetchMovers"})
        return path

    return make


def read_cutouts(path):
    with open_cutouts(path) as file:
        columns = file.candidates().to_csv(), file.table("dropped").to_csv(), file.text("manifest")
        numbers = file.pixels().tobytes(), file.pixel_digests().tobytes(), file.stack("psf_images").tobytes()
        return file.header, columns, numbers, file.provenance


def read_dataset(path):
    with open_dataset(path) as data:
        return read_cutouts(path), data.split.tobytes(), data.fingerprint


def read_scores_whole(path):
    return read_scores(path).to_csv(), read_scores(path).dtypes.to_dict(), scores_provenance(path)


def read_movers(path):
    return read_table(path).to_csv(), read_table(path).dtypes.to_dict()


KINDS = {
    "cutout file": ("c.h5", read_cutouts),
    "data set": ("d.h5", read_dataset),
    "scores": ("s.parquet", read_scores_whole),
    "table": ("t.parquet", read_movers),
}


def replace(path, data):
    """Put other bytes in the place of a file, as a file of its own."""
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_refused_with_the_name_of_the_file_or_changes_nothing(make_file, kind):
    name, read = KINDS[kind]
    path = make_file(kind)
    whole, right = path.read_bytes(), read(path)
    rng = np.random.default_rng(1)
    spread = np.linspace(0, len(whole) - 1, FLIPS - 40).astype(int).tolist()
    refused = 0
    for place in [*spread, *range(len(whole) - 40, len(whole))]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        replace(path, flipped)
        try:
            found = read(path)
        except InputError as error:
            assert name in str(error)
            refused += 1
        else:
            assert found == right, f"byte {place}"
    assert refused > FLIPS / 2
    replace(path, whole)
    assert read(path) == right


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_lost_its_end_is_refused(make_file, kind):
    path = make_file(kind)
    for lost in (1, 8, 100, len(path.read_bytes()) // 2):
        replace(path, path.read_bytes()[:-lost])
        with pytest.raises(InputError, match=path.name):
            KINDS[kind][1](path)


def test_an_hdf5_file_whose_seal_was_cut_off_is_refused(make_file):
    path = make_file("cutout file")
    replace(path, path.read_bytes()[: -len(MARK)])
    with pytest.raises(InputError, match=r"c\.h5 was changed after it was written: its end, the seal, is missing"):
        open_cutouts(path)


def test_all_numbers_in_chunks_and_all_pages_have_sums(make_file):
    def visit(name, node):
        if isinstance(node, h5py.Dataset) and node.chunks and not h5py.check_string_dtype(node.dtype):
            assert node.fletcher32, name
            seen.append(name)

    seen = []
    with h5py.File(make_file("data set")) as file:
        file.visititems(visit)
    assert {"cutouts", "pixel_digest", "candidates/label", "candidates/ra_deg"} < set(seen)


def test_pixels_that_do_not_agree_with_their_hash_are_refused_where_they_are_read(make_file):
    path = make_file("cutout file")
    with h5py.File(path, "r+") as file:  # as of a version before the seal, with right sums
        del file.attrs["seal"]
        file["cutouts"][17, 2, 3, 0] += 1
    with open_cutouts(path) as file:
        assert len(file.pixels(slice(0, 17))) == 17
        for _ in range(2):
            with pytest.raises(InputError, match=r"c\.h5 was changed .*: the pixels of row 17 do not agree"):
                file.pixels(slice(10, 20))


def test_files_from_before_the_seal_are_read(make_file):
    path = make_file("cutout file")
    right = read_cutouts(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["seal"]
    assert MARK not in path.read_bytes()
    assert read_cutouts(path) == right
    path = make_file("scores")
    right = read_scores_whole(path)
    pq.write_table(read_sealed(path), path, compression="zstd")
    assert b"seal" not in pq.read_metadata(path).metadata
    assert read_scores_whole(path) == right


@pytest.mark.parametrize("kind", ["cutout file", "scores"])
def test_the_seal_is_no_content(make_file, kind):
    path = make_file(kind)
    sealed = content_sha256(path)
    if kind == "scores":
        pq.write_table(read_sealed(path), path)
    else:
        with h5py.File(path, "r+") as file:
            del file.attrs["seal"]
    assert content_sha256(path) == sealed


def test_a_file_that_another_program_has_locked_is_not_called_damaged(make_file, monkeypatch):
    monkeypatch.delenv("HDF5_USE_FILE_LOCKING", raising=False)
    path = make_file("cutout file")
    with path.open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"c\.h5 cannot be read now, it may be whole: .*lock"):
            open_cutouts(path)
    assert len(read_cutouts(path)) == 4


@pytest.mark.parametrize("kind", ["scores", "table"])
def test_a_flipped_bit_in_any_byte_of_a_parquet_file_is_refused(make_file, kind):
    name, read = KINDS[kind]
    path = make_file(kind)
    whole, rng = path.read_bytes(), np.random.default_rng(2)
    key = whole.rindex(b"seal")
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        replace(path, flipped)
        if key <= place < key + 4:
            continue  # the seal is of another name, and right
        with pytest.raises(InputError, match=name):
            read(path)


def test_a_file_that_was_written_in_blocks_is_sealed_as_a_whole(tmp_path):
    table = pa.table(
        {"text": ["a", "", None, "ü"] * 3, "number": [1.0, None, float("nan"), 2.0] * 3, "list": [[1]] * 12}
    )
    table = table.replace_schema_metadata({"said": "NIGHTSIFTSEAL001:"})
    path = tmp_path / "many.parquet"
    with SealedWriter(path, table.schema) as writer:
        for start in range(0, 12, 5):
            writer.write(table.slice(start, 5))
    assert read_sealed(path).drop("number").equals(table.drop("number"))
    seal = pq.read_metadata(path).metadata[b"seal"]
    whole = path.read_bytes()
    digits = whole.index(seal) + len("NIGHTSIFTSEAL001:")
    assert hashlib.sha256(whole[:digits] + whole[digits + 64 :]).hexdigest().encode() == seal[-64:]


def test_chunks_that_touch_are_one_place(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("x", (64, 4), "f4", chunks=(4, 4), fletcher32=True)
        data[:] = 1
        places = chunks_of(data)
        one_by_one = [(info.byte_offset, info.size) for info in map(data.id.get_chunk_info, range(16))]
    assert places[:, 1].sum() == sum(size for _, size in one_by_one)
    assert len(places) < 16
    covered = {byte for first, count in places.tolist() for byte in range(first, first + count)}
    assert covered == {byte for first, count in one_by_one for byte in range(first, first + count)}
