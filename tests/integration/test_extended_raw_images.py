"""The survey by which docs/subtraction.md extends `raw_images`, as the page has it, scored with a given package."""

import re

import numpy as np
import pytest
import yaml
from astropy.io import fits
from image_pair_surveys import NEW, field_stars, header_of, projection, render, with_new
from image_surveys import NIGHT

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores
from pipeline.io.settings_files import ROOT


def of_the_page():
    """Return the example's settings as the page has them."""
    page = (ROOT / "docs/subtraction.md").read_text(encoding="utf-8")
    return yaml.safe_load(re.search(r"```yaml\n(extends: raw_images\ntelescope.*?)```", page, re.DOTALL)[1])


def write_as_the_page_says(folder):
    """Write images of a night without WCS, their masks, a template with one, and the catalogue beside the settings."""
    for part in (NIGHT, "templates", f"masks/{NIGHT}"):
        (folder / "raw" / part).mkdir(parents=True)
    stars, wcs = field_stars(), projection()
    ours = {"GAIN": None, "RDNOISE": None, "SATURATE": None, "MAGZERO": None, "EXPTIME": None}
    cards = ours | {"FILTER": "Clear", "OBJECT": "f1"}
    for number, name in enumerate(NEW):
        shifted = projection(x_shift=1.5 * number, y_shift=-2.0 * number)
        pixels = render(shifted, with_new(stars, NEW[name], wcs), seed=number, read_noise=9.5)
        said = {"DATE-OBS": "2026-01-05T22:00:00", "EXPOSURE": 60.0, "EGAIN": 2.0, "INSTRUME": "main"}
        fits.writeto(folder / "raw" / NIGHT / f"{name}.fits.gz", pixels, header_of(None, **cards, **said))
        mask = np.zeros(pixels.shape, np.int16)
        fits.writeto(folder / "raw" / "masks" / NIGHT / f"{name}.fits", mask)
    template = render(wcs, stars, fwhm_pixel=2.2, seed=99)
    fits.writeto(folder / "raw" / "templates" / "f1_C.fits", template, header_of(wcs, **cards))
    columns = {"ra_deg": "ra", "dec_deg": "dec", "magnitude": "C_mag"}
    stars.rename(columns=columns).to_parquet(folder / "gaia.parquet")


@pytest.fixture
def documented_project(project):
    write_as_the_page_says(project.root)
    project.write("surveys", "tca", of_the_page() | {"cutout_size_pixel": 21})  # as large as the package takes
    return project


def test_the_example_of_the_page_has_no_fault_and_scores_with_a_given_package(documented_project):
    raw = {"NIGHTSIFT_RAW_IMAGES": str(documented_project.root / "raw")}
    checked = documented_project.run("nightsift", "check", "tca", environment=raw)
    assert (checked.code, checked.output) == (0, "surveys/tca.yaml: no fault\n")
    package = documented_project.result("CalibratePackage")
    documented_project.make("Infer", "--survey", "tca", "--night", NIGHT, "--package", package, environment=raw)
    (cutouts,) = documented_project.data.glob(f"tca/all/{NIGHT}/FetchCutouts-*.h5")
    with open_cutouts(cutouts) as file:
        rows, dropped = file.candidates(), file.table("dropped")
    # the two others stand within 3 arcsec of a star of the catalogue
    assert len(rows) == 1
    assert (dropped["step"] == "veto").sum() == 2
    assert rows["ra_deg"].notna().all()
    assert set(rows["band"]) == {"C"}
    (scores,) = documented_project.data.glob(f"tca/r1/{NIGHT}/Infer-*.parquet")
    assert read_scores(scores)["score"].notna().sum() == len(rows)
