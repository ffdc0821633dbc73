"""Settings of the sky refuse what makes none, all faults at once."""

import pytest

from pipeline.errors import SettingsError
from pipeline.sky import SkySettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nights": 0}, "nights is 0, must be at least 1"),
        ({"size_pixel": 100}, "size_pixel is 100"),
        ({"gain": 0.0}, "gain is 0.0, must be above 0"),
        ({"star_bright_magnitude": 23.0}, "star_bright_magnitude is above star_faint_magnitude"),
        ({"seeing_min_pixel": 9.0}, "seeing_min_pixel is above seeing_max_pixel"),
        ({"eyeball_error_rate": 1.5}, "from 0 to 1"),
        ({"first_night": "yesterday"}, "first_night is 'yesterday'"),
        ({"first_night": "2026-02-30"}, "first_night is '2026-02-30'"),
        ({"psf_beta": 1.0}, "psf_beta"),
        ({"stars": -1}, "stars is -1"),
    ],
)
def test_settings_that_make_no_sky_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        SkySettings(**changes)


def test_all_faults_are_named_at_once():
    with pytest.raises(SettingsError, match=r"nights is 0.*gain is -1"):
        SkySettings(nights=0, gain=-1.0)
