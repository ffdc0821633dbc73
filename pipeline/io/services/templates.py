"""Templates from elsewhere: a FITS file, or an image service asked through astroquery, kept in a cache."""

import hashlib
import json
import logging
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, SettingsError, UnreachableError
from pipeline.io.fits.image import read_image
from pipeline.io.results.commit import commit
from pipeline.redaction import beginning, redacted, what_went_wrong

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.wcs import WCS

log = logging.getLogger(__name__)

_SPARE_BYTES: Final = 1_000_000
_NOT_FOUND: Final = range(400, 500)


@dataclass(frozen=True, kw_only=True)
class TemplateSource:
    """Where a template comes from; exactly one of ``path`` and ``hips``.

    Attributes
    ----------
    path : str
        A FITS file; not for surveys, whose ``hdus`` name files.
    hdu : str or int
        Its HDU.
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
        Wait before the second try; doubled each time, at most a minute, at least 0.
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
            raise SettingsError(f"a template has one of path and hips, given {self.path!r} and {self.hips!r}")
        if self.tries < 1 or not self.timeout_s > 0 or self.backoff_s < 0:
            raise SettingsError(
                f"tries {self.tries} (at least 1), timeout_s {self.timeout_s} (above 0), "
                f"backoff_s {self.backoff_s} (at least 0)"
            )


def fetch_template(
    source: TemplateSource, wcs: "WCS", shape: tuple[int, int], cache: Path
) -> tuple[NDArray[np.float32], "fits.Header"]:
    """Return a template's pixels, (y, x), NaN where missing, and its header with a projection.

    A service is asked for the science image's own pixels, so that what it answers is aligned already; what
    it answered is kept in ``cache`` and not asked for again.

    Parameters
    ----------
    source : TemplateSource
    wcs : WCS
        Projection of the science image.
    shape : tuple of int
        Its height and width.
    cache : Path
        A folder; made where there is none.

    Raises
    ------
    UnreachableError
        If the service gives no whole image after all tries.
    InputError, MissingInputError
        If the file, or the service's answer, is no such image, or the service does not know the survey.
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
    """Return the file that keeps what a service answers, which is asked where there is none yet.

    Parameters and errors are those of :func:`fetch_template`.
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
    """Return an answer that is a whole FITS image of the shape; else it counts as none."""
    from pipeline.io.fits.pixels import image_pixels, open_fits

    if len(content) > 8 * shape[0] * shape[1] + _SPARE_BYTES:
        raise UnreachableError(f"the answer has {len(content)} bytes, too many for an image of {shape}")
    try:
        with open_fits(BytesIO(content)) as file:
            found = image_pixels(file[0]).shape
    except Exception as error:  # whatever astropy says of garbage
        raise UnreachableError(f"the answer is no FITS image: {beginning(str(content[:300]), 60)}") from error
    if found != shape:
        raise UnreachableError(f"the answer has shape {found}; asked for {shape}")
    return content


def _client(source: TemplateSource) -> Any:
    """Return astroquery's client of the service, for any server and timeout."""
    from astroquery.hips2fits import hips2fitsClass

    client = hips2fitsClass()
    client.timeout = source.timeout_s
    if source.server:
        client.server = source.server
    return client
