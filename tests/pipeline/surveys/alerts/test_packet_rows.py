import io
import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, NightsiftError, SettingsError, UnknownNameError
from pipeline.io.alerts.packet_writer import fits_bytes, ztf_packet
from pipeline.surveys.alerts.packet_layouts import PACKET_LAYOUTS, packet_layout
from pipeline.surveys.alerts.packet_rows import (
    candidate_id,
    has_field,
    packet_cutout,
    packet_digest,
    packet_number,
    packet_row,
    packet_time,
)

ZTF, LSST = PACKET_LAYOUTS["ztf"], PACKET_LAYOUTS["lsst"]
CHANNELS = ("science", "template", "difference")


def packet(stamps=(None, None, None), **candidate):
    return ztf_packet(stamps, object_id="ZTF18abc", **candidate)


def image(height, width):
    """Return pixels that say where they are: 100 y + x + 1."""
    return (100.0 * np.arange(height)[:, None] + np.arange(width) + 1).astype(np.float32)


def cut(stamp, size, layout=ZTF, x=1500.0, y=1500.0):
    record = packet([fits_bytes(stamp), None, None])
    return packet_cutout(record, layout, CHANNELS, size, x, y).pixels[..., 0]


def test_a_packet_becomes_a_row_with_named_band_and_sign():
    row = packet_row(packet(candid=2**53 + 1, pid=17, fid=1, isdiffpos="f", rcid=3, xpos=12.5, magpsf=19.5), ZTF)
    assert row["candidate_id"] == "9007199254740993"
    assert (row["object_id"], row["exposure_id"], row["detector"]) == ("ZTF18abc", "17", "3")
    assert (row["band"], row["flux_sign"], row["x_pixel"], row["magnitude"]) == ("g", -1, 12.5, 19.5)


@pytest.mark.parametrize(("given_sign", "sign"), [("t", 1), ("1", 1), ("f", -1), ("0", -1), (None, 0)])
def test_a_sign_is_plus_minus_or_not_known(given_sign, sign):
    record = packet(isdiffpos=given_sign)
    assert packet_row(record, ZTF)["flux_sign"] == sign


def test_every_spelling_of_a_sign_is_read_and_another_is_an_error(sign_texts):
    assert [packet_row(packet(isdiffpos=text), ZTF)["flux_sign"] for text in sign_texts] == list(sign_texts.values())
    with pytest.raises(
        InputError, match=r"candidate.isdiffpos is 'maybe'; allowed: - -1 0 f false n negative \+ 1 p positive t true"
    ):
        packet_row(packet(isdiffpos="maybe"), ZTF)


@pytest.mark.parametrize(("value", "sign"), [(True, -1), ("t", -1), (False, 1), ("F", 1), (None, 0)])
def test_a_field_that_says_negative_is_turned(value, sign):
    assert packet_row({"diaSource": LSST_SOURCE | {"isNegative": value}}, LSST)["flux_sign"] == sign


def test_the_id_may_stand_in_the_candidate_alone():
    record = packet(candid=2**53 + 1)
    del record["candid"]
    assert candidate_id(record, ZTF) == str(2**53 + 1)


LSST_SOURCE = {
    "diaSourceId": 2**60 + 1, "visit": 59134, "detector": 4, "diaObjectId": None, "ssObjectId": 0, "ra": 150.0,
    "dec": 2.0, "x": 10.0, "y": 20.0, "midpointMjdTai": 61045.9, "psfFlux": -1000.0, "psfFluxErr": 100.0, "band": "g",
    "snr": -10.0, "isNegative": True, "reliability": 0.75,
}  # fmt: skip


def test_an_lsst_packet_becomes_a_row_with_its_flux():
    row = packet_row({"diaSourceId": 2**60 + 1, "diaSource": LSST_SOURCE}, LSST)
    assert row["candidate_id"] == row["object_id"] == str(2**60 + 1)
    assert (row["band"], row["flux_sign"], row["flux"], row["exposure_id"]) == ("g", -1, -1000.0, "59134")


def test_the_first_object_id_that_is_one_counts():
    source = LSST_SOURCE | {"diaObjectId": 0, "ssObjectId": 77}
    assert packet_row({"diaSource": source}, LSST)["object_id"] == "77"


def test_what_a_packet_does_not_say_is_not_known():
    row = packet_row(packet(fwhm=None, xpos=None, scorr=math.nan), ZTF)
    assert all(math.isnan(row[name]) for name in ("fwhm_pixel", "x_pixel", "snr"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ra": "north"}, "candidate.ra is 'north'; allowed: a number"),
        ({"ra": 361.0}, "candidate.ra is 361.0; allowed: 0 to 360"),
        ({"dec": math.nan}, "candidate.dec is nan; allowed: -90 to 90"),
        ({"jd": 1e300}, r"candidate.jd is 1e\+300; allowed: 2415020.5 to 2488069.5"),
        ({"jd": 2488069.5}, "candidate.jd is 2488069.5; allowed"),
        ({"jd": None}, "candidate.jd is nan; allowed"),
        ({"magpsf": 10**400}, "candidate.magpsf is 1000.*; allowed: a number"),
        ({"rcid": b"7"}, "candidate.rcid is b'7'; allowed: text or a number"),
        ({"rcid": "a\nb"}, "allowed: printable text"),
        ({"rcid": "x" * 300}, "allowed: printable text of at most 200"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(change, message):
    with pytest.raises(InputError, match=message) as caught:
        packet_row(packet(**change), ZTF)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("candid", "message"),
    [(0, "candid and candidate.candid: missing or empty"), (2.0**53, "candid holds the float"), ("a\0b", "printable")],
)
def test_an_id_that_is_none_is_refused(candid, message):
    with pytest.raises(InputError, match=message):
        candidate_id(packet(candid=candid), ZTF)


def test_scores_and_fields_are_looked_up_by_path():
    record = packet(drb=None, rb=0.25)
    assert packet_number(record, "candidate.rb") == 0.25
    assert math.isnan(packet_number(record, "candidate.drb"))
    assert math.isnan(packet_number(record, "candidate.colour"))
    assert has_field(record, "candidate.drb")
    assert not has_field(record, "candidate.colour")


def test_a_digest_tells_packets_apart_by_what_is_read_alone():
    one = packet([b"a", b"b", None])
    paths = ZTF.paths()
    assert packet_digest(one, paths) == packet_digest(one | {"publisher": "another"}, paths)
    assert packet_digest(one, paths) != packet_digest(packet([b"ab", b"", None]), paths)
    assert packet_digest(one, paths) != packet_digest(packet([b"a", b"b", None], ra=10.000001), paths)


def test_a_whole_stamp_is_taken_as_it_is():
    np.testing.assert_array_equal(cut(image(63, 63), 63), image(63, 63))


@pytest.mark.parametrize("size", [1, 30, 31, 62])
def test_a_larger_stamp_is_cut_about_the_same_middle_pixel(size):
    found = cut(image(63, 63), size)
    assert found[size // 2, size // 2] == image(63, 63)[31, 31]
    assert np.isfinite(found).all()


def test_a_smaller_cutout_than_asked_for_is_surrounded_by_nan():
    found = cut(image(63, 63), 71)
    assert found[35, 35] == image(63, 63)[31, 31]
    assert np.isnan(found).sum() == 71**2 - 63**2


def test_a_stamp_without_a_known_size_lies_in_the_middle():
    layout = replace(ZTF, stamp_size_pixel=0)
    assert cut(image(30, 30), 71, layout, x=10.5, y=10.5)[35, 35] == image(30, 30)[15, 15]
    assert cut(image(30, 30), 71, layout, x=math.nan, y=math.nan)[35, 35] == image(30, 30)[15, 15]
    assert cut(image(61, 61), 30, layout)[15, 15] == image(61, 61)[30, 30]


@pytest.mark.parametrize("size", [63, 31])
@pytest.mark.parametrize(
    ("x", "y"), [(10.0, 1500.0), (1500.0, 0.0), (3070.0, 1500.0), (1500.0, 3079.0), (5.2, 3070.6), (3071.4, 3.3)]
)
def test_a_stamp_cut_off_at_the_detectors_edge_lies_where_it_belongs(x, y, size):
    columns, rows = np.arange(3072), np.arange(3080)
    left, bottom = math.floor(x + 0.5) - 31, math.floor(y + 0.5) - 31
    stamp = 10000.0 * rows[max(0, bottom) : bottom + 63, None] + columns[max(0, left) : left + 63]
    found = cut(stamp.astype(np.float64), size, x=x, y=y)
    assert found[size // 2, size // 2] == np.float32(10000.0 * math.floor(y + 0.5) + math.floor(x + 0.5))


def numbered_detector(x, y, length, side=3072):
    """Return a stamp of a detector whose pixels say where they are, cut off at its edges."""
    columns = rows = np.arange(side)
    left, bottom = (math.floor(place + 0.5) - length // 2 for place in (x, y))
    return (10000.0 * rows[max(0, bottom) : bottom + length, None] + columns[max(0, left) : left + length]), (
        left,
        bottom,
    )


@pytest.mark.parametrize("length", [31, 63])
@pytest.mark.parametrize(("x", "y"), [(3.0, 1500.0), (3070.0, 1500.0), (1500.0, 3069.0), (2.0, 5.0), (3071.0, 3060.0)])
def test_a_known_place_tells_the_end_at_which_a_stamp_was_cut_off_without_the_size_of_the_detector(x, y, length):
    layout = replace(ZTF, stamp_size_pixel=length, detector_size_pixel=())
    stamp, _ = numbered_detector(x, y, length)
    found = packet_cutout(packet([fits_bytes(stamp), None, None]), layout, CHANNELS, length, x, y)
    middle = length // 2
    assert found.pixels[middle, middle, 0] == np.float32(10000.0 * y + x)
    assert not found.is_unsure


@pytest.mark.parametrize(
    ("x", "y", "is_unsure"),
    [(3.0, 1500.0, False), (math.nan, math.nan, True), (1500.0, 1500.0, True)],
)
def test_a_stamp_of_which_nothing_tells_the_end_that_it_lacks_is_marked(x, y, is_unsure):
    stamp, _ = numbered_detector(3.0, 1500.0, 63)
    found = packet_cutout(packet([fits_bytes(stamp), None, None]), ZTF, CHANNELS, 63, x, y)
    assert found.is_unsure is is_unsure


def test_a_stamp_that_may_be_no_square_lies_about_its_own_middle_and_is_marked():
    layout = replace(ZTF, stamp_size_pixel=0, detector_size_pixel=())
    found = packet_cutout(packet([fits_bytes(image(21, 31)), None, None]), layout, CHANNELS, 31, 500.0, 500.0)
    assert found.pixels[15, 15, 0] == image(21, 31)[10, 15]
    assert found.is_unsure


def lsst_cut(x, y, length, size, *, keys=None, place=None):
    """Return the cutout of a packet as LSST writes it, one bright pixel where the source is, and nothing else.

    A stamp of even length begins ``length / 2 - 1`` pixels before the whole part of the place.
    """
    first_y, first_x = (math.floor(place + (length % 2) / 2) - (length - 1) // 2 for place in (y, x))
    stamp = np.zeros((length, length), np.float32)
    stamp[math.floor(y + 0.5) - first_y, math.floor(x + 0.5) - first_x] = 100.0
    header = fits.Header(keys(x - first_x, y - first_y) if keys else {})
    stream = io.BytesIO()
    fits.PrimaryHDU(stamp, header).writeto(stream)
    record = {"diaSource": LSST_SOURCE, **dict.fromkeys(LSST.stamps.values(), stream.getvalue())}
    found_x, found_y = place or (x, y)
    return packet_cutout(record, LSST, ("science",), size, found_x, found_y).pixels[..., 0]


def on_the_candidate(x, y):
    return {"CRPIX1": x + 1, "CRPIX2": y + 1, "CRVAL1": LSST_SOURCE["ra"], "CRVAL2": LSST_SOURCE["dec"]}


PLACES = [(500.0, 600.0), (500.3, 600.3), (500.49, 600.8), (500.7, 600.7), (500.999, 600.0)]


@pytest.mark.parametrize("keys", [None, on_the_candidate])
@pytest.mark.parametrize("size", [29, 30, 31, 63])
@pytest.mark.parametrize("length", [30, 31, 40])
@pytest.mark.parametrize(("x", "y"), PLACES)
def test_the_source_of_an_even_stamp_comes_to_the_middle(x, y, length, size, keys):
    found = lsst_cut(x, y, length, size, keys=keys)
    assert np.unravel_index(np.nanargmax(found), found.shape) == (size // 2, size // 2)
    short_x, short_y = (length == size and length % 2 == 0 and place % 1 < 0.5 for place in (x, y))
    if size <= length:
        assert np.isnan(found).sum() == size * (short_x + short_y) - short_x * short_y


def test_the_header_of_a_stamp_tells_where_a_rounded_place_does_not():
    """A place just below 1500 is 1500 as float32, and the stamp seems to begin a pixel later."""
    x = 1500 - 1e-5
    assert np.float32(x) == 1500.0
    found = lsst_cut(x, 600.7, 30, 30, keys=on_the_candidate, place=(1500.0, 600.7))
    assert found[15, 15] == 100.0
    unknown = lsst_cut(500.2, 600.2, 30, 30, keys=on_the_candidate, place=(math.nan, math.nan))
    assert unknown[15, 15] == 100.0


@pytest.mark.parametrize("change", [{"CRVAL1": 150.001}, {"CRPIX1": 3000.0}, {"CRPIX2": math.inf}])
def test_a_reference_point_that_is_not_the_candidate_says_nothing(change):
    def keys(x, y):
        return {name: value for name, value in (on_the_candidate(x + 3, y) | change).items() if math.isfinite(value)}

    assert lsst_cut(500.3, 600.7, 30, 30, keys=keys)[15, 15] == 100.0


def test_a_null_stamp_is_a_channel_of_nan():
    found = packet_cutout(packet([fits_bytes(image(5, 5)), None, None]), ZTF, CHANNELS, 5, math.nan, math.nan).pixels
    assert np.isnan(found[..., 1:]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cutoutScience": {"fileName": "x"}}, "cutoutScience.stampData is missing"),
        ({"cutoutScience": {"stampData": "text"}}, "cutoutScience.stampData holds no bytes but 'text'"),
        ({"cutoutScience": {"stampData": b"text"}}, "cutoutScience.stampData: the stamp is not a FITS file"),
    ],
)
def test_a_stamp_that_cannot_be_read_is_named(change, message):
    with pytest.raises(InputError, match=message):
        packet_cutout(packet() | change, ZTF, CHANNELS, 5, 0.0, 0.0)


def test_layouts_are_known_by_name_and_refuse_unknown_columns():
    with pytest.raises(UnknownNameError, match="unknown packet layout 'atlas'; known: fink, lsst, ztf"):
        packet_layout("atlas")
    with pytest.raises(SettingsError, match="columns names 'colour'; allowed: candidate_id"):
        replace(ZTF, columns={**ZTF.columns, "colour": ("x",)})
    with pytest.raises(SettingsError, match="columns does not say where 'ra_deg' is"):
        replace(ZTF, columns={"candidate_id": ("x",), "object_id": ("x",)})
    with pytest.raises(SettingsError, match=r"detector_size_pixel is \[7\]; allowed: width and height"):
        replace(ZTF, detector_size_pixel=(7,))


VALUES = st.one_of(
    st.none(), st.text(max_size=5), st.binary(max_size=5), st.floats(), st.integers(), st.booleans(),
    st.lists(st.none()), st.dictionaries(st.text(max_size=3), st.none()),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["jd", "ra", "candid", "fid", "xpos", "magpsf", "isdiffpos"]), VALUES), VALUES)
def test_whatever_the_fields_hold_only_our_errors_come_out(change, stamp):
    record = packet(**change) | {"cutoutScience": stamp}
    for look in (
        lambda: packet_row(record, ZTF),
        lambda: packet_time(record, ZTF),
        lambda: candidate_id(record, ZTF),
        lambda: packet_cutout(record, ZTF, CHANNELS, 5, 0.0, 0.0),
    ):
        try:
            look()
        except NightsiftError as error:
            assert "\n" not in str(error)
    packet_digest(record, ZTF.paths())
