"""Names that users and files give and that become a part of a path: none of them leads out of its folder."""

import re
from typing import Final

from pipeline.errors import SettingsError

LONGEST: Final = 180
"""Bytes of a name. File systems take 255, of which a scratch name needs some for its writer."""

_PLAIN: Final = re.compile(r"[^./\\\s\x00-\x1f\x7f-\x9f-][^/\\\x00-\x1f\x7f-\x9f]*")


def is_path_name(name: str) -> bool:
    r"""Tell whether a name can be one part of a path: a file or folder right below another.

    Examples
    --------
    >>> [is_path_name(name) for name in ("r1", "2026 b", "../x", "/etc", "a/b", "-rf", ".env", "", "a\0b")]
    [True, True, False, False, False, False, False, False, False]
    """
    return bool(_PLAIN.fullmatch(name)) and len(name.encode("utf-8", "surrogatepass")) <= LONGEST


def require_path_name(name: str, what: str) -> str:
    """Return a name that can be one part of a path.

    Parameters
    ----------
    name : str
        As a user, a settings file or a data file gives it.
    what : str
        What it names, for the message.

    Raises
    ------
    SettingsError
        If it is empty, too long, leads elsewhere, or would be taken for an option or a hidden file.
    """
    if is_path_name(name):
        return name
    raise SettingsError(
        f"{what} is {name[:60]!r}, which is no name of a file or folder; allowed: 1 to {LONGEST} bytes without slash, "
        "backslash or control character, which begin with neither a point, a hyphen nor a space"
    )
