"""Names of tables and columns that come from settings, before they become part of a statement."""

import re

from pipeline.errors import SettingsError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def identifier(name: str) -> str:
    """Return a table or column name that is safe within SQL, or raise `SettingsError`."""
    if not _IDENTIFIER.fullmatch(name):
        raise SettingsError(f"{name!r} is not a name of a table or column; allowed: letters, digits, underscores")
    return name
