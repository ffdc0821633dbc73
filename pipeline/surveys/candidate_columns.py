"""The candidate columns: completed from a survey's rows, flagged from the pixels, checked for impossible values."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.cutouts.missing import HUGE, Flag
from pipeline.cutouts.planes import image_pixels, images_of, without_a_plane
from pipeline.errors import InputError
from pipeline.expressions.float32 import as_float32
from pipeline.io.results.schema import CANDIDATE_COLUMNS, METADATA_TYPE, TEXT
from pipeline.io.tables.table_file import numbers_of
from pipeline.photometry.flux_sign import stated_signs
from pipeline.photometry.magnitudes import known_errors, known_magnitudes
from pipeline.surveys.settings import SurveySettings
from pipeline.times import is_possible

NOT_KNOWN: Final = (-999.0, -9999.0, -99999.0)
"""Numbers by which surveys say that something was not measured."""


def candidates_frame(
    rows: pd.DataFrame,
    exposure: Mapping[str, object],
    settings: SurveySettings,
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
) -> pd.DataFrame:
    """Return all candidate columns in their types: from the candidate, else from its exposure, else "not known".

    A magnitude that no source has, such as -999 or 99, is "not known". Behind them stand the columns that the survey's
    ``metadata`` names.

    Parameters
    ----------
    rows : DataFrame
        What the survey says of each candidate, by candidate column.
    exposure : mapping
        The row of their exposure, for the columns that ``rows`` lacks.
    settings : SurveySettings
        The survey's, for the telescope where no row names one.
    x_pixel, y_pixel : ndarray of float, (n,)
        Places in the image, in 0-based pixels; NaN where they are not known.

    Raises
    ------
    InputError
        If a ``flux_sign`` is not a sign, or a value of the metadata is not a number.
    """
    shared = {"telescope": settings.telescope, **exposure}
    columns = {}
    for name, kind in CANDIDATE_COLUMNS.items():
        values = rows[name].to_numpy(object) if name in rows else np.full(len(rows), shared.get(name), dtype=object)
        columns[name] = pd.Series(stated_signs(values)) if name == "flux_sign" else _typed(values, kind)
    error, kind = known_errors(columns["magnitude"], columns["magnitude_error"]), CANDIDATE_COLUMNS["magnitude_error"]
    columns["magnitude_error"] = pd.Series(error, dtype=kind)
    columns["magnitude"] = pd.Series(known_magnitudes(columns["magnitude"]), dtype=CANDIDATE_COLUMNS["magnitude"])
    frame = pd.DataFrame(columns)
    frame["x_pixel"], frame["y_pixel"] = x_pixel, y_pixel
    frame["group_id"] = frame["object_id"]
    frame["label"] = np.int8(UNLABELLED)
    return frame.assign(**{name: metadata_numbers(rows, name) for name in settings.metadata_paths})


def metadata_numbers(rows: pd.DataFrame, name: str) -> NDArray[np.float32]:
    """Return a column of metadata, ``(n,)``, NaN where it is missing, which it is in all rows that lack it.

    Infinities and numbers by which surveys say that something was not measured (`NOT_KNOWN`) are missing as well. Whole
    numbers that lose digits are warned about.

    Raises
    ------
    InputError
        If a value is not a number; dates and times are none.
    """
    if name not in rows:
        return np.full(len(rows), np.nan, METADATA_TYPE)
    if rows[name].dtype.kind in "mM":
        raise InputError(f"metadata column {name!r} holds dates or times ({rows[name].dtype}); allowed: numbers")
    numbers = numbers_of(rows, name, "metadata").to_numpy()
    with np.errstate(invalid="ignore"):
        known = (np.abs(numbers) <= HUGE) & ~np.isin(numbers, NOT_KNOWN)
    return as_float32(np.where(known, numbers, np.nan), f"metadata column {name!r}", "metadata")


def as_text(values: Iterable[object]) -> list[str]:
    """Return values as text: whole numbers without a point, so that 2.0 reads as 2; what is missing as empty.

    Examples
    --------
    >>> as_text([2.0, "r", None, float("nan"), 1.5])
    ['2', 'r', '', '', '1.5']
    """
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else str(int(value) if float(value).is_integer() else value)
    return str(int(value)) if isinstance(value, bool | np.bool_) else str(value)


def _typed(values: NDArray[np.object_], kind: str) -> pd.Series:
    """Return a column in its type of the schema; what is missing becomes empty, NaN or 0."""
    if kind == TEXT:
        return pd.Series(as_text(values), dtype="str")
    numbers = pd.Series(values, dtype=object).where(pd.notna(values), None).to_numpy(object).astype(np.float64)
    return pd.Series(numbers if kind.startswith("float") else np.nan_to_num(numbers)).astype(kind)


def impossible(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return why each row cannot be true, ``(n,)``: the first impossible number; empty where there is none.

    NaN means "not known" and is never a reason, and neither is a missing column.
    """

    def numbers(name: str) -> NDArray[np.float64]:
        values = rows[name].to_numpy(object) if name in rows else np.full(len(rows), None, dtype=object)
        return _typed(values, "float64").to_numpy()

    ra, dec, time = numbers("ra_deg"), numbers("dec_deg"), numbers("time_mjd")
    reasons = {
        "ra_deg is outside 0 to 360": (ra < 0) | (ra >= 360),
        "dec_deg is outside -90 to 90": np.abs(dec) > 90,
        "time_mjd is outside 1900 to 2100": ~(is_possible(time) | np.isnan(time)),
        "magnitude is infinite": np.isinf(numbers("magnitude")),
    }
    why = np.full(len(rows), "", dtype=object)
    for reason, wrong in reasons.items():
        why[wrong & (why == "")] = reason
    return why


def describe_pixels(
    rows: pd.DataFrame,
    pixels: NDArray[np.float32],
    edge_fraction: NDArray[np.float32],
    channels: tuple[str, ...],
    saturation: float = np.inf,
    missing: NDArray[np.int32] | None = None,
) -> None:
    """Fill ``edge_fraction nan_fraction flags`` of candidate rows from their cutouts.

    Parameters
    ----------
    rows : DataFrame
        Candidate rows, which are changed.
    pixels : ndarray of float32, (n, y, x, channel)
        Their cutouts, NaN = missing.
    edge_fraction : ndarray of float32, (n,)
        The share of each cutout that lies outside its image.
    channels : tuple of str
        Names of the channels, in the order of the last axis.
    saturation : float
        Level of the science image at which a pixel is full, in the unit of the pixels; infinite where it is not known.
    missing : ndarray of int32, (n, channel), optional
        How many pixels of the images are NaN, where that is counted already. Planes are not counted.
    """
    lacking = without_a_plane(pixels, channels)
    pixels, channels = image_pixels(pixels, channels), images_of(channels)
    if missing is None:
        missing = np.isnan(pixels).sum(axis=(1, 2), dtype=np.int32)
    rows["edge_fraction"] = edge_fraction
    rows["nan_fraction"] = (missing.sum(axis=1) / max(1, np.prod(pixels.shape[1:]))).astype(np.float32)
    flags = flags_of(pixels, edge_fraction, channels, missing)
    flags |= np.where(lacking, int(Flag.PLANE_MISSING), 0).astype(np.int32)
    if np.isfinite(saturation) and "science" in channels:
        full = (pixels[..., channels.index("science")] >= saturation).any(axis=(1, 2))
        flags |= np.where(full, int(Flag.SATURATED), 0).astype(np.int32)
    rows["flags"] = flags


def flags_of(
    pixels: NDArray[np.float32],
    edge_fraction: NDArray[np.float32],
    channels: tuple[str, ...],
    missing: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """Return the flag bits that the pixels of each row ask for, ``(n,)``.

    Parameters
    ----------
    pixels : ndarray of float32, (n, y, x, channel)
        Images of cutouts, NaN = missing.
    edge_fraction : ndarray of float32, (n,)
        The share of each cutout that lies outside its image.
    channels : tuple of str
        Names of the channels, in the order of the last axis.
    missing : ndarray of int32, (n, channel), optional
        How many pixels are NaN, where that is counted already.
    """
    if missing is None:
        missing = np.isnan(pixels).sum(axis=(1, 2), dtype=np.int32)
    n_pixels = max(1, pixels.shape[1] * pixels.shape[2])
    flags = np.where(edge_fraction > 0, int(Flag.EDGE), 0)
    share = missing.sum(axis=1) / (n_pixels * len(channels))
    flags |= np.where(share > edge_fraction + 1e-6, int(Flag.MISSING_PIXELS), 0)
    empty = missing == n_pixels
    if "template" in channels:
        flags |= np.where(empty[:, channels.index("template")], int(Flag.NO_TEMPLATE), 0)
    judged = channels.index("difference") if "difference" in channels else 0
    flags |= np.where(empty[:, judged], int(Flag.ALL_MISSING), 0)
    return (flags | np.where(_is_constant(pixels), int(Flag.CONSTANT), 0)).astype(np.int32)


def _is_constant(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows have a channel whose finite pixels are all equal, ``(n,)``.

    Two different pixels in the middle line settle it for nearly every row; only the others are searched whole.
    """
    constant = _is_level(pixels[:, pixels.shape[1] // 2])
    doubtful = np.flatnonzero(constant)
    whole = pixels[doubtful].reshape(len(doubtful), pixels.shape[1] * pixels.shape[2], pixels.shape[3])
    flat = np.fmin.reduce(whole, axis=1) == np.fmax.reduce(whole, axis=1)
    constant[doubtful] = flat.any(axis=1)
    return constant


def _is_level(lines: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows of ``(n, x, channel)`` show no two different finite pixels in some channel, ``(n,)``."""
    return np.asarray(~(np.fmin.reduce(lines, axis=1) < np.fmax.reduce(lines, axis=1)).all(axis=1))
