"""FITS cutouts that a user names are found, read as a survey cuts them, and listed where they cannot be read."""

import numpy as np
import pytest
from astropy.io import fits

from pipeline.errors import InputError, MissingInputError
from pipeline.io.settings_files import raw
from pipeline.settings import parse
from pipeline.stages.stamp_files import StampReader, find_stamps, stamps_digest
from pipeline.surveys.settings import SurveySettings


@pytest.fixture
def settings():
    """Return a function that gives the settings of a survey of stamps with some channels of 4 pixels."""

    def made(*channels):
        content = raw("surveys", "psat_stamps") | {"channels": list(channels), "cutout_size_pixel": 4}
        return parse(SurveySettings, content | {"magic_values": [-31415]}, "own.yaml")

    return made


def stamp(path, *planes, names=()):
    path.parent.mkdir(exist_ok=True, parents=True)
    hdus = [fits.ImageHDU(plane, name=name) for plane, name in zip(planes if names else (), names, strict=True)]
    fits.HDUList([fits.PrimaryHDU(None if names else planes[0]), *hdus]).writeto(path)


@pytest.mark.replaces("psat-ml", "P13")
def test_files_lists_of_lists_and_folders_are_found_in_their_order(tmp_path):
    names = ["z.fits", "good/b.fits.fz", "good/deep/a.fit", "c.fits"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "outer.txt").write_text("# a list\ninner.txt\n")
    (tmp_path / "inner.txt").write_text("c.fits\n\nmissing.fits\n")
    found = find_stamps(f"{tmp_path}/z.fits, @{tmp_path}/outer.txt,{tmp_path}/good")
    assert found == [f"{tmp_path}/{name}" for name in ("z.fits", "c.fits", "missing.fits", *names[1:3])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}/none.fits", "no file .*none.fits"),
        ("{}/none", "no file and no folder .*none"),
        ("@{}/none.txt", "no list .*none.txt"),
        ("{}/a.txt", "neither a FITS file nor a folder; if it is a list of files, write @.*a.txt"),
        ("@{}/empty.txt", "holds no FITS files; allowed: a.fits, @LIST"),
        ("{}/x,{}/y", "id 'a' appears in row 0 and again in row 1"),
    ],
)
def test_what_names_no_stamp_is_one_line(tmp_path, text, message):
    for folder in ("x", "y"):
        stamp(tmp_path / folder / "a.fits", np.zeros((4, 4), np.float32))
    (tmp_path / "a.txt").write_text("x/a.fits\n")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises((InputError, MissingInputError), match=message):
        find_stamps(text.replace("{}", str(tmp_path)))


def test_the_digest_is_of_names_and_bytes(tmp_path):
    file = tmp_path / "a.fits"
    file.write_bytes(b"1")
    before = stamps_digest([str(file)])
    assert before == stamps_digest([str(file)])
    file.write_bytes(b"2")
    assert stamps_digest([str(file)]) != before
    assert stamps_digest([str(tmp_path / "gone.fits")])["count"] == 1


def test_the_only_channel_is_the_first_image_cut_around_its_middle(tmp_path, settings):
    image = np.arange(36, dtype=np.float32).reshape(6, 6)
    image[3, 3] = -31415
    stamp(tmp_path / "0017_58226.5_x_1.fits", image)
    batch, lost = StampReader(settings=settings("difference")).read([str(tmp_path / "0017_58226.5_x_1.fits")])
    assert not lost
    expected = image[1:5, 1:5].copy()
    expected[2, 2] = np.nan
    np.testing.assert_array_equal(batch.cutouts[0, :, :, 0], expected)
    row = batch.candidates.iloc[0]
    assert (row["candidate_id"], row["object_id"], row["exposure_id"]) == ("0017_58226.5_x_1", "0017", "x")


@pytest.mark.parametrize("options", [{}, {"magic_values": [-31415]}])
def test_what_a_set_of_stamps_calls_bad_is_missing_as_in_its_nights(tmp_path, options):
    content = raw("surveys", "psat_stamps") | {"cutout_size_pixel": 4}
    content["input"] = content["input"] | {"options": options}
    image = np.ones((4, 4), np.float32)
    image[1, 2] = -31415
    stamp(tmp_path / "a.fits", image)
    batch, _ = StampReader(settings=parse(SurveySettings, content, "own.yaml")).read([str(tmp_path / "a.fits")])
    assert np.argwhere(np.isnan(batch.cutouts[0])).tolist() == [[1, 2, 0]]


@pytest.mark.replaces("psat-ml", "P13")
def test_channels_are_in_hdus_of_their_names_and_what_cannot_be_read_is_listed(tmp_path, settings):
    planes = np.random.default_rng(0).normal(size=(3, 4, 4)).astype(np.float32)
    stamp(tmp_path / "a.fits", *planes, names=("TEMPLATE", "DIFFERENCE", "SCIENCE"))
    stamp(tmp_path / "b.fits", *planes[:2], names=("TEMPLATE", "DIFFERENCE"))
    stamp(tmp_path / "c.fits", *planes[:, :3], names=("TEMPLATE", "DIFFERENCE", "SCIENCE"))
    (tmp_path / "d.fits").write_bytes(b"no FITS file")
    files = [f"{tmp_path}/{name}.fits" for name in "dabc"]
    batch, lost = StampReader(settings=settings("science", "template", "difference")).read(files)
    assert batch.candidates["candidate_id"].tolist() == ["a"]
    np.testing.assert_array_equal(batch.cutouts[0], np.moveaxis(planes[[2, 0, 1]], 0, -1))
    assert set(lost) == {files[0], files[2], files[3]}
    assert "has no HDU 'SCIENCE'; it has: 0" in lost[files[2]]
    assert lost[files[3]] == "smaller than the cutout: 3 x 4, and it takes 4 pixels"
