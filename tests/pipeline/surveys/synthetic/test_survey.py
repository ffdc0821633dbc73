"""A small synthetic survey: its files, its database, and candidates whose truth is known."""

import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS

from pipeline.errors import InputError
from pipeline.io.fits.image import header_value, read_image
from pipeline.night import night_of
from pipeline.sky import REAL_KINDS, CloudSettings, SkySettings
from pipeline.surveys.synthetic import survey as synthetic
from pipeline.surveys.synthetic.survey import make_survey

SETTINGS = SkySettings(
    nights=2, exposures_per_night=2, fields=1, size_pixel=320, stars=200, galaxies=40, transients=25, variables=15,
    movers=5, cosmic_rays=12, hot_pixels=10, eyeball_share=0.5, variable_catalogue_share=0.8,
    clouds=CloudSettings(share=0.0),
)  # fmt: skip


def table(folder, name):
    with closing(sqlite3.connect(folder / "survey.sqlite")) as connection:
        return pd.read_sql(f"SELECT * FROM {name}", connection)


@pytest.fixture(scope="module")
def progress():
    return []


@pytest.fixture(scope="module")
def sky_folder(tmp_path_factory, progress):
    path = tmp_path_factory.mktemp("survey")
    make_survey(path, SETTINGS, 5, lambda done, total: progress.append((done, total)))
    return path


def test_progress_is_told_for_each_exposure(sky_folder, progress):
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_every_night_is_marked_as_closed(sky_folder):
    assert sorted(path.name for path in (sky_folder / "closed").iterdir()) == ["2026-01-01", "2026-01-02"]


def test_every_exposure_has_three_images_and_what_describes_them(sky_folder):
    exposures = table(sky_folder, "exposures")
    assert len(exposures) == 4
    assert night_of(exposures["time_mjd"], SETTINGS.longitude_deg).tolist() == exposures["night"].tolist()
    for row in exposures.itertuples():
        for hdu in ("SCIENCE", "TEMPLATE", "DIFFERENCE"):
            path = sky_folder / row.science_path
            pixels, header = read_image(path, hdu)
            assert pixels.shape == (320, 320)
            for key in ("GAIN", "RDNOISE", "SATURATE", "MAGZERO", "FWHM", "MJD-OBS"):
                assert header_value(header, key, float, path=path, hdu=hdu) > 0
            assert header_value(header, "FILTER", str, path=path, hdu=hdu) == "r"
            assert WCS(header).pixel_to_world_values(0, 0)[0] == pytest.approx(150.0, abs=0.1)


def test_a_difference_is_the_science_image_less_the_template(sky_folder):
    row = table(sky_folder, "exposures").iloc[0]
    difference, _ = read_image(sky_folder / row["difference_path"], "DIFFERENCE")
    assert abs(np.nanmedian(difference)) < 1.0
    assert np.nanstd(np.clip(difference, -60, 60)) < 25.0


def test_ids_are_text_beyond_2_53_and_with_leading_zeros(sky_folder):
    candidates = table(sky_folder, "candidates")
    assert candidates["candidate_id"].is_unique
    assert all(isinstance(value, str) for value in candidates["candidate_id"])
    assert candidates["candidate_id"].astype("int64").min() > 2**53
    assert candidates["object_id"].str.startswith("0").all()


def test_candidates_lie_where_their_exposure_projects_them(sky_folder):
    candidates, exposures = table(sky_folder, "candidates"), table(sky_folder, "exposures").set_index("exposure_id")
    for exposure_id, rows in candidates.groupby("exposure_id"):
        _, header = read_image(sky_folder / exposures.loc[exposure_id, "science_path"], "SCIENCE")
        x, y = WCS(header).world_to_pixel_values(rows["ra_deg"], rows["dec_deg"])
        np.testing.assert_allclose(np.column_stack([x, y]), rows[["x_pixel", "y_pixel"]], atol=1e-3)


def test_there_are_reals_of_each_kind_and_bogus_of_most(sky_folder):
    truth = table(sky_folder, "truth")
    kinds = set(truth["kind"])
    assert {"supernova", "variable", "mover", "star_residual", "cosmic_ray", "hot_pixel"} <= kinds
    assert (truth["is_real"] == truth["kind"].isin(REAL_KINDS)).all()
    assert 0.1 < truth["is_real"].mean() < 0.6
    signs = truth.merge(table(sky_folder, "candidates"), on="candidate_id").groupby("is_real")["flux_sign"].unique()
    assert all(set(values) == {-1, 1} for values in signs)


def test_candidates_of_one_source_are_one_object(sky_folder):
    joined = table(sky_folder, "truth").merge(table(sky_folder, "candidates"), on="candidate_id")
    stationary = joined[joined["kind"].isin(set(REAL_KINDS) - {"mover"})]
    assert (stationary.groupby("source_id")["object_id"].nunique() == 1).mean() > 0.9
    assert stationary.groupby("object_id")["exposure_id"].nunique().max() >= 3


def test_the_ephemeris_predicts_the_movers_that_were_found(sky_folder):
    joined = table(sky_folder, "truth").merge(table(sky_folder, "candidates"), on="candidate_id")
    found = joined[joined["kind"] == "mover"].merge(
        table(sky_folder, "movers"), left_on=["source_id", "exposure_id"], right_on=["mover_id", "exposure_id"]
    )
    assert len(found) == (joined["kind"] == "mover").sum() > 0
    offset = 3600.0 * np.hypot(found["ra_deg_x"] - found["ra_deg_y"], found["dec_deg_x"] - found["dec_deg_y"])
    assert offset.median() < 1.0


def test_people_are_mostly_right_and_looked_at_a_share(sky_folder):
    eyeballs, truth = table(sky_folder, "eyeballs"), table(sky_folder, "truth")
    joined = eyeballs.merge(truth, on="candidate_id")
    assert 0.35 < len(eyeballs) / len(truth) < 0.75
    assert (joined["label"] == joined["is_real"]).mean() > 0.93
    assert eyeballs["judged_at"].str.fullmatch(r"2026-01-0\dT12:00:00Z").all()


def test_the_catalogue_of_variables_is_not_complete(sky_folder):
    assert 0 < len(table(sky_folder, "variables")) < SETTINGS.variables + SETTINGS.agn
    assert len(table(sky_folder, "hosts")) == SETTINGS.galaxies


def test_the_same_seed_gives_the_same_survey_to_the_byte_by_one_process_or_two(tmp_path):
    tiny = replace(SETTINGS, nights=1, exposures_per_night=2, size_pixel=256)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make_survey(tmp_path / name, tiny, 5, workers=1 if name == "a" else 2)
    image = "images/2026-01-01/2026010101.fits.fz"
    assert (tmp_path / "a" / image).read_bytes() == (tmp_path / "b" / image).read_bytes()
    for name in ("candidates", "truth", "eyeballs", "movers", "variables", "hosts", "exposures"):
        pd.testing.assert_frame_equal(table(tmp_path / "a", name), table(tmp_path / "b", name))


SMALL = replace(SETTINGS, nights=1, size_pixel=256, stars=200, transients=4, variables=4, movers=1, agn=0)


def refuse(monkeypatch, *numbers):
    """Make the subtraction of some exposures fail, by their number in time."""
    turns = itertools.count(1)
    subtract = synthetic.difference_of

    def difference(*frames, **options):
        if next(turns) in numbers:
            raise InputError("2 of 6 stars agree; a kernel takes 5")
        return subtract(*frames, **options)

    monkeypatch.setattr(synthetic, "difference_of", difference)


def test_an_exposure_that_cannot_be_subtracted_is_left_out_and_said(tmp_path, monkeypatch, caplog):
    refuse(monkeypatch, 1)
    make_survey(tmp_path, SMALL, 5)
    (exposure_id,) = table(tmp_path, "exposures")["exposure_id"]
    assert exposure_id.endswith("02")
    assert set(table(tmp_path, "candidates")["exposure_id"]) == {exposure_id}
    assert set(table(tmp_path, "movers")["exposure_id"]) <= {exposure_id}
    assert "01 is left out: 2 of 6 stars agree; a kernel takes 5" in caplog.text


def test_a_sky_of_which_nothing_can_be_subtracted_is_one_line(tmp_path, monkeypatch):
    refuse(monkeypatch, 1, 2)
    with pytest.raises(InputError, match="none of 2 exposures of the sky could be subtracted; the first: 2 of 6 stars"):
        make_survey(tmp_path, SMALL, 5)
