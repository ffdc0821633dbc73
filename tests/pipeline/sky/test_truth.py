"""Each candidate of a synthetic exposure is given the cause that made it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.sky import SkySettings
from pipeline.sky.exposure import Exposure
from pipeline.sky.truth import MARKED_KINDS, REAL_KINDS, explain
from pipeline.sky.visits import Visit, tangent_wcs

SETTINGS = SkySettings(size_pixel=256, zeropoint=25.0)
SIZE = 256


def source(kind, x, y, flux, template_flux):
    unit = 10**-10.0
    return {
        "source_id": f"{kind}-{x:.0f}", "kind": kind, "x_pixel": x, "y_pixel": y,
        "flux_unit": flux * unit, "template_flux_unit": template_flux * unit,
    }  # fmt: skip


@pytest.fixture
def marked_exposure():
    science = np.zeros((SIZE, SIZE), np.float32)
    science[:6] = np.nan
    marks = {kind: np.zeros((SIZE, SIZE), bool) for kind in MARKED_KINDS}
    marks["cosmic_ray"][200, 200:210] = True
    marks["hot_pixel"][30, 40] = True
    marks["dead_pixel"][130, 220] = True
    marks["satellite_trail"][:, 180] = True
    marks["ghost"][20:60, 180:220] = True
    marks["bleed"][80:120, 100] = True
    marks["crosstalk"][230, 30] = True
    marks["template_flaw"][240, 60:64] = True
    visit = Visit(
        exposure_id="e1", night="2026-01-01", field=0, time_mjd=61041.9, fwhm_pixel=3.0, ellipticity=0.0,
        angle_deg=0.0, x_dither=0.0, y_dither=0.0, zeropoint=25.0,
    )  # fmt: skip
    wcs = tangent_wcs(SETTINGS, 0)
    return Exposure(
        visit=visit, science=science, template=science, wcs=wcs, template_wcs=wcs,
        sources=pd.DataFrame([
            source("star", 100.0, 100.0, 1e6, 1e6),
            source("star", 60.0, 60.0, 20.0, 20.0),
            source("supernova", 150.0, 150.0, 1e4, 0.0),
            source("variable", 50.0, 150.0, 2e4, 3e4),
            source("mover", 150.0, 50.0, 5e3, 0.0),
        ]),
        galaxies=pd.DataFrame({"x_pixel": [220.0], "y_pixel": [60.0], "half_light_arcsec": [3.0]}),
        marks=marks,
    )  # fmt: skip


def cause(exposure, *rows):
    table = pd.DataFrame(rows, columns=["x_pixel", "y_pixel", "flux", "snr"])
    table["flux_sign"] = np.sign(table["flux"]).astype(int)
    return explain(table, exposure, 15.0, SETTINGS)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ((150.5, 149.6, 9500.0, 50.0), "supernova"),
        ((50.2, 150.1, -9000.0, 50.0), "variable"),
        ((150.0, 51.0, 5000.0, 30.0), "mover"),
        ((106.0, 100.0, -4000.0, 20.0), "star_residual"),
        ((100.5, 95.0, 4000.0, 20.0), "bleed"),
        ((181.0, 110.0, 900.0, 9.0), "satellite_trail"),
        ((210.0, 30.0, 300.0, 6.0), "ghost"),
        ((30.5, 229.6, 300.0, 6.0), "crosstalk"),
        ((61.0, 241.0, -300.0, 6.0), "template_flaw"),
        ((204.0, 201.0, 2000.0, 20.0), "cosmic_ray"),
        ((40.0, 30.0, 2000.0, 20.0), "hot_pixel"),
        ((220.0, 130.0, -300.0, 8.0), "dead_pixel"),
        ((222.0, 61.0, 500.0, 6.0), "galaxy_residual"),
        ((120.0, 8.0, 500.0, 6.0), "edge"),
        ((200.0, 120.0, 400.0, 5.5), "noise"),
        ((60.0, 60.0, 400.0, 5.5), "noise"),
    ],
)
def test_the_cause_is_what_lies_there(marked_exposure, row, kind):
    truth = cause(marked_exposure, row)
    assert truth["kind"].tolist() == [kind]
    assert truth["is_real"].tolist() == [int(kind in REAL_KINDS)]


def test_what_stars_and_galaxies_leave_under_cloud_is_named_after_it(marked_exposure):
    cloudy = replace(marked_exposure, visit=replace(marked_exposure.visit, cloud_magnitude=0.8))
    truth = cause(cloudy, (106.0, 100.0, -4000.0, 20.0), (222.0, 61.0, 500.0, 6.0), (40.0, 30.0, 2000.0, 20.0))
    assert truth["kind"].tolist() == ["cloud_residual", "cloud_residual", "hot_pixel"]


def test_a_change_of_the_wrong_sign_or_far_too_small_is_not_the_cause(marked_exposure):
    truth = cause(marked_exposure, (150.0, 150.0, -9500.0, 50.0), (150.0, 50.0, 9e4, 300.0))
    assert truth["is_real"].tolist() == [0, 0]
    assert truth["source_id"].tolist() == ["", ""]


def test_a_source_makes_only_the_nearest_of_two_candidates(marked_exposure):
    truth = cause(marked_exposure, (152.0, 150.0, 9000.0, 40.0), (150.1, 150.0, 9000.0, 40.0))
    assert truth["is_real"].tolist() == [0, 1]
    assert truth["source_id"].tolist() == ["", "supernova-150"]


def test_no_candidates_need_no_truth(marked_exposure):
    assert list(cause(marked_exposure).columns) == ["kind", "is_real", "source_id"]
