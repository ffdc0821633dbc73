"""The network in polar coordinates: read along circles, blind to turns."""

import numpy as np
import pytest

from models.architectures.polar_cnn import polar
from models.networks.network import NetworkDesign, build
from pipeline.errors import SettingsError


def design(size=20, channels=3, n_classes=4, **settings):
    return NetworkDesign(classifier="polar_cnn", normalisation="bytes", settings=settings, n_classes=n_classes,
                         size_pixel=size, n_channels=channels)  # fmt: skip


@pytest.mark.parametrize("size", [16, 17])
def test_a_plane_is_read_along_circles_about_the_central_pixel(size):
    y, x = np.indices((size, size)) - size // 2
    image = np.stack([x, y], axis=-1)[np.newaxis].astype(np.float32)
    read = np.asarray(polar(image, 5, 8))[0]
    radius = np.linspace(0.5, size / 2 - 1, 5)[:, np.newaxis]
    angle = np.arange(8) * np.pi / 4
    np.testing.assert_allclose(read[..., 0], radius * np.cos(angle), atol=1e-5)
    np.testing.assert_allclose(read[..., 1], radius * np.sin(angle), atol=1e-5)


def test_a_quarter_turn_about_the_central_pixel_changes_no_logit():
    model = build(design(size=21, filters=(4, 6), radii=8, angles=16, head=[8, "relu"]), 0)
    images = np.random.default_rng(1).uniform(0, 255, (3, 21, 21, 3)).astype(np.float32)
    logits = np.asarray(model(images, training=False))
    for turns in (1, 2, 3):
        turned = np.rot90(images, turns, axes=(1, 2)).copy()
        np.testing.assert_allclose(np.asarray(model(turned, training=False)), logits, atol=1e-5)
    mirrored = np.asarray(model(images[:, :, ::-1].copy(), training=False))
    assert np.abs(mirrored - logits).max() > 1e-4


def test_it_has_the_stated_number_of_weights():
    assert build(design(size=64), 0).count_params() == 236_660


@pytest.mark.parametrize("settings", [{"radii": 8}, {"angles": 40}])
def test_radii_and_angles_that_cannot_be_halved_are_refused(settings):
    with pytest.raises(SettingsError, match="allowed with 4 stages: at least 16 radii, and a multiple of 16 angles"):
        build(design(**settings), 0)
