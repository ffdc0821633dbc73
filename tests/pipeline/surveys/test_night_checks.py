import pytest

from commands.check import with_nights
from pipeline.surveys.night_checks import faults_of_night

NIGHT = "2026-01-05"


@pytest.fixture
def faulty(packet_survey, make_packet):
    """Six packets, of which one holds a stamp that is no image."""
    return packet_survey([make_packet(0, stamps=[b"xx"] * 3), *map(make_packet, range(1, 6))])


def test_a_packet_that_cannot_be_read_is_a_fault_of_its_night(faulty):
    fault = "0.avro: cutoutScience.stampData: the stamp is not a FITS file; it begins with b'xx'"
    assert faulty.check() == [fault]
    of_night = faults_of_night(faulty, NIGHT)
    assert of_night == [f"{2**53 + 1}: {fault}"]
    assert with_nights(faulty.check(), {NIGHT: of_night}) == [f"night {NIGHT}: {2**53 + 1}: {fault}"]


def test_a_file_without_a_candidate_is_told_by_its_name_alone(packet_survey):
    survey = packet_survey()
    file = survey.folder / "0.avro"
    file.write_bytes(file.read_bytes()[:-300])
    assert faults_of_night(survey, NIGHT) == ["0.avro: the Avro file is truncated"] == survey.check()
