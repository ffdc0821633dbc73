import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import MissingInputError
from pipeline.io.files.digests import file_digest
from pipeline.io.results.content import array_digest, content_sha256, frame_digest, row_digests
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import ScoresWriter, score_columns


def test_every_nan_counts_the_same():
    odd = np.array([0x7FC00001], dtype=np.uint32).view(np.float32)
    assert array_digest(odd) == array_digest(np.array([np.nan], dtype=np.float32))


@pytest.mark.parametrize(
    "other",
    [np.array([1.0, 2.0]), np.array([1, 2, 3]), np.array([[1, 2]]), np.array([2, 1]), np.array([1, 2], np.int8)],
)
def test_type_shape_values_and_order_count(other):
    assert array_digest(other) != array_digest(np.array([1, 2]))


def test_memory_layout_does_not_count():
    array = np.arange(12.0).reshape(3, 4)
    assert array_digest(np.asfortranarray(array)) == array_digest(array)


def test_a_frame_counts_by_columns_and_values():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, np.nan]})
    assert frame_digest(frame) == frame_digest(frame.set_axis([5, 6]))
    assert frame_digest(frame) != frame_digest(frame.rename(columns={"b": "c"}))
    assert frame_digest(frame) != frame_digest(frame[::-1])


@pytest.mark.parametrize(
    "values",
    [[f"ä{row}" for row in range(20_000)], [], ["a"], [None, "b", ["c"]], [1, 2], [0.5, np.nan], [True, False],
     pd.to_datetime(["2026-01-05"]), pd.Categorical(["a", "b", "a"])],
)  # fmt: skip
def test_a_column_is_digested_in_blocks_as_it_is_whole(values):
    column = pd.Series(values)
    whole = hashlib.sha256(f"a:{array_digest(column.to_numpy())}".encode()).hexdigest()
    assert frame_digest(pd.DataFrame({"a": column})) == whole


def test_no_rows_have_no_digests():
    assert row_digests(np.zeros((0, 3, 3, 1), np.float32)).shape == (0,)


def write_hdf5(path, rows, make_cutouts, make_rows, provenance, manifest="{}"):
    head = CutoutHeader(survey="toy", channels=("science",), size_pixel=2, pixel_scale_arcsec=1.0)
    with CutoutWriter(path, head, provenance) as writer:
        writer.append(np.ones((len(rows), 2, 2, 1), np.float32), make_rows(rows))
        writer.write_text("manifest", manifest)
    return content_sha256(path)


def test_hdf5_counts_by_data_and_not_by_provenance(make_cutouts, make_rows, tmp_path):
    common = (make_cutouts, make_rows)
    first = write_hdf5(tmp_path / "1.h5", "abc", *common, {"started": "now"})
    assert write_hdf5(tmp_path / "2.h5", "abc", *common, {"started": "later"}) == first
    assert write_hdf5(tmp_path / "3.h5", "abd", *common, {"started": "now"}) != first
    assert write_hdf5(tmp_path / "4.h5", "abc", *common, {"started": "now"}, '{"x": 1}') != first


def test_parquet_counts_by_data_and_not_by_provenance(tmp_path):
    rows = pd.DataFrame({name: ["a"] if kind == "text" else [1] for name, kind in score_columns(2).items()})
    digests = []
    for number, (frame, provenance) in enumerate(
        [(rows, {"t": 1}), (rows, {"t": 2}), (rows.assign(score=0.5), {"t": 1})]
    ):
        with ScoresWriter(tmp_path / f"{number}.parquet", 2, provenance) as writer:
            writer.append(frame)
        digests.append(content_sha256(tmp_path / f"{number}.parquet"))
    assert digests[0] == digests[1] != digests[2]


def test_a_frozen_manifest_counts_without_its_time_and_key_order(tmp_path):
    digests = []
    for number, said in enumerate([{"a": 1, "b": 2, "as_of": "x"}, {"b": 2, "a": 1, "as_of": "y"}, {"a": 2, "b": 2}]):
        (tmp_path / f"{number}.json").write_text(json.dumps(said))
        digests.append(content_sha256(tmp_path / f"{number}.json"))
    assert digests[0] == digests[1] != digests[2]


def test_a_table_of_texts_counts_without_how_long_each_row_took(tmp_path):
    digests = []
    for number, (auc, seconds) in enumerate([("0.5", "1.5"), ("0.5", "2.5"), ("0.50", "1.5")]):
        (tmp_path / f"{number}.csv").write_text(f"trial,auc,seconds\n1,{auc},{seconds}\n")
        digests.append(content_sha256(tmp_path / f"{number}.csv"))
    assert digests[0] == digests[1] != digests[2]


def test_a_directory_counts_by_its_files_without_manifest_and_provenance(tmp_path):
    for name, text, started in (("a", "x", "1"), ("b", "x", "2"), ("c", "y", "1")):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "t.csv").write_text(text)
        (tmp_path / name / "provenance.json").write_text(started)
        (tmp_path / name / "manifest.json").write_text(started)
    assert content_sha256(tmp_path / "a") == content_sha256(tmp_path / "b") != content_sha256(tmp_path / "c")


def test_a_package_counts_by_its_weights(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.sha256").write_text("w" * 64)
        (tmp_path / name / "card.md").write_text(name)
    assert content_sha256(tmp_path / "a") == content_sha256(tmp_path / "b") == "w" * 64


def test_a_digest_is_remembered_by_size_and_time(tmp_path):
    file, cache = tmp_path / "f", tmp_path / "deep" / "cache.sqlite"
    file.write_text("one")
    first = file_digest(file, cache)
    stamp = file.stat()
    file.write_text("two")
    assert file_digest(file, cache) != first
    file.write_text("one")
    assert file_digest(file, cache) == first == file_digest(file)
    assert stamp.st_size == file.stat().st_size


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no file .*gone"):
        file_digest(tmp_path / "gone")
