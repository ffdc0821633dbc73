"""SkyBoT, IMCCE's service for the known solar-system objects in a field, asked through astroquery.

A failed service raises `UnreachableError`. Only a complete answer that says so means that a field holds no object.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final, Protocol

from pipeline.conversions import ARCSEC_PER_DEG, MJD_OF_JD
from pipeline.errors import UnreachableError
from pipeline.redaction import beginning, what_went_wrong

if TYPE_CHECKING:
    import pandas as pd
    from astropy.coordinates import SkyCoord
    from astropy.io.votable.tree import TableElement, VOTableFile

log = logging.getLogger(__name__)

NOTHING: Final = "no solar system object"
_INTERVAL_S: Final = 1.0
_NROWS: Final = re.compile(r'<(?:\w+:)?TABLE\b[^>]*\bnrows="(\d{1,9})"')
_FIELDS: Final = ("num", "name", "ra", "de", "magV", "errpos")


@dataclass(frozen=True, kw_only=True)
class Skybot:
    """Settings with which SkyBoT is asked.

    Attributes
    ----------
    observatory : str
        Observatory code of the Minor Planet Center.
    radius_deg : float, in deg
        Radius of the cone around each centre.
    max_error_arcsec : float, in arcsec
        The service leaves out objects whose position is less certain than this.
    server : str
        Address of the cone search; empty: SkyBoT's own.
    timeout_s : float, in s
        How long one request may take.
    tries : int
        Requests for a field before it fails.
    backoff_s : float, in s
        Wait before the second try; each further one waits twice as long, at most a minute.
    """

    observatory: str = "500"
    radius_deg: float = 1.8
    max_error_arcsec: float = 10.0
    server: str = ""
    timeout_s: float = 60.0
    tries: int = 5
    backoff_s: float = 2.0

    def objects(
        self, pointings: "pd.DataFrame", progress: Callable[[float, str], None] | None = None
    ) -> "pd.DataFrame":
        """Return what SkyBoT knows in each exposure's field, one request at a time, at most one a second.

        Parameters
        ----------
        pointings : DataFrame
            ``exposure_id time_mjd ra_deg dec_deg``: UTC of the middle of each exposure, and its centre.
        progress : callable, optional
            Called with the percentage that is done, and a text.

        Returns
        -------
        DataFrame
            ``mover_id exposure_id ra_deg dec_deg magnitude``: astrometric J2000, and V.

        Raises
        ------
        UnreachableError
            If a field has no complete answer after all tries; the exposure and the last fault are named.
        """
        import pandas as pd

        tables, asked = [], 0.0
        for number, (_, pointing) in enumerate(pointings.iterrows()):
            asked = _wait_until(asked + _INTERVAL_S)
            found = self._field(pointing)
            tables.append(found.assign(exposure_id=str(pointing["exposure_id"])))
            if progress is not None:
                progress(100 * (number + 1) / len(pointings), f"SkyBoT: {number + 1} of {len(pointings)} exposures")
        _wait_until(asked + _INTERVAL_S)  # before the next call
        columns = ["mover_id", "exposure_id", "ra_deg", "dec_deg", "magnitude"]
        empty = pd.DataFrame({"mover_id": pd.Series(dtype="str"), "exposure_id": pd.Series(dtype="str")})
        empty = empty.assign(ra_deg=0.0, dec_deg=0.0, magnitude=0.0)
        return pd.concat([empty, *(table for table in tables if len(table))], ignore_index=True)[columns]

    def _field(self, pointing: "pd.Series") -> "pd.DataFrame":
        wait, fault = self.backoff_s, ""
        for attempt in range(1, self.tries + 1):
            try:
                return parse_answer(self._ask(pointing))
            except UnreachableError as error:
                fault = str(error)
            log.warning("SkyBoT, exposure %s, try %d of %d: %s", pointing["exposure_id"], attempt, self.tries, fault)
            if attempt < self.tries:
                time.sleep(min(wait, 60.0))
                wait *= 2
        raise UnreachableError(
            f"SkyBoT gave no answer for exposure {pointing['exposure_id']} in {self.tries} tries: {fault}"
        )

    def _ask(self, pointing: "pd.Series") -> str:
        import warnings

        import astropy.units as u
        import requests
        from astropy.coordinates import SkyCoord
        from astropy.time import Time

        centre = SkyCoord(float(pointing["ra_deg"]), float(pointing["dec_deg"]), unit="deg")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = _client(self.server, self.timeout_s).cone_search(
                    centre,
                    self.radius_deg * u.deg,
                    Time(float(pointing["time_mjd"]) + MJD_OF_JD, format="jd", scale="utc"),
                    location=self.observatory,
                    position_error=self.max_error_arcsec * u.arcsec,
                    get_raw_response=True,
                    cache=False,
                )
            except (requests.RequestException, OSError) as error:
                raise UnreachableError(what_went_wrong(error)) from None
        return str(answer)


class _Client(Protocol):
    """What of astroquery's client is called here."""

    def cone_search(self, centre: "SkyCoord", /, *args: object, **options: object) -> object:
        """Return the answer to one request."""


def _client(server: str, timeout_s: float) -> _Client:
    """Return astroquery's client, for any server and any timeout: its own settings know only a few."""
    from astroquery.imcce import SkybotClass

    class Elsewhere(SkybotClass):  # type: ignore[misc]  # astroquery has no types
        def _request(self, method: str, url: str, **options: object) -> object:
            answer: object = super()._request(method, server or url, **(options | {"timeout": timeout_s}))
            return answer

    client: _Client = Elsewhere()
    return client


def parse_answer(text: str) -> "pd.DataFrame":
    """Return ``mover_id ra_deg dec_deg magnitude`` of an answer, a VOTable.

    Raises
    ------
    UnreachableError
        If the answer reports an error, or is not a complete VOTable with the expected columns.
    """
    import warnings

    from astropy.io.votable import parse

    if not text.strip():
        raise UnreachableError("the answer is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = parse(BytesIO(text.encode("utf-8")), verify="ignore")
    except Exception as error:  # a parser may raise anything on garbage
        raise UnreachableError(f"the answer is not a VOTable: {beginning(text, 120)!r}") from error
    status = _status(document)
    if status is not None and NOTHING in status.lower():
        return _rows([])
    if status is not None:
        raise UnreachableError(f"SkyBoT reports an error: {beginning(status)}")
    tables = list(document.iter_tables())
    if len(tables) != 1:
        raise UnreachableError(f"the answer holds {len(tables)} tables; allowed: one")
    announced = _NROWS.search(text)  # astropy does not keep it
    if announced and int(announced[1]) != len(tables[0].array):
        raise UnreachableError(f"the answer says {announced[1]} rows and holds {len(tables[0].array)}; it is cut off")
    return _objects(tables[0])


def _status(document: "VOTableFile") -> str | None:
    """Return the message of an answer that is not OK; None for one that is.

    Raises `UnreachableError` for an answer without a status: it may be cut off.
    """
    infos = [*document.infos, *(info for resource in document.resources for info in resource.infos)]
    states = [info for info in infos if info.name == "QUERY_STATUS"]
    if not states:
        raise UnreachableError("the answer does not say whether it is complete (no QUERY_STATUS)")
    bad = [info for info in states if str(info.value).upper() != "OK"]
    return " ".join(str(info.content or info.value) for info in bad) if bad else None


def _objects(table: "TableElement") -> "pd.DataFrame":
    names = [field.ID or field.name for field in table.fields]
    absent = [name for name in _FIELDS if name not in names]
    if absent:
        raise UnreachableError(f"the answer lacks the column {absent[0]!r}; there: {', '.join(map(str, names))}")
    rows = []
    for row in table.array:
        values = {name: row[name] for name in _FIELDS}
        rows.append(
            (_designation(values), _degrees(values["ra"]) * 15.0, _degrees(values["de"]), float(values["magV"]))
        )
    return _rows(rows)


def _rows(rows: list[tuple[str, float, float, float]]) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(rows, columns=["mover_id", "ra_deg", "dec_deg", "magnitude"])
    return frame.astype({"mover_id": "str", "ra_deg": float, "dec_deg": float, "magnitude": float})


def _designation(values: dict[str, object]) -> str:
    """Return the number of an object, or the name of one without a number, spaces as they are."""
    number = str(values["num"]).strip()
    return number if number.isdigit() else str(values["name"]).strip()


def _degrees(text: object) -> float:
    """Return a sexagesimal value, ``05 25 12.7657`` or ``+04:29:25.081``, in units of its first part."""
    parts = str(text).replace(":", " ").split()
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if len(values) != 3 or not all(0 <= value < 60 for value in values[1:]):
        raise UnreachableError(f"the answer holds the position {str(text)!r}; allowed: three numbers")
    sign = -1.0 if parts[0].startswith("-") else 1.0
    return sign * (abs(values[0]) + values[1] / 60.0 + values[2] / ARCSEC_PER_DEG)


def _wait_until(moment: float) -> float:
    """Sleep until a moment of the monotonic clock, and return when that was."""
    now = time.monotonic()
    if now < moment:
        time.sleep(moment - now)
    return time.monotonic()
