"""A drawn catalogue has the columns, the gaps and the errors of a real one, and its kinds lie where theirs do."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.sky.spectra import BANDS_MICRON
from pipeline.sky.target_catalogue import DEPTH, TargetCatalogue, draw_target_catalogue


@pytest.fixture(scope="module")
def catalogue():
    return draw_target_catalogue(TargetCatalogue(rows=5000), seed=1)


def test_equal_seeds_give_equal_catalogues(catalogue):
    pd.testing.assert_frame_equal(draw_target_catalogue(TargetCatalogue(rows=5000), seed=1), catalogue)
    assert not draw_target_catalogue(TargetCatalogue(rows=5000), seed=2).equals(catalogue)


def test_kinds_have_their_shares(catalogue):
    shares = catalogue["true_kind"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"star": 0.25, "quasar": 0.12, "red": 0.33, "blue": 0.3}, abs=0.03)


def test_ids_are_unique_and_places_are_on_the_sky(catalogue):
    assert catalogue["DES_id"].is_unique
    assert catalogue["DES_ra"].between(30, 38).all()
    assert catalogue["DES_dec"].between(-7, -1).all()


@pytest.mark.parametrize("band", BANDS_MICRON)
def test_magnitudes_have_errors_that_grow_to_a_fifth_at_the_depth(catalogue, band):
    seen = catalogue[catalogue[band] < 99]
    near = seen[np.abs(seen[band] - DEPTH[band]) < 0.1]
    assert (catalogue[band] == 99).eq(catalogue[f"{band}err"] == 99).all()
    assert seen[f"{band}err"].between(0.0100, 0.55).all()
    assert near[f"{band}err"].median() == pytest.approx(0.217, rel=0.1)


def test_what_the_infrared_surveys_did_not_see_is_missing_there(catalogue):
    assert (catalogue["isWISE"] == (catalogue["WISE_w1"] < 99)).all()
    assert (catalogue.loc[~catalogue["isVHS"], "VHS_class"] == 0).all()
    assert 0.2 < catalogue["isVHS"].mean() < 0.9


def test_points_and_extended_sources_are_told_apart_for_nearly_all(catalogue):
    seen = catalogue[catalogue["isVHS"]]
    is_galaxy = seen["true_kind"].isin(["red", "blue"])
    assert ((seen["VHS_class"] == 1) == is_galaxy).mean() == pytest.approx(0.97, abs=0.01)


def test_spectra_give_the_truth_and_photometry_nearly(catalogue):
    truth = catalogue["true_redshift"]
    has_spectrum = catalogue["VVDS_zspec"] != -99
    assert has_spectrum.mean() == pytest.approx(0.1, abs=0.02)
    assert (catalogue["VVDS_zspec"] == truth)[has_spectrum].all()
    galaxies = catalogue["true_kind"].isin(["red", "blue"])
    offset = ((catalogue["HSC_ephor_zphot"] - truth) / (1 + truth))[galaxies]
    assert 1.4826 * (offset - offset.median()).abs().median() == pytest.approx(0.03, abs=0.006)
    assert (offset.abs() > 0.15).mean() == pytest.approx(0.05, abs=0.025)


def test_wrong_redshifts_are_trusted_less(catalogue):
    is_wrong = (catalogue["HSC_ephor_zphot"] - catalogue["true_redshift"]).abs() > 0.6
    trust = catalogue["HSC_ephor_zphotconf"] * (1 - catalogue["HSC_ephor_zphotrisk"])
    assert trust[is_wrong].median() < 0.5 * trust[~is_wrong].median()


def test_confirmed_quasars_are_bright_quasars(catalogue):
    confirmed = catalogue[catalogue["isDR14QSO"]]
    assert set(confirmed["true_kind"]) == {"quasar"}
    assert (confirmed["DR14QSO_zspec"] == confirmed["true_redshift"]).all()
    assert (catalogue.loc[~catalogue["isDR14QSO"], "DR14QSO_zspec"] == -99).all()


@pytest.mark.parametrize(("changed", "message"), [
    ({"rows": 3}, "rows is 3, must be at least 10"),
    ({"star_share": 1.2}, "star_share is 1.2, must be from 0 to 1"),
    ({"star_share": 0.6}, "star_share, quasar_share and red_share are 1.05 together, must be at most 1"),
])  # fmt: skip
def test_settings_are_checked(changed, message):
    with pytest.raises(SettingsError, match=message):
        TargetCatalogue(**changed)
