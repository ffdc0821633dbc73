"""Makes a candidate row and a cutout of one alert packet, or says what is wrong with it.

A night's digest covers the words of its packets' faults: to change them makes nights that were frozen look changed.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import MJD_OF_JD
from pipeline.cutouts.extract import source_pixel
from pipeline.cutouts.planes import PSF, centred_psf, images_of
from pipeline.errors import InputError
from pipeline.ids.text import id_text
from pipeline.io.alerts.packet_fields import ABSENT, Record, field_at
from pipeline.io.alerts.stamp_bytes import read_stamp
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.alerts.packet_layouts import FLUXES, PacketLayout
from pipeline.surveys.candidate_columns import as_text
from pipeline.times import allowed_times, is_possible

_IDS = ("candidate_id", "object_id", "exposure_id")
_SAME_PLACE_DEG = 1e-7
"""A third of a milliarcsecond: the same number, written with fewer digits."""

_RANGES = {"ra_deg": (0.0, 360.0), "dec_deg": (-90.0, 90.0)}


def candidate_id(record: Record, layout: PacketLayout) -> str:
    """Return the id of a packet's candidate."""
    return _text(record, "candidate_id", layout)


def packet_time(record: Record, layout: PacketLayout) -> float:
    """Return the time of a packet in the packet's own format; it must be between 1900 and 2100."""
    time = _number(record, "time_mjd", layout)
    if not is_possible(time - (MJD_OF_JD if layout.time_format == "jd" else 0.0)):
        raise InputError(f"{layout.columns['time_mjd'][0]} is {time!r}; allowed: {allowed_times(layout.time_format)}")
    return time


def packet_number(record: Record, path: str) -> float:
    """Return another classifier's score or a column of metadata; NaN where the packet has no number there."""
    value = field_at(record, path)
    return float(value) if isinstance(value, int | float) else math.nan


def packet_digest(record: Record, paths: Iterable[str]) -> str:
    """Return a digest of some fields of a packet, which may be cutouts, as the packet has them."""
    parts: list[bytes] = []
    for path in paths:
        value = field_at(record, path)
        text = b"" if value is ABSENT else value if isinstance(value, bytes) else repr(value).encode()
        parts += (b"%d:" % len(text), text)
    return hashlib.blake2b(b"".join(parts), digest_size=12).hexdigest()


def packet_row(record: Record, layout: PacketLayout) -> dict[str, Any]:
    """Return what a packet says of its candidate, by candidate column, ``flux``, ``flux_error`` and metadata.

    The time is in the packet's own format, the band is named, and ``flux_sign`` is +1, -1, or 0 where it is not known.

    Raises
    ------
    InputError
        If a field that must be there is not, or a value is not of the kind or in the range of its column; the field
        is named.
    """
    row: dict[str, Any] = {}
    for column in layout.columns:
        if column == "flux_sign":
            value, path = _first(record, column, layout), layout.columns[column][0]
            row[column] = int(flux_signs([value], layout.negative_values, path)[0])
        elif column in FLUXES or CANDIDATE_COLUMNS[column] != TEXT:
            row[column] = _number(record, column, layout)
        else:
            row[column] = _text(record, column, layout)
    row |= {name: packet_number(record, path) for name, path in layout.metadata.items()}
    row["time_mjd"] = packet_time(record, layout)
    row["band"] = layout.bands.get(row.get("band", ""), row.get("band", ""))
    for column, (low, high) in _RANGES.items():
        if not low <= row[column] <= high:
            raise InputError(f"{layout.columns[column][0]} is {row[column]!r}; allowed: {low:g} to {high:g}")
    return row


class PacketCutout(NamedTuple):
    """The cutout of a packet.

    Attributes
    ----------
    pixels : ndarray of float32, (y, x, channel)
        With the candidate in pixel ``size // 2``, and planes as they come.
    is_unsure : bool
        Whether a stamp of it was cut off and nothing tells at which end, so that it lies about its own middle.
    """

    pixels: NDArray[np.float32]
    is_unsure: bool


def packet_cutout(
    record: Record, layout: PacketLayout, channels: tuple[str, ...], size: int, x_pixel: float, y_pixel: float
) -> PacketCutout:
    """Return the cutouts of a packet, one per channel, as one cutout of the survey.

    Parameters
    ----------
    record : mapping
        The packet.
    layout : PacketLayout
        Where its cutouts are.
    channels : tuple of str
        In the order of the last axis.
    size : int
        Side of the survey's cutout, in pixels.
    x_pixel, y_pixel : float
        The candidate's place on the detector, from 0; NaN where it is not known.

    Returns
    -------
    PacketCutout
        In a cutout of the packet of even length the candidate is found by `source_pixel`, or by the header where the
        reference point is the candidate. A larger cutout is cut, a smaller one is surrounded by NaN, and one that was
        cut off at the detector's edge lies where it belongs, as far as that can be told. A channel that is null in the
        packet is all NaN, and so is a plane whose image is null or whose HDU is missing. A variance lies as its image
        does, a PSF by `centred_psf`.

    Raises
    ------
    InputError
        If the field of a cutout is missing or cannot be read, or its variance is of another size; the field is named.
    """
    cutout, is_unsure = np.full((size, size, len(channels)), np.nan, dtype=np.float32), False
    detector = layout.detector_size_pixel or (0, 0)
    for number, channel in enumerate(images_of(channels)):
        path, planes = layout.stamps[channel], layout.planes_of(channel, channels)
        data = field_at(record, path)
        if data is None:
            continue
        if not isinstance(data, bytes):
            raise InputError(f"{path} " + ("is missing" if data is ABSENT else f"holds no bytes but {data!r:.40}"))
        stored = read_stamp(data, path, [layout.planes[kind] for kind in planes.values()])
        height, width = stored.pixels.shape
        whole = max(height, width, layout.stamp_size_pixel)
        if _is_centred_on(stored.reference, record, layout, (width, height)):
            x, y = (math.floor(place + 0.5) for place in stored.reference[:2])
        else:
            by_elimination = layout.stamp_size_pixel > 0
            x, sure_x = _source_pixel(width, whole, x_pixel, detector[0], by_elimination=by_elimination)
            y, sure_y = _source_pixel(height, whole, y_pixel, detector[1], by_elimination=by_elimination)
            is_unsure = is_unsure or not (sure_x and sure_y)
        rows, columns = _span(height, y, size), _span(width, x, size)
        cutout[rows[1], columns[1], number] = stored.pixels[rows[0], columns[0]]
        for plane, kind in planes.items():
            image, target = stored.further.get(layout.planes[kind]), cutout[..., channels.index(plane)]
            if image is not None and kind == PSF:
                target[:] = centred_psf(image, size)
            elif image is not None:
                _require_alike(image, stored.pixels, f"{path}: HDU {layout.planes[kind]}")
                target[rows[1], columns[1]] = image[rows[0], columns[0]]
    return PacketCutout(cutout, is_unsure)


def _require_alike(variance: NDArray[np.float32], pixels: NDArray[np.float32], where: str) -> None:
    if variance.shape != pixels.shape:
        raise InputError(f"{where}: the variance has the shape {variance.shape}; allowed: its image's, {pixels.shape}")


def _is_centred_on(reference: tuple[float, ...], record: Record, layout: PacketLayout, shape: tuple[int, int]) -> bool:
    """Tell whether the header of a packet's cutout has the candidate as its reference point, on one of its pixels."""
    if not reference:
        return False
    x, y, ra, dec = reference
    there = all(-0.5 <= place < length - 0.5 for place, length in zip((x, y), shape, strict=True))
    here = _number(record, "ra_deg", layout), _number(record, "dec_deg", layout)
    return there and abs(ra - here[0]) < _SAME_PLACE_DEG and abs(dec - here[1]) < _SAME_PLACE_DEG


def _span(length: int, source: int, size: int) -> tuple[slice, slice]:
    """Return which pixels of a packet's cutout go to which of ours along one axis, the source to ``size // 2``."""
    offset = size // 2 - source
    first, target = max(0, -offset), max(0, offset)
    count = max(0, min(length - first, size - target))
    return slice(first, first + count), slice(target, target + count)


def _source_pixel(length: int, whole: int, place: float, detector: int, *, by_elimination: bool) -> tuple[int, bool]:
    """Return the pixel of a packet's cutout that holds the source, along one axis, and whether that is known.

    A cutout that lacks pixels was cut off by the detector's edge: at its low end if the place is near pixel 0, else at
    its high end, by as much as the detector's size says. Where that is not known, the high end is what remains, if the
    side of a whole cutout is (``by_elimination``; else it may be no square). Where nothing tells, the cutout's own
    middle is taken.
    """
    source = _middle(whole, place)
    lost = whole - length
    if not lost:
        return source, True
    if math.isfinite(place):
        first = math.floor(place + 0.5) - source
        if first < 0:
            return source - min(lost, -first), True
        if not detector and by_elimination:
            return source, True
        if detector and first + whole > detector:
            return source - max(0, lost - (first + whole - detector)), True
    return _middle(length, place), False


def _middle(length: int, place: float) -> int:
    """Return the `source_pixel`; for an odd length, which most cutouts have, without an array."""
    return length // 2 if length % 2 else int(source_pixel(length, place))


def _first(record: Record, column: str, layout: PacketLayout) -> object:
    """Return the first value that is not empty, of the paths of a column; None if all are."""
    for path in layout.columns[column]:
        value = field_at(record, path)
        if value is ABSENT or value is None or value == "" or (column in _IDS and value == 0):
            continue
        return value
    return None


def _number(record: Record, column: str, layout: PacketLayout) -> float:
    value = _first(record, column, layout)
    if value is None:
        return math.nan
    try:
        if not isinstance(value, int | float):
            raise TypeError
        return float(value)
    except (TypeError, OverflowError):
        raise InputError(f"{layout.columns[column][0]} is {value!r:.60}; allowed: a number") from None


def _text(record: Record, column: str, layout: PacketLayout) -> str:
    """Return a value as text that any file format can hold."""
    value, path = _first(record, column, layout), layout.columns[column][0]
    if not (value is None or isinstance(value, int | float | str)):
        raise InputError(f"{path} is {value!r:.60}; allowed: text or a number")
    text = id_text(value, path) if column in _IDS else as_text([value])[0]
    if not text.isprintable() or len(text) > 200:
        raise InputError(f"{path} is {text!r:.60}; allowed: printable text of at most 200 letters")
    if not text and column in ("candidate_id", "object_id"):
        raise InputError(f"{' and '.join(layout.columns[column])}: missing or empty")
    return text


def has_field(record: Record, path: str) -> bool:
    """Tell whether a packet has a field, even if it is null."""
    return field_at(record, path) is not ABSENT
