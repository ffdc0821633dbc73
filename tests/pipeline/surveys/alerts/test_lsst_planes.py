"""The planes of variance and PSF in LSST's packets, through the survey that is shipped."""

import numpy as np
import pytest
from lsst_packets import lsst_packet, write_lsst_packets

from pipeline.cutouts.missing import Flag
from pipeline.cutouts.planes import PLANES
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.settings import parse
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT = "2026-01-05"
IMAGES = ["science", "template", "difference"]
PLACE = {"x": 10.25, "y": 20.75}
"""A source in pixel 14 along x, whose stamp of 30 is moved by one, and in pixel 15 along y."""


@pytest.fixture
def noise_and_psf():
    """An image, its variance, and a PSF of 41 pixels of unit sum that is longer along x."""
    rng = np.random.default_rng(1)
    step = np.arange(41) - 20
    psf = np.exp(-0.5 * (step[None] / 3.0) ** 2 - 0.5 * (step[:, None] / 2.0) ** 2)
    image, variance = rng.normal(0, 30, (30, 30)), rng.uniform(800, 1000, (30, 30))
    return image.astype(np.float32), variance.astype(np.float32), psf / psf.sum()


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Return a function that writes packets and gives the batches of their night."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NIGHTSIFT_LSST_PACKETS", str(tmp_path / "lsst"))
    (tmp_path / "lsst").mkdir()

    def all_of(packets, **changes):
        write_lsst_packets(tmp_path / "lsst" / "visit.avro", packets)
        mapping = settings_files.raw("surveys", "lsst_planes") | changes
        survey = open_survey(parse(SurveySettings, mapping, "lsst_planes.yaml"), "lsst_planes")
        assert survey.check() == []
        return list(survey.read(NIGHT, survey.freeze(NIGHT)))

    return all_of


def test_a_variance_lies_as_its_image_and_a_psf_in_the_middle(read, noise_and_psf):
    image, variance, psf = noise_and_psf
    (batch,) = read([lsst_packet(0, image, {"UNCERT": variance, "PSFIMAGE": psf}, **PLACE)])
    found = dict(zip([*IMAGES, *PLANES], np.moveaxis(batch.cutouts[0], -1, 0), strict=True))
    for name in IMAGES:
        np.testing.assert_array_equal(found[name][:, 1:], image[:, :-1])
        np.testing.assert_array_equal(found[f"{name}_variance"][:, 1:], variance[:, :-1])
        assert np.isnan(found[f"{name}_variance"][:, 0]).all()
        np.testing.assert_array_equal(found[f"{name}_psf"], psf[5:35, 5:35].astype(np.float32))
    assert np.unravel_index(found["science_psf"].argmax(), (30, 30)) == (15, 15)
    assert batch.candidates["flags"].tolist() == [int(Flag.EDGE)]
    np.testing.assert_allclose(batch.candidates["nan_fraction"], 1 / 30, rtol=1e-6)
    np.testing.assert_allclose(batch.candidates["edge_fraction"], 1 / 30, rtol=1e-6)


def test_an_hdu_that_is_not_there_is_a_missing_plane_and_the_row_stays(read, noise_and_psf, caplog):
    image, variance, psf = noise_and_psf
    further = [{"PSFIMAGE": psf}, {"UNCERT": variance}, {"PSFIMAGE": psf, "UNCERT": variance}]
    (batch,) = read([lsst_packet(row, image, planes, **PLACE) for row, planes in enumerate(further)])
    missing = np.isnan(batch.cutouts[:, 15, 15]).astype(int)
    assert missing.tolist() == [[0] * 3 + [1] * 3 + [0] * 3, [0] * 6 + [1] * 3, [0] * 9]
    assert [bool(flags & Flag.PLANE_MISSING) for flags in batch.candidates["flags"]] == [True, True, False]
    np.testing.assert_allclose(batch.candidates["nan_fraction"], 1 / 30, rtol=1e-6)


def test_a_variance_that_is_none_is_missing_there(read, noise_and_psf):
    image, variance, psf = noise_and_psf
    variance[3, 3:6] = [0.0, -5.0, np.inf]
    (batch,) = read([lsst_packet(0, image, {"UNCERT": variance, "PSFIMAGE": psf}, **PLACE)])
    assert np.isnan(batch.cutouts[0, 3, 4:7, 3:6]).all()
    assert not np.isnan(batch.cutouts[0, :, 1:, :3]).any()


def test_a_variance_of_another_size_loses_the_packet_and_says_so(read, noise_and_psf):
    image, variance, psf = noise_and_psf
    good = lsst_packet(0, image, {"UNCERT": variance, "PSFIMAGE": psf})
    bad = lsst_packet(1, image, {"UNCERT": variance[:29], "PSFIMAGE": psf})
    lost, batch = read([good, bad], max_lost_fraction=0.5)
    assert len(batch.candidates) == 1
    (reason,) = lost.dropped["reason"]
    assert "HDU UNCERT: the variance has the shape (29, 30); allowed: its image's, (30, 30)" in reason


def test_magic_values_and_fills_are_of_the_images_alone(read, noise_and_psf):
    """A magic 0 would make holes of a PSF's border."""
    image, variance, psf = noise_and_psf
    image[4, 4] = 0.0
    packet = lsst_packet(0, image, {"UNCERT": variance, "PSFIMAGE": psf[15:26, 15:26]}, **PLACE)
    (batch,) = read([packet], magic_values=[0.0], edges="constant", edge_value=7.0)
    cutout = batch.cutouts[0]
    assert (cutout[:, 0, :3] == 7.0).all()
    assert np.isnan(cutout[:, 0, 3:6]).all()
    assert np.isnan(cutout[4, 5, :3]).all()
    np.testing.assert_allclose(cutout[..., 6:].sum(axis=(0, 1)), psf[15:26, 15:26].sum(), rtol=1e-6)
    assert (cutout[0, :, 6:] == 0.0).all()
    np.testing.assert_allclose(batch.candidates["nan_fraction"], 1 / 900, rtol=1e-6)


def test_a_hole_in_a_psf_makes_it_missing(read, noise_and_psf):
    image, variance, psf = noise_and_psf
    psf[20, 22] = np.nan
    (batch,) = read([lsst_packet(0, image, {"UNCERT": variance, "PSFIMAGE": psf})])
    assert np.isnan(batch.cutouts[0, ..., 6:]).all()
    assert batch.candidates["flags"][0] & Flag.PLANE_MISSING


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": ["science_psf", "science"]}, "allowed: planes of variance and PSF behind all images"),
        ({"channels": ["science", "template_psf"]}, "channels have 'template_psf' without 'template'"),
    ],
)
def test_planes_stand_behind_their_images(changes, words):
    with pytest.raises(SettingsError, match=words):
        parse(SurveySettings, settings_files.raw("surveys", "lsst_packets") | changes, "toy.yaml")


def test_packets_without_planes_have_none_to_name(monkeypatch, packet_survey):
    with pytest.raises(SettingsError, match="planes does not say which HDU holds the psf, for channel 'science_psf'"):
        packet_survey(channels=["science", "template", "difference", "science_psf"])


def test_a_source_without_planes_refuses_their_names(alert_survey):
    with pytest.raises(SettingsError, match="survey source 'alert_table' has no planes of variance and PSF"):
        alert_survey(channels=["science", "template", "difference", "science_psf"])
