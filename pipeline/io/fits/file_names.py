"""Names of FITS files: recognises their endings, and takes them off."""

import re
from typing import Final

_ENDING: Final = re.compile(r"(\.(fits|fit|fts|fz|gz))+$", re.IGNORECASE)


def stem_of(name: str) -> str:
    """Return the last part of a path without its FITS endings.

    Examples
    --------
    >>> stem_of("/db/57000/1234_57000.5_77.fits.fz")
    '1234_57000.5_77'
    """
    return _ENDING.sub("", name.rpartition("/")[2])


def is_fits(name: str) -> bool:
    """Tell whether a name ends like a FITS file, compressed or not."""
    return _ENDING.search(name) is not None
