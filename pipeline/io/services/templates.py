"""Fetches template images: from a FITS file, or from an image service (hips2fits) through astroquery and a cache."""

import hashlib
import json
import logging
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, SettingsError, UnreachableError
from pipeline.io.fits.image import read_image
from pipeline.io.results.commit import commit
from pipeline.redaction import beginning, redacted, what_went_wrong

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.wcs import WCS
    from astroquery.hips2fits import hips2fitsClass

log = logging.getLogger(__name__)

_SPARE_BYTES: Final = 1_000_000
_NOT_FOUND: Final = range(400, 500)


@dataclass(frozen=True, kw_only=True)
class TemplateSource:
    """Settings of where a template comes from; exactly one of ``path`` and ``hips``.

    Attributes
    ----------
    path : str
        A FITS file; not in the settings of a survey, whose ``hdus`` name the files.
    hdu : str or int
        Name or number of the HDU in that file.
    hips : str
        Sky survey of the CDS service hips2fits, such as ``CDS/P/PanSTARRS/DR1/r``; in a survey's settings with
        columns of the exposure in braces, as ``{band}``.
    server : str
        Address of the service; empty: its own.
    timeout_s : float, in s
        How long one request may take; above 0.
    tries : int
        Requests before the exposure fails; at least 1.
    backoff_s : float, in s
        Wait before the second try, doubled before each further one up to a minute; at least 0.
    """

    path: str = ""
    hdu: str | int = 0
    hips: str = ""
    server: str = ""
    timeout_s: float = 120.0
    tries: int = 3
    backoff_s: float = 2.0

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.hips):
            raise SettingsError(f"path is {self.path!r} and hips {self.hips!r}; allowed: exactly one of them")
        if self.tries < 1 or not self.timeout_s > 0 or self.backoff_s < 0:
            raise SettingsError(
                f"tries {self.tries} (at least 1), timeout_s {self.timeout_s} (above 0), "
                f"backoff_s {self.backoff_s} (at least 0)"
            )


def fetch_template(
    source: TemplateSource, wcs: "WCS", shape: tuple[int, int], cache: Path
) -> tuple[NDArray[np.float32], "fits.Header"]:
    """Return a template's pixels, (y, x), NaN where missing, and its header with a projection.

    A service is asked for the science image's own pixels, so that its answer is aligned already; the answer is kept
    in ``cache`` and not asked for again.

    Parameters
    ----------
    source : TemplateSource
        Where the template comes from.
    wcs : WCS
        Projection of the science image.
    shape : tuple of int
        Height and width of the science image.
    cache : Path
        Folder of the cache; made if it is not there.

    Raises
    ------
    UnreachableError
        If the service gives no complete image after all tries.
    InputError, MissingInputError
        If the file or the service's answer is not an image of this field, or the service does not know the survey.
    """
    if source.path:
        return read_image(Path(source.path), source.hdu)
    target = keep_template(source, wcs, shape, cache)
    pixels, header = read_image(target, 0)
    if pixels.shape != shape:
        raise InputError(f"{target}: the template has shape {pixels.shape}; asked for {shape}")
    if not np.isfinite(pixels).any() or not np.any(pixels):
        raise InputError(f"{source.hips} holds no pixel of this field ({target})")
    return pixels, header


def keep_template(source: TemplateSource, wcs: "WCS", shape: tuple[int, int], cache: Path) -> Path:
    """Return the file that keeps a service's answer; the service is asked if the file is not there yet.

    Parameters
    ----------
    source : TemplateSource
        Where the template comes from; a service.
    wcs : WCS
        Projection of the science image.
    shape : tuple of int
        Height and width of the science image.
    cache : Path
        Folder of the cache; made if it is not there.

    Raises
    ------
    UnreachableError, InputError
        As `fetch_template` raises them.
    """
    target = cache / template_file(source, wcs, shape)
    if not target.is_file():
        content = _ask(source, wcs, shape)
        commit(target, lambda path: _keep(path, content))
    else:
        log.debug("template %s was asked for before", target.name)
    return target


def _keep(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def template_file(source: TemplateSource, wcs: "WCS", shape: tuple[int, int]) -> str:
    """Return the name of the file in the cache that keeps what is asked for."""
    cards = {key: str(value) for key, value in wcs.celestial.to_header(relax=True).items()}
    asked = json.dumps([source.hips, redacted(source.server), list(shape), cards], sort_keys=True)
    return f"{hashlib.sha256(asked.encode()).hexdigest()[:24]}.fits"


def _ask(source: TemplateSource, wcs: "WCS", shape: tuple[int, int]) -> bytes:
    """Return the FITS file that the service answers with."""
    wait, fault = source.backoff_s, ""
    for attempt in range(1, source.tries + 1):
        try:
            return _once(source, wcs, shape)
        except UnreachableError as error:
            fault = str(error)
        log.warning("image service, try %d of %d: %s", attempt, source.tries, fault)
        if attempt < source.tries:
            time.sleep(min(wait, 60.0))
            wait *= 2
    raise UnreachableError(f"the image service gave no {source.hips} in {source.tries} tries: {fault}")


def _once(source: TemplateSource, wcs: "WCS", shape: tuple[int, int]) -> bytes:
    import requests

    field = wcs.celestial.deepcopy()
    field.pixel_shape = (shape[1], shape[0])
    client = _client(source)
    options = {"min_cut": 0.5, "max_cut": 99.5, "stretch": "linear", "cmap": "Greys_r"}
    try:
        answer = client.query_with_wcs_async(hips=source.hips, wcs=field, format="fits", **options)
        content = bytes(answer.content)
    except (requests.RequestException, OSError) as error:
        raise UnreachableError(what_went_wrong(error)) from None
    if answer.status_code in _NOT_FOUND:
        raise InputError(f"the image service refuses {source.hips!r}: {beginning(answer.text)}")
    if answer.status_code != requests.codes.ok:
        raise UnreachableError(f"the image service answers {answer.status_code}: {beginning(answer.text)}")
    return _checked(content, shape)


def _checked(content: bytes, shape: tuple[int, int]) -> bytes:
    """Return an answer that is a complete FITS image of the shape, or raise `UnreachableError`."""
    from pipeline.io.fits.pixels import image_pixels, open_fits

    if len(content) > 8 * shape[0] * shape[1] + _SPARE_BYTES:
        raise UnreachableError(f"the answer has {len(content)} bytes, too many for an image of {shape}")
    try:
        with open_fits(BytesIO(content)) as file:
            found = image_pixels(file[0]).shape
    except Exception as error:  # astropy may raise anything on garbage
        raise UnreachableError(f"the answer is not a FITS image: {beginning(str(content[:300]), 60)}") from error
    if found != shape:
        raise UnreachableError(f"the answer has shape {found}; asked for {shape}")
    return content


def _client(source: TemplateSource) -> "hips2fitsClass":
    """Return astroquery's client of the service, for any server and timeout."""
    from astroquery.hips2fits import hips2fitsClass

    client = hips2fitsClass()
    client.timeout = source.timeout_s
    if source.server:
        client.server = source.server
    return client
