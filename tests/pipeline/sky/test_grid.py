"""Every room of the sky has settings of its own, which stand alone and refuse what is wrong in them."""

import dataclasses

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import parse
from pipeline.sky import SkySettings
from pipeline.sky.detector import DetectorSettings
from pipeline.sky.galaxies import GalaxySettings
from pipeline.sky.grid import GridSettings
from pipeline.sky.movers import MoverSettings
from pipeline.sky.optics import OpticsSettings
from pipeline.sky.stars import StarSettings
from pipeline.sky.transients import TransientSettings
from pipeline.sky.variables import VariableSettings
from pipeline.sky.visits import VisitSettings

ROOMS = {kind for kind in SkySettings.__mro__ if dataclasses.is_dataclass(kind)}


@pytest.mark.parametrize(
    ("room", "changes", "message"),
    [
        (GridSettings, {"size_pixel": 127}, "size_pixel is 127, must be at least 128"),
        (VisitSettings, {"first_night": "soon"}, "first_night is 'soon'"),
        (OpticsSettings, {"psf_beta": 1.0}, "psf_beta is 1.0, must be above 1"),
        (DetectorSettings, {"gain": 0.0}, "gain is 0.0, must be above 0"),
        (StarSettings, {"star_slope": 0.0}, "star_slope is 0.0, must be above 0"),
        (GalaxySettings, {"galaxies": -1}, "galaxies is -1, must be at least 0"),
        (TransientSettings, {"transient_shares": {"comet": 1.0}}, "transient_shares names 'comet'"),
        (VariableSettings, {"variable_catalogue_share": 1.5}, "must be from 0 to 1"),
        (MoverSettings, {"mover_rate_min_arcsec_hour": 99.0}, "is above mover_rate_max_arcsec_hour"),
    ],
)
def test_a_room_refuses_what_is_wrong_in_it_alone_and_as_part_of_the_sky(room, changes, message):
    for kind in (room, SkySettings):
        with pytest.raises(SettingsError, match=f"^sky: .*{message}"):
            kind(**changes)


def test_each_key_of_the_sky_is_declared_in_one_room():
    declared = [name for room in ROOMS for name in vars(room)["__annotations__"]]
    assert len(declared) == len(set(declared)) == 80


def test_keys_of_all_rooms_stand_side_by_side_in_a_settings_file():
    sky = parse(SkySettings, {"nights": 2, "gain": 2, "stars": 5, "psf_beta": 4, "eyeball_share": 1}, "sky")
    assert (sky.nights, sky.gain, sky.stars, sky.psf_beta, sky.eyeball_share) == (2, 2.0, 5, 4.0, 1.0)


def test_a_misspelt_key_is_told_with_the_one_of_the_room_that_it_resembles():
    with pytest.raises(SettingsError, match=r"unknown key 'sead_pixels' \(did you mean 'dead_pixels'"):
        parse(SkySettings, {"sead_pixels": 2}, "sky")
