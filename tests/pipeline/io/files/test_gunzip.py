"""Gzip data by libdeflate and by zlib: the same, whatever the data are, and never more than is allowed."""

import gzip
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.io.files.gunzip
from pipeline.errors import InputError
from pipeline.io.files.gunzip import gunzip

PLAIN = np.random.default_rng(1).normal(100.0, 5.0, 500).astype(">f4").tobytes()
OTHER = bytes(reversed(PLAIN))
MEMBER, MORE, NOTHING = (gzip.compress(data, mtime=0) for data in (PLAIN, OTHER, b""))
"""Without the time, by which tests of two processes would be called differently."""
LIMIT = 1 << 20


def with_flags(flags, more):
    return MEMBER[:3] + bytes([flags]) + MEMBER[4:10] + more + MEMBER[10:]


def outcome(data):
    """Return what comes out, or what is said."""
    try:
        return gunzip(data, LIMIT, "it")
    except InputError as error:
        return str(error)


@pytest.fixture
def no_zlib(monkeypatch):
    """Let nothing but libdeflate unpack."""
    monkeypatch.setattr(pipeline.io.files.gunzip, "_members", None)


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_one_member_is_unpacked_by_libdeflate_alone(level, no_zlib):
    assert gunzip(gzip.compress(PLAIN, level), LIMIT, "it") == PLAIN


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (MEMBER + MORE, PLAIN + OTHER),
        (MEMBER + MEMBER, PLAIN + PLAIN),
        (MEMBER + NOTHING, PLAIN),
        (MEMBER + b"what follows", PLAIN),
        (MEMBER + MEMBER[-8:], PLAIN),
        (NOTHING, b""),
        (with_flags(0x08, b"science.fits\0"), PLAIN),
        (with_flags(0x04, b"\x03\0\x1f\x8b\x08"), PLAIN),
    ],
)
def test_further_members_count_and_what_follows_them_does_not(data, expected):
    assert gunzip(data, LIMIT, "it") == expected


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (MEMBER[:-1], "it's gzip data are truncated"),
        (MEMBER + MORE[:-9], "it's gzip data are truncated"),
        (MEMBER + MORE[:40] + MEMBER[-8:], "it's gzip data are"),
        (MEMBER[:-8] + bytes(4) + MEMBER[-4:], "it's gzip data are damaged.*data check"),
        (MEMBER + b"\x1f\x8b\x07" + MEMBER[-4:], "it's gzip data are damaged.*unknown compression method"),
        (with_flags(0x02, b"\0\0"), "it's gzip data are damaged.*header crc"),
        (gzip.compress(bytes(LIMIT + 1), mtime=0), "it would inflate above 1 MB"),
        (MEMBER + gzip.compress(bytes(LIMIT), mtime=0), "it would inflate above 1 MB"),
    ],
)
def test_damage_is_told_as_zlib_sees_it(data, said):
    with pytest.raises(InputError, match=said):
        gunzip(data, LIMIT, "it")


@given(st.data())
def test_changed_bytes_give_what_zlib_gives(data):
    changed = bytearray(data.draw(st.sampled_from([MEMBER, MEMBER + MORE, gzip.compress(b"a", mtime=0)])))
    for place in data.draw(st.lists(st.integers(2, len(changed) - 1), max_size=3)):
        changed[place] = data.draw(st.integers(0, 255))
    cut = bytes(changed[: data.draw(st.integers(2, len(changed)))])
    by_zlib = pytest.MonkeyPatch()
    with by_zlib.context() as patch:
        patch.setattr(pipeline.io.files.gunzip, "_one_member", lambda *_: None)
        expected = outcome(cut)
    assert outcome(cut) == expected


@pytest.mark.parametrize("claimed", [0, len(PLAIN) - 1, len(PLAIN) + 1, LIMIT, 2**32 - 1])
def test_a_size_that_is_not_so_is_damage_and_takes_no_memory(claimed, monkeypatch):
    asked = []
    unpack = pipeline.io.files.gunzip.deflate.gzip_decompress
    monkeypatch.setattr(
        pipeline.io.files.gunzip.deflate, "gzip_decompress", lambda data, size: asked.append(size) or unpack(data, size)
    )
    with pytest.raises(InputError, match=r"damaged.*length check"):
        gunzip(MEMBER[:-4] + claimed.to_bytes(4, "little"), LIMIT, "it")
    assert all(size <= LIMIT for size in asked)


def test_the_checksum_is_that_of_zlib():
    assert pipeline.io.files.gunzip.deflate.crc32(PLAIN) == zlib.crc32(PLAIN)
