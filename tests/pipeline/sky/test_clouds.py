"""Cloud takes another share of the light at every place, right on average."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.sky import CloudSettings
from pipeline.sky.clouds import transmission


def test_the_light_that_comes_through_scatters_about_its_mean():
    settings = CloudSettings(patchiness=0.2, scale_pixel=50.0)
    share = transmission(400, 0.5, settings, np.random.default_rng(1))
    assert share.mean() == pytest.approx(1.0)
    assert (2.5 * np.log10(share)).std() == pytest.approx(0.5 * 0.2)


def test_patches_are_as_large_as_their_scale():
    shares = [
        transmission(400, 0.5, CloudSettings(scale_pixel=scale), np.random.default_rng(1)) for scale in (30.0, 120.0)
    ]
    steps = [np.abs(np.diff(share, axis=0)).mean() for share in shares]
    assert steps[0] == pytest.approx(4.0 * steps[1], rel=0.3)


def test_a_share_of_the_exposures_is_cloudy():
    settings = CloudSettings(share=0.3, loss_min_magnitude=0.4, loss_max_magnitude=0.9)
    losses = np.array([settings.draw_loss(np.random.default_rng(n)) for n in range(600)])
    assert (losses > 0).mean() == pytest.approx(0.3, abs=0.06)
    assert losses[losses > 0].min() >= 0.4
    assert losses.max() <= 0.9


@pytest.mark.parametrize(
    "changes", [{"share": 1.2}, {"patchiness": -0.1}, {"scale_pixel": 0.0}, {"loss_min_magnitude": 2.0}]
)
def test_settings_that_make_no_cloud_are_refused(changes):
    with pytest.raises(SettingsError, match=r"clouds: .*"):
        CloudSettings(**changes)
