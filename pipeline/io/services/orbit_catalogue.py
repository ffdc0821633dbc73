"""Catalogues of orbits: fetches and reads the Minor Planet Center's MPCORB, or a table of orbital elements."""

import logging
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pipeline.errors import InputError, MissingInputError, SettingsError, UnreachableError
from pipeline.io.files.inflating import open_packed
from pipeline.io.tables.catalogue_file import catalogue_path, read_columns
from pipeline.io.tables.table_file import ENDINGS
from pipeline.redaction import redacted, what_went_wrong
from pipeline.solar_system.places import ORBIT_COLUMNS
from pipeline.times import allowed_times, is_possible

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_PLACES: Final = {
    "designation": (0, 7), "h_magnitude": (8, 13), "slope": (14, 19), "epoch": (20, 25), "mean_anomaly_deg": (26, 35),
    "perihelion_deg": (37, 46), "node_deg": (48, 57), "inclination_deg": (59, 68), "eccentricity": (70, 79),
    "a_au": (92, 103), "readable": (166, 194),
}  # fmt: skip
"""Columns of a line of MPCORB, as the Minor Planet Center documents its export format."""
_NEEDED: Final = ("mean_anomaly_deg", "perihelion_deg", "node_deg", "inclination_deg", "eccentricity", "a_au")
_SCHEMES: Final = ("http", "https")
_BLOCK: Final = 1 << 20


def is_address(text: str) -> bool:
    """Tell whether a catalogue is named by an address rather than a path.

    Raises
    ------
    SettingsError
        If the address is neither http nor https.
    """
    if "://" not in text:
        return False
    scheme = urlsplit(text).scheme.lower()
    if scheme not in _SCHEMES:
        raise SettingsError(f"catalogue is {text!r}; allowed: a path, or an address that begins http:// or https://")
    return True


def fetch_catalogue(text: str, folder: Path, *, timeout_s: float) -> Path:
    """Return the path of a catalogue's file; what an address names is fetched into ``folder``.

    Raises
    ------
    UnreachableError
        If the server fails, or sends less than it announced.
    MissingInputError
        If there is no such file.
    """
    if not is_address(text):
        path = catalogue_path(text)
        if not path.is_file():
            raise MissingInputError(f"no catalogue file {path}")
        return path
    import requests

    path = folder / (Path(urlsplit(text).path).name or "catalogue")
    try:
        with requests.get(text, stream=True, timeout=timeout_s, headers={"Accept-Encoding": "identity"}) as answer:
            answer.raise_for_status()
            announced = answer.headers.get("Content-Length", "")
            with path.open("wb") as file:
                size = sum(file.write(block) for block in answer.iter_content(_BLOCK))
    except (requests.RequestException, OSError) as error:
        raise UnreachableError(f"{text}: {what_went_wrong(error)}") from None
    if announced.isdigit() and int(announced) != size:
        raise UnreachableError(f"{text}: {size} of {announced} bytes came")
    log.info("fetched %s: %d bytes", redacted(text), size)
    return path


def read_orbits(path: Path) -> "pd.DataFrame":
    """Return orbits with the columns `pipeline.solar_system.places.ORBIT_COLUMNS`, elliptic ones only.

    A file that ends in Parquet, CSV, ECSV or FITS has columns of these names; any other is MPCORB, plain or gzipped.

    Raises
    ------
    MissingInputError, InputError
        If the file is missing, holds no orbit, or a line cannot be read; the line is named.
    """
    if not path.is_file():
        raise MissingInputError(f"no catalogue file {path}")
    if path.name.lower().endswith(ENDINGS):
        orbits = read_columns(path, {name: name for name in ORBIT_COLUMNS}, text=("mover_id",))
        gaps = orbits[[*_NEEDED, "epoch_mjd"]].isna().any(axis=1)
        if gaps.any():
            raise InputError(f"{path}: row {int(gaps.to_numpy().argmax()) + 1}: an element is missing")
        impossible = ~is_possible(orbits["epoch_mjd"])
        if impossible.any():
            row = int(impossible.argmax())
            epoch = float(orbits["epoch_mjd"].iloc[row])
            raise InputError(f"{path}: row {row + 1}: epoch_mjd is {epoch}; allowed: {allowed_times()}")
    else:
        orbits = _read_mpcorb(path)
    ellipse = (orbits["a_au"] > 0) & (orbits["eccentricity"] >= 0) & (orbits["eccentricity"] < 1)
    if not ellipse.any():
        raise InputError(f"{path} holds no orbit" + (" that is an ellipse" if len(orbits) else ""))
    if not ellipse.all():
        log.info("%s: %d of %d orbits are not ellipses and were left out", path.name, (~ellipse).sum(), len(orbits))
    return orbits[ellipse].reset_index(drop=True)


def _read_mpcorb(path: Path) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    lines = _lines(path)
    rule = next((index for index, line in enumerate(lines[:200]) if line.startswith("-----")), -1)
    body = [(number, line) for number, line in enumerate(lines[rule + 1 :], start=rule + 2) if line.strip()]
    texts = {
        name: np.array([line[first:last].strip() for _, line in body], dtype=object)
        for name, (first, last) in _PLACES.items()
    }
    columns: dict[str, object] = {"mover_id": _names(texts["readable"], texts["designation"])}
    for name in (*_NEEDED, "h_magnitude", "slope"):
        values = pd.to_numeric(pd.Series(texts[name], dtype=object), errors="coerce").to_numpy(float)
        bad = np.isnan(values) & (np.asarray(texts[name] != "") | (name in _NEEDED))
        if bad.any():
            row = int(bad.argmax())
            raise InputError(f"{path}: line {body[row][0]}: {name} is {str(texts[name][row])!r}; allowed: a number")
        columns[name] = values
    epochs = {text: _epoch(text) for text in set(texts["epoch"])}
    columns["epoch_mjd"] = np.array([epochs[text] for text in texts["epoch"]], dtype=float)
    lost = np.isnan(columns["epoch_mjd"])  # type: ignore[call-overload]
    if lost.any():
        row = int(lost.argmax())
        raise InputError(
            f"{path}: line {body[row][0]}: epoch is {str(texts['epoch'][row])!r}; allowed: packed, as K2555"
        )
    return pd.DataFrame(columns)[list(ORBIT_COLUMNS)]


def _lines(path: Path) -> list[str]:
    try:
        with open_packed(path) as stream:
            return stream.read().decode("ascii").splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a readable catalogue of orbits: {' '.join(str(error).split())}") from error


def _names(readable: Iterable[str], packed: Iterable[str]) -> list[str]:
    """Return the number of numbered objects, else the designation, as SkyBoT calls them."""
    names = []
    for text, code in zip(readable, packed, strict=True):
        number = text[1 : text.index(")")].strip() if text.startswith("(") and ")" in text else ""
        names.append(number if number.isdigit() else text or code)
    return names


def _epoch(packed: str) -> float:
    """Return the MJD (TT) of a packed date, ``K2555`` for 2025 May 5; NaN for any other text.

    The century is a letter (I, J, K), month and day are 1 to 9 and then A to V.
    """
    import datetime

    digits = "123456789ABCDEFGHIJKLMNOPQRSTUV"
    if len(packed) != 5 or packed[0] not in "IJK" or not packed[1:3].isdigit():
        return float("nan")
    if packed[3] not in digits or packed[4] not in digits:
        return float("nan")
    year = {"I": 1800, "J": 1900, "K": 2000}[packed[0]] + int(packed[1:3])
    try:
        day = datetime.date(year, digits.index(packed[3]) + 1, digits.index(packed[4]) + 1)
    except ValueError:
        return float("nan")
    return float((day - datetime.date(1858, 11, 17)).days)
