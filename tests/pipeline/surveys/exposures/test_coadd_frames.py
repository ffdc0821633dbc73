"""Layers of the individual frames of an exposure."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from exposure_images import CHANNELS, NIGHT, batch, candidates, files, plane, triplet, wcs_header, write

from pipeline.cutouts.missing import Flag
from pipeline.errors import NightsiftError, SettingsError

SIX = [*CHANNELS, "frames_min", "frames_max", "frames_ptp"]
FRAMES = {"frames": {"hdus": ["frame_paths:IMAGE"], "position": "pixel"}}


def write_frames(folder, levels=(0.0, 500.0, -300.0)):
    for number, level in enumerate(levels):
        write(folder / f"f{number}.fits", {"IMAGE": plane(level)})
    return ";".join(f"f{number}.fits" for number in range(len(levels)))


@pytest.mark.replaces("gotorb", "G3")
@pytest.mark.parametrize("size", [1, 2, 15, 63, 64])
def test_six_layer_stamps_of_any_size_hold_minimum_maximum_and_peak_to_peak_of_the_frames(images_folder, size):
    write(images_folder / "e1.fits", triplet())
    paths = write_frames(images_folder)
    images = files(images_folder, FRAMES, SIX, cutout_size_pixel=size, max_edge_fraction=1.0)
    found = batch(images, {"frame_paths": paths}, [(10, 12), (1, 38)])
    assert found.cutouts.shape == (2, size, size, 6)
    half = size // 2
    assert found.cutouts[0, half, half].tolist() == [1210, 11210, 21210, 910, 1710, 800]
    assert len(found.dropped) == 0


@pytest.mark.replaces("gotorb", "G3")
def test_layers_are_chosen_by_name_in_any_order(images_folder):
    write(images_folder / "e1.fits", triplet())
    images = files(images_folder, FRAMES, ["frames_ptp", "difference"])
    found = batch(images, {"frame_paths": write_frames(images_folder)}, [(10, 12)])
    assert found.cutouts[0, 2, 2].tolist() == [800, 21210]


def test_frames_may_be_a_list_a_pattern_or_hdus_of_one_file(images_folder):
    write(images_folder / "e1.fits", {**triplet(), "ONE": plane(0), "TWO": plane(500), "THREE": plane(-300)})
    paths = write_frames(images_folder)
    ways = {
        "list": ({"hdus": ["frame_paths:IMAGE"]}, {"frame_paths": paths.split(";")}),
        "pattern": ({"hdus": ["f*.fits:IMAGE"]}, {}),
        "hdus": ({"hdus": ["path:ONE", "path:TWO", "path:THREE"]}, {}),
    }
    for settings, exposure in ways.values():
        images = files(images_folder, {"frames": {"position": "pixel", **settings}}, SIX)
        assert batch(images, exposure, [(10, 12)]).cutouts[0, 2, 2, 3:].tolist() == [910, 1710, 800]


def test_frames_may_be_named_by_a_header_and_have_each_their_own_wcs(images_folder):
    keys = fits.Header({"NCOADD": 2, "COADD1": "a.fits", "COADD2": "b.fits"} | dict(wcs_header()))
    write(
        images_folder / "deep/e1.fits",
        {"SCIENCE": (plane(), keys), **{k: v for k, v in triplet().items() if k != "SCIENCE"}},
    )
    write(images_folder / "deep/a.fits", {"IMAGE": (plane(), wcs_header(22.0, 20.0))})
    write(images_folder / "deep/b.fits", {"IMAGE": (plane(), wcs_header(20.0, 19.0))})
    images = files(images_folder, {"frames": {"header": "path:SCIENCE", "hdu": "IMAGE"}}, SIX)
    exposure = {"exposure_id": "e1", "night": NIGHT, "path": "deep/e1.fits"}
    frozen = images.manifest(pd.DataFrame([exposure]))
    assert sorted(frozen) == ["deep/a.fits", "deep/b.fits", "deep/e1.fits"]
    ra, dec = WCS(wcs_header()).all_pix2world([10.0], [12.0], 0)
    rows = candidates([(10, 12)]).assign(ra_deg=ra, dec_deg=dec)
    assert images.batch(exposure, rows, frozen).cutouts[0, 2, 2, 3:].tolist() == [1110, 1212, 102]


def test_a_missing_frame_is_left_out_and_listed_and_its_exposure_is_kept(images_folder):
    write(images_folder / "e1.fits", triplet())
    paths = write_frames(images_folder)
    (images_folder / "f1.fits").unlink()
    (images_folder / "f2.fits").write_bytes(b"nonsense")
    found = batch(files(images_folder, FRAMES, SIX), {"frame_paths": paths}, [(10, 12)])
    assert found.lost == 0
    assert found.cutouts[0, 2, 2, 3:].tolist() == [1210, 1210, 0]
    assert found.dropped["candidate_id"].tolist() == ["f1.fits:IMAGE", "f2.fits:IMAGE"]
    assert found.dropped["reason"][0] == "individual frame unusable: no FITS file f1.fits"
    assert set(found.dropped["step"]) == {"frames"}


def test_without_any_frame_the_layers_are_missing(images_folder):
    write(images_folder / "e1.fits", triplet())
    found = batch(files(images_folder, FRAMES, SIX), {"frame_paths": ""}, [(10, 12)])
    assert np.isnan(found.cutouts[..., 3:]).all()
    assert found.candidates["flags"][0] & Flag.MISSING_PIXELS


def test_a_frame_that_came_after_freezing_does_not_count_and_one_that_went_is_noticed(images_folder):
    write(images_folder / "e1.fits", triplet())
    write_frames(images_folder)
    images = files(images_folder, {"frames": {"hdus": ["f*.fits:IMAGE"], "position": "pixel"}}, SIX)
    exposure = {"exposure_id": "e1", "night": NIGHT, "path": "e1.fits"}
    frozen = images.manifest(pd.DataFrame([exposure]))
    write(images_folder / "f9.fits", {"IMAGE": plane(9999)})
    assert images.batch(exposure, candidates([(10, 12)]), frozen).cutouts[0, 2, 2, 5] == 800
    (images_folder / "f0.fits").unlink()
    with pytest.raises(NightsiftError, match=r"night 2026-01-05: f0.fits changed since the night was frozen"):
        images.batch(exposure, candidates([(10, 12)]), frozen)


@pytest.mark.parametrize("count", ["many", -1, 2.5, 10**9])
def test_a_broken_count_of_frames_is_listed(images_folder, count):
    write(images_folder / "e1.fits", triplet(header=fits.Header({"NCOADD": count})))
    images = files(images_folder, {"frames": {"header": "path:SCIENCE"}}, SIX)
    found = batch(images, {}, [(10, 12)])
    assert found.lost == 0
    assert "'NCOADD' in HDU 'SCIENCE' of e1.fits is" in found.dropped["reason"][0]


def test_layers_need_frames_and_an_image_beside_them(images_folder):
    with pytest.raises(SettingsError, match="channel 'frames_min' needs the key frames"):
        files(images_folder, channels=["science", "frames_min"])
    with pytest.raises(SettingsError, match="at least one channel of hdus"):
        files(images_folder, FRAMES, ["frames_min"])
