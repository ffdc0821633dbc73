"""Lists of ids of candidates or objects: from the command line, or from a file."""

from pathlib import Path

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.rounded import require_unrounded
from pipeline.io.files.inflating import open_packed


def read_id_list(text: str) -> list[str]:
    """Return the ids in ``a,b,c`` or in the file of ``@FILE``, one per line, each once and sorted.

    Empty lines and those that begin with ``#`` are skipped.

    Raises
    ------
    MissingInputError, InputError
        If the file is missing, is not text or names no id, or an id is in scientific notation.

    Examples
    --------
    >>> read_id_list("0017, 9007199254740993,0017")
    ['0017', '9007199254740993']
    """
    ids = _lines(Path(text[1:])) if text.startswith("@") else text.split(",")
    require_unrounded(ids, text.removeprefix("@") if text.startswith("@") else "the list of ids")
    names = sorted({name.strip() for name in ids} - {""})
    if text and not names:
        raise InputError(f"{text.removeprefix('@')!r} names no candidate; allowed: a,b,c or @FILE with one per line")
    return names


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise MissingInputError(f"no file {path}; it should hold a list of candidates, one per line")
    try:
        with open_packed(path) as stream:
            lines = stream.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text: {error}") from error
    return ["" if line.lstrip().startswith("#") else line for line in lines]
