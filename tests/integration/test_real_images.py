"""The graph on frames without difference images: made ones, and real ones where the checkout has them beside it."""

import logging
import shutil

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from image_pair_surveys import NEW, write_pairs

from pipeline.imaging.noise import fixed_pattern
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.metrics.completeness import fit_limit

log = logging.getLogger(__name__)

SURVEY = {
    "source": "image_pairs",
    "telescope": "T1",
    "channels": ["science", "template", "difference"],
    "cutout_size_pixel": 21,
    "closed": {"after_hours": 0},
    "defaults": {"dataset": "frames", "classifier": "tiny", "baseline": "tiny", "simulation": "frames"},
}


def run(project, nights, survey, injected):
    """Fetch and simulate nights; return their candidates, and what was injected and found."""
    project.write("surveys", "frames", SURVEY | survey)
    project.write("simulations", "frames", {"seed": 1, "images": {"host_share": 0.0, "negative_share": 0.4} | injected})
    parts, lost = [], 0
    for night in nights:
        project.make("SimulateTransients", "--survey", "frames", "--night", night, "--processes", "2")
    for fetched, simulated in zip(*map(project.results, ("FetchCutouts", "SimulateTransients")), strict=True):
        with open_cutouts(fetched) as file, open_cutouts(simulated) as made:
            parts.append((file.candidates(), made.table("truth"), made.candidates()))
            lost += file.provenance["exposures_lost"]
    candidates, truth, found = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return candidates, lost, truth, found


def expect_recovered(candidates, truth, found, low, high):
    """What is bright is found with its magnitude, what is faint is not, and half is found within two magnitudes."""
    limit = fit_limit(truth["magnitude"], truth["recovered"])
    bright = truth.loc[truth["snr"] > 15, "recovered"]
    log.info(
        "%d exposures, %d candidates, %d injected, half found at %.2f +- %.2f, %d of %d above 15 found",
        candidates["exposure_id"].nunique(), len(candidates), len(truth), limit.magnitude, limit.error,
        bright.sum(), len(bright),
    )  # fmt: skip
    assert low < limit.magnitude < high, limit
    assert limit.error < 0.3
    assert limit.plateau > 0.8
    assert bright.mean() > 0.9
    assert truth.loc[truth["snr"] < 2.5, "recovered"].mean() < 0.2
    sure = truth[truth["recovered"] & (truth["snr"] > 10)]
    error = found.set_index("candidate_id").loc[sure["candidate_id"], "magnitude"].to_numpy() - sure["magnitude"]
    assert len(sure) > 30
    signs = sure["flux_sign"].to_numpy()
    log.info("magnitudes off by %s", {sign: round(float(np.median(error[signs == sign])), 3) for sign in (1, -1)})
    for sign in (1, -1):
        assert (signs == sign).sum() > 10
        assert abs(np.median(error[signs == sign])) < 0.1, sign


def test_images_and_a_template_become_cutouts_and_simulated_transients(new_project):
    folder = new_project.root / "raw"
    write_pairs(folder)
    images = {"hdus": {"science": "path:0", "template": "templates/{band}.fits:0"}}
    survey = {"longitude_deg": 0.0, "pixel_scale_arcsec": 1.0}
    survey["input"] = {"folder": str(folder), "files": "science/*.fits", "images": images}
    injected = {"per_exposure": 15, "magnitude_min": 16.0, "magnitude_max": 20.0, "min_separation_fwhm": 3.0}
    candidates, lost, truth, _ = run(new_project, ["2026-01-05"], survey, injected)
    assert lost == 0
    assert len(candidates) == sum(map(len, NEW.values()))
    assert 0.2 < truth["recovered"].mean() < 0.9
    new_project.write("datasets", "frames", new_project.settings("datasets", "tiny") | {"survey": "frames"})
    checked = new_project.run("nightsift", "check", "frames")
    assert checked.code == 0, checked.output
    before = new_project.results("FetchCutouts")[0].stat().st_mtime_ns
    new_project.make("FetchCutouts", "--survey", "frames", "--night", "2026-01-05")
    assert new_project.results("FetchCutouts")[0].stat().st_mtime_ns == before


def test_aligned_frames_of_decam_are_searched_and_injected_sources_found(new_project, real_data):
    frames = real_data / "frames" / "sfft_decam"
    if not frames.is_dir():
        pytest.skip(f"no frames: {frames} is absent")
    folder = new_project.root / "decam"
    folder.mkdir()
    rows = pd.DataFrame({"exposure_id": list("abcde")})
    for column, epoch in (("path", "18"), ("template", "04")):
        rows[column] = [f"{frames}/DEC-OBS{epoch}{letter}.mini.fits" for letter in rows["exposure_id"]]
    rows.to_csv(folder / "exposures.csv", index=False)
    side = {"saturation": "ESATUR", "pedestal": "-AVSKY", "sky_noise": True, "zeropoint": 30.0, "fwhm_pixel": "none"}
    difference = {"alignment": "none", "science": side, "template": side, "subtraction": {"min_stars": 2}}
    images = {"hdus": {"science": "path:0", "template": "template:0"}, "difference": difference}
    survey = {"longitude_deg": -70.8, "pixel_scale_arcsec": 0.263}
    bands = {"i DECam SDSS c0003 7835.0 1470.0": "i"}
    survey["input"] = {"folder": str(folder), "exposures": "exposures.csv", "bands": bands, "images": images}
    injected = {"per_exposure": 30, "magnitude_min": 18.0, "magnitude_max": 23.5, "min_separation_fwhm": 3.0}
    candidates, lost, truth, found = run(new_project, ["2018-08-03"], survey, injected)
    assert lost == 0
    assert 30 < len(candidates) < 120
    assert set(candidates["band"]) == {"i"}
    assert candidates["ra_deg"].between(310, 325).all()
    assert set(candidates["flux_sign"]) == {1, -1}
    expect_recovered(candidates, truth, found, 20.5, 22.3)


LEGACY = {"150411_035242": "2015-04-10", "170419_042827": "2017-04-18", "180212_083009": "2018-02-11"}
"""Epochs of one field in z, each on another detector, and their nights."""


def write_legacypipe(frames, folder, template="170316_062107"):
    """Copy images, weights and PSFEx models of the epochs and of the template, by the names of the epochs."""
    for epoch in (*LEGACY, template):
        (image,) = frames.glob(f"images/**/c4d_{epoch}_ooi_z_ls9.??.fits")
        (psf,) = frames.glob(f"calib/decam/CP/**/c4d_{epoch}_ooi_z_ls9-??-psfex.fits")
        weights = image.with_name(image.name.replace("_ooi_", "_oow_"))
        for kind, path in {"science": image, "weights": weights, "psf": psf}.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / kind / f"{epoch if epoch in LEGACY else 'template'}.fits")
    (folder / "science" / "template.fits").rename(folder / "template.fits")


def test_epochs_of_decam_on_other_detectors_are_searched_with_their_weights_and_psfex_models(new_project, real_data):
    frames = real_data / "frames" / "legacypipe_decam" / "testcase4"
    if not frames.is_dir():
        pytest.skip(f"no frames: {frames} is absent")
    folder = new_project.root / "legacypipe"
    write_legacypipe(frames, folder)
    side = {"gain": "GAINA", "read_noise": "none"}
    masks = {"science": {"plane": "weights/{exposure_id}.fits:1"}, "template": {"plane": "weights/template.fits:1"}}
    images = {
        "hdus": {"science": "path:1", "template": "template.fits:1"},
        "masks": {name: mask | {"weight": True, "inverse_variance": True} for name, mask in masks.items()},
        "difference": {"alignment": "wcs", "subtraction": {"min_stars": 2}},
    }
    # exposure times differ: the template's zeropoint follows from the stars of both
    images["difference"] |= {"science": side | {"zeropoint": 30.0}, "template": side | {"zeropoint": "none"}}
    survey = {"longitude_deg": -70.8, "pixel_scale_arcsec": 0.263}
    survey["input"] = {"folder": str(folder), "files": "science/*.fits", "images": images}
    survey["input"]["bands"] = {"z DECam SDSS c0004 9260.0 1520.0": "z"}
    injected = {"per_exposure": 60, "magnitude_min": 19.0, "magnitude_max": 23.5, "min_separation_fwhm": 3.0}
    injected["psf"] = {"sources": ["file"], "file": "psf/{exposure_id}.fits", "template_file": "psf/template.fits"}
    candidates, lost, truth, found = run(new_project, LEGACY.values(), survey, injected)
    assert lost == 0
    assert set(candidates["band"]) == {"z"}
    assert set(truth["exposure_id"]) == set(LEGACY)
    expect_recovered(candidates, truth, found, 21.3, 22.3)
    for path in new_project.results("SimulateTransients"):
        with open_cutouts(path) as file:
            psfs = file.table("psf")
        assert psfs["source"].tolist() == ["file", "file"]
        assert (psfs["residual_fraction"] < 0.1).all()


def write_hatp32(frames, folder):
    """Write five frames and a template without their fixed pattern, hot pixels missing; none has a projection."""
    paths = sorted(frames.glob("*.FITS"))
    raw = [fits.getdata(path).astype(np.float32)[12:] for path in paths]
    pattern = fixed_pattern(raw)
    (folder / "science").mkdir(parents=True)
    for number, name in {0: "science/0", 3: "science/3", 12: "science/12", 23: "science/23", 13: "template"}.items():
        pixels = np.where(np.abs(pattern) > 8.0, np.float32(np.nan), raw[number] - pattern)
        header = fits.Header({key: fits.getheader(paths[number])[key] for key in ("MJD-OBS", "EXPTIME", "FILTER")})
        fits.writeto(folder / f"{name}.fits", pixels, header)


def test_drifting_frames_without_any_projection_are_aligned_by_their_stars(new_project, real_data):
    frames = real_data / "frames" / "hatp32"
    if not frames.is_dir():
        pytest.skip(f"no frames: {frames} is absent")
    folder = new_project.root / "hatp32"
    write_hatp32(frames, folder)
    side = {"gain": 48.0, "read_noise": 0.0, "saturation": 3500.0, "pedestal": 305.0, "zeropoint": 25.0}
    images = {"hdus": {"science": "path:0", "template": "template.fits:0"}}
    # the sky differs in clearness from frame to frame: the template's zeropoint follows from the matching of both
    template = {key: value for key, value in side.items() if key != "zeropoint"}
    images["difference"] = {"alignment": "stars", "science": side, "template": template}
    survey = {"longitude_deg": -110.88, "pixel_scale_arcsec": 5.21}
    survey["input"] = {"folder": str(folder), "files": "science/*.fits", "images": images}
    injected = {"per_exposure": 40, "magnitude_min": 14.0, "magnitude_max": 22.0, "min_separation_fwhm": 4.0}
    injected["psf"] = {"sources": ["stars", "moffat"]}
    candidates, lost, truth, found = run(new_project, ["2017-12-19"], survey, injected)
    assert lost == 0
    assert 100 < len(candidates) < 1000
    assert candidates["ra_deg"].isna().all()
    assert candidates["object_id"].nunique() < len(candidates)
    expect_recovered(candidates, truth, found, 20.2, 22.0)
