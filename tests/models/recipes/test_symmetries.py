import numpy as np
import pytest

from models.recipes.symmetries import NUMBERS, turned

STACK = np.random.default_rng(1).normal(size=(2, 5, 5, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def all_turned():
    """Return cutouts under each of the eight symmetries."""
    return [np.asarray(turned(STACK, number)) for number in range(8)]


def test_the_eight_are_those_of_a_square(all_turned):
    upright = [np.rot90(STACK, quarter, axes=(1, 2)) for quarter in range(4)]
    mirrored = [np.rot90(STACK[:, :, ::-1], quarter, axes=(1, 2)) for quarter in range(4)]
    expected = {image.tobytes() for image in (*upright, *mirrored)}
    assert len(expected) == 8
    assert {np.ascontiguousarray(image).tobytes() for image in all_turned} == expected


def test_the_first_is_the_cutout_and_the_first_four_are_not_mirrored(all_turned):
    np.testing.assert_array_equal(all_turned[0], STACK)
    upright = {np.rot90(STACK, quarter, axes=(1, 2)).tobytes() for quarter in range(4)}
    assert {np.ascontiguousarray(image).tobytes() for image in all_turned[:4]} == upright


def test_each_number_of_symmetries_is_a_group(all_turned):
    for number in NUMBERS:
        members = {np.ascontiguousarray(image).tobytes() for image in all_turned[:number]}
        again = {np.asarray(turned(image, one)).tobytes() for image in all_turned[:number] for one in range(number)}
        assert again == members
