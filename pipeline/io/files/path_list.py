"""Lists of files on the command line, separated by commas."""

from pathlib import Path


def read_path_list(text: str) -> list[Path]:
    """Return the paths in ``a.h5,b.h5``; a comma within the name of an existing file does not separate.

    Parameters
    ----------
    text : str
        Paths separated by commas; blanks around a path do not count. If it can be read in several ways, the first
        path is the longest one that exists.

    Examples
    --------
    >>> [path.name for path in read_path_list("a.h5, b.h5,")]
    ['a.h5', 'b.h5']
    """
    parts = text.split(",")
    paths: list[Path] = []
    while parts:
        joined = [",".join(parts[:count]).strip() for count in range(len(parts), 0, -1)]
        taken = next((name for name in joined if name and _is_there(Path(name))), joined[-1])
        parts = parts[len(parts) - joined.index(taken) :]
        paths += [Path(taken)] if taken else []
    return paths


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False
