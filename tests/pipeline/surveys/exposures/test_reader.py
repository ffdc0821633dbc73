"""Images of exposures: many HDUs, sky positions, masks, edges; a bad one is lost alone."""

import gzip

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from exposure_images import (
    CHANNELS,
    HDUS,
    NIGHT,
    batch,
    candidates,
    files,
    plane,
    triplet,
    wcs_header,
    write,
)  # fmt: skip

from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, NightsiftError, SettingsError


def test_hdus_are_found_by_name_and_by_number(images_folder):
    write(images_folder / "e1.fits", triplet())
    by_number = {"hdus": {"science": "path:1", "template": "path:TEMPLATE", "difference": "path:3"}}
    named, numbered = (
        batch(files(images_folder), {}, [(10, 12)]),
        batch(files(images_folder, by_number), {}, [(10, 12)]),
    )
    np.testing.assert_array_equal(named.cutouts, numbered.cutouts)
    assert named.cutouts[0, 2, 2].tolist() == [1210, 11210, 21210]


def test_a_path_may_be_made_of_columns_and_an_hdu_too(images_folder):
    for name in CHANNELS:
        write(images_folder / f"{NIGHT}/{name}_e1.fits", {"CCD07": plane(5)})
    hdus = {name: "{night}/" + name + "_{exposure_id}.fits:CCD{detector}" for name in CHANNELS}
    found = batch(files(images_folder, {"hdus": hdus}), {"detector": "07"}, [(10, 12)])
    assert found.cutouts[0, 2, 2].tolist() == [1215] * 3


@pytest.mark.parametrize("ending", [".fits", ".fits.gz", ".fits.fz"])
def test_plain_zipped_and_packed_images_give_the_same_cutouts(images_folder, ending):
    path = images_folder / f"e1{ending}"
    if ending == ".fits.fz":
        made = [fits.CompImageHDU(pixels.astype(np.int32), name=name) for name, (pixels, _) in triplet().items()]
        fits.HDUList([fits.PrimaryHDU(), *made]).writeto(path)
    else:
        plain = write(images_folder / "plain.fits", triplet())
        path.write_bytes(gzip.compress(plain.read_bytes()) if ending == ".fits.gz" else plain.read_bytes())
    found = batch(files(images_folder), {"path": path.name}, [(10, 12), (30, 3)])
    assert found.cutouts[:, 2, 2, 0].tolist() == [1210, 330]


@pytest.mark.parametrize("places", [[(10, 12)], [(x, y) for x in range(0, 40, 3) for y in range(0, 40, 3)]])
def test_reading_only_the_rows_needed_gives_what_reading_all_gives(images_folder, places, monkeypatch):
    pixels = {name: fits.CompImageHDU(plane() + 0.25, name=name.upper(), quantize_level=4) for name in CHANNELS}
    fits.HDUList([fits.PrimaryHDU(), *pixels.values()]).writeto(images_folder / "e1.fits")
    some = batch(files(images_folder, max_edge_fraction=1.0), {}, places)
    monkeypatch.setattr("pipeline.io.fits.image._FEW_ROWS", 0.0)
    whole = batch(files(images_folder, max_edge_fraction=1.0), {}, places)
    np.testing.assert_array_equal(some.cutouts, whole.cutouts)


def test_sky_positions_are_found_by_the_wcs_of_each_image(images_folder):
    shifted = wcs_header(20.0 + 3, 20.0 - 7)
    hdus = {"SCIENCE": (plane(), wcs_header()), "TEMPLATE": (plane(), shifted), "DIFFERENCE": (plane(), wcs_header())}
    write(images_folder / "e1.fits", hdus)
    ra, dec = WCS(wcs_header()).all_pix2world([10.0, 25.0], [30.0, 11.0], 0)
    found = batch(files(images_folder, {"position": "sky"}), {}, list(zip(ra, dec, strict=True)), sky=True)
    assert found.cutouts[:, 2, 2, 0].tolist() == [3010, 1125]
    assert found.cutouts[:, 2, 2, 1].tolist() == [2313, 428]
    np.testing.assert_allclose(found.candidates[["x_pixel", "y_pixel"]], [[10, 30], [25, 11]], atol=1e-6)


def test_who_is_off_the_image_or_nowhere_on_it_is_dropped_and_listed(images_folder):
    write(images_folder / "e1.fits", triplet(header=wcs_header()))
    places = [(150.0, 2.0), (150.5, 2.0), (330.0, -2.0), (np.nan, 2.0)]
    found = batch(files(images_folder, {"position": "sky"}), {}, places, sky=True)
    assert found.candidates["candidate_id"].tolist() == ["c0"]
    said = dict(zip(found.dropped["candidate_id"], found.dropped["reason"], strict=True))
    assert said["c1"] == "outside the image"
    assert said["c2"] == said["c3"] == "position is not finite"


def test_an_image_without_a_wcs_is_lost_with_file_and_hdu(images_folder):
    write(images_folder / "e1.fits", triplet())
    images = files(images_folder, {"position": "sky"})
    found = batch(images, {}, [(150.0, 2.0)], sky=True)
    assert found.lost == 1
    assert found.dropped["reason"][0] == (
        "exposure unusable: HDU 'SCIENCE' of e1.fits holds no WCS to find sky positions with"
    )
    assert any("holds no WCS" in fault for fault in images.check({"exposure_id": "e1", "path": "e1.fits"}))


def placed(count_from):
    """Return an exposure and its candidates at the places that its WCS says, the first pixel being ``count_from``."""
    at = np.array([[10.0, 30.0], [25.0, 11.0], [8.0, 8.0], [33.0, 20.0]])
    ra, dec = WCS(wcs_header()).all_pix2world(*at.T, 0)
    rows = candidates([tuple(place + count_from) for place in at]).assign(ra_deg=ra, dec_deg=dec)
    return {"exposure_id": "e1", "path": "e1.fits"}, rows


@pytest.mark.parametrize("origin", [0, 1])
def test_a_wrong_origin_of_pixels_is_told_where_a_wcs_tells_it(images_folder, origin):
    write(images_folder / "e1.fits", triplet(header=wcs_header()))
    images = files(images_folder, pixel_origin=origin)
    assert images.check(*placed(origin)) == []
    (said,) = images.check(*placed(1 - origin))
    assert f"state `pixel_origin: {1 - origin}`" in said


def test_places_by_pixel_need_no_wcs(images_folder):
    write(images_folder / "e1.fits", triplet())
    assert files(images_folder).check(*placed(1)) == []


@pytest.mark.parametrize(
    ("how", "missing"), [({"bits": [1]}, True), ({"values": [3]}, False), ({}, True), ({"weight": True}, False)]
)
def test_a_mask_plane_makes_pixels_missing_in_its_channel(images_folder, how, missing):
    mask = np.zeros((40, 40), np.int16)
    mask[12, 10], mask[12, 11], mask[12, 12] = 2, 3, 4
    write(images_folder / "e1.fits", {**triplet(), "MASK": mask})
    images = files(images_folder, {"masks": {"science": {"plane": "path:MASK", **how}}})
    found = batch(images, {}, [(10, 12)])
    assert np.isnan(found.cutouts[0, 2, 2, 0]) == missing
    assert np.isnan(found.cutouts[0, 0, 0, 0]) == bool(how.get("weight"))
    assert np.isfinite(found.cutouts[..., 1:]).all()
    assert found.candidates["nan_fraction"][0] == np.float32(np.isnan(found.cutouts).mean())


def test_a_mask_of_another_shape_loses_the_exposure(images_folder):
    write(images_folder / "e1.fits", {**triplet(), "MASK": np.zeros((4, 40), np.int16)})
    found = batch(files(images_folder, {"masks": {"science": {"plane": "path:MASK"}}}), {}, [(10, 12)])
    assert (
        "the mask in HDU 'MASK' of e1.fits has the shape (4, 40); its image has (40, 40)" in found.dropped["reason"][0]
    )


def test_magic_values_are_compared_in_the_type_of_the_file(images_folder):
    pixels = plane().astype(np.int16)
    pixels[12, 10] = -31415
    write(images_folder / "e1.fits", dict.fromkeys(("SCIENCE", "TEMPLATE", "DIFFERENCE"), pixels))
    found = batch(files(images_folder, magic_values=[-31415.0]), {}, [(10, 12)])
    assert np.isnan(found.cutouts[0, 2, 2]).all()
    assert found.candidates["flags"][0] & Flag.MISSING_PIXELS


@pytest.mark.parametrize(
    ("edges", "outside"),
    [("missing", np.nan), ("constant", -1.0), ("median", 301.0), ("reflect", 302.0)],
)
def test_the_edge_policy_fills_what_lies_outside_and_the_flag_stays(images_folder, edges, outside):
    write(images_folder / "e1.fits", triplet())
    found = batch(files(images_folder, edges=edges, edge_value=-1.0), {}, [(0, 3), (20, 20)])
    assert found.cutouts[0, 2, :2, 0].tolist() == pytest.approx(
        [outside, 301.0 if edges == "reflect" else outside], nan_ok=True
    )
    assert found.candidates["edge_fraction"].tolist() == pytest.approx([0.4, 0.0])
    assert [bool(flag & Flag.EDGE) for flag in found.candidates["flags"]] == [True, False]
    assert found.candidates["nan_fraction"].tolist() == pytest.approx([0.4 * (edges == "missing"), 0.0])


def test_the_edge_policy_drop_leaves_out_every_cutout_that_reaches_beyond_its_image(images_folder):
    write(images_folder / "e1.fits", triplet())
    found = batch(files(images_folder, edges="drop"), {}, [(1, 3), (20, 20)])
    assert found.candidates["candidate_id"].tolist() == ["c1"]
    assert found.dropped["reason"].tolist() == ["outside the image"]


def test_images_of_one_exposure_that_differ_in_shape_lose_it(images_folder):
    write(images_folder / "e1.fits", {**triplet(), "TEMPLATE": plane(side=30)})
    reason = batch(files(images_folder), {}, [(10, 12)]).dropped["reason"][0]
    assert "HDU 'TEMPLATE' of e1.fits has the shape (30, 30); the exposure's first image has (40, 40)" in reason


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hdus": {"science": "path:0"}}, "channel 'difference'"),
        ({"masks": {"weights": {"plane": "path:1"}}}, "masks names 'weights'"),
        ({"masks": {"science": {"plane": "path"}}}, "plane is 'path'; allowed"),
        ({"masks": {"science": {"plane": "path:1", "weight": True, "bits": [1]}}}, "weight is true, which leaves bits"),
        ({"masks": {"science": {"plane": "path:1", "bits": [99]}}}, r"bits are \[99\]; allowed: 0 to 62"),
        ({"rewrite": [{"find": "(", "replace": "", "regex": True}]}, r"find is '\(', which is not a regular"),
        ({"frames": {}}, "exactly one of hdus, header"),
        ({"frames": {"header": "path:0", "path_key": "COADD"}}, "path_key is 'COADD'"),
        ({"position": "world"}, "allowed: pixel, sky"),
    ],
)
def test_settings_that_cannot_be_are_refused(images_folder, given, message):
    with pytest.raises(SettingsError, match=message):
        files(images_folder, given)


def test_a_column_that_is_not_there_is_named(images_folder):
    with pytest.raises(SettingsError, match="the exposures have no column 'detector'"):
        files(images_folder, {"hdus": {**HDUS, "science": "path:{detector}"}}).manifest(
            pd.DataFrame([{"path": "e1.fits"}])
        )


def test_check_names_every_fault(images_folder):
    write(images_folder / "e1.fits", {name: value for name, value in triplet().items() if name != "DIFFERENCE"})
    faults = files(images_folder, {"masks": {"science": {"plane": "path:MASK"}}}).check(
        {"exposure_id": "e1", "path": "e1.fits"}
    )
    assert len(faults) == 2
    assert any("has no HDU 'DIFFERENCE'" in fault for fault in faults)
    assert any("has no HDU 'MASK'" in fault for fault in faults)


def test_real_images_lose_the_pixels_of_weight_zero_and_of_their_mask(real_data):
    folder = next((real_data / "frames/legacypipe_decam/testcase6").rglob("c4d_171113_061941_ooi_r_ls9.S4.fits")).parent
    name = "c4d_171113_061941_{}_r_ls9.S4.fits:S4"
    hdus = {"science": name.format("ooi")}
    masks = {"weight": {"plane": name.format("oow"), "weight": True}, "mask": {"plane": name.format("ood")}}
    x, y = np.meshgrid(np.arange(5, 100, 9), np.arange(5, 100, 9))
    counts = {}
    for kind, mask in {"none": None, **masks}.items():
        given = {"hdus": hdus, "masks": {"science": mask} if mask else {}}
        images = files(folder, given, ["science"], cutout_size_pixel=9, max_edge_fraction=1.0)
        found = batch(images, {}, list(zip(x.ravel(), y.ravel(), strict=True)))
        counts[kind] = int(np.isnan(found.cutouts[found.candidates["edge_fraction"] == 0]).sum())
    weights = fits.getdata(folder / name.format("oow").partition(":")[0], 1)
    bits = fits.getdata(folder / name.format("ood").partition(":")[0], 1)
    assert counts["none"] == 0
    assert counts["weight"] > 0 and counts["mask"] > 0
    assert (weights == 0).mean() > 0.1 and (bits != 0).mean() > 0.1


def test_real_epochs_on_different_grids_show_the_same_sky(real_data):
    folder = real_data / "frames/legacypipe_decam/testcase6"
    one = next(folder.rglob("c4d_171113_061941_ooi_r_ls9.S4.fits"))
    two = next(folder.rglob("c4d_181215_051332_ooi_r_ls9.S9.fits"))
    hdus = {"science": f"{one.relative_to(folder)}:1", "template": f"{two.relative_to(folder)}:1"}
    images = files(folder, {"hdus": hdus, "position": "sky"}, ["science", "template"], cutout_size_pixel=61)
    ra, dec = WCS(fits.getheader(one, 1)).all_pix2world([50.0], [50.0], 0)
    found = batch(images, {}, [(ra[0], dec[0])], sky=True)
    one_sky, other_sky = np.log(np.clip(np.moveaxis(found.cutouts[0], -1, 0), 1.0, None))

    def likeness(shift):
        moved = np.roll(other_sky, shift, axis=(0, 1))[8:-8, 8:-8]
        return np.corrcoef(one_sky[8:-8, 8:-8].ravel(), moved.ravel())[0, 1]

    shifts = [(dy, dx) for dy in range(-6, 7) for dx in range(-6, 7)]
    best = max(shifts, key=likeness)
    assert likeness(best) > 0.9
    assert max(map(abs, best)) <= 1


def test_errors_are_lines(images_folder):
    write(images_folder / "e1.fits", triplet())
    content = (images_folder / "e1.fits").read_bytes()
    for share in (0.1, 0.5, 0.9):
        (images_folder / "e1.fits").write_bytes(content[: int(share * len(content))])
        found = batch(files(images_folder), {}, [(10, 12)])
        assert found.lost == 1
        assert "\n" not in found.dropped["reason"][0]
    assert issubclass(InputError, NightsiftError)
