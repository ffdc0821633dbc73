import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DataSetError, InputError, UnknownNameError
from pipeline.io.results import cutout_file, hdf5, source_columns
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("train", "validation", "test")


def build(path, sources, **values):
    how = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=1), **values)
    common = {"linked_within_arcsec": 3.0, "fold": 0, "fingerprint": "abc", "provenance": {"task": "BuildDataset"}}
    build_dataset(path, sources=sources, recipe=how, **common)
    return path


def files_of(count, make_rows, make_cutouts, folder):
    """Three files of so many rows, whose pixels are made of their ids."""
    files = []
    for number in range(3):
        names = [f"{number}{row:03d}" for row in range(count)]
        rows = make_rows(
            names,
            night=[f"2026-01-0{number + 1}"] * count,
            label=np.arange(count) % 2,
            label_source=["eye"] * count,
            magnitude=np.arange(count) + 100 * number,
            band=["g", "r"] * (count // 2),
        )
        files.append(make_cutouts(folder / f"{number}.h5", rows))
    return files


@pytest.fixture
def sources(make_rows, make_cutouts, tmp_path):
    return files_of(40, make_rows, make_cutouts, tmp_path)


@pytest.fixture
def few_rows(make_rows, make_cutouts, tmp_path):
    return files_of(10, make_rows, make_cutouts, tmp_path)


def test_each_row_keeps_its_pixels_and_columns(sources, tmp_path, pixels_of_id):
    with open_dataset(build(tmp_path / "d.h5", sources)) as dataset:
        for part in PARTS:
            rows, pixels = dataset.candidates(part), dataset.cutouts(part)
            assert set(rows) == set(CANDIDATE_COLUMNS)
            for name, cutout, magnitude, band in zip(
                rows["candidate_id"], pixels, rows["magnitude"], rows["band"], strict=True
            ):
                np.testing.assert_array_equal(cutout, pixels_of_id(name))
                assert magnitude == 100 * int(name[0]) + int(name[1:])
                assert band == "gr"[int(name[1:]) % 2]


def test_all_rows_are_there_once(sources, tmp_path):
    with open_dataset(build(tmp_path / "d.h5", sources)) as dataset:
        names = [name for part in PARTS for name in dataset.candidates(part)["candidate_id"]]
        assert len(names) == len(set(names)) == 120
        assert dataset.fingerprint == "abc"
        assert dataset.file.provenance["counts"] == {"in": 120, "kept": 120, "dropped": {}}


def test_blocks_of_a_part_are_its_rows_in_order(sources, tmp_path):
    with open_dataset(build(tmp_path / "d.h5", sources)) as dataset:
        whole = dataset.cutouts("train")
        blocks = list(dataset.batches("train", 7))
        assert [rows.start for rows, _ in blocks] == list(range(0, len(whole), 7))
        np.testing.assert_array_equal(np.concatenate([pixels for _, pixels in blocks]), whole)


@pytest.fixture
def opened(monkeypatch):
    """The cutout files that are opened, in order, and how many the process held open as each was."""
    seen = []
    plain = hdf5.open_to_read

    def watched(path):
        seen.append((path, sum(link.resolve().suffix == ".h5" for link in Path("/proc/self/fd").iterdir())))
        return plain(path)

    monkeypatch.setattr(hdf5, "open_to_read", watched)
    return seen


@pytest.fixture
def many_sources(make_rows, make_cutouts, tmp_path):
    """A dozen files of four rows."""
    return [
        make_cutouts(tmp_path / f"many{number}.h5", make_rows([f"{number}{row}" for row in "abcd"], label=[0, 1, 0, 1]))
        for number in range(12)
    ]


def test_a_file_is_opened_for_its_columns_and_for_its_pixels_and_not_again(many_sources, opened, tmp_path):
    build(tmp_path / "d.h5", many_sources)
    assert [path for path, _ in opened] == many_sources * 2


def test_few_files_are_open_at_a_time_however_many_there_are(many_sources, opened, tmp_path):
    build(tmp_path / "d.h5", many_sources)
    assert max(held for _, held in opened) <= 2


@pytest.mark.parametrize("rows_a_block", [1, 7, 8192])
def test_the_rows_that_are_read_together_do_not_count(few_rows, tmp_path, monkeypatch, rows_a_block):
    first = content_sha256(build(tmp_path / "one.h5", few_rows))
    monkeypatch.setattr(source_columns, "TEXTS_AT_ONCE", rows_a_block)
    assert content_sha256(build(tmp_path / "two.h5", few_rows)) == first


def test_a_build_that_fails_leaves_no_file_behind(sources, make_rows, make_cutouts, tmp_path):
    other = make_cutouts(tmp_path / "other.h5", make_rows("a"), size=5)
    before = set(tmp_path.iterdir())
    with pytest.raises(InputError, match="does not fit"):
        build(tmp_path / "d.h5", [*sources, other])
    assert set(tmp_path.iterdir()) == before


def test_the_order_of_the_files_does_not_count(sources, tmp_path):
    first = content_sha256(build(tmp_path / "one.h5", sources, max_ratio=1.0))
    assert content_sha256(build(tmp_path / "two.h5", sources[::-1], max_ratio=1.0)) == first


def test_the_order_of_rows_in_a_file_does_not_count(sources, make_cutouts, tmp_path):
    with open_cutouts(sources[0]) as file:
        rows = file.candidates().iloc[::-1].reset_index(drop=True)
    turned = make_cutouts(tmp_path / "turned.h5", rows)
    first = content_sha256(build(tmp_path / "one.h5", sources))
    assert content_sha256(build(tmp_path / "two.h5", [turned, *sources[1:]])) == first


def test_a_file_without_rows_changes_nothing(sources, make_rows, make_cutouts, tmp_path):
    empty = make_cutouts(tmp_path / "empty.h5", make_rows([]))
    first = content_sha256(build(tmp_path / "one.h5", sources))
    assert content_sha256(build(tmp_path / "two.h5", [empty, *sources])) == first


def test_pixels_that_do_not_agree_with_their_hashes_are_not_built_into_a_data_set(
    sources, make_rows, make_cutouts, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(cutout_file, "row_digests", lambda pixels: np.arange(len(pixels), dtype=np.uint64))
        odd = make_cutouts(tmp_path / "odd.h5", make_rows("ab", label=[0, 1]))
    with pytest.raises(InputError, match=r"odd.h5 was changed .*: the pixels of row 0 do not agree with /pixel_digest"):
        build(tmp_path / "d.h5", [*sources, odd])


def test_files_of_another_kind_are_refused(sources, make_rows, make_cutouts, tmp_path):
    other = make_cutouts(tmp_path / "other.h5", make_rows("a"), size=5)
    with pytest.raises(InputError, match=r"other.h5 does not fit .*0.h5"):
        build(tmp_path / "d.h5", [*sources, other])
    with pytest.raises(InputError, match="no cutout file was given"):
        build(tmp_path / "d.h5", [])


def test_files_without_rows_make_no_data_set(make_rows, make_cutouts, tmp_path):
    with pytest.raises(DataSetError, match="0 groups of bogus and 0 of real"):
        build(tmp_path / "d.h5", [make_cutouts(tmp_path / "e.h5", make_rows([]))])


def test_an_unknown_part_and_a_file_without_parts_are_named(sources, tmp_path):
    with (
        open_dataset(build(tmp_path / "d.h5", sources)) as dataset,
        pytest.raises(UnknownNameError, match="part 'tset'"),
    ):
        dataset.part("tset")
    with pytest.raises(InputError, match="is a cutout file, not a data set"):
        open_dataset(sources[0])


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
import pandas as pd
from pipeline.io.results import cutout_file, hdf5, source_columns
from pipeline.stages.build_dataset import build_dataset
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.recipes.dataset import DatasetRecipe

folder, count, step, a_file = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], 2500
sources = [folder / f"{number}.h5" for number in range(count // a_file)]
head = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
for number, path in enumerate(sources if step == "make" else []):
    rng = np.random.default_rng(number)
    blank = {"text": [""] * a_file}
    rows = pd.DataFrame({name: blank.get(kind, np.zeros(a_file)) for name, kind in CANDIDATE_COLUMNS.items()})
    serial = np.arange(a_file) + number * a_file
    objects = [f"ZTF{i // 3:09d}" for i in serial]
    rows = rows.assign(
        candidate_id=[str(2**60 + i) for i in serial], object_id=objects, group_id=objects, exposure_id=f"e{number}",
        night=f"2026-01-{number % 28 + 1:02d}", ra_deg=rng.uniform(0, 360, a_file),
        dec_deg=rng.uniform(-60, 60, a_file), label=serial % 2, label_source="eye",
        x_pixel=rng.uniform(0, 4000, a_file), y_pixel=rng.uniform(0, 4000, a_file),
    )
    with CutoutWriter(path, head) as writer:
        writer.append(rng.normal(size=(a_file, 3, 3, 1)).astype("f4"), rows)
if step == "build":
    how = DatasetRecipe(survey="toy", nights=("2026-01-01",))
    out = folder / f"out{count}.h5"
    build_dataset(out, sources=sources, recipe=how, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={})
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def run_apart(folder, count, step):
    command = [sys.executable, "-c", MEMORY, str(folder), str(count), step]
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=variables)
    return int(done.stdout or 0)


def growth_allowed(peak, rows):
    """A tenth of the peak, and 100 bytes a row for id tables."""
    return 0.1 * peak + 100 * rows


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    run_apart(tmp_path, 100_000, "make")
    small, large = (run_apart(tmp_path, rows, "build") for rows in (10_000, 100_000))
    assert large - small < growth_allowed(small, 90_000)
