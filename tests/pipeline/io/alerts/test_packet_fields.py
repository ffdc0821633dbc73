import pytest

from pipeline.io.alerts.packet_fields import ABSENT, field_at, put_field

PACKET = {"candid": 7, "candidate": {"jd": 2461046.4, "rb": None, "a.b": 1}, "cutout": None}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("candid", 7),
        ("candidate.jd", 2461046.4),
        ("candidate.rb", None),
        ("candidate.rb.version", None),
        ("cutout.stamp.data", None),
        ("candidate.absent", ABSENT),
        ("absent.jd", ABSENT),
        ("candid.jd", ABSENT),
    ],
)
def test_a_field_is_found_is_null_or_is_absent(path, value):
    assert field_at(PACKET, path) is value or field_at(PACKET, path) == value


def test_a_field_that_was_put_is_found():
    packet = {"candidate": {"jd": 1.0}}
    put_field(packet, "candidate.magpsf", 18.5)
    put_field(packet, "cutout.science.data", b"x")
    put_field(packet, "candid", 3)
    assert packet == {"candidate": {"jd": 1.0, "magpsf": 18.5}, "cutout": {"science": {"data": b"x"}}, "candid": 3}


def test_a_path_through_a_value_is_refused():
    with pytest.raises(TypeError, match=r"candid\.jd: candid is a int, not a record"):
        put_field({"candid": 3}, "candid.jd", 1.0)
