"""Ranges at the fields of settings: what they let pass, how they read, and what they say of the rest."""

from dataclasses import dataclass, field

import pytest

from pipeline.sky.ranges import SHARE, above, at_least, faults_of_ranges


@pytest.mark.parametrize(
    ("metadata", "words", "inside", "outside"),
    [
        (at_least(1), "at least 1", (1, 2), (0, 0.5)),
        (above(0), "above 0", (1e-9, 5), (0, -1)),
        (SHARE, "from 0 to 1", (0, 0.5, 1), (-0.1, 1.1)),
    ],
)
def test_a_range_holds_its_numbers_and_says_which(metadata, words, inside, outside):
    allowed = metadata["allowed"]
    assert str(allowed) == words
    assert all(value in allowed for value in inside)
    assert not any(value in allowed for value in outside)


def test_not_a_number_is_in_no_range():
    assert not any(float("nan") in metadata["allowed"] for metadata in (at_least(0), above(0), SHARE))


@dataclass(frozen=True, kw_only=True)
class Lamps:
    number: int = field(default=3, metadata=at_least(1))
    lit_share: float = field(default=0.5, metadata=SHARE)
    lamp_bright_magnitude: float = 4.0
    lamp_faint_magnitude: float = 9.0
    gap_min_pixel: float = 2.0
    gap_max_pixel: float = 5.0


def test_sound_settings_have_no_fault():
    assert [*faults_of_ranges(Lamps())] == []


def test_each_number_outside_its_range_and_each_pair_upside_down_is_a_fault():
    faults = [*faults_of_ranges(Lamps(number=0, lit_share=2.0, lamp_bright_magnitude=10.0, gap_max_pixel=1.0))]
    assert faults == [
        "number is 0, must be at least 1",
        "lit_share is 2.0, must be from 0 to 1",
        "lamp_bright_magnitude is above lamp_faint_magnitude: 10.0, 9.0",
        "gap_min_pixel is above gap_max_pixel: 2.0, 1.0",
    ]
