"""Names from users and files that become part of a path: none of them leads out of its folder."""

import re
from typing import Final

from pipeline.errors import SettingsError

LONGEST: Final = 180
"""The most bytes of a name. File systems allow 255, and a scratch name adds an id of its writer."""

_PLAIN: Final = re.compile(r"[^./\\\s\x00-\x1f\x7f-\x9f-][^/\\\x00-\x1f\x7f-\x9f]*")


def is_path_name(name: str) -> bool:
    r"""Tell whether a name can be one part of a path, that is of a file or folder directly in another.

    Examples
    --------
    >>> [is_path_name(name) for name in ("r1", "2026 b", "../x", "/etc", "a/b", "-rf", ".env", "", "a\0b")]
    [True, True, False, False, False, False, False, False, False]
    """
    return bool(_PLAIN.fullmatch(name)) and len(name.encode("utf-8", "surrogatepass")) <= LONGEST


def require_path_name(name: str, what: str) -> str:
    """Return a name, and refuse one that cannot be one part of a path.

    Parameters
    ----------
    name : str
        From a user, a settings file or a data file.
    what : str
        What has the name, for the message.

    Raises
    ------
    SettingsError
        If it is empty, too long, leads out of the folder, or looks like an option or a hidden file.
    """
    if is_path_name(name):
        return name
    raise SettingsError(
        f"{what} is {name[:60]!r}, which cannot be the name of a file or folder; allowed: 1 to {LONGEST} bytes without "
        "slash, backslash or control character, not beginning with a point, a hyphen or a space"
    )
