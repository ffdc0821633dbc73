"""Model packages that come with Nightsift, which are asked for by name wherever the folder of a package is."""

import os
from difflib import get_close_matches
from pathlib import Path

from pipeline.errors import MissingInputError
from pipeline.io.packages.package_content import CONTENT
from pipeline.io.settings_files import ROOT
from pipeline.path_names import is_path_name

SHIPPED = ROOT / "models" / "packages"
"""Where they lie, a folder each, beside the code that makes packages."""


def shipped_names() -> list[str]:
    """Return the names of the packages that come with Nightsift, sorted."""
    return sorted(file.parent.name for file in SHIPPED.glob(f"*/{CONTENT}"))


def shipped_folders() -> list[Path]:
    """Return their folders."""
    return [SHIPPED / name for name in shipped_names()]


def package_folder(given: str | Path) -> Path:
    """Return the folder of a package that a user names.

    Parameters
    ----------
    given : str or Path
        A folder, or the name of a package that comes with Nightsift; a package in a folder of that name comes first.

    Raises
    ------
    MissingInputError
        If it is a plain name, and there is neither such a folder nor such a package.
    """
    path, name = Path(given), str(given)
    if _holds_package(path):
        return path
    if name in shipped_names():
        return SHIPPED / name
    if not is_path_name(name) or os.sep in name or _is_there(path):
        return path  # what opens it says what is wrong with it
    alike = get_close_matches(name, shipped_names(), n=1)
    meant = f" (did you mean {alike[0]}?)" if alike else ""
    known = ", ".join(shipped_names()) or "none"
    raise MissingInputError(
        f"no model package {name!r}{meant}: there is no such folder, and those that come with Nightsift are: {known}"
    )


def _holds_package(path: Path) -> bool:
    return _is_there(path / CONTENT)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False
