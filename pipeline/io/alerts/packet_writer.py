"""Writes alert packets in ZTF's layout, for tests, benchmarks and rehearsals of a night."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from fastavro import parse_schema, writer
from numpy.typing import NDArray

_NEEDED = (
    "jd:double fid:int pid:long candid:long isdiffpos:string rcid:int? field:int? xpos:float? ypos:float? ra:double "
    "dec:double magpsf:float sigmapsf:float fwhm:float? scorr:double? magzpsci:float? rb:float? drb:float? "
)
_FURTHER = (
    "diffmaglim pdiffimfilename programpi tblid nid chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky "
    "magdiff classtar mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong nneg nbad ssdistnr "
    "ssmagnr sumrat magapbig sigmagapbig ranr decnr magzpsciunc magzpscirms clrcoeff clrcounc"
)
_ONCE = (
    "sgmag1 srmag1 simag1 szmag1 sgscore1 distpsnr1 ndethist ncovhist jdstarthist jdendhist tooflag sgmag2 srmag2 "
    "simag2 szmag2 sgscore2 distpsnr2 sgmag3 srmag3 simag3 szmag3 sgscore3 distpsnr3 nmtchps rfid jdstartref jdendref "
    "nframesref dsnrms ssnrms dsdiff nmatches zpclrcov zpmed clrmed clrrms neargaia neargaiabright maggaia exptime"
)
_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def fits_bytes(
    pixels: NDArray[np.generic],
    *,
    zipped: bool = True,
    cards: Sequence[str] = (),
    further: Mapping[str, NDArray[np.generic]] = MappingProxyType({}),
) -> bytes:
    """Return an image as the bytes of a FITS file, gzipped as in a packet.

    Parameters
    ----------
    pixels : ndarray, (y, x)
        The image, of a type that FITS knows.
    zipped : bool
        Whether to gzip.
    cards : sequence of str
        Header cards beside the needed ones, such as ``BLANK   =                   -1``.
    further : mapping of str to ndarray, (y, x)
        Images of further HDUs by their ``EXTNAME``, such as the ``UNCERT`` and ``PSFIMAGE`` of LSST's packets.
    """
    whole = _hdu("SIMPLE  =                    T", pixels, cards)
    for name, image in further.items():
        whole += _hdu("XTENSION= 'IMAGE   '", image, ["PCOUNT  = 0", "GCOUNT  = 1", f"EXTNAME = '{name:8}'"])
    return gzip.compress(whole, mtime=0) if zipped else whole


def _hdu(first: str, pixels: NDArray[np.generic], cards: Sequence[str]) -> bytes:
    bitpix = {"u1": 8, "i2": 16, "i4": 32, "f4": -32, "f8": -64}[pixels.dtype.str[1:]]
    values = {"BITPIX": bitpix, "NAXIS": 2, "NAXIS1": pixels.shape[1], "NAXIS2": pixels.shape[0]}
    lines = [first, *(f"{key:8}= {value:>20}" for key, value in values.items()), *cards, "END"]
    header = "".join(f"{line:80}" for line in lines)
    body = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    return _filled(header.encode("ascii"), b" ") + _filled(body, b"\0")


def _filled(part: bytes, filling: bytes) -> bytes:
    """Return a part of a FITS file, filled to whole blocks."""
    return part.ljust(-(-len(part) // 2880) * 2880, filling)


def ztf_schema(*, candid_on_top: bool = True) -> Mapping[str, object]:
    """Return the Avro schema of the packets, with every number of a real one.

    Parameters
    ----------
    candid_on_top : bool
        Whether ``candid`` is a field beside ``candidate`` as well as within it.
    """
    history = _record("ztf.alert.prv_candidate", _NEEDED + "".join(f"{name}:float? " for name in _FURTHER.split()))
    further = "".join(f"{name}:float? " for name in (*_FURTHER.split(), *_ONCE.split()))
    cutout = _record("ztf.alert.cutout", "fileName:string stampData:bytes")
    fields: list[dict[str, object]] = [{"name": "schemavsn", "type": "string"}, {"name": "objectId", "type": "string"}]
    if candid_on_top:
        fields.append({"name": "candid", "type": "long"})
    fields.append({"name": "candidate", "type": _record("ztf.alert.candidate", _NEEDED + further)})
    fields.append({"name": "prv_candidates", "type": [{"type": "array", "items": history}, "null"], "default": None})
    for number, name in enumerate(_CUTOUTS):
        fields.append({"name": name, "type": ["ztf.alert.cutout" if number else cutout, "null"], "default": None})
    return {"type": "record", "name": "ztf.alert", "fields": fields}


def write_packets(
    path: Path, packets: Sequence[Mapping[str, object]], *, codec: str = "null", candid_on_top: bool = True
) -> Path:
    """Write packets into one Avro file.

    Parameters
    ----------
    path : Path
        The file to write.
    packets : sequence of mapping
        The packets, as `ztf_packet` makes them.
    codec : str
        ``null``, ``deflate`` or ``snappy``.
    candid_on_top : bool
        As in `ztf_schema`.
    """
    schema = parse_schema(dict(ztf_schema(candid_on_top=candid_on_top)))
    with path.open("wb") as stream:
        writer(stream, schema, packets, codec=codec, sync_marker=b"nightsift-packet")
    return path


def ztf_packet(
    stamps: Sequence[bytes | None], *, object_id: str, history: int = 0, **candidate: object
) -> dict[str, object]:
    """Return a packet.

    Parameters
    ----------
    stamps : sequence of bytes
        Science, template, difference, each as `fits_bytes` makes them; None for null.
    object_id : str
        Id of the object.
    history : int
        How many earlier detections it lists.
    **candidate
        Fields of ``candidate``; all others hold a usual value.
    """
    usual = {"jd": 2461046.4, "fid": 2, "pid": 1, "candid": 1, "isdiffpos": "t", "rcid": 10, "xpos": 1500.0,
             "ypos": 1500.0, "ra": 10.0, "dec": 20.0, "magpsf": 18.0, "sigmapsf": 0.1, "fwhm": 2.0, "scorr": 8.0,
             "magzpsci": 26.0, "rb": 0.5, "drb": 0.5}  # fmt: skip
    whole = {**dict.fromkeys([*_FURTHER.split(), *_ONCE.split()], 1.5), **usual, **candidate}
    named = {name: None if data is None else {"fileName": f"{name}.fits.gz", "stampData": data}
             for name, data in zip(_CUTOUTS, stamps, strict=True)}  # fmt: skip
    top = {"schemavsn": "3.3", "objectId": object_id, "candid": whole["candid"], "candidate": whole}
    return {**top, "prv_candidates": [whole] * history or None, **named}


def _record(name: str, fields: str) -> dict[str, object]:
    """Return a record of ``name:type`` fields; ``?`` allows null."""
    pairs = [field.split(":") for field in fields.split()]
    types = [{"name": key, "type": [kind[:-1], "null"] if kind.endswith("?") else kind} for key, kind in pairs]
    return {"type": "record", "name": name, "fields": types}
