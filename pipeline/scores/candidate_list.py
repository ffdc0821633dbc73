"""The list of a night's candidates: its columns with units and meaning, made from ranked rows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pipeline.scores.ranking import flag_names
from pipeline.scores.sky_links import SERVICES, links, sexagesimal
from pipeline.times import is_possible

TEXT: Final = "text"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the list.

    Attributes
    ----------
    kind : str
        ``text`` or the name of a numpy type.
    meaning : str
        A sentence without its full stop.
    ucd : str
        The IVOA's name for the quantity, UCD1+.
    unit : str
        The unit as the IVOA writes it; empty if there is none.
    """

    kind: str
    meaning: str
    ucd: str
    unit: str = ""


COLUMNS: Final[dict[str, Column]] = {
    "rank": Column(kind="int32", meaning="place by falling score, from 1", ucd="meta.number"),
    "score": Column(
        kind="float32", meaning="probability of real; not known where not scored", ucd="stat.probability;meta.main"
    ),
    "score_std": Column(
        kind="float32", meaning="spread of the score over dropout samples or a stack's members", ucd="stat.stdev"
    ),
    "label_predicted": Column(
        kind="int16", meaning="1 real, 0 bogus by the package's threshold, -1 not scored", ucd="meta.code.class"
    ),
    "candidate_id": Column(kind=TEXT, meaning="id of the detection, unique within the survey", ucd="meta.id;meta.main"),
    "object_id": Column(kind=TEXT, meaning="id that detections at one place share", ucd="meta.id;src"),
    "detections": Column(kind="int32", meaning="scored candidates of the object in the night", ucd="meta.number"),
    "ra_deg": Column(kind="float64", meaning="right ascension, ICRS", ucd="pos.eq.ra;meta.main", unit="deg"),
    "dec_deg": Column(kind="float64", meaning="declination, ICRS", ucd="pos.eq.dec;meta.main", unit="deg"),
    "ra_hms": Column(kind=TEXT, meaning="right ascension, hours", ucd="pos.eq.ra"),
    "dec_dms": Column(kind=TEXT, meaning="declination, degrees", ucd="pos.eq.dec"),
    "magnitude": Column(kind="float32", meaning="magnitude of the difference", ucd="phot.mag", unit="mag"),
    "magnitude_error": Column(kind="float32", meaning="its error", ucd="stat.error;phot.mag", unit="mag"),
    "band": Column(kind=TEXT, meaning="filter", ucd="meta.id;instr.filter"),
    "flux_sign": Column(
        kind="int16", meaning="1 brighter than the template, -1 fainter, 0 not known", ucd="meta.code;phot.flux"
    ),
    "time_mjd": Column(kind="float64", meaning="time of the exposure, UTC, MJD", ucd="time.epoch;meta.main", unit="d"),
    "time_utc": Column(kind=TEXT, meaning="the same, ISO 8601", ucd="time.epoch"),
    "night": Column(kind=TEXT, meaning="local date of the evening", ucd="time.epoch;obs"),
    "exposure_id": Column(kind=TEXT, meaning="id of the exposure", ucd="meta.id;obs.exposure"),
    "telescope": Column(kind=TEXT, meaning="telescope", ucd="meta.id;instr.tel"),
    "detector": Column(kind=TEXT, meaning="detector", ucd="meta.id;instr.det"),
    "x_pixel": Column(kind="float64", meaning="x on the image, from 0", ucd="pos.cartesian.x", unit="pixel"),
    "y_pixel": Column(kind="float64", meaning="y on the image, from 0", ucd="pos.cartesian.y", unit="pixel"),
    "snr": Column(kind="float32", meaning="signal to noise", ucd="stat.snr"),
    "fwhm_pixel": Column(
        kind="float32", meaning="full width at half maximum", ucd="phys.angSize;stat.fwhm", unit="pixel"
    ),
    "kind": Column(kind=TEXT, meaning="what it is labelled as, else empty", ucd="src.class"),
    "label": Column(kind="int16", meaning="1 real, 0 bogus, -1 unlabelled", ucd="meta.code.class"),
    "label_source": Column(kind=TEXT, meaning="who labelled it", ucd="meta.ref"),
    "flags": Column(kind="int32", meaning="bits of the cutout and the score", ucd="meta.code.qual"),
    "flag_names": Column(kind=TEXT, meaning="the same by name", ucd="meta.note"),
    "model": Column(kind=TEXT, meaning="package that gave the score", ucd="meta.id;meta.modelled"),
    "release": Column(kind=TEXT, meaning="name of the processing", ucd="meta.version"),
    "simbad_url": Column(kind=TEXT, meaning="SIMBAD within 10 arcsec", ucd="meta.ref.url"),
    "tns_url": Column(kind=TEXT, meaning="Transient Name Server within 10 arcsec", ucd="meta.ref.url"),
    "sky_url": Column(kind=TEXT, meaning="the place in Aladin Lite", ucd="meta.ref.url"),
}  # fmt: skip
"""Columns of the list in their order; a test compares ``docs/formats.md`` with them."""

_SERVICE_OF: Final = {"simbad_url": "SIMBAD", "tns_url": "TNS", "sky_url": "Aladin Lite"}
_BLANK: Final = {"int16": -1, "int32": 0}


def listed(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return ranked candidates with all columns of the list, in its order and types; NaN or "" means "not known".

    Parameters
    ----------
    ranked : DataFrame
        Rows of :class:`pipeline.scores.ranking.Ranking`, with candidate columns and those of their scores.
    """
    ra_deg, dec_deg = ranked["ra_deg"].to_numpy(np.float64), ranked["dec_deg"].to_numpy(np.float64)
    places = zip(ra_deg, dec_deg, strict=True)
    addresses = pd.DataFrame([links(*place) for place in places], columns=list(SERVICES), index=ranked.index)
    hours, degrees = sexagesimal(ra_deg, dec_deg)
    filled = ranked.assign(
        ra_hms=hours,
        dec_dms=degrees,
        **{name: addresses[service] for name, service in _SERVICE_OF.items()},
        time_utc=iso_times(ranked["time_mjd"].to_numpy(np.float64)),
        flag_names=[" ".join(flag_names(int(bits))) for bits in ranked["flags"]],
    )
    return pd.DataFrame({name: _typed(filled, name, column.kind) for name, column in COLUMNS.items()})


def iso_times(time_mjd: np.ndarray) -> list[str]:
    """Return times, UTC MJD, as ISO 8601 to a millisecond; empty for impossible ones.

    Examples
    --------
    >>> iso_times(np.array([61045.25, np.nan]))
    ['2026-01-05T06:00:00.000', '']
    """
    from astropy.time import Time

    known = is_possible(time_mjd)
    texts = np.full(len(time_mjd), "", dtype="U23")
    if known.any():
        texts[known] = Time(time_mjd[known], format="mjd", scale="utc", precision=3).isot
    return [str(text) for text in texts]


def _typed(rows: pd.DataFrame, name: str, kind: str) -> pd.Series:
    """Return a column in its type; it is blank if the scores and candidates lack it."""
    if kind == TEXT:
        return (
            rows[name].astype(object).fillna("").astype(str)
            if name in rows
            else pd.Series("", index=rows.index, dtype="str")
        )
    blank = _BLANK.get(kind, np.nan)
    values = rows[name] if name in rows else pd.Series(blank, index=rows.index)
    return values.fillna(blank).astype(kind) if kind in _BLANK else values.astype(kind)
