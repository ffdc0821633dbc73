"""The files of a survey whose paths contain ``{night}``: those of a night, and those that state no night there."""

from glob import escape
from pathlib import Path

from pipeline.errors import MissingInputError
from pipeline.io.files.any_case import any_case
from pipeline.night import is_night, require_night_names

NIGHT = "{night}"
_LENGTH = len("2026-01-06")


def matching(folder: Path, pattern: str, night: str = "") -> list[str]:
    """Return the files of a pattern below a folder, sorted: of a night, or with anything in the place of ``{night}``.

    A pattern from the root on gives paths from the root on.
    """
    glob = pattern.replace(NIGHT, escape(night) if night else "*")
    root, start = (Path("/"), "/") if glob.startswith("/") else (folder, "")
    found = (path for path in root.glob(glob.removeprefix("/")) if path.is_file())
    return sorted(start + path.relative_to(root).as_posix() for path in found)


def stated_night(path: str, pattern: str) -> str:
    """Return what a path has in the place of ``{night}``: a night, or the rest of that folder's or file's name.

    Examples
    --------
    >>> stated_night("raw/2026-01-06_b/c.fits", "raw/{night}*/*.fits")
    '2026-01-06'
    >>> stated_night("20260106/c.fits", "{night}/*.fits"), stated_night("c_20260106.csv", "c_{night}.csv")
    ('20260106', '20260106')
    """
    parts = pattern.split(NIGHT)
    rest = path[len(parts[0]) :]
    if is_night(rest[:_LENGTH]):
        return rest[:_LENGTH]
    return rest.partition("/")[0].removesuffix(parts[1].partition("/")[0])


def no_file(folder: Path, pattern: str, named: str) -> MissingInputError:
    """Return the error that a pattern matches no file at all; it names a file that matches in another case."""
    others = matching(folder, any_case(pattern.replace(NIGHT, "*")))
    hint = f"; {len(others)} match in another case, first {others[0]}: case counts" if others else ""
    return MissingInputError(f"no file is called {named} below {folder}{hint}")


def require_nights(folder: Path, pattern: str, named: str, night: str = "") -> None:
    """Raise `InputError` if no path has a night in the place of ``{night}``, or one has this night in another spelling.

    A pattern that matches nothing whatever the night is an error too.

    Parameters
    ----------
    folder : Path
        Where the pattern starts.
    pattern : str
        Of the files, as `matching` takes it.
    named : str
        The setting as it is written, which differs from the pattern where its wildcards are letters.
    night : str, optional
        A night for which there is no file.
    """
    found = matching(folder, pattern)
    if not found:
        raise no_file(folder, pattern, named)
    if NIGHT in pattern:
        require_night_names((stated_night(path, named) for path in found), named, night)
