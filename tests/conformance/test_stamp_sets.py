"""What every format of stamps must do, over all that the registry holds: out and in again, no surprise on bad input."""

import re

import numpy as np
import pytest

from commands.convert import About, export_stamps, import_stamps
from commands.main import main
from pipeline.errors import NightsiftError
from pipeline.io.legacy.load import STAMP_SETS, open_format
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.tables.feature_tables import FEATURE_TABLES

WITHOUT_IDS = {"galaxy10"}


@pytest.fixture(params=list(STAMP_SETS))
def name(request):
    return request.param


@pytest.fixture
def whole_cutouts(name, make_rows, make_cutouts, tmp_path):
    """A cutout file of one channel, in which nothing is missing; of bytes for a format that holds no others."""
    ids = ["0017", str(2**53 + 1), "c_1", "d"]
    rows = make_rows(ids, object_id=["0017", "o", "c", "d"], label=[1, 0, 1, 0], label_source=["mp", "junk"] * 2)
    pixels = np.random.default_rng(1).normal(size=(4, 7, 7, 1))
    if STAMP_SETS.metadata(name).get("holds") == "bytes":
        pixels = np.clip(np.rint(pixels * 40 + 128), 0, 255)
    return make_cutouts(tmp_path / "in.h5", rows, size=7, channels=("difference",), pixels=pixels)


def test_it_is_described_and_names_its_settings():
    for name in STAMP_SETS:
        assert STAMP_SETS.summary(name).endswith(".")
        assert isinstance(STAMP_SETS.metadata(name)["settings"], type)
        assert isinstance(STAMP_SETS[name].writes_directory, bool)
    for name in FEATURE_TABLES:
        assert FEATURE_TABLES.summary(name).endswith(".")


def test_it_is_in_the_help_of_import(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    shown = set(re.findall(r"\w+", capsys.readouterr().out))
    assert {*STAMP_SETS, *FEATURE_TABLES} <= shown


def test_out_and_in_again_gives_the_same_pixels_labels_and_ids(name, whole_cutouts, tmp_path):
    export_stamps(name, str(whole_cutouts), str(tmp_path / "out"))
    import_stamps(name, [str(tmp_path / "out")], str(tmp_path / "again.h5"), About(channels=("difference",)))
    with open_cutouts(whole_cutouts) as one, open_cutouts(tmp_path / "again.h5") as other:
        before, after = one.candidates(), other.candidates()
        order = np.arange(4)
        if name not in WITHOUT_IDS:
            order = after.set_index("candidate_id").index.get_indexer(before["candidate_id"])
        assert sorted(order) == [0, 1, 2, 3]
        np.testing.assert_array_equal(other.pixels()[order], one.pixels())
        assert after["label"].to_numpy()[order].tolist() == before["label"].tolist()
        assert other.header.pixel_state == "raw"


def test_planes_of_variance_and_psf_do_not_go_out_as_images(name, whole_cutouts, make_cutouts, tmp_path):
    channels = ("difference", "difference_variance", "difference_psf")
    with open_cutouts(whole_cutouts) as file:
        rows, pixels = file.candidates(), file.pixels()
    pixels = np.concatenate([pixels, pixels / 3, pixels / 7], axis=-1)
    planes = make_cutouts(tmp_path / "planes.h5", rows, size=7, channels=channels, pixels=pixels)
    for source, target in ((whole_cutouts, "bare"), (planes, "out")):
        export_stamps(name, str(source), str(tmp_path / target))
        import_stamps(name, [str(tmp_path / target)], str(tmp_path / f"{target}.h5"), About(channels=("difference",)))
    with open_cutouts(tmp_path / "bare.h5") as one, open_cutouts(tmp_path / "out.h5") as other:
        np.testing.assert_array_equal(one.pixels(), other.pixels())


def test_rows_in_blocks_are_those_asked_for(name, whole_cutouts, tmp_path):
    export_stamps(name, str(whole_cutouts), str(tmp_path / "out"))
    stamps = open_format(name, {}, "test").open([tmp_path / "out"])
    whole, _ = stamps.pixels(np.arange(4))
    some = [(block.tolist(), pixels) for block, (pixels, _) in stamps.blocks(np.array([3, 0, 2]), size=2)]
    assert [rows for rows, _ in some] == [[0, 2], [3]]
    for rows, pixels in some:
        np.testing.assert_array_equal(pixels, whole[rows])
    assert stamps.pixels(np.zeros(0, int))[0].shape == (0, 7, 7, 1)


def test_a_size_that_was_asked_for_is_cut_around_the_middle_or_resized(name, whole_cutouts, tmp_path):
    export_stamps(name, str(whole_cutouts), str(tmp_path / "out"))
    whole, _ = open_format(name, {}, "test").open([tmp_path / "out"]).pixels(np.arange(4))
    small = open_format(name, {}, "test").open([tmp_path / "out"], size_pixel=3)
    assert small.size_pixel == 3
    if STAMP_SETS.metadata(name).get("fits") == "resize":
        means = small.pixels(np.arange(4))[0].mean(axis=(1, 2))
        np.testing.assert_allclose(means, whole.mean(axis=(1, 2)), atol=8)
        return
    np.testing.assert_array_equal(small.pixels(np.arange(4))[0], whole[:, 2:5, 2:5])


def test_an_empty_file_goes_out(name, make_rows, make_cutouts, tmp_path):
    path = make_cutouts(tmp_path / "empty.h5", make_rows([]), size=5, channels=("difference",))
    export_stamps(name, str(path), str(tmp_path / "out"))
    assert (tmp_path / "out").exists()


def test_names_that_do_not_fit_the_channels_are_refused(name, whole_cutouts, tmp_path):
    export_stamps(name, str(whole_cutouts), str(tmp_path / "out"))
    with pytest.raises(NightsiftError, match="has 1 channels; 2 names were given: a, b"):
        open_format(name, {}, "test").open([tmp_path / "out"], channels=("a", "b"))


def test_more_classes_than_a_format_knows_are_refused(name, make_rows, make_cutouts, tmp_path):
    rows = make_rows(["a", "b"], label=[0, 5])
    classes = tuple(f"class {number}" for number in range(6))
    path = make_cutouts(
        tmp_path / "many.h5", rows, size=5, channels=("difference",), pixels=np.ones((2, 5, 5, 1)), class_names=classes
    )
    if STAMP_SETS.metadata(name).get("classes") == "any":
        export_stamps(name, str(path), str(tmp_path / "out"))
    else:
        with pytest.raises(NightsiftError, match=r"has 6 classes: class 0, class 1, .*; allowed: two"):
            export_stamps(name, str(path), str(tmp_path / "out"))


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", bytes(5000)])
def test_a_file_of_another_kind_is_one_line(name, tmp_path, content):
    for ending in ("fits", "h5", "npz", "hkl", "csv"):
        path = tmp_path / f"a.{ending}"
        path.write_bytes(content)
        try:
            stamps = open_format(name, {}, "test").open([path])
            assert not len(stamps.rows)
        except NightsiftError as error:
            assert "\n" not in str(error)
