"""What ZTF cuts on is measured as its columns say, and cuts keep points and drop trails, dipoles and gaps."""

import h5py
import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.synthetic.ztf_cuts import LEAST_EDGE_PIXEL, agreement, measure_cuts, passes

Y, X = np.indices((31, 31)) - 15.0


def gauss(sigma_x, sigma_y, *, x=0.0):
    return 100.0 * np.exp(-0.5 * (((X - x) / sigma_x) ** 2 + (Y / sigma_y) ** 2))


def measured(image, edge=100.0):
    """Return the quantities of one image on a sky that is a little below zero."""
    return measure_cuts((image - 0.1)[None].astype(np.float32), np.array([edge])).iloc[0]


def kept(image, edge=100.0):
    return bool(passes(measured(image, edge).to_frame().T).all(axis=1).iloc[0])


def test_a_point_passes_wherever_in_its_pixel_it_lies():
    assert kept(gauss(1.0, 1.0))
    assert kept(gauss(1.0, 1.0, x=0.4))


def test_a_point_is_round_and_of_one_sign():
    quantities = measured(gauss(1.0, 1.0))
    assert quantities["elong"] == pytest.approx(1.0, abs=0.01)
    assert quantities["sumrat"] == pytest.approx(1.0, abs=0.01)


def test_a_trail_is_cut_for_its_elongation():
    assert measured(gauss(4.0, 0.5))["elong"] > 1.6
    assert not kept(gauss(4.0, 0.5))


def test_a_dipole_is_cut_for_its_sum():
    dipole = gauss(1.0, 1.0, x=1.2) - gauss(1.0, 1.0, x=-1.2)
    assert abs(measured(dipole)["sumrat"]) < 0.1
    assert not kept(dipole)


def test_three_missing_pixels_at_the_centre_are_too_many():
    image = gauss(1.0, 1.0)
    image[15, 13:15] = np.nan
    assert measured(image)["nbad"] == 2
    assert kept(image)
    image[14, 13] = np.nan
    assert not kept(image)


def test_missing_pixels_count_as_bad_and_not_as_negative():
    image = np.full((31, 31), np.nan)
    assert measured(image)[["nneg", "nbad"]].tolist() == [0, 25]


def test_a_source_near_the_border_is_cut():
    assert kept(gauss(1.0, 1.0), edge=LEAST_EDGE_PIXEL)
    assert not kept(gauss(1.0, 1.0), edge=LEAST_EDGE_PIXEL - 0.1)


def test_real_alerts_are_measured_as_ztf_measured_them(real_data):
    own = pd.read_parquet(real_data / "ztf_alerts" / "alerts.parquet").iloc[:300]
    with h5py.File(real_data / "ztf_alerts" / "cutouts.h5") as file:
        difference = file["cutouts"][:300, 2]
    found = measure_cuts(np.where(np.abs(difference) < 1e30, difference, np.nan), own["mindtoedge"].to_numpy())
    close = agreement(found, own)
    assert close.loc["nneg", "exact"] == 1.0
    assert close.loc["sumrat", "rank_correlation"] > 0.9
    assert close.loc["elong", "rank_correlation"] > 0.75
