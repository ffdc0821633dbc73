"""Movers on galaxies: one sky is taken away, layers are made anew, each galaxy is used once."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.triplets.mover_pairs import add_mover, jittered, pair_with_galaxies

CHANNELS = ("science", "template", "difference", "frames_min", "frames_max", "frames_ptp")


def cutout(sky, spot, noise_seed, size=15):
    image = sky + np.random.default_rng(noise_seed).normal(0, 0.1, (1, size, size))
    image[0, 7, 7] += spot
    return image.astype(np.float32)


def cutouts(spot, seed, frames=3):
    """Cutouts in all channels, and in the frames behind them."""
    single = [cutout(50.0 + number, spot, seed + number) for number in range(frames)]
    three = [cutout(200.0, spot, seed + 10), cutout(300.0, 0.0, seed + 11), cutout(0.0, spot, seed + 12)]
    layers = [np.min(single, axis=0), np.max(single, axis=0), np.ptp(single, axis=0)]
    return np.stack([*three, *layers], axis=-1), single


@pytest.mark.replaces("gotorb", "G5")
def test_one_sky_of_the_two_is_taken_away_and_both_lights_stay():
    mover, mover_frames = cutouts(1000.0, 1)
    galaxy, galaxy_frames = cutouts(400.0, 40)
    combined = add_mover(mover, galaxy, CHANNELS, mover_frames, galaxy_frames)
    assert np.median(combined[..., 0]) == pytest.approx(200.0, abs=0.2)
    assert np.median(combined[..., 1]) == pytest.approx(300.0, abs=0.2)
    assert combined[0, 7, 7, 0] == pytest.approx(1600.0, abs=1.0)
    assert combined[0, 7, 7, 2] == pytest.approx(1400.0, abs=1.0)


@pytest.mark.replaces("gotorb", "G5")
def test_layers_of_frames_are_those_of_the_summed_frames_and_no_sums():
    mover, mover_frames = cutouts(1000.0, 1)
    galaxy, galaxy_frames = cutouts(400.0, 40)
    combined = add_mover(mover, galaxy, CHANNELS, mover_frames, galaxy_frames)
    summed = [second + first - (50.0 + number) for number, (first, second) in
              enumerate(zip(mover_frames, galaxy_frames, strict=True))]  # fmt: skip
    np.testing.assert_allclose(combined[..., 3], np.min(summed, axis=0), atol=0.3)
    np.testing.assert_allclose(combined[..., 4], np.max(summed, axis=0), atol=0.3)
    np.testing.assert_allclose(combined[..., 5], combined[..., 4] - combined[..., 3], atol=1e-3)


def test_a_pixel_missing_in_either_is_missing_and_the_inputs_stay():
    mover, galaxy = cutouts(10.0, 1)[0][..., :3], cutouts(10.0, 2)[0][..., :3]
    mover[0, 0, :, 0], galaxy[0, 3, 3, 1] = np.nan, np.nan
    before = mover.copy(), galaxy.copy()
    combined = add_mover(mover, galaxy, CHANNELS[:3])
    assert np.isnan(combined[0, 0, :, 0]).all()
    assert np.isnan(combined[0, 3, 3, 1])
    assert np.isfinite(combined[..., 2]).all()
    np.testing.assert_array_equal(mover, before[0])
    np.testing.assert_array_equal(galaxy, before[1])


def test_stamps_that_do_not_belong_together_are_refused():
    mover, galaxy = cutouts(10.0, 1)[0], cutouts(10.0, 2)[0]
    with pytest.raises(InputError, match="differ, for 6 channels"):
        add_mover(mover[:, :9], galaxy, CHANNELS)
    with pytest.raises(InputError, match="frames_min, frames_max, frames_ptp are made of frames; given 0"):
        add_mover(mover, galaxy, CHANNELS)


@pytest.mark.replaces("gotorb", "G5")
def test_each_mover_gets_the_brightest_galaxy_in_reach_once_and_the_next_stand_alone():
    movers = np.array([[10.0, 20.0], [10.01, 20.0], [50.0, 0.0]])
    galaxies = np.array([[10.0, 20.01], [10.0, 19.99], [10.0, 20.02], [10.0, 25.0], [10.02, 20.0]])
    magnitude = np.array([17.0, 15.0, 16.0, 10.0, 17.5])
    pairing = pair_with_galaxies(movers, galaxies, magnitude, search_arcsec=600.0, residuals_per_mover=1.0)
    assert pairing.mover.tolist() == [0, 1]  # nothing is near the third
    assert pairing.host.tolist() == [1, 2]
    assert pairing.residual.tolist() == [0, 4]
    few = pair_with_galaxies(movers, galaxies, magnitude, search_arcsec=600.0, residuals_per_mover=0.5)
    assert few.residual.tolist() == [0]


def test_without_movers_or_galaxies_there_are_no_pairs():
    nothing = np.empty((0, 2))
    for movers, galaxies in ((nothing, np.zeros((1, 2))), (np.zeros((1, 2)), nothing)):
        pairing = pair_with_galaxies(
            movers, galaxies, np.full(len(galaxies), 15.0), search_arcsec=600.0, residuals_per_mover=1.0
        )
        assert len(pairing.mover) == len(pairing.host) == len(pairing.residual) == 0


@pytest.mark.replaces("gotorb", "G5")
def test_the_jitter_is_a_square_on_the_sky_at_every_declination():
    centres = np.tile([359.9999, 60.0], (4000, 1))
    moved = jittered(centres, 7.0, np.random.default_rng(1))
    apart = moved - centres
    apart[:, 0] = (apart[:, 0] + 180.0) % 360.0 - 180.0
    on_sky = apart * [np.cos(np.radians(60.0)), 1.0] * 3600.0
    assert np.abs(on_sky).max() <= 7.001
    assert np.abs(on_sky).max(axis=0) == pytest.approx(7.0, abs=0.05)
    assert moved[:, 0].min() >= 0.0
    assert moved[:, 0].max() < 360.0
