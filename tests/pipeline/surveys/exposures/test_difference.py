"""Surveys whose candidates are known and that have no difference image: the channel is made as it is read."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from image_pair_surveys import NEW, TIMES_MJD, projection, read_night, write_pairs
from image_surveys import open_made_survey

from pipeline.astrometry.projection import pixel_to_sky
from pipeline.errors import SettingsError
from pipeline.io.database.generic_schema import write_generic_survey
from pipeline.surveys.exposures import aligned_exposure as alignment
from pipeline.surveys.exposures.settings import ImageSettings, MaskSettings

NIGHT = "2026-01-05"
HDUS = {"science": "path:0", "template": "templates/r.fits:0"}
SPOT = [(name, x + 1.5 * number, y - 2.0 * number) for number, name in enumerate(TIMES_MJD) for x, y, _ in NEW[name]]


@pytest.fixture
def known(tmp_path, monkeypatch):
    """Return a function that opens a table survey of candidates on images without difference."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))

    def make(hdus=HDUS, difference=None, position="pixel", exposures=None, templates=None, **settings):
        folder = tmp_path / "known"
        if not folder.exists():
            write_pairs(folder, **(templates or {}))
        rows = pd.DataFrame({"exposure_id": list(TIMES_MJD), "time_mjd": list(TIMES_MJD.values())})
        rows["path"] = "science/" + rows["exposure_id"] + ".fits"
        (exposures or (lambda frame: frame))(rows).to_csv(folder / "exposures.csv", index=False)
        names, x, y = zip(*SPOT, strict=True)
        ra, dec = projection().all_pix2world(
            [x0 for e in NEW for x0, _, _ in NEW[e]], [y0 for e in NEW for _, y0, _ in NEW[e]], 0
        )
        table = pd.DataFrame({"candidate_id": [f"c{row}" for row in range(len(SPOT))], "exposure_id": names})
        table.assign(x_pixel=x, y_pixel=y, ra_deg=ra, dec_deg=dec).to_csv(folder / "candidates.csv", index=False)
        images = {"hdus": hdus, "position": position} | ({} if difference is None else {"difference": difference})
        given = {"folder": str(folder), "candidates": "candidates.csv", "exposures": "exposures.csv", "images": images}
        settings = {"cutout_size_pixel": 21} | settings
        return open_made_survey(None, {"source": "table", "input": given, **settings})

    return make


def cut(survey):
    batches = list(survey.read(NIGHT, survey.freeze(NIGHT)))
    rows = pd.concat([batch.candidates for batch in batches if len(batch.candidates)])
    return rows, np.concatenate([batch.cutouts for batch in batches]), batches


@pytest.mark.parametrize("position", ["pixel", "sky"])
@pytest.mark.parametrize("alignment", ["wcs", "stars"])
def test_the_difference_is_made_of_science_and_template(known, alignment, position):
    survey = known(
        difference={"alignment": alignment}, position=position, templates={"template_wcs": projection(4, -6, 7)}
    )
    assert survey.check() == []
    rows, pixels, batches = cut(survey)
    assert [batch.lost for batch in batches] == [0, 0]
    assert rows["candidate_id"].tolist() == ["c0", "c1", "c2"]
    science, template, difference = np.moveaxis(pixels, -1, 0)
    assert (difference[:, 9:12, 9:12].max(axis=(1, 2)) > 80).all()
    # the template lies on the pixels of the science image, and what both show is gone
    aside = np.ones_like(difference, dtype=bool)
    aside[:, 6:15, 6:15] = False
    aside &= np.isfinite(difference)
    assert abs(np.median((science - template)[aside])) < 10
    light = (science - 200.0)[aside & (template > 300.0)]
    assert len(light) > 10
    assert np.median(np.abs(difference[aside & (template > 300.0)]) / light) < 0.2


def test_a_difference_that_the_files_hold_goes_first(known):
    survey = known(hdus=HDUS | {"difference": "path:0"}, difference={"alignment": "wcs"})
    _, pixels, _ = cut(survey)
    np.testing.assert_array_equal(pixels[..., 2], pixels[..., 0])


def test_the_score_can_be_a_channel_and_the_difference_the_only_one(known):
    survey = known(difference={}, channels=["difference", "score"], templates={"template_wcs": projection(4, -6, 7)})
    assert survey.check() == []
    _, pixels, _ = cut(survey)
    assert (pixels[:, 9:12, 9:12, 1].max(axis=(1, 2)) > 10).all()


def test_an_exposure_without_template_keeps_its_science_image_with_a_flag(known):
    hdus = HDUS | {"template": "template:0"}
    exposures = lambda rows: rows.assign(template=["", "templates/r.fits"])  # noqa: E731
    rows, pixels, batches = cut(known(hdus=hdus, difference={}, exposures=exposures))
    assert [batch.lost for batch in batches] == [0, 0]
    without = (rows["exposure_id"] == "e1").to_numpy()
    assert np.isnan(pixels[without][..., 1:]).all()
    assert np.isfinite(pixels[without][..., 0]).all()
    assert (rows["flags"][without] & 4 > 0).all()
    assert np.isfinite(pixels[~without]).any()


def test_an_exposure_that_cannot_be_subtracted_is_lost_with_its_reason(known):
    survey = known(difference={"subtraction": {"min_stars": 60, "max_stars": 80}})
    batches = list(survey.read(NIGHT, survey.freeze(NIGHT)))
    assert [batch.lost for batch in batches] == [1, 1]
    assert "needs 60" in batches[0].dropped["reason"].iloc[0]


def test_without_settings_a_missing_difference_is_refused_as_before(known):
    with pytest.raises(SettingsError, match="hdus does not say where the image of channel 'difference' is"):
        known()
    with pytest.raises(SettingsError, match="'difference' is made of science and template; hdus must name both"):
        known(hdus={"science": "path:0"}, difference={})


def test_simulation_takes_the_same_settings(known):
    survey = known(difference={"alignment": "stars", "detection": {"threshold_sigma": 7.0}})
    (first, _) = survey.images(NIGHT, survey.freeze(NIGHT))
    assert first.difference.alignment == "stars"
    assert first.difference.detection.threshold_sigma == 7.0


def test_keys_that_only_the_first_header_has_are_found(known, tmp_path):
    from astropy.io import fits

    survey = known(hdus=HDUS | {"science": "path:1"}, difference={})
    for path in (tmp_path / "known" / "science").iterdir():
        pixels, header = fits.getdata(path), fits.getheader(path)
        primary = fits.PrimaryHDU()
        primary.header["GAIN"] = header.pop("GAIN")
        fits.HDUList([primary, fits.ImageHDU(pixels, header)]).writeto(path, overwrite=True)
    (first, _) = survey.images(NIGHT, survey.freeze(NIGHT))
    assert first.science_header["GAIN"] == 2.0


def test_a_database_survey_makes_them_as_well(tmp_path, monkeypatch, place_candidates):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    folder = tmp_path / "known"
    write_pairs(folder)
    exposures = pd.DataFrame({"exposure_id": list(TIMES_MJD), "night": NIGHT, "time_mjd": list(TIMES_MJD.values())})
    exposures["science_path"] = "science/" + exposures["exposure_id"] + ".fits"
    exposures = exposures.assign(template_path="templates/r.fits", difference_path="", band="r", pixel_scale_arcsec=1.0)
    for column in (
        "telescope",
        "detector",
        "exposure_s",
        "zeropoint",
        "gain",
        "read_noise",
        "fwhm_pixel",
        "saturation",
    ):
        exposures[column] = None
    candidates = place_candidates({f"c{row}": spot for row, spot in enumerate(SPOT)})
    write_generic_survey(folder / "survey.sqlite", {"exposures": exposures, "candidates": candidates})
    hdus = {"science": "science_path:0", "template": "template_path:0"}
    given = {"folder": str(folder), "queries": "generic", "images": {"hdus": hdus, "difference": {}}}
    _, pixels, batches = cut(open_made_survey(None, {"source": "database", "input": given, "cutout_size_pixel": 21}))
    assert [batch.lost for batch in batches] == [0, 0]
    assert (pixels[:, 9:12, 9:12, 2].max(axis=(1, 2)) > 80).all()


def with_weights(folder):
    """Write pairs without read noise and, beside each, inverse variances a fourth of the right ones."""
    write_pairs(folder, changes={name: {"RDNOISE": None} for name in TIMES_MJD})
    for path in [*(folder / "science").glob("*.fits"), folder / "templates" / "r.fits"]:
        pixels = fits.getdata(path)
        weights = 0.25 / (pixels.clip(1) / 2.0 + 9.0)
        weights[5], weights[6, :20], weights[6, 20:40] = 0.0, np.nan, 1e-39
        (folder / "weights").mkdir(exist_ok=True)
        fits.writeto(folder / "weights" / path.name, weights)


def test_the_noise_is_that_of_the_weights_where_they_are_inverse_variances(image_pair_survey, tmp_path):
    masks = {
        channel: {"plane": f"weights/{name}.fits:0", "weight": True, "inverse_variance": True}
        for channel, name in {"science": "{exposure_id}", "template": "{band}"}.items()
    }
    images = {"hdus": {"science": "path:0", "template": "templates/{band}.fits:0"}, "masks": masks}
    survey = image_pair_survey(write=with_weights, input={"images": images})
    assert survey.check() == []
    images = next(iter(survey.images(NIGHT, survey.freeze(NIGHT))))
    assert np.isnan(images.science[5]).all() and np.isnan(images.science[6, :40]).all()
    assert np.isfinite(images.science[7:]).all()
    assert np.median(images.science_variance[7:]) == pytest.approx(4 * 109.0, rel=0.02)
    rows, _, _, lost = read_night(survey)
    plain, *_ = read_night(image_pair_survey(folder=tmp_path / "plain"))
    assert lost == 0
    brightest, without = (table.groupby("exposure_id")["snr"].max() for table in (rows, plain))
    np.testing.assert_allclose(brightest / without, 0.5, rtol=0.1)


def test_inverse_variances_are_weights_of_science_and_template():
    with pytest.raises(SettingsError, match="inverse_variance is true and weight is false; allowed: only where"):
        MaskSettings(plane="w.fits:0", inverse_variance=True)
    mask = MaskSettings(plane="w.fits:0", weight=True, inverse_variance=True)
    with pytest.raises(SettingsError, match=r"masks\.difference\.inverse_variance is true; allowed: for science and"):
        ImageSettings(hdus={"difference": "path:0"}, masks={"difference": mask})


def test_sky_positions_are_found_on_an_image_whose_wcs_is_off(known):
    cards = {"CRPIX1": 100.0 + 3.2, "CRPIX2": 100.0 - 2.4}
    survey = known(
        difference={}, position="sky", templates={"template_wcs": projection(4, -6, 7), "changes": {"e1": cards}}
    )
    rows, pixels, batches = cut(survey)
    places = rows[["x_pixel", "y_pixel"]].to_numpy(float)
    np.testing.assert_allclose(places, [spot[1:] for spot in SPOT], atol=0.3)
    assert (pixels[:, 9:12, 9:12, 2].max(axis=(1, 2)) > 80).all()
    dropped = pd.concat([batch.dropped for batch in batches])
    assert dropped[["candidate_id", "step"]].to_numpy().tolist() == [["e1", "wcs"]]
    assert "off by" in dropped["reason"].iloc[0]
    measured = pd.concat([batch.measured for batch in batches]).set_index("exposure_id")
    assert measured.loc["e1", ["wcs_offset_x_pixel", "wcs_offset_y_pixel"]].tolist() == pytest.approx(
        [3.2, -2.4], abs=0.1
    )


@pytest.mark.parametrize("dec_first", [False, True])
@pytest.mark.parametrize(("frame", "equinox"), [("ICRS", np.nan), ("FK5", 2025.5), ("FK4", 1950.0)])
def test_a_projection_carried_over_from_a_template_shows_the_same_sky_in_any_frame(frame, equinox, dec_first):
    template = WCS(naxis=2)
    axes = [("RA---TAN", 150.0, -3e-4), ("DEC--TAN", 20.0, 3e-4)]
    kinds, places, steps = zip(*(reversed(axes) if dec_first else axes), strict=True)
    template.wcs.ctype, template.wcs.crval, template.wcs.cdelt = list(kinds), list(places), list(steps)
    template.wcs.crpix, template.wcs.radesys, template.wcs.equinox = [100.0, 50.0], frame, equinox
    carried = alignment._carried_over(template, lambda x, y: (x + 3.0, y - 2.0), (100, 200))
    x, y = np.array([10.0, 180.0]), np.array([5.0, 90.0])
    np.testing.assert_allclose(pixel_to_sky(carried, x, y), pixel_to_sky(template, x + 3.0, y - 2.0), atol=1e-8)
