"""Lists of candidates or objects that a user names: on the command line, or in a file."""

from pathlib import Path

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.rounded import require_unrounded
from pipeline.io.files.inflating import open_packed


def read_id_list(text: str) -> list[str]:
    """Return the ids in ``a,b,c`` or in the file of ``@FILE``, one a line, each once and sorted.

    Empty lines and those that begin with ``#`` are skipped.

    Raises
    ------
    MissingInputError, InputError
        If the file is not there, is no text, names nothing, or an id is in scientific notation.

    Examples
    --------
    >>> read_id_list("0017, 9007199254740993,0017")
    ['0017', '9007199254740993']
    """
    given = _lines(Path(text[1:])) if text.startswith("@") else text.split(",")
    require_unrounded(given, text.removeprefix("@") if text.startswith("@") else "the list of ids")
    names = sorted({name.strip() for name in given} - {""})
    if text and not names:
        raise InputError(f"{text.removeprefix('@')!r} names no candidate; allowed: a,b,c or @FILE with one a line")
    return names


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise MissingInputError(f"no file {path}: a list of candidates, one a line")
    try:
        with open_packed(path) as stream:
            lines = stream.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text: {error}") from error
    return ["" if line.lstrip().startswith("#") else line for line in lines]
